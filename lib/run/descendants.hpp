#pragma once

#include <sys/types.h>

#include <cstdint>

namespace podctl::run {

/// Kills what a finished container left running: every orphan of the pod (a child of pause) that is in the
/// cgroup namespace `mark`, until there is none. A process that made a cgroup namespace of its own has
/// left the container in that sense; it goes with the pod.
/// @returns how many were killed
unsigned kill_descendants(pid_t pause, std::uint64_t mark);

}  // namespace podctl::run
