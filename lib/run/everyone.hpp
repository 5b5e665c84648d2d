#pragma once

#include "podctl/plan.hpp"

namespace podctl::run {

/// Sends a signal to every process of a pod but pause, in one system call: kill(-1) from inside its pid namespace, which no
/// fork can slip past (kill(2); the kernel holds the list of processes meanwhile). Those in pid namespaces below it,
/// and those that exec brought in, are among them.
/// @param pause  its pidfd; borrowed
/// @param held   the pod's namespaces
/// @throws SysError
void signal_everyone(int pause, const Namespaces& held, int signal_number);

}  // namespace podctl::run
