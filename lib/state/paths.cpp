#include <sys/stat.h>
#include <unistd.h>

#include "base/path.hpp"
#include "base/text.hpp"
#include "podctl/store.hpp"

namespace podctl {
namespace {

bool is_private(const std::string& folder) {
  struct stat status {};
  return ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

}  // namespace

StorePaths store_paths(const std::string& root, std::uint32_t uid, std::string (*get)(const char*)) {
  if (!root.empty()) return {root + "/state/pods", root + "/run/pods", {}};
  StorePaths paths;
  std::string state = get("XDG_STATE_HOME");
  if (state.empty() || state.front() != '/') state = get("HOME").empty() ? std::string() : get("HOME") + "/.local/state";
  const std::string own = cat("/tmp/podctl-", uid);
  std::string runtime = get("XDG_RUNTIME_DIR");
  const std::string session = cat("/run/user/", uid);  // where it is, and what su leaves out of the environment
  if ((runtime.empty() || runtime.front() != '/') && is_private(session)) runtime = session;
  if (runtime.empty() || runtime.front() != '/') {
    paths.note = cat("XDG_RUNTIME_DIR is not set; using ", own);
    paths.runtime = own + "/pods";
  } else {
    paths.runtime = runtime + "/podctl/pods";
  }
  // An account without a home keeps its records with the locks.
  paths.state = state.empty() ? own + "/state/pods" : state + "/podctl/pods";
  return paths;
}

std::string event_file(const StorePaths& paths, const std::string& pod) { return cat(paths.state, '/', pod, "/events.jsonl"); }
std::string volumes_folder(const StorePaths& paths) { return cat(parent_path(paths.state), "/volumes"); }

}  // namespace podctl
