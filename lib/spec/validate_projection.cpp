// Rules of volumes whose files podctl writes: configMap, secret, downwardAPI and projected.
#include <map>

#include "base/path.hpp"
#include "base/text.hpp"
#include "spec/downward.hpp"
#include "spec/names.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

void check_mode(std::int32_t mode, const Path& path, Report& report) {
  if (mode < 0 || mode > 0777)
    report.error(path, cat("Invalid value: ", mode, ": must be a number between 0 and 0777 (octal), both inclusive"));
}

// What a volume writes, source by source.
class Files {
 public:
  Files(const Pod& pod, std::span<const DataObject> objects, Report& report) : pod_(pod), objects_(objects), report_(report) {}

  void take(const ObjectProjection& source, DataObject::Kind kind, std::string_view name_field, const Path& path) {
    const std::string_view kind_name = kind == DataObject::Kind::kSecret ? "Secret" : "ConfigMap";
    const DataObject* object = find_object(objects_, kind, pod_.metadata.name_space, source.name);
    if (source.name.empty()) report_.error(path / name_field, "Required value");
    else if (object == nullptr && !source.optional)
      report_.error(path / name_field, cat("Not found: ", quote(source.name), ": the input holds no ", kind_name, " of that name"));
    const Path items = path / "items";
    for (std::size_t i = 0; i < source.items.size(); ++i) {
      const KeyToPath& item = source.items[i];
      const Path at = items[i];
      if (item.key.empty()) report_.error(at / "key", "Required value");
      else if (object != nullptr && !object->data.contains(item.key) && !source.optional)
        report_.error(at / "key", cat("Not found: ", quote(item.key), ": ", kind_name, " ", quote(source.name), " has no such key"));
      take_path(item.path, at);
      if (item.mode) check_mode(*item.mode, at / "mode", report_);
    }
    // A later source replaces these; in the way they are only where the other wants a folder.
    if (source.items.empty() && object != nullptr)
      for (const auto& [key, value] : object->data) {
        require_no_folder(key, key, path / name_field);
        listed_.emplace(key, false);
      }
  }

  void take(const DownwardProjection& source, const Path& path) {
    const Path items = path / "items";
    for (std::size_t i = 0; i < source.items.size(); ++i) {
      const DownwardFile& item = source.items[i];
      const Path at = items[i];
      take_path(item.path, at);
      if (item.mode) check_mode(*item.mode, at / "mode", report_);
      if (item.field_ref && item.resource_field_ref)
        report_.error(at, "Invalid value: \"\": fieldRef and resourceFieldRef can not be specified simultaneously");
      else if (!item.field_ref && !item.resource_field_ref) report_.error(at, "Required value: fieldRef or resourceFieldRef is required");
      if (item.field_ref) validate_field_ref(*item.field_ref, DownwardUse::kFile, at / "fieldRef", report_);
      if (item.resource_field_ref)
        validate_resource_ref(*item.resource_field_ref, pod_.spec, DownwardUse::kFile, at / "resourceFieldRef", report_);
    }
  }

 private:
  // The path of a listed item: no other item may have it.
  void take_path(const std::string& text, const Path& item) {
    const Path at = item / "path";
    if (text.empty()) return report_.error(at, "Required value");
    if (const auto rule = check_local_path(text); !rule.empty()) return report_invalid(report_, at, text, rule);
    if (text.substr(0, 2) == "..") return report_invalid(report_, at, text, "must not start with '..'");
    const std::string path = clean_path(text).substr(1);
    if (path.empty()) return report_invalid(report_, at, text, "must name a file");
    const auto [seen, is_new] = listed_.emplace(path, true);
    if (!is_new && seen->second) return report_.error(at, cat("Duplicate value: ", quote(text)));
    seen->second = true;
    require_no_folder(path, text, at);
  }

  // A name cannot be a file and a folder.
  void require_no_folder(const std::string& path, const std::string& text, const Path& at) {
    const auto below = listed_.lower_bound(path + '/');
    bool clash = below != listed_.end() && below->first.substr(0, path.size() + 1) == path + '/';
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      clash = clash || listed_.contains(path.substr(0, slash));
    if (clash) report_invalid(report_, at, text, "conflicting paths: another file of the volume lies above or below it");
  }

  const Pod& pod_;
  std::span<const DataObject> objects_;
  Report& report_;
  std::map<std::string, bool> listed_;  // path -> named by an item
};

void validate_sources(const ProjectedVolume& volume, Files& files, const Path& path, Report& report) {
  const Path sources = path / "sources";
  for (std::size_t i = 0; i < volume.sources.size(); ++i) {
    const ProjectionSource& source = volume.sources[i];
    const Path at = sources[i];
    const int given = source.config_map.has_value() + source.secret.has_value() + source.downward_api.has_value();
    if (given > 1) report.error(at, "Forbidden: may not specify more than 1 volume type per source");
    if (given == 0) report.error(at, "Required value: must specify one of: `configMap`, `secret` or `downwardAPI`");
    if (source.config_map) files.take(*source.config_map, DataObject::Kind::kConfigMap, "name", at / "configMap");
    if (source.secret) files.take(*source.secret, DataObject::Kind::kSecret, "name", at / "secret");
    if (source.downward_api) files.take(*source.downward_api, at / "downwardAPI");
  }
}

}  // namespace

void validate_projections(const Volume& volume, const Pod& pod, std::span<const DataObject> objects, const Path& path, Report& report) {
  Files files(pod, objects, report);
  if (volume.config_map) {
    const Path at = path / "configMap";
    check_mode(volume.config_map->default_mode, at / "defaultMode", report);
    files.take(*volume.config_map, DataObject::Kind::kConfigMap, "name", at);
  }
  if (volume.secret) {
    const Path at = path / "secret";
    check_mode(volume.secret->default_mode, at / "defaultMode", report);
    files.take(*volume.secret, DataObject::Kind::kSecret, "secretName", at);
  }
  if (volume.downward_api) {
    const Path at = path / "downwardAPI";
    check_mode(volume.downward_api->default_mode, at / "defaultMode", report);
    files.take(*volume.downward_api, at);
  }
  if (volume.projected) {
    const Path at = path / "projected";
    check_mode(volume.projected->default_mode, at / "defaultMode", report);
    validate_sources(*volume.projected, files, at, report);
  }
}

}  // namespace podctl::spec
