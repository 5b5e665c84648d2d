// Rules of a container's environment, and of the objects its values come from.
#include <algorithm>

#include "base/text.hpp"
#include "spec/annotations.hpp"
#include "spec/downward.hpp"
#include "spec/env_file.hpp"
#include "spec/names.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

struct Source {
  DataObject::Kind kind;
  std::string_view kind_name;
};
constexpr Source kConfigMap{DataObject::Kind::kConfigMap, "ConfigMap"};
constexpr Source kSecret{DataObject::Kind::kSecret, "Secret"};

// A value that holds a NUL ends there, for execve(2): no variable can have it.
bool has_nul(const std::string& value) { return value.find('\0') != std::string::npos; }

class Environment {
 public:
  Environment(const Pod& pod, std::span<const DataObject> objects, Report& report) : pod_(pod), objects_(objects), report_(report) {}

  void check_variable(const EnvVar& variable, const Path& path) {
    if (variable.name.empty()) report_.error(path / "name", "Required value");
    else report_invalid(report_, path / "name", variable.name, check_env_name(variable.name));
    if (!variable.value_from) return;
    const EnvVarSource& from = *variable.value_from;
    const Path at = path / "valueFrom";
    const int sources = from.field_ref.has_value() + from.resource_field_ref.has_value() + from.config_map_key_ref.has_value() +
                        from.secret_key_ref.has_value() + from.file_key_ref.has_value();
    if (sources == 0)
      report_.error(at,
                    "Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
                    "`fileKeyRef`");
    else if (!variable.value.empty()) report_.error(at, "Invalid value: \"\": may not be specified when `value` is not empty");
    if (sources > 1) report_.error(at, "Invalid value: \"\": may not have more than one field specified at a time");
    if (from.field_ref) validate_field_ref(*from.field_ref, DownwardUse::kVariable, at / "fieldRef", report_);
    if (from.resource_field_ref)
      validate_resource_ref(*from.resource_field_ref, pod_.spec, DownwardUse::kVariable, at / "resourceFieldRef", report_);
    if (from.config_map_key_ref) check_key(*from.config_map_key_ref, kConfigMap, at / "configMapKeyRef");
    if (from.secret_key_ref) check_key(*from.secret_key_ref, kSecret, at / "secretKeyRef");
    if (from.file_key_ref) check_file_key(*from.file_key_ref, at / "fileKeyRef");
  }

  void check_all_keys(const EnvFromSource& from, const Path& path) {
    if (!from.prefix.empty()) report_invalid(report_, path / "prefix", from.prefix, check_env_name(from.prefix));
    if (from.config_map_ref && from.secret_ref)
      report_.error(path, "Invalid value: \"\": may not have more than one field specified at a time");
    if (!from.config_map_ref && !from.secret_ref)
      report_.error(path, "Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`");
    if (from.config_map_ref) check_object(*from.config_map_ref, kConfigMap, path / "configMapRef");
    if (from.secret_ref) check_object(*from.secret_ref, kSecret, path / "secretRef");
  }

 private:
  // The object of that name. What is wrong with the name is reported.
  const DataObject* find(const std::string& name, bool optional, const Source& source, const Path& path) {
    if (name.empty()) {
      report_.error(path / "name", "Required value");
      return nullptr;
    }
    const DataObject* object = find_object(objects_, source.kind, pod_.metadata.name_space, name);
    if (object == nullptr && !optional)
      report_.error(path / "name", cat("Not found: ", quote(name), ": the input holds no ", source.kind_name, " of that name"));
    return object;
  }

  void check_key(const KeyRef& ref, const Source& source, const Path& path) {
    const DataObject* object = find(ref.name, ref.optional, source, path);
    if (ref.key.empty()) return report_.error(path / "key", "Required value");
    if (object == nullptr) return;
    const auto found = object->data.find(ref.key);
    if (found == object->data.end() || object->binary.contains(ref.key)) {
      const std::string_view why =
          object->binary.contains(ref.key) ? " has it in binaryData, which no variable can hold" : " has no such key";
      if (!ref.optional) report_.error(path / "key", cat("Not found: ", quote(ref.key), ": ", source.kind_name, " ", quote(ref.name), why));
    } else if (has_nul(found->second)) {
      report_.error(path / "key", cat("Invalid value: ", quote(ref.key), ": its value holds a NUL character, which no variable can"));
    }
  }

  void check_file_key(const FileKeyRef& ref, const Path& path) {
    const auto& volumes = pod_.spec.volumes;
    const auto volume = std::find_if(volumes.begin(), volumes.end(), [&](const Volume& v) { return v.name == ref.volume_name; });
    if (ref.volume_name.empty()) report_.error(path / "volumeName", "Required value");
    else if (volume == volumes.end()) report_.error(path / "volumeName", cat("Not found: ", quote(ref.volume_name)));
    else if (!volume->empty_dir)
      report_.error(path / "volumeName", cat("Invalid value: ", quote(ref.volume_name), ": must be an emptyDir volume"));
    if (ref.path.empty()) report_.error(path / "path", "Required value");
    else report_invalid(report_, path / "path", ref.path, check_local_path(ref.path));
    if (ref.key.empty()) report_.error(path / "key", "Required value");
    else if (ref.key.size() > kMaxEnvFileKey)
      report_.error(path / "key", cat("Invalid value: ", quote(ref.key), ": must be no more than ", kMaxEnvFileKey, " characters"));
    else report_invalid(report_, path / "key", ref.key, check_env_name(ref.key));
    if (const auto shared = pod_.metadata.annotations.find(std::string(kShareMountsAnnotation));
        shared != pod_.metadata.annotations.end() && shared->second == "true")
      report_.error(path, cat("Forbidden: with ", kShareMountsAnnotation, " the containers' files are out of podctl's reach"));
  }

  void check_object(const ObjectRef& ref, const Source& source, const Path& path) {
    const DataObject* object = find(ref.name, ref.optional, source, path);
    if (object == nullptr) return;
    for (const auto& [key, value] : object->data)
      if (!object->binary.contains(key) && has_nul(value))
        report_.error(path / "name",
                      cat("Invalid value: ", quote(ref.name), ": its key ", quote(key), " holds a NUL character, which no variable can"));
  }

  const Pod& pod_;
  std::span<const DataObject> objects_;
  Report& report_;
};

}  // namespace

void validate_environment(const Pod& pod, std::span<const DataObject> objects, const Container& container, const Path& path,
                          Report& report) {
  Environment environment(pod, objects, report);
  const Path from = path / "envFrom", env = path / "env";
  for (std::size_t i = 0; i < container.env_from.size(); ++i) environment.check_all_keys(container.env_from[i], from[i]);
  for (std::size_t i = 0; i < container.env.size(); ++i) environment.check_variable(container.env[i], env[i]);
}

}  // namespace podctl::spec
