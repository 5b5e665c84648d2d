#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "podctl/manifest.hpp"
#include "support/catch.hpp"

/// Manifests for tests, and what podctl finds in them, as lines that can be compared.
namespace podtest {

using Lines = std::vector<std::string>;

struct Place {
  int line = 1;
  int column = 1;
};

/// A manifest text, and the places that "^" marked in it.
struct Marked {
  std::string text;
  std::vector<Place> places;
};

inline Marked take_marks(std::string_view marked) {
  Marked out;
  Place here;
  for (const char c : marked) {
    if (c == '^') {
      out.places.push_back(here);
      continue;
    }
    out.text += c;
    if (c == '\n') here = {here.line + 1, 1};
    else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++here.column;
  }
  return out;
}

/// A Pod whose spec has these members, from line 2 on.
inline std::string pod_with(std::string_view spec) {
  return podctl::cat("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\n", spec, "\n}}");
}
/// The same with one container and further members of the spec.
inline std::string pod_and(std::string_view spec) {
  return pod_with(podctl::cat("\"containers\":[{\"name\":\"c\",\"command\":[\"true\"]}],\n", spec));
}
/// A Pod with a volume "v" and one container with these members.
inline std::string container_with(std::string_view members) {
  return pod_with(podctl::cat("\"volumes\":[{\"name\":\"v\"}],\n\"containers\":[{\"name\":\"c\",\"command\":[\"true\"],\n", members, "}]"));
}
/// A Pod with this metadata.
inline std::string metadata_with(std::string_view members) {
  return podctl::cat("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\n\"metadata\":{", members,
                     "},\"spec\":{\"containers\":[{\"name\":\"c\",\"command\":[\"true\"]}]}}");
}

inline std::string line_of(const podctl::Diagnostic& d) {
  const char* severity = d.severity == podctl::Severity::kError ? "" : d.severity == podctl::Severity::kWarning ? "warning: " : "note: ";
  return podctl::cat(severity, d.line, ':', d.column, ' ', d.path, ": ", d.message);
}

/// What was found, as "LINE:COLUMN PATH: MESSAGE", with "warning: " or "note: " before what is no
/// error.
inline Lines lines_of(const podctl::Manifest& manifest) {
  Lines lines;
  for (const auto& d : manifest.diagnostics) lines.push_back(line_of(d));
  return lines;
}
inline Lines findings(const std::string& text, const podctl::ParseOptions& options = {}) {
  return lines_of(podctl::parse_manifest(text, options));
}

/// The pod of a manifest that has nothing wrong with it.
inline podctl::Pod only_pod(const podctl::Manifest& manifest) {
  for (const auto& line : lines_of(manifest))
    if (line.substr(0, 5) != "note:" && line.substr(0, 8) != "warning:") FAIL(line);
  REQUIRE(manifest.pods.size() == 1);
  return manifest.pods[0];
}
inline podctl::Pod parsed(const std::string& text, const podctl::ParseOptions& options = {}) {
  return only_pod(podctl::parse_manifest(text, options));
}

/// One rule: a text with a "^" before the value at fault, the field path, and the words.
struct Rule {
  std::string text;
  std::string path;
  std::string message;
};

/// Checks that exactly that is found, at exactly that place.
inline void check_rule(const Rule& rule, const podctl::ParseOptions& options = {}, std::string_view severity = "") {
  const Marked marked = take_marks(rule.text);
  INFO(marked.text);
  REQUIRE(marked.places.size() == 1);
  const Place at = marked.places[0];
  CHECK(findings(marked.text, options) == Lines{podctl::cat(severity, at.line, ':', at.column, ' ', rule.path, ": ", rule.message)});
}

/// Checks that each of these has nothing said about it.
inline void check_clean(const Lines& texts) {
  for (const auto& text : texts) {
    INFO(text);
    CHECK(findings(text).empty());
  }
}

}  // namespace podtest
