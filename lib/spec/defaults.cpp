#include "spec/defaults.hpp"

#include "spec/quantity.hpp"

namespace podctl::spec {
namespace {

// A 0 stands for the default, as the API server has it.
void fill_probe(std::optional<Probe>& probe) {
  if (!probe) return;
  const Probe defaults;
  if (probe->timeout_seconds == 0) probe->timeout_seconds = defaults.timeout_seconds;
  if (probe->period_seconds == 0) probe->period_seconds = defaults.period_seconds;
  if (probe->success_threshold == 0) probe->success_threshold = defaults.success_threshold;
  if (probe->failure_threshold == 0) probe->failure_threshold = defaults.failure_threshold;
}

void fill_container(Container& container, bool host_network) {
  for (auto& [name, amount] : container.resources.limits) amount = round_to_milli(amount);
  for (auto& [name, amount] : container.resources.requests) amount = round_to_milli(amount);
  for (const auto& [name, limit] : container.resources.limits) container.resources.requests.try_emplace(name, limit);
  for (auto* probe : {&container.liveness_probe, &container.readiness_probe, &container.startup_probe}) fill_probe(*probe);
  for (auto& port : container.ports)
    if (host_network && !port.host_port) port.host_port = port.container_port;
}

}  // namespace

void fill_defaults(Pod& pod) {
  if (pod.metadata.name_space.empty()) pod.metadata.name_space = "default";  // no metadata, or "" in it
  for (auto& volume : pod.spec.volumes)
    if (!volume.empty_dir && !volume.host_path && !volume.config_map && !volume.secret && !volume.downward_api && !volume.projected &&
        !volume.persistent_volume_claim && !volume.ephemeral)
      volume.empty_dir.emplace();
  for (auto& container : pod.spec.init_containers) fill_container(container, pod.spec.host_network);
  for (auto& container : pod.spec.containers) fill_container(container, pod.spec.host_network);
}

}  // namespace podctl::spec
