#pragma once

#include <string>

#include "cli/command.hpp"
#include "podctl/store.hpp"

namespace podctl::cli {

/// A pod, and perhaps one of its containers, as the command line names them.
struct PodName {
  std::string pod, container;
};

/// POD, pod/POD, pods POD, POD/CONTAINER or POD -c CONTAINER. On a terminal POD may be left out when there is one pod
/// alone; a note says which. `usage` is what the error shows when nothing is named.
/// @throws Error kUsage
PodName one_pod(const Arguments& arguments, const StorePaths& paths, const std::string& usage);

}  // namespace podctl::cli
