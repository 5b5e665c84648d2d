#include "podctl/describe_pod.hpp"

namespace podctl {

PodDescription look_closely(const StorePaths& paths, SeenPod pod) {
  PodDescription description{.pod = std::move(pod), .events = {}, .members = {}};
  description.events = EventReader(paths, description.pod.record.name).read(EventReader::Last::kAsItIs);
  for (const auto& container : description.pod.summary.containers)
    if (container.pid != 0)
      if (auto facts = probe_process(container.pid)) description.members.emplace(container.name, std::move(*facts));
  return description;
}

}  // namespace podctl
