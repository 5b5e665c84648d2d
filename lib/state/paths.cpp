#include "base/text.hpp"
#include "podctl/store.hpp"

namespace podctl {

StorePaths store_paths(const std::string& root, std::uint32_t uid, std::string (*get)(const char*)) {
  if (!root.empty()) return {root + "/state/pods", root + "/run/pods", {}};
  StorePaths paths;
  std::string state = get("XDG_STATE_HOME");
  if (state.empty() || state.front() != '/') state = get("HOME").empty() ? std::string() : get("HOME") + "/.local/state";
  std::string runtime = get("XDG_RUNTIME_DIR");
  if (runtime.empty() || runtime.front() != '/') {
    runtime = cat("/tmp/podctl-", uid);
    paths.note = cat("XDG_RUNTIME_DIR is not set; using ", runtime);
    paths.runtime = runtime + "/pods";
  } else {
    paths.runtime = runtime + "/podctl/pods";
  }
  // An account without a home keeps its records with the locks.
  paths.state = state.empty() ? cat("/tmp/podctl-", uid, "/state/pods") : state + "/podctl/pods";
  return paths;
}

}  // namespace podctl
