#pragma once

#include <string>
#include <vector>

#include "podctl/host.hpp"
#include "podctl/plan.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::run {

/// Removes the folder `name` of `dir` with everything in it, as the pod's user 0: files that a container made
/// as another of its ids belong to a subordinate id of the host, which only the pod's user namespace may
/// touch. Joins the namespace of `user_namespace` (borrowed) in a child. Directly when the pod has one id, or
/// the machine's root asks.
void remove_as_pod(int dir, const std::string& name, int user_namespace);

/// A user namespace with a pod's maps again, for clearing up after one that is gone; -1 inside when one id
/// was mapped or root asks, and nothing of it is needed.
UniqueFd remake_user_namespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids, const HostFacts& facts);

}  // namespace podctl::run
