#include "spec/objects.hpp"

#include <nettle/base64.h>

#include <nlohmann/json.hpp>
#include <algorithm>

#include "base/text.hpp"
#include "podctl/manifest.hpp"
#include "spec/names.hpp"
#include "spec/report.hpp"

namespace podctl::spec {
namespace {

constexpr std::size_t kMaxPayload = std::size_t{1} << 20;

std::optional<std::string> decode_base64(std::string_view text) {
  base64_decode_ctx context;
  base64_decode_init(&context);
  std::string out(BASE64_DECODE_LENGTH(text.size()), '\0');
  std::size_t length = out.size();
  if (base64_decode_update(&context, &length, reinterpret_cast<std::uint8_t*>(out.data()), text.size(), text.data()) == 0 ||
      base64_decode_final(&context) == 0)
    return std::nullopt;
  out.resize(length);
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
  base64_encode_raw(out.data(), bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  return out;
}

void add_base64(const StringMap& from, const Path& path, Report& report, DataObject& object) {
  for (const auto& [key, value] : from) {
    if (auto bytes = decode_base64(value)) object.data[key] = std::move(*bytes);
    else report.error(path.key(key), "Invalid value: must be base64");  // not printed: it may be a secret
  }
}

void check_keys(const StringMap& map, const Path& path, Report& report) {
  for (const auto& [key, value] : map) report_invalid(report, path.key(key), key, check_data_key(key));
}

}  // namespace

DataObject read_data_object(const Node& node, Decoder& decoder, std::vector<Diagnostic>& problems) {
  ObjectText text;
  const Node* kind = node.find("kind");
  if (kind != nullptr && kind->text == "Secret") decoder.hide_values();
  decoder.decode(node, text);
  Report report(node, problems);

  DataObject object;
  object.kind = text.kind == "Secret" ? DataObject::Kind::kSecret : DataObject::Kind::kConfigMap;
  object.name = text.metadata.name;
  object.name_space = text.metadata.name_space.empty() ? "default" : text.metadata.name_space;
  const Path metadata("metadata"), data("data"), binary_data("binaryData"), string_data("stringData");
  if (object.name.empty()) report.error(metadata / "name", "Required value");
  else report_invalid(report, metadata / "name", object.name, check_dns_subdomain(object.name));

  if (object.kind == DataObject::Kind::kSecret) {
    if (!text.binary_data.empty()) report.error(binary_data, "Forbidden: a Secret has data and stringData only");
    add_base64(text.data, data, report, object);
    for (const auto& [key, value] : text.string_data) object.data[key] = value;  // it wins over data
  } else {
    if (!text.string_data.empty()) report.error(string_data, "Forbidden: a ConfigMap has data and binaryData only");
    object.data = text.data;
    for (const auto& [key, value] : text.binary_data) {
      static_cast<void>(value);
      object.binary.insert(key);
      if (text.data.contains(key)) report.error(binary_data.key(key), "Invalid value: also in data");
    }
    add_base64(text.binary_data, binary_data, report, object);
  }

  check_keys(text.data, data, report);
  check_keys(text.binary_data, binary_data, report);
  check_keys(text.string_data, string_data, report);
  std::size_t total = 0;
  for (const auto& [key, value] : object.data) total += value.size();
  if (total > kMaxPayload) report.error(data, cat("Too long: may not be more than ", kMaxPayload, " bytes"));
  return object;
}

void validate_claim(const ClaimSpec& claim, const Path& path, Report& report) {
  const bool one_pod =
      std::find(claim.access_modes.begin(), claim.access_modes.end(), AccessMode::kReadWriteOncePod) != claim.access_modes.end();
  if (claim.access_modes.empty()) report.error(path / "accessModes", "Required value: at least 1 access mode is required");
  if (one_pod && claim.access_modes.size() > 1)
    report.error(path / "accessModes", "Forbidden: may not use ReadWriteOncePod with other access modes");
}

DataObject read_claim(const Node& node, Decoder& decoder, std::vector<Diagnostic>& problems) {
  ClaimText text;
  decoder.decode(node, text);
  Report report(node, problems);
  const Path metadata("metadata");
  if (text.metadata.name.empty()) report.error(metadata / "name", "Required value");
  else report_invalid(report, metadata / "name", text.metadata.name, check_dns_subdomain(text.metadata.name));
  validate_claim(text.spec, Path("spec"), report);

  DataObject object;
  object.kind = DataObject::Kind::kClaim;
  object.name = text.metadata.name;
  object.name_space = text.metadata.name_space.empty() ? "default" : text.metadata.name_space;
  object.one_pod = text.spec.access_modes == std::vector{AccessMode::kReadWriteOncePod};
  return object;
}

}  // namespace podctl::spec

namespace podctl {

std::string object_json(const DataObject& object) {
  if (object.kind == DataObject::Kind::kClaim)
    return nlohmann::ordered_json{{"apiVersion", "v1"},
                                  {"kind", "PersistentVolumeClaim"},
                                  {"metadata", {{"name", object.name}, {"namespace", object.name_space}}},
                                  {"spec", {{"accessModes", {object.one_pod ? "ReadWriteOncePod" : "ReadWriteOnce"}}}}}
               .dump(2) +
           '\n';
  const bool secret = object.kind == DataObject::Kind::kSecret;
  nlohmann::ordered_json json{{"apiVersion", "v1"},
                              {"kind", secret ? "Secret" : "ConfigMap"},
                              {"metadata", {{"name", object.name}, {"namespace", object.name_space}}}};
  // Text stays text: what is binary reaches no environment variable.
  for (const auto& [key, value] : object.data) {
    if (!secret && !object.binary.contains(key)) json["data"][key] = value;
    else json[secret ? "data" : "binaryData"][key] = spec::encode_base64(value);
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace podctl
