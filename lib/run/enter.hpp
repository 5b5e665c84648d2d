#pragma once

#include "podctl/plan.hpp"

namespace podctl::run {

/// Makes the calling process one that meets a container's files as the container's own programs do: it joins the user and mount
/// namespaces, and takes the container's ids, groups and capabilities. Its root is the container's from now on. It stays out of
/// the other namespaces, the pid namespace above all: no program of the container sees it. It is not dumpable (proc_pid(5)),
/// and it dies with its parent.
/// @param plan    made by make_exec_plan(): those of its steps are taken that say who a program is
/// @param target  pidfd of the container's main process; borrowed
/// The process has one thread. @throws SysError  with the step that failed
void enter_files(const Plan& plan, int target);

}  // namespace podctl::run
