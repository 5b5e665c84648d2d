#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "podctl/logs.hpp"
#include "podctl/version.hpp"

/// What may be set once instead of at every call. The first that says something wins: flag, environment variable, the user's
/// configuration file, the machine's, and what is built in.
namespace podctl::cli {

/// Reads the configuration files: FILE of --config (or PODCTL_CONFIG) alone, which must exist; else the user's below
/// XDG_CONFIG_HOME and the machine's in /etc/podctl.
/// @throws Error  for one that cannot be read, InvalidInput for one that makes no sense
void read_configuration(Arguments& arguments);

/// One setting by its key in the configuration file. @throws Error kUsage for a flag or variable that is none of its choices
Setting setting(const Arguments& arguments, std::string_view key);
/// Every setting.
std::vector<Setting> settings(const Arguments& arguments);

LogLimits log_limits(const Arguments& arguments);
std::size_t keep_finished(const Arguments& arguments);

}  // namespace podctl::cli
