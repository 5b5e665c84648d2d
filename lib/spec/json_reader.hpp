#pragma once

#include <string_view>
#include <vector>

#include "podctl/error.hpp"
#include "spec/node.hpp"

namespace podctl::spec {

/// Reads every JSON value of `text`, one after another (RFC 8259; several objects in a row are allowed, as
/// kubectl allows them). Columns count characters, not bytes. A syntax error, a text over
/// kMaxManifestBytes or nesting over kMaxManifestDepth ends the reading with one problem.
std::vector<Node> read_json(std::string_view text, std::vector<Diagnostic>& problems);

/// One JSON value that is the whole of `text`, or nothing. Its nodes carry no positions.
bool try_read_json_value(std::string_view text, Node& value);

}  // namespace podctl::spec
