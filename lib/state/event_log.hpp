#pragma once

#include <string_view>

namespace podctl::state {

/// What happened to a pod, one JSON object a line, is in this file of its folder.
inline constexpr const char* kEvents = "events.jsonl";
inline constexpr const char* kOldEvents = "events.jsonl.1";

/// Appends whole lines to it. A file beyond 1 MiB is set aside as the old one, so that a pod that lives for months does not
/// fill a disk. @param folder  of the pod's record; borrowed @throws SysError
void append_events(int folder, std::string_view lines);

}  // namespace podctl::state
