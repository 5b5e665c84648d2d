#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "podctl/events.hpp"
#include "podctl/processes.hpp"
#include "podctl/summary.hpp"

namespace podctl {

/// What `podctl describe` tells of a pod. Plain data, so that what it prints can be tested.
struct PodDescription {
  SeenPod pod;
  std::vector<PodEvent> events;                 ///< all that are known; the last few are told
  std::map<std::string, ProcessFacts> members;  ///< of each container that runs
};
PodDescription look_closely(const StorePaths& paths, SeenPod pod);

/// For people: identity, containers, volumes, isolation, the last 20 events, and what to do next when something is wrong.
std::string render_description(const PodDescription& description, UnixTime now);

/// What to do about a pod, as a command that can be pasted; "" when nothing is wrong.
std::string next_step(const PodSummary& pod);

}  // namespace podctl
