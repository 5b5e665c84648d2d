#pragma once

#include <functional>
#include <string>

#include "cli/command.hpp"

namespace podctl::cli {

/// @throws Error kUsage when --verbose or PODCTL_LOG asks for more than there is
void check_log_level(const Arguments& arguments);

/// Where the library's own doings go: to standard error with --verbose (or PODCTL_LOG=step), else nowhere.
std::function<void(const std::string&)> make_log(const Arguments& arguments);

}  // namespace podctl::cli
