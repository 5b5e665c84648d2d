#include <algorithm>
#include <array>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "podctl/look.hpp"

namespace podctl {
namespace {

using Role = ContainerSummary::Role;
using State = ContainerSummary::State;

std::string age(const std::optional<UnixTime>& since, UnixTime now) { return since ? human_duration(now - *since) : std::string(); }

std::string restarts_text(std::int64_t count, const std::optional<UnixTime>& last, UnixTime now) {
  return count > 0 && last ? cat(count, " (", human_duration(now - *last), " ago)") : cat(count);
}

// The same text for all is said once.
void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

std::string app_names(const PodSummary& pod) {
  std::vector<std::string> names;
  for (const auto& container : pod.containers)
    if (container.role != Role::kInit) names.push_back(container.name);
  return join(names, ",");
}

void add_wide_cells(std::vector<std::string>& row, const PodSummary& pod, const StorePaths& store) {
  std::vector<std::string> ports, roots;
  for (const auto& container : pod.containers) {
    for (const auto& port : container.ports) add_once(ports, port);
    if (!container.image.empty()) add_once(roots, container.image);
  }
  row.insert(row.end(), {pod.phase, pod.exit ? cat(pod.exit->code) : "", pod.pause_pid != 0 ? cat(pod.pause_pid) : "", join(ports, ","),
                         join(roots, ","), pod.network, cat(store.state, '/', pod.name, "/manifest.json")});
}

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kInit: return "init";
    case Role::kSidecar: return "sidecar";
    case Role::kApp: return "app";
  }
  return "";
}

std::string state_word(const PodSummary& pod, const ContainerSummary& container) {
  const bool gone = pod.liveness == Liveness::kLost && container.state != State::kTerminated;
  if (gone && pod.own_status != "Created") return "Lost";
  switch (container.state) {
    case State::kUnknown: break;
    case State::kWaiting: return container.reason.empty() ? "Waiting" : container.reason;
    case State::kRunning: return "Running";
    case State::kTerminated: return container.end->reason.empty() ? "Terminated" : container.end->reason;
  }
  return {};
}

}  // namespace

Table pod_table(std::span<const PodSummary> pods, Detail detail, UnixTime now, const StorePaths& store) {
  Table table{.headings = {"NAME", "READY", "STATUS", "RESTARTS", "AGE", "CONTAINERS"}, .rows = {}};
  if (detail == Detail::kWide)
    table.headings.insert(table.headings.end(), {"PHASE", "EXIT", "PAUSE-PID", "PORTS", "ROOTFS", "NETWORK", "MANIFEST"});
  for (const auto& pod : pods) {
    const Readiness ready = readiness(pod);
    const Restarts restarted = restarts(pod);
    std::vector<std::string> row{pod.name,
                                 ready.total > 0 ? cat(ready.ready, '/', ready.total) : "",
                                 status_word(pod),
                                 restarts_text(restarted.count, restarted.last, now),
                                 age(pod.created_at, now),
                                 app_names(pod)};
    if (detail == Detail::kWide) add_wide_cells(row, pod, store);
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table container_table(std::span<const PodSummary> pods, Detail detail, UnixTime now) {
  Table table{.headings = {"POD", "CONTAINER", "ROLE", "READY", "STATE", "EXIT", "RESTARTS", "AGE"}, .rows = {}};
  if (detail == Detail::kWide) table.headings.insert(table.headings.end(), {"PID", "PORTS", "ROOTFS"});
  for (const auto& pod : pods) {
    for (const auto& container : pod.containers) {
      const auto& end = container.end ? container.end : container.last_end;
      const bool ready = container.ready && (container.role == Role::kInit || pod.liveness == Liveness::kRunning);
      std::vector<std::string> row{
          pod.name,
          container.name,
          std::string(role_name(container.role)),
          ready ? "true" : "false",
          state_word(pod, container),
          end ? cat(end->exit_code) : "",
          restarts_text(container.restarts, container.last_end ? container.last_end->finished_at : std::nullopt, now),
          age(container.end ? container.end->started_at : container.started_at, now)};
      if (detail == Detail::kWide)
        row.insert(row.end(), {container.pid != 0 ? cat(container.pid) : "", join(container.ports, ","), container.image});
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

std::span<const std::string_view> sort_keys() {
  static constexpr std::array<std::string_view, 7> kKeys{"name", "status", "phase", "ready", "restarts", "age", "exit"};
  return kKeys;
}

SortValue sort_value(const PodSummary& pod, std::string_view key) {
  if (key == "status") return {0, status_word(pod)};
  if (key == "phase") return {0, pod.phase};
  if (key == "ready") return {readiness(pod).ready, {}};
  if (key == "restarts") return {restarts(pod).count, {}};
  if (key == "exit") return {pod.exit ? pod.exit->code : -1, {}};
  if (key == "age") return {pod.created_at ? -pod.created_at->count() : INT64_MAX, {}};  // the youngest first
  return {0, pod.name};
}

}  // namespace podctl
