#include "spec/downward.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "spec/names.hpp"

namespace podctl::spec {
namespace {

constexpr std::array<std::string_view, 9> kVariablePaths{
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
constexpr std::array<std::string_view, 5> kFilePaths{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
                                                     "metadata.uid"};

bool is_one_of(std::string_view text, std::span<const std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string joined(std::span<const std::string_view> list) {
  std::string out;
  for (const auto item : list) append(out, out.empty() ? "" : ", ", quote(item));
  return out;
}

bool is_map(std::string_view name) { return name == "metadata.labels" || name == "metadata.annotations"; }

bool is_known(const FieldPath& path) {
  if (path.key) return is_map(path.name);
  return is_map(path.name) || is_one_of(path.name, kVariablePaths);
}

}  // namespace

FieldPath parse_field_path(std::string_view text) {
  const auto bracket = text.find("['");
  if (bracket == std::string_view::npos || !text.ends_with("']") || text.size() < bracket + 4) return {std::string(text), std::nullopt};
  return {std::string(text.substr(0, bracket)), std::string(text.substr(bracket + 2, text.size() - bracket - 4))};
}

std::optional<ResourcePath> parse_resource_path(std::string_view text) {
  const bool is_limit = text.substr(0, 7) == "limits.";
  if (!is_limit && text.substr(0, 9) != "requests.") return std::nullopt;
  const std::string_view resource = text.substr(is_limit ? 7 : 9);
  if (resource != "cpu" && resource != "memory" && resource != "ephemeral-storage" &&
      (resource.substr(0, 10) != "hugepages-" || resource.size() == 10))
    return std::nullopt;
  return ResourcePath{is_limit, std::string(resource)};
}

void validate_field_ref(const FieldRef& ref, DownwardUse use, const Path& path, Report& report) {
  if (ref.api_version != "v1")
    report.error(path / "apiVersion", cat("Unsupported value: ", quote(ref.api_version), ": supported values: \"v1\""));
  const Path at = path / "fieldPath";
  if (ref.field_path.empty()) return report.error(at, "Required value");
  const FieldPath field = parse_field_path(ref.field_path);
  if (!is_known(field))
    return report_invalid(report, at, ref.field_path, cat("error converting fieldPath: field label not supported: ", ref.field_path));
  if (field.key) {
    std::string lower = *field.key;  // keys of annotations are compared so
    if (field.name == "metadata.annotations")
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return report_invalid(report, at, *field.key, check_qualified_name(lower));
  }
  const std::span<const std::string_view> allowed =
      use == DownwardUse::kFile ? std::span<const std::string_view>(kFilePaths) : kVariablePaths;
  if (!is_one_of(field.name, allowed))
    report.error(at, cat("Unsupported value: ", quote(ref.field_path), ": supported values: ", joined(allowed)));
}

void validate_resource_ref(const ResourceFieldRef& ref, const PodSpec& spec, DownwardUse use, const Path& path, Report& report) {
  if (ref.container_name.empty()) {
    if (use == DownwardUse::kFile) report.error(path / "containerName", "Required value");
  } else {
    const auto all = all_containers(spec);
    if (std::none_of(all.begin(), all.end(), [&](const Container* container) { return container->name == ref.container_name; }))
      report.error(path / "containerName", cat("Not found: ", quote(ref.container_name)));
  }
  const Path at = path / "resource", divisor = path / "divisor";
  if (ref.resource.empty()) return report.error(at, "Required value");
  const auto resource = parse_resource_path(ref.resource);
  if (!resource)
    return report.error(at, cat("Unsupported value: ", quote(ref.resource),
                                ": supported values: limits. or requests. and cpu, memory, ephemeral-storage or hugepages-SIZE"));
  if (!ref.divisor || ref.divisor->milli == 0) return;  // 0 stands for the default
  constexpr std::array<std::string_view, 2> kOfCpu{"1", "1m"};
  constexpr std::array<std::string_view, 13> kOfBytes{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
  const bool is_cpu = resource->resource == "cpu";
  const std::span<const std::string_view> allowed = is_cpu ? std::span<const std::string_view>(kOfCpu) : kOfBytes;
  if (!is_one_of(ref.divisor->text, allowed))
    report.error(divisor, cat("Unsupported value: ", quote(ref.divisor->text), ": supported values: ", joined(allowed)));
}

}  // namespace podctl::spec
