#pragma once

#include <functional>
#include <string_view>

#include "podctl/plan.hpp"

namespace podctl::run {

/// Does something in a process that is in a pod's user and pid namespaces, and waits for it, two seconds at most: the pod may stop
/// or kill that process. It has a copy of our memory and descriptors, which nobody in the pod can look into.
/// @param pause  its pidfd; borrowed
/// @param held   the pod's namespaces
/// @param work   gives 0 or -errno
/// @throws SysError  of `operation` on `object`: what `work` gave, or ETIMEDOUT. In a pod that is gone nothing is done
void do_inside(int pause, const Namespaces& held, std::string_view operation, std::string_view object, const std::function<long()>& work);

}  // namespace podctl::run
