// Rules of volumes and of where they are mounted.
#include <algorithm>
#include <set>

#include "base/path.hpp"
#include "base/text.hpp"
#include "spec/names.hpp"
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

void validate_object(const ObjectVolume& source, const DataObject* object, std::string_view kind, const Path& path, const Path& name_path,
                     Report& report) {
  const auto bad_mode = [](std::int32_t mode) { return mode < 0 || mode > 0777; };
  if (bad_mode(source.default_mode))
    report.error(path / "defaultMode",
                 cat("Invalid value: ", source.default_mode, ": must be a number between 0 and 0777 (octal), both inclusive"));
  if (source.name.empty()) {
    report.error(name_path, "Required value");
  } else if (object == nullptr && !source.optional) {
    report.error(name_path, cat("Not found: ", quote(source.name), ": the input holds no ", kind, " of that name"));
  }
  const Path items = path / "items";
  std::set<std::string_view> paths;
  for (std::size_t i = 0; i < source.items.size(); ++i) {
    const KeyToPath& item = source.items[i];
    const Path at = items[i];
    if (item.key.empty()) report.error(at / "key", "Required value");
    else if (object != nullptr && !object->data.contains(item.key) && !source.optional)
      report.error(at / "key", cat("Not found: ", quote(item.key), ": ", kind, " ", quote(source.name), " has no such key"));
    if (item.path.empty()) report.error(at / "path", "Required value");
    else if (const auto rule = check_local_path(item.path); !rule.empty()) report_invalid(report, at / "path", item.path, rule);
    else if (item.path.substr(0, 2) == "..") report_invalid(report, at / "path", item.path, "must not start with '..'");
    else if (!paths.insert(item.path).second) report.error(at / "path", cat("Duplicate value: ", quote(item.path)));
    if (item.mode && bad_mode(*item.mode))
      report.error(at / "mode", cat("Invalid value: ", *item.mode, ": must be a number between 0 and 0777 (octal), both inclusive"));
  }
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

    const int sources =
        volume.empty_dir.has_value() + volume.host_path.has_value() + volume.config_map.has_value() + volume.secret.has_value();
    if (sources > 1) report.error(at, "Forbidden: may not specify more than 1 volume type");
    if (volume.empty_dir && volume.empty_dir->size_limit && volume.empty_dir->size_limit->value < 0)
      report.error(at / "emptyDir" / "sizeLimit",
                   cat("Invalid value: ", quote(volume.empty_dir->size_limit->text), ": must be greater than or equal to 0"));
    if (volume.host_path) validate_host_path(*volume.host_path, at / "hostPath", report);
    const auto object = [&](DataObject::Kind kind, const std::string& name) {
      return find_object(objects, kind, pod.metadata.name_space, name);
    };
    if (volume.config_map) {
      const Path source = at / "configMap";
      validate_object(*volume.config_map, object(DataObject::Kind::kConfigMap, volume.config_map->name), "ConfigMap", source,
                      source / "name", report);
    }
    if (volume.secret) {
      const Path source = at / "secret";
      validate_object(*volume.secret, object(DataObject::Kind::kSecret, volume.secret->name), "Secret", source, source / "secretName",
                      report);
    }
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
