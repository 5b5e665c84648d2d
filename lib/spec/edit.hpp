#pragma once

#include <vector>

#include "podctl/manifest.hpp"
#include "spec/node.hpp"

namespace podctl::spec {

/// Changes a Pod's tree as the command line asked. Problems carry the flag they come from.
void apply_edits(Node& pod, const Edits& edits, std::vector<Diagnostic>& problems);

}  // namespace podctl::spec
