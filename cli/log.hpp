#pragma once

#include <functional>
#include <string>

#include "cli/command.hpp"

namespace podctl::cli {

/// Where the library's own doings go: to standard error with --verbose (or PODCTL_LOG=step), else nowhere.
std::function<void(const std::string&)> make_log(const Arguments& arguments);

}  // namespace podctl::cli
