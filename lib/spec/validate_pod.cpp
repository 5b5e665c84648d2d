#include <set>

#include "base/text.hpp"
#include "spec/annotations.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

void validate_containers(const Pod& pod, std::span<const DataObject> objects, const Path& root, Report& report) {
  const PodSpec& spec = pod.spec;
  const Path init = root / "initContainers", apps = root / "containers";
  std::set<std::string_view> names;
  if (spec.containers.empty()) report.error(apps, "Required value");
  for (std::size_t i = 0; i < spec.containers.size(); ++i) {
    validate_container(spec.containers[i], spec, apps[i], report);
    validate_environment(pod, objects, spec.containers[i], apps[i], report);
    if (!spec.containers[i].name.empty() && !names.insert(spec.containers[i].name).second)
      report.error(apps[i] / "name", cat("Duplicate value: ", quote(spec.containers[i].name)));
  }
  for (std::size_t i = 0; i < spec.init_containers.size(); ++i) {
    validate_container(spec.init_containers[i], spec, init[i], report);
    validate_init_lifecycle(spec.init_containers[i], init[i], report);
    validate_environment(pod, objects, spec.init_containers[i], init[i], report);
    if (!spec.init_containers[i].name.empty() && !names.insert(spec.init_containers[i].name).second)
      report.error(init[i] / "name", cat("Duplicate value: ", quote(spec.init_containers[i].name)));
  }
}

// Limits are read and checked, and nothing holds them yet: said once, not per container.
void note_limits(const PodSpec& spec, const Path& root, Report& report) {
  const Path init = root / "initContainers", apps = root / "containers";
  const auto note = [&](const std::vector<Container>& containers, const Path& list) {
    for (std::size_t i = 0; i < containers.size(); ++i) {
      if (containers[i].resources.limits.empty() && containers[i].resources.requests.empty()) continue;
      report.note(list[i] / "resources", "no effect here: resource limits are not enforced yet");
      return true;
    }
    return false;
  };
  if (!note(spec.init_containers, init)) note(spec.containers, apps);
}

// One root file system for all: the containers cannot each bring their own.
void validate_share_mounts(const Pod& pod, Report& report) {
  const auto asked = pod.metadata.annotations.find(std::string(kShareMountsAnnotation));
  if (asked == pod.metadata.annotations.end() || asked->second != "true") return;
  const Path metadata("metadata"), annotations = metadata / "annotations";
  const auto root_of = [](const Container& c) { return c.image.empty() ? std::string("host") : c.image; };
  for (const Container* container : all_containers(pod.spec))
    if (root_of(*container) != root_of(*all_containers(pod.spec).front()))
      return report.error(annotations.key(kShareMountsAnnotation),
                          cat("Forbidden: the containers name different root file systems: ",
                              quote(root_of(*all_containers(pod.spec).front())), " and ", quote(root_of(*container))));
}

}  // namespace

void validate_pod(const Pod& pod, std::span<const DataObject> objects, const Node& tree, std::vector<Diagnostic>& problems) {
  Report report(tree, problems);
  const PodSpec& spec = pod.spec;
  const Path root("spec");
  validate_metadata(pod.metadata, report);
  validate_containers(pod, objects, root, report);
  validate_volumes(pod, objects, report);
  validate_network(spec, report);
  validate_share_mounts(pod, report);
  note_limits(spec, root, report);

  if (spec.termination_grace_period_seconds < 0)
    report.error(root / "terminationGracePeriodSeconds",
                 cat("Invalid value: ", spec.termination_grace_period_seconds, ": must be greater than or equal to 0"));
  if (spec.active_deadline_seconds && (*spec.active_deadline_seconds < 1 || *spec.active_deadline_seconds > 2147483647))
    report.error(root / "activeDeadlineSeconds",
                 cat("Invalid value: ", *spec.active_deadline_seconds, ": must be between 1 and 2147483647, inclusive"));
  if (spec.os && spec.os->name != "linux")
    report.error(root / "os" / "name", cat("Unsupported value: ", quote(spec.os->name), ": supported values: \"linux\""));
  if (spec.host_users == true) report.note(root / "hostUsers", "no effect here: a pod always has a user namespace of its own");
  if (spec.host_users == false && spec.host_network)
    report.error(root / "hostNetwork", "Forbidden: must not be true when `hostUsers` is false");
  if (spec.host_users == false && spec.host_ipc) report.error(root / "hostIPC", "Forbidden: must not be true when `hostUsers` is false");

  const PodSecurityContext& context = spec.security_context;
  const Path security = root / "securityContext", groups = security / "supplementalGroups";
  const auto check_id = [&](const Path& path, std::int64_t id) {
    if (id < 0 || id > 2147483647) report.error(path, cat("Invalid value: ", id, ": must be between 0 and 2147483647, inclusive"));
  };
  if (context.run_as_user) check_id(security / "runAsUser", *context.run_as_user);
  if (context.run_as_group) check_id(security / "runAsGroup", *context.run_as_group);
  for (std::size_t i = 0; i < context.supplemental_groups.size(); ++i) check_id(groups[i], context.supplemental_groups[i]);
  if (context.app_armor_profile) validate_app_armor(*context.app_armor_profile, security / "appArmorProfile", report);
}

}  // namespace podctl::spec
