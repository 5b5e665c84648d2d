#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "podctl/spec.hpp"
#include "spec/report.hpp"

/// What a pod may be told about itself: by variables and by downwardAPI volumes.
namespace podctl::spec {

/// "metadata.labels['app']" is {"metadata.labels", "app"}.
struct FieldPath {
  std::string name;
  std::optional<std::string> key;
};
FieldPath parse_field_path(std::string_view text);

/// "limits.memory" is {kLimits, "memory"}; nothing for what is no resource.
struct ResourcePath {
  bool is_limit = false;
  std::string resource;
};
std::optional<ResourcePath> parse_resource_path(std::string_view text);

enum class DownwardUse { kVariable, kFile };
void validate_field_ref(const FieldRef& ref, DownwardUse use, const Path& path, Report& report);
void validate_resource_ref(const ResourceFieldRef& ref, const PodSpec& spec, DownwardUse use, const Path& path, Report& report);

}  // namespace podctl::spec
