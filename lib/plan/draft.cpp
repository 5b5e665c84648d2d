#include <sys/capability.h>

#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/builder.hpp"
#include "spec/annotations.hpp"
#include "spec/capabilities.hpp"

namespace podctl::plan {

void Draft::prepare(Stage stage, Action action, std::string why) const {
  auto& steps = facts.privileged ? first : plan.steps;
  steps.push_back({0, stage, Actor::kMonitor, -1, std::move(action), std::move(why), {}});
}
void Draft::monitor(Stage stage, Action action, std::string why, std::string weakens) const {
  plan.steps.push_back({0, stage, Actor::kMonitor, -1, std::move(action), std::move(why), std::move(weakens)});
}
void Draft::pause(Stage stage, Action action, std::string why, std::string weakens) const {
  plan.steps.push_back({0, stage, Actor::kPause, -1, std::move(action), std::move(why), std::move(weakens)});
}
void Draft::network(Action action, std::string why) const {
  plan.steps.push_back({0, Stage::kNetwork, Actor::kNetwork, -1, std::move(action), std::move(why), {}});
}
void Draft::member(int index, Stage stage, Action action, std::string why, std::string weakens) const {
  plan.steps.push_back({0, stage, Actor::kMember, index, std::move(action), std::move(why), std::move(weakens)});
}

std::vector<Place> places(const Pod& pod, const PlanOptions& options) {
  constexpr std::string_view kRootfs = "rootfs:";
  std::vector<Place> all;
  const auto add = [&](const std::vector<Container>& containers, std::string_view list) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      const std::string& image = containers[i].image;
      std::string root = "host";
      if (image.substr(0, kRootfs.size()) == kRootfs) root = clean_path(path_in(options.manifest_directory, image.substr(kRootfs.size())));
      all.push_back({&containers[i], static_cast<int>(all.size()), cat(list, '[', i, ']'), std::move(root)});
    }
  };
  add(pod.spec.init_containers, "spec.initContainers");
  add(pod.spec.containers, "spec.containers");
  return all;
}

std::string annotation(const Pod& pod, std::string_view key) {
  const auto found = pod.metadata.annotations.find(std::string(key));
  return found == pod.metadata.annotations.end() ? std::string() : found->second;
}

bool shares_mounts(const Pod& pod) { return annotation(pod, spec::kShareMountsAnnotation) == "true"; }

bool uses_host_network(const Pod& pod) { return pod.spec.host_network || annotation(pod, spec::kNetworkAnnotation) == "host"; }

bool has_pid_per_member(const Pod& pod) {
  if (pod.spec.share_process_namespace) return !*pod.spec.share_process_namespace;
  return annotation(pod, spec::kSharingAnnotation) == "kubernetes";
}

std::uint64_t kept_capabilities(const SecurityContext& context) {
  constexpr std::uint64_t kAll = (std::uint64_t{1} << (CAP_LAST_CAP + 1)) - 1;
  std::uint64_t kept = kDefaultCapabilities;
  if (!context.capabilities) return kept;
  const auto bit = [](const std::string& name) {
    const auto number = spec::capability_number(name);
    return number ? std::uint64_t{1} << *number : 0;
  };
  // ALL first, whichever list it is in, then the names: "drop ALL, add X" leaves X.
  for (const auto& name : context.capabilities->add)
    if (name == "ALL") kept = kAll;
  for (const auto& name : context.capabilities->drop)
    if (name == "ALL") kept = 0;
  for (const auto& name : context.capabilities->add) kept |= bit(name);
  for (const auto& name : context.capabilities->drop) kept &= ~bit(name);
  return kept;
}

std::string host_name_of(const Pod& pod, const HostFacts& facts) {
  if (uses_host_network(pod)) return facts.host_name;
  if (!pod.spec.hostname.empty()) return pod.spec.hostname;
  std::string name = pod.metadata.name.substr(0, 63);  // HOST_NAME_MAX is 64; a label is 63
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name;
}

}  // namespace podctl::plan
