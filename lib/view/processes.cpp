#include "podctl/processes.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;

std::string two_digits(std::int64_t number) { return number < 10 ? cat('0', number) : cat(number); }

// "1.5Mi": three significant digits at most, as quantities are written.
std::string size_text(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"Ki", "Mi", "Gi", "Ti"};
  std::uint64_t tenths = bytes * 10 / 1024;
  std::size_t unit = 0;
  for (; tenths >= 10240 && unit + 1 < std::size(kUnits); ++unit) tenths /= 1024;
  return tenths % 10 == 0 || tenths >= 1000 ? cat(tenths / 10, kUnits[unit]) : cat(tenths / 10, '.', tenths % 10, kUnits[unit]);
}

// Minutes, seconds and hundredths, as top(1) has them.
std::string cpu_time_text(std::chrono::nanoseconds time) {
  const std::int64_t hundredths = time.count() / 10'000'000;
  return cat(hundredths / 6000, ':', two_digits(hundredths / 100 % 60), '.', two_digits(hundredths % 100));
}

std::int64_t cpu_permille(const ProcessEntry& entry, std::chrono::nanoseconds up) {
  const auto life = up - entry.started_at;
  return life.count() <= 0 ? 0 : entry.cpu_time.count() * 10 / std::max<std::int64_t>(life.count() / 100, 1);
}

// The letters of ps(1) that say something here.
std::string state_text(const ProcessEntry& entry) {
  std::string text(1, entry.state);
  if (entry.session == entry.pid) text += 's';
  if (entry.threads > 1) text += 'l';
  return text;
}

bool is_zombie(const ProcessEntry& entry) { return entry.state == 'Z'; }

std::string command_text(const ProcessEntry& entry) {
  if (is_zombie(entry)) return cat('[', entry.name, "] <defunct>");
  return entry.command.empty() ? cat('[', entry.name, ']') : entry.command;
}

std::string container_text(const PodProcess& process) {
  if (process.is_pause) return "pause";
  return process.container.empty() ? "?" : process.container;
}

// Whose processes are whose descendants.
class Tree {
 public:
  explicit Tree(std::span<const ProcessEntry> all) {
    for (const auto& entry : all) by_pid_[entry.pid] = &entry;
  }
  /// The nearest of `pid` and its ancestors for which `holds`; 0 for none.
  template <class Holds>
  int nearest(int pid, Holds holds) const {
    // A list that was read while processes came and went could hold a ring.
    for (std::size_t steps = 0; steps <= by_pid_.size(); ++steps) {
      const auto found = by_pid_.find(pid);
      if (found == by_pid_.end()) return 0;
      if (holds(*found->second)) return pid;
      pid = found->second->parent;
    }
    return 0;
  }
  [[nodiscard]] const ProcessEntry* find(int pid) const {
    const auto found = by_pid_.find(pid);
    return found == by_pid_.end() ? nullptr : found->second;
  }

 private:
  std::map<int, const ProcessEntry*> by_pid_;
};

std::optional<std::uint32_t> pod_id(std::uint32_t host, std::span<const IdMapping> map) {
  for (const auto& range : map)
    if (host >= range.host && host - range.host < range.count) return range.pod + (host - range.host);
  return std::nullopt;
}

std::size_t rank_of(const PodSummary& pod, const PodProcess& process) {
  if (process.is_pause) return 0;
  for (std::size_t i = 0; i < pod.containers.size(); ++i)
    if (pod.containers[i].name == process.container) return i + 1;
  return pod.containers.size() + 1;
}

std::vector<PodProcess> chosen(std::span<const PodProcess> processes, Which which) {
  std::vector<PodProcess> some;
  std::copy_if(processes.begin(), processes.end(), std::back_inserter(some),
               [&](const PodProcess& process) { return which == Which::kAll || !process.is_pause; });
  return some;
}

}  // namespace

