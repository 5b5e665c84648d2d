#include "podctl/store.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "monitor/setup.hpp"
#include "podctl/summary.hpp"
#include "podctl/text.hpp"
#include "spec/names.hpp"
#include "state/pod_folder.hpp"
#include "sys/sys.hpp"
#include "view/record_reader.hpp"

namespace podctl {
namespace {

constexpr std::size_t kMaxRecord = std::size_t{16} << 20;

// The text of a record; what keeps it from being read is the record's fault, and no other pod's.
std::string read_status(const StorePaths& paths, PodRecord& record) {
  try {
    record.problem.clear();
    record.is_unreadable = false;
    return sys::try_read_file(cat(paths.state, '/', record.name, "/status.json"), kMaxRecord).value_or("");
  } catch (const SysError& error) {
    record.is_unreadable = true;
    record.problem = cat("its record cannot be read: ", error.what());
    return {};
  }
}

SeenPod look_at(const StorePaths& paths, const std::string& name) {
  PodRecord record{.name = name, .liveness = Liveness::kLost, .monitor_pid = 0, .status_json = {}, .problem = {}, .is_unreadable = false};
  record.status_json = read_status(paths, record);
  PodSummary pod = view::read_record(record.status_json);
  // A monitor writes its last record and then lets go of the lock, so a text that was read before the lock was seen
  // free may be the one before: it counts when it is the same afterwards.
  constexpr int kMostTries = 100;
  for (int tries = 0; tries < kMostTries; ++tries) {
    record.monitor_pid = state::lock_holder(paths, name);
    record.liveness = record.monitor_pid != 0 ? Liveness::kRunning : view::is_final(pod) ? Liveness::kFinished : Liveness::kLost;
    if (record.liveness != Liveness::kLost) break;
    std::string again = read_status(paths, record);
    if (again == record.status_json) break;
    record.status_json = std::move(again);
    pod = view::read_record(record.status_json);
  }
  view::settle(pod, record);
  record.problem = pod.problem;
  return {std::move(record), std::move(pod)};
}

std::vector<std::string> pod_names(const StorePaths& paths) {
  std::vector<std::string> names = state::folder_names(paths.state);
  const std::vector<std::string> locks = state::folder_names(paths.runtime);
  names.insert(names.end(), locks.begin(), locks.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool has_folders(const StorePaths& paths, const std::string& name) {
  struct stat status {};
  const auto is_there = [&](const std::string& folder) {
    return sys::raw::fstatat(AT_FDCWD, cat(folder, '/', name).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
  };
  return is_there(paths.state) || is_there(paths.runtime);
}

}  // namespace

std::vector<SeenPod> look_at_pods(const StorePaths& paths) {
  std::vector<SeenPod> pods;
  for (const auto& name : pod_names(paths)) {
    SeenPod pod = look_at(paths, name);
    const bool removed = pod.summary.fault == PodSummary::Fault::kMissing && !has_folders(paths, name);
    if (!removed) pods.push_back(std::move(pod));
  }
  return pods;
}

std::optional<SeenPod> try_look_at_pod(const StorePaths& paths, const std::string& name) {
  // A name becomes a path: what could not be a pod's is none.
  if (!spec::check_dns_subdomain(name).empty()) return std::nullopt;
  if (!has_folders(paths, name)) return std::nullopt;
  return look_at(paths, name);
}

SeenPod look_at_pod(const StorePaths& paths, const std::string& name) {
  if (auto pod = try_look_at_pod(paths, name)) return std::move(*pod);
  const std::vector<std::string> names = pod_names(paths);
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = did_you_mean(name, candidates);
  throw Error({.id = "no-such-pod",
               .message = cat("pods ", quote(name), " not found", near ? cat("; did you mean ", quote(*near), '?') : ""),
               .error_class = ErrorClass::kNotFound,
               .pod = name});
}

std::vector<PodRecord> list_pods(const StorePaths& paths) {
  std::vector<PodRecord> records;
  for (auto& pod : look_at_pods(paths)) records.push_back(std::move(pod.record));
  return records;
}

std::optional<PodRecord> find_pod(const StorePaths& paths, const std::string& name) {
  auto pod = try_look_at_pod(paths, name);
  return pod ? std::optional(std::move(pod->record)) : std::nullopt;
}

void remove_pod(const StorePaths& paths, const std::string& name) {
  if (const int monitor = look_at_pod(paths, name).record.monitor_pid; monitor != 0)
    throw Error({.id = "pod-running",
                 .message = cat("pod '", name, "' cannot be removed"),
                 .cause = cat("it is running, looked after by process ", monitor),
                 .hint = cat("podctl rm --force ", name, "        # stops it first"),
                 .error_class = ErrorClass::kConflict,
                 .pod = name});
  state::PodFolder folder(paths, name);  // nobody runs it, and nobody starts it meanwhile
  monitor::set_previous_aside(folder);
  if (auto removal = monitor::begin_drop_previous(folder)) monitor::finish_drop_previous(folder, *removal);
}

std::uint64_t disk_usage(const StorePaths& paths, const std::string& name) {
  return monitor::folder_usage(cat(paths.state, '/', name)) + monitor::folder_usage(cat(paths.runtime, '/', name));
}

}  // namespace podctl
