#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a build of podctl is, and what is set for it.
namespace podctl {

/// One thing that may be set, and where its value comes from: a flag, a variable, a file, or "built in".
struct Setting {
  std::string key, value, source;
  bool is_number = false;
};
/// What `podctl version` tells.
struct VersionInfo {
  std::string version, commit, build_type, kernel;
  std::vector<std::string_view> features;
  std::vector<Setting> settings;
};
std::string version_json(const VersionInfo& info);
std::string version_text(const VersionInfo& info);

}  // namespace podctl
