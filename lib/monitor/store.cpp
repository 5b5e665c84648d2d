#include "podctl/store.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "monitor/setup.hpp"
#include "state/pod_folder.hpp"
#include "sys/sys.hpp"
#include "view/status.hpp"

namespace podctl {
namespace {

constexpr std::size_t kMaxRecord = std::size_t{16} << 20;

PodRecord read_record(const StorePaths& paths, const std::string& name) {
  PodRecord record{
      .name = name, .liveness = Liveness::kLost, .monitor_pid = state::lock_holder(paths, name), .status_json = {}, .problem = {}};
  record.status_json = sys::try_read_file(cat(paths.state, '/', name, "/status.json"), kMaxRecord).value_or("");
  if (record.monitor_pid != 0) {
    record.liveness = Liveness::kRunning;
    return record;
  }
  const view::RecordCheck check = view::check_record(record.status_json);
  if (check.is_final) record.liveness = Liveness::kFinished;
  record.problem = check.problem;
  return record;
}

}  // namespace

std::vector<PodRecord> list_pods(const StorePaths& paths) {
  std::vector<std::string> names = state::folder_names(paths.state);
  for (const auto& name : state::folder_names(paths.runtime))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  std::sort(names.begin(), names.end());
  std::vector<PodRecord> records;
  records.reserve(names.size());
  for (const auto& name : names) records.push_back(read_record(paths, name));
  return records;
}

std::optional<PodRecord> find_pod(const StorePaths& paths, const std::string& name) {
  for (auto& record : list_pods(paths))
    if (record.name == name) return record;
  return std::nullopt;
}

void remove_pod(const StorePaths& paths, const std::string& name) {
  if (!find_pod(paths, name))
    throw Error({.id = "no-such-pod", .message = cat("pods \"", name, "\" not found"), .error_class = ErrorClass::kNotFound, .pod = name});
  state::PodFolder folder(paths, name);  // nobody runs it, and nobody starts it meanwhile
  monitor::set_previous_aside(folder);
  if (auto removal = monitor::begin_drop_previous(folder)) monitor::finish_drop_previous(folder, *removal);
}

}  // namespace podctl
