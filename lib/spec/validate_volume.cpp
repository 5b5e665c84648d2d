// Rules of volumes and of where they are mounted.
#include <algorithm>
#include <set>

#include "base/path.hpp"
#include "base/text.hpp"
#include "spec/names.hpp"
#include "spec/objects.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

// What a mount may name, for a message: the first few say what they are called.
std::string known_volumes(const PodSpec& spec) {
  constexpr std::size_t kMostNamed = 10;
  if (spec.volumes.empty()) return "none";
  std::string out;
  for (std::size_t i = 0; i < spec.volumes.size() && i < kMostNamed; ++i) append(out, i == 0 ? "" : ", ", spec.volumes[i].name);
  if (spec.volumes.size() > kMostNamed) append(out, " and ", spec.volumes.size() - kMostNamed, " more");
  return out;
}

bool has_backstep(std::string_view path) {
  for (const auto part : split(path, '/'))
    if (part == "..") return true;
  return false;
}

void validate_host_path(const HostPathVolume& source, const Path& path, Report& report) {
  const Path at = path / "path";
  if (source.path.empty()) report.error(at, "Required value");
  else if (has_backstep(source.path)) report_invalid(report, at, source.path, "must not contain '..'");
  else if (source.path.front() != '/') report_invalid(report, at, source.path, "must be an absolute path");
}

void validate_claim_volume(const ClaimVolume& source, const Path& path, Report& report) {
  if (source.claim_name.empty()) report.error(path / "claimName", "Required value");
  else report_invalid(report, path / "claimName", source.claim_name, check_dns_subdomain(source.claim_name));
}

void validate_ephemeral(const Volume& volume, const Pod& pod, std::span<const DataObject> objects, const Path& path, Report& report) {
  const Path made = path / "volumeClaimTemplate";
  if (volume.ephemeral->volume_claim_template) validate_claim(volume.ephemeral->volume_claim_template->spec, made / "spec", report);
  const std::string claim = cat(pod.metadata.name, '-', volume.name);
  if (find_object(objects, DataObject::Kind::kClaim, pod.metadata.name_space, claim) != nullptr)
    report.error(path,
                 cat("Invalid value: its claim would be ", quote(claim), ", and the input holds one of that name that is not the pod's"));
}

}  // namespace

const DataObject* find_object(std::span<const DataObject> objects, DataObject::Kind kind, std::string_view name_space,
                              std::string_view name) {
  for (const auto& object : objects)
    if (object.kind == kind && object.name_space == name_space && object.name == name) return &object;
  return nullptr;
}

void validate_volumes(const Pod& pod, std::span<const DataObject> objects, Report& report) {
  const Path root("spec"), list = root / "volumes";
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < pod.spec.volumes.size(); ++i) {
    const Volume& volume = pod.spec.volumes[i];
    const Path at = list[i];
    if (volume.name.empty()) report.error(at / "name", "Required value");
    else report_invalid(report, at / "name", volume.name, check_dns_label(volume.name));
    if (!volume.name.empty() && !names.insert(volume.name).second) report.error(at / "name", cat("Duplicate value: ", quote(volume.name)));

    const int sources = volume.empty_dir.has_value() + volume.host_path.has_value() + volume.config_map.has_value() +
                        volume.secret.has_value() + volume.downward_api.has_value() + volume.projected.has_value() +
                        volume.persistent_volume_claim.has_value() + volume.ephemeral.has_value();
    if (sources > 1) report.error(at, "Forbidden: may not specify more than 1 volume type");
    if (volume.empty_dir && volume.empty_dir->size_limit && volume.empty_dir->size_limit->value < 0)
      report.error(at / "emptyDir" / "sizeLimit",
                   cat("Invalid value: ", quote(volume.empty_dir->size_limit->text), ": must be greater than or equal to 0"));
    if (volume.host_path) validate_host_path(*volume.host_path, at / "hostPath", report);
    validate_projections(volume, pod, objects, at, report);
    if (volume.persistent_volume_claim) validate_claim_volume(*volume.persistent_volume_claim, at / "persistentVolumeClaim", report);
    if (volume.ephemeral) validate_ephemeral(volume, pod, objects, at / "ephemeral", report);
  }
}

void validate_mounts(const Container& container, const PodSpec& spec, const Path& path, Report& report) {
  const Path list = path / "volumeMounts";
  std::set<std::string> targets;
  for (std::size_t i = 0; i < container.volume_mounts.size(); ++i) {
    const VolumeMount& mount = container.volume_mounts[i];
    const Path at = list[i];
    if (mount.name.empty()) {
      report.error(at / "name", "Required value");
    } else if (std::none_of(spec.volumes.begin(), spec.volumes.end(), [&](const Volume& volume) { return volume.name == mount.name; })) {
      report.error(at / "name", cat("Not found: ", quote(mount.name), "; volumes are: ", known_volumes(spec)));
    }
    if (mount.mount_path.empty()) {
      report.error(at / "mountPath", "Required value");
    } else {
      const std::string target = clean_path(mount.mount_path);
      if (!targets.insert(target).second) report_invalid(report, at / "mountPath", mount.mount_path, "must be unique");
      if (target == "/" || is_below(target, "/proc") || is_below(target, "/sys"))
        report_invalid(report, at / "mountPath", mount.mount_path,
                       "must not be the root, /proc, /sys or below them: a volume there could stand in for the kernel's own files");
    }
    report_invalid(report, at / "subPath", mount.sub_path, check_local_path(mount.sub_path));
    report_invalid(report, at / "subPathExpr", mount.sub_path_expr, check_local_path(mount.sub_path_expr));
    if (!mount.sub_path.empty() && !mount.sub_path_expr.empty())
      report_invalid(report, at / "subPathExpr", mount.sub_path_expr, "subPathExpr and subPath are mutually exclusive");
  }
}

}  // namespace podctl::spec
