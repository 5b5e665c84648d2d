#include "spec/defaults.hpp"

#include "spec/quantity.hpp"

namespace podctl::spec {
namespace {

void fill_container(Container& container, bool host_network) {
  for (auto& [name, amount] : container.resources.limits) amount = round_to_milli(amount);
  for (auto& [name, amount] : container.resources.requests) amount = round_to_milli(amount);
  for (const auto& [name, limit] : container.resources.limits) container.resources.requests.try_emplace(name, limit);
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
