#pragma once

#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/manifest_input.hpp"
#include "podctl/plan.hpp"
#include "podctl/store.hpp"

namespace podctl::cli {

/// Where the store is, by --root, PODCTL_ROOT and the XDG variables.
StorePaths paths_from(const Arguments& arguments);

/// Whether output is coloured, by --color and the environment (NO_COLOR, FORCE_COLOR, TERM).
bool wants_color(const Arguments& arguments, bool terminal);

/// The plan `run` would carry out for the input's first pod on this machine.
Plan plan_for(const Arguments& arguments, const Input& input);

/// Writes an answer to standard output. @throws SysError when nobody takes it
void print(std::string_view text);

}  // namespace podctl::cli
