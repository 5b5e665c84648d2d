#pragma once

#include <string_view>
#include <vector>

#include "podctl/error.hpp"
#include "spec/node.hpp"

namespace podctl::spec {

/// Reads every document of a YAML text (UTF-8); empty ones are left out. Anchors, aliases and merge keys (<<) are
/// resolved, plain scalars mean what kubectl takes them for (yaml_scalar.hpp), and keys become text. Columns count
/// characters. As with JSON, a syntax error, a text over kMaxManifestBytes (aliases expanded) or nesting over
/// kMaxManifestDepth ends the reading with one problem.
std::vector<Node> read_yaml(std::string_view text, std::vector<Diagnostic>& problems);

}  // namespace podctl::spec