std::vector<PodProcess> pod_processes(std::span<const ProcessEntry> all, const PodSummary& pod, std::span<const IdMapping> uid_map) {
  const Tree tree(all);
  const ProcessEntry* pause = tree.find(pod.pause_pid);
  if (pause == nullptr) return {};
  std::map<int, std::string> mains;
  std::map<std::uint64_t, std::string> marks;
  for (const auto& container : pod.containers) {
    const ProcessEntry* main = container.pid != 0 ? tree.find(container.pid) : nullptr;
    if (main == nullptr) continue;
    mains[main->pid] = container.name;
    if (main->cgroup_namespace != 0 && main->cgroup_namespace != pause->cgroup_namespace) marks[main->cgroup_namespace] = container.name;
  }
  const auto belongs = [&](const ProcessEntry& entry) {
    return entry.pid == pause->pid || mains.contains(entry.pid) ||
           (entry.user_namespace != 0 && entry.user_namespace == pause->user_namespace);
  };
  std::vector<PodProcess> own;
  for (const auto& entry : all) {
    if (tree.nearest(entry.pid, belongs) == 0) continue;
    PodProcess process{.entry = entry, .container = {}, .is_pause = entry.pid == pause->pid, .pod_uid = pod_id(entry.host_uid, uid_map)};
    const auto is_marked = [&](const ProcessEntry& e) { return marks.contains(e.cgroup_namespace) || mains.contains(e.pid); };
    if (const int origin = process.is_pause ? 0 : tree.nearest(entry.pid, is_marked); origin != 0) {
      const auto mark = marks.find(tree.find(origin)->cgroup_namespace);
      process.container = mark != marks.end() ? mark->second : mains[origin];
    }
    own.push_back(std::move(process));
  }
  std::sort(own.begin(), own.end(), [&](const PodProcess& a, const PodProcess& b) {
    return std::pair(rank_of(pod, a), a.entry.pid) < std::pair(rank_of(pod, b), b.entry.pid);
  });
  return own;
}

Table process_table(std::span<const PodProcess> processes, Which which, std::chrono::nanoseconds up) {
  Table table{.headings = {"CONTAINER", "PID", "HOST-PID", "USER", "STAT", "%CPU", "RSS", "TIME", "COMMAND"}, .rows = {}};
  for (const auto& process : chosen(processes, which)) {
    const ProcessEntry& entry = process.entry;
    const std::int64_t cpu = cpu_permille(entry, up);
    table.rows.push_back({container_text(process), entry.own_pid != 0 ? cat(entry.own_pid) : "", cat(entry.pid),
                          process.pod_uid ? cat(*process.pod_uid) : "", state_text(entry), cat(cpu / 10, '.', cpu % 10),
                          is_zombie(entry) ? "" : size_text(entry.rss), cpu_time_text(entry.cpu_time), command_text(entry)});
  }
  return table;
}

std::string process_list_json(const std::string& pod, std::span<const PodProcess> processes, Which which, std::chrono::nanoseconds up) {
  json items = json::array();
  for (const auto& process : chosen(processes, which)) {
    const ProcessEntry& entry = process.entry;
    json item{{"pid", entry.own_pid}, {"hostPid", entry.pid}, {"hostParentPid", entry.parent}, {"state", std::string(1, entry.state)}};
    if (!process.container.empty()) item["container"] = process.container;
    if (process.is_pause) item["pause"] = true;
    if (process.pod_uid) item["uid"] = *process.pod_uid;
    item["hostUid"] = entry.host_uid;
    item["threads"] = entry.threads;
    item["zombie"] = is_zombie(entry);
    item["cpuPermille"] = cpu_permille(entry, up);
    item["rssBytes"] = entry.rss;
    item["cpuTimeMs"] = entry.cpu_time.count() / 1'000'000;
    item["name"] = entry.name;
    item["command"] = entry.command;
    items.push_back(std::move(item));
  }
  const json list{{"apiVersion", "podctl/v1"}, {"kind", "ProcessList"}, {"pod", pod}, {"items", std::move(items)}};
  return list.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace podctl
