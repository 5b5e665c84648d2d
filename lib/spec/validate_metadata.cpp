#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "podctl/text.hpp"
#include "spec/annotations.hpp"
#include "spec/names.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

constexpr std::size_t kMaxAnnotationBytes = 262144;

void validate_own_annotation(const std::string& key, const std::string& value, const Path& path, Report& report) {
  const auto known = std::find_if(kAnnotations.begin(), kAnnotations.end(), [&](const Annotation& a) { return a.key == key; });
  if (known == kAnnotations.end()) {
    std::vector<std::string_view> keys;
    keys.reserve(kAnnotations.size());
    for (const auto& annotation : kAnnotations) keys.push_back(annotation.key);
    const auto near = did_you_mean(key, keys);
    report.error(path, cat("unknown podctl annotation", near ? cat("; did you mean ", quote(*near), '?') : ""));
  } else if (key == kNetworkAnnotation && value == "pasta") {
    report.error(path, "not supported: outbound network is not carried out yet");
  } else if (std::find(known->values.begin(), known->values.end(), value) == known->values.end()) {
    std::string values;
    for (const auto allowed : known->values) append(values, values.empty() ? "" : ", ", quote(allowed));
    report.error(path, cat("Unsupported value: ", quote(value), ": supported values: ", values));
  }
}

}  // namespace

void validate_metadata(const ObjectMeta& metadata, Report& report) {
  const Path root("metadata");
  if (metadata.name.empty() && metadata.generate_name.empty())
    report.error(root / "name", "Required value: name or generateName is required");
  if (!metadata.name.empty()) report_invalid(report, root / "name", metadata.name, check_dns_subdomain(metadata.name));
  if (!metadata.generate_name.empty()) {
    // The base of a generated name may end in '-': the random part follows.
    report_invalid(report, root / "generateName", metadata.generate_name, check_dns_subdomain(cat(metadata.generate_name, 'x')));
  }
  report_invalid(report, root / "namespace", metadata.name_space, check_dns_label(metadata.name_space));
  const Path labels = root / "labels", annotations = root / "annotations";
  for (const auto& [key, value] : metadata.labels) {
    report_invalid(report, labels, key, check_qualified_name(key));
    report_invalid(report, labels.key(key), value, check_label_value(value));
  }
  std::size_t total = 0;
  for (const auto& [key, value] : metadata.annotations) {
    std::string lower = key;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    report_invalid(report, annotations, key, check_qualified_name(lower));
    if (key.substr(0, 11) == "podctl.dev/") validate_own_annotation(key, value, annotations.key(key), report);
    total += key.size() + value.size();
  }
  if (total > kMaxAnnotationBytes) report.error(annotations, cat("Too long: may not be more than ", kMaxAnnotationBytes, " bytes"));
}

}  // namespace podctl::spec
