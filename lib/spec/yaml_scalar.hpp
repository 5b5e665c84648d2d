#pragma once

#include <string>
#include <string_view>

#include "spec/node.hpp"

namespace podctl::spec {

/// What an unquoted YAML scalar means: the core schema, and what kubectl's reader takes from YAML 1.1 as well (yes,
/// no, on and off are booleans; 0644 is octal; 1_000 is a number). Numbers become their JSON spelling.
/// @param problem  why it is no JSON value, when it is none
Node resolve_plain(std::string_view text, std::string& problem);

}  // namespace podctl::spec
