#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "podctl/version.hpp"

namespace podctl {

std::string version_json(const VersionInfo& info) {
  using json = nlohmann::ordered_json;
  json config = json::object();
  for (const auto& setting : info.settings)
    config[setting.key] = {{"value", setting.is_number ? json(std::stoull(setting.value)) : json(setting.value)},
                           {"source", setting.source}};
  const json answer{{"version", info.version},   {"commit", info.commit}, {"buildType", info.build_type},
                    {"features", info.features}, {"kernel", info.kernel}, {"config", std::move(config)}};
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string version_text(const VersionInfo& info) {
  std::string text = cat("podctl ", info.version, "\ncommit    ", info.commit, "\nbuild     ", info.build_type, "\nkernel    ", info.kernel,
                         "\nfeatures ");
  for (const auto feature : info.features) append(text, ' ', feature);
  for (const auto& setting : info.settings) append(text, "\nconfig    ", setting.key, '=', setting.value, " (", setting.source, ')');
  return text + '\n';
}

}  // namespace podctl
