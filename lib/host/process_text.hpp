#pragma once

#include <optional>
#include <string_view>

#include "podctl/processes.hpp"

/// Readers of the files of /proc/PID. Pure: text in, values out.
namespace podctl {

/// Fills what /proc/PID/stat tells; false for what is none.
/// @param ticks  a second has, @param page  size in bytes
bool parse_process_stat(std::string_view text, ProcessEntry& entry, std::int64_t ticks, std::uint64_t page);

/// The value of a line "KEY:\tVALUE" of /proc/PID/status; "" when there is none.
std::string_view status_value(std::string_view status, std::string_view key);

/// Numbers between blanks; what is none is passed over.
std::vector<std::uint32_t> parse_numbers(std::string_view text);

/// The arguments of /proc/PID/cmdline with blanks between.
std::string parse_command_line(std::string_view text);

/// The lines of a /proc/PID/uid_map.
std::vector<IdMapping> parse_id_mappings(std::string_view text);

/// The mounts of a /proc/PID/mountinfo, with the octal escapes of blanks undone.
std::vector<MountEntry> parse_mountinfo(std::string_view text);

/// Path in the v2 hierarchy, from /proc/PID/cgroup; "" when there is none.
std::string parse_cgroup(std::string_view text);

/// The folder of a process's cgroup, from its /proc/PID/cgroup and its /proc/PID/mountinfo; "" when the hierarchy is no pure
/// v2 one, or no mount of it shows that cgroup.
std::string cgroup_folder(std::string_view cgroup, std::string_view mountinfo);

}  // namespace podctl
