#pragma once

#include <optional>
#include <string>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/spec.hpp"
#include "spec/decode.hpp"
#include "spec/report.hpp"

namespace podctl::spec {

/// A ConfigMap or Secret as it is written.
struct ObjectText {
  std::string api_version, kind, type;
  ObjectMeta metadata;
  StringMap data, binary_data, string_data;
};

template <>
const ObjectInfo& object_info<ObjectText>();

/// A PersistentVolumeClaim as it is written.
struct ClaimText {
  std::string api_version, kind;
  ObjectMeta metadata;
  ClaimSpec spec;
};

template <>
const ObjectInfo& object_info<ClaimText>();

/// Reads and checks a PersistentVolumeClaim.
DataObject read_claim(const Node& node, Decoder& decoder, std::vector<Diagnostic>& problems);
void validate_claim(const ClaimSpec& claim, const Path& path, Report& report);

/// Reads, decodes (base64) and checks a ConfigMap or Secret.
DataObject read_data_object(const Node& node, Decoder& decoder, std::vector<Diagnostic>& problems);

}  // namespace podctl::spec
