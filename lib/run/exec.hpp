#pragma once

#include "podctl/plan.hpp"
#include "run/member.hpp"

namespace podctl::run {

/// Starts a further program in a container: `exec`, an exec probe, a hook. Returns once its process exists; whether its
/// program has begun is told by the member, as for a container.
/// @param plan    made by make_exec_plan()
/// @param target  pidfd of the container's main process, whose namespaces are joined; borrowed
/// From now on this process is not dumpable (prctl(2)), for it shares its memory with one that is in the pod. The program
/// dies with the calling thread.
/// @throws Error  in the plan's words
Member start_exec(Plan plan, const HostFacts& facts, int target, const Streams& streams);

}  // namespace podctl::run
