#include <sys/capability.h>

#include <algorithm>

#include "base/path.hpp"
#include "base/text.hpp"
#include "spec/capabilities.hpp"
#include "spec/names.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

bool is_id(std::int64_t id) { return id >= 0 && id <= 2147483647; }

void check_id(Report& report, const Path& path, const std::optional<std::int64_t>& id) {
  if (id && !is_id(*id)) report.error(path, cat("Invalid value: ", *id, ": must be between 0 and 2147483647, inclusive"));
}

void validate_image(const Container& container, const Path& path, Report& report) {
  const std::string& image = container.image;
  if (image.empty() || image == "host") return;
  if (trim(image) != image) return report_invalid(report, path, image, "must not have leading or trailing whitespace");
  if (image == "rootfs:") return report_invalid(report, path, image, "must name a folder after rootfs:");
  if (image.substr(0, 7) == "rootfs:") return;
  report.error(path, cat("not supported: ", quote(image),
                         ": images are not read yet; use rootfs:DIR, or podctl run --rootfs host for the host's own files"));
}

void validate_resources(const ResourceRequirements& resources, const Path& path, Report& report) {
  const Path limits = path / "limits", requests = path / "requests";
  const auto check = [&](const Path& list, const ResourceList& values) {
    for (const auto& [name, amount] : values) {
      const Path at = list.key(name);
      if (amount.value < 0) report.error(at, cat("Invalid value: ", quote(amount.text), ": must be greater than or equal to 0"));
      if (name != "cpu" && name != "memory" && name != "ephemeral-storage" && name.substr(0, 10) != "hugepages-")
        report.error(at, cat("not supported: there is no device that provides ", quote(name)));
      const bool copied = &list == &requests && resources.limits.contains(name) && resources.limits.at(name) == amount;
      if (name == "memory" && amount.milli % 1000 != 0 && !copied)
        report.warning(at, cat("fractional byte value ", quote(amount.text), " is rounded up; m means thousandths"));
    }
  };
  check(limits, resources.limits);
  check(requests, resources.requests);
  for (const auto& [name, request] : resources.requests) {
    const auto limit = resources.limits.find(name);
    if (limit == resources.limits.end()) continue;
    const Path at = requests.key(name);
    if (name.substr(0, 10) == "hugepages-" && request != limit->second)
      report.error(at, cat("Invalid value: ", quote(request.text), ": must be equal to ", name, " limit of ", limit->second.text));
    else if (request.milli > limit->second.milli)
      report.error(at,
                   cat("Invalid value: ", quote(request.text), ": must be less than or equal to ", name, " limit of ", limit->second.text));
  }
}

void validate_security(const Container& container, const PodSpec& spec, const Path& path, Report& report) {
  const SecurityContext& context = container.security_context;
  check_id(report, path / "runAsUser", context.run_as_user);
  check_id(report, path / "runAsGroup", context.run_as_group);
  const auto user = context.run_as_user ? context.run_as_user : spec.security_context.run_as_user;
  const auto non_root = context.run_as_non_root ? context.run_as_non_root : spec.security_context.run_as_non_root;
  if (non_root.value_or(false) && user.value_or(0) == 0)
    report.error(path / "runAsNonRoot", "container has runAsNonRoot and image will run as root; set runAsUser");
  if (context.app_armor_profile) validate_app_armor(*context.app_armor_profile, path / "appArmorProfile", report);
  if (!context.capabilities) return;
  const Path capabilities = path / "capabilities", add = capabilities / "add", drop = capabilities / "drop";
  const auto check = [&](const Path& list, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] != "ALL" && !capability_number(names[i]))
        report_invalid(report, list[i], names[i], "is no capability; see capabilities(7)");
  };
  check(add, context.capabilities->add);
  check(drop, context.capabilities->drop);
  const bool adds_admin = std::any_of(context.capabilities->add.begin(), context.capabilities->add.end(),
                                      [](const std::string& name) { return capability_number(name) == CAP_SYS_ADMIN; });
  if (adds_admin && context.allow_privilege_escalation == false)
    report.error(path, "Invalid value: cannot set `allowPrivilegeEscalation` to false and `capabilities.add` CAP_SYS_ADMIN");
}

}  // namespace

void validate_app_armor(const SecurityProfile& profile, const Path& path, Report& report) {
  if (profile.type == ProfileType::kLocalhost) report.error(path, "not supported: podctl does not switch AppArmor profiles yet");
  else if (profile.type == ProfileType::kRuntimeDefault)
    report.note(path, "no effect here: the profile of the user's own processes stays in force");
}

void validate_container(const Container& container, const PodSpec& spec, const Path& path, Report& report) {
  if (container.name.empty()) report.error(path / "name", "Required value");
  else report_invalid(report, path / "name", container.name, check_dns_label(container.name));
  validate_image(container, path / "image", report);
  if (container.command.empty() && container.args.empty())
    report.error(path / "command", "Required value: a root file system without an image has no default command");
  validate_resources(container.resources, path / "resources", report);
  validate_mounts(container, spec, path, report);
  validate_security(container, spec, path / "securityContext", report);
  validate_lifecycle(container, spec, path, report);
  const std::string& message_path = container.termination_message_path;
  if (!message_path.empty()) {
    const std::string target = clean_path(message_path);
    if (target == "/" || is_below(target, "/proc") || is_below(target, "/sys"))
      report_invalid(report, path / "terminationMessagePath", message_path, "must be a file outside /proc and /sys");
  }
  if (container.stdin_once && !container.stdin_open) report.warning(path / "stdinOnce", "has no effect without stdin");
}

}  // namespace podctl::spec
