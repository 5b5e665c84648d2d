#include "view/status.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/time.hpp"
#include "podctl/events.hpp"
#include "podctl/manifest.hpp"
#include "view/record_reader.hpp"

namespace podctl::view {
namespace {

using json = nlohmann::ordered_json;
using lifecycle::ContainerState;
using lifecycle::Role;
using lifecycle::StopCause;
using lifecycle::Termination;

// Kubernetes has whole seconds, which say little of pods that live for some milliseconds.
std::string time_text(std::chrono::nanoseconds unix_time) { return rfc3339(unix_time, 3); }

json terminated_json(const Termination& end, std::chrono::nanoseconds offset) {
  json out{{"exitCode", end.exit.code()}, {"reason", end.reason}};
  if (!end.message.empty()) out["message"] = end.message;
  out["startedAt"] = time_text(end.started_at + offset);
  out["finishedAt"] = time_text(end.finished_at + offset);
  return out;
}

json container_json(const StatusSource& source, std::size_t index) {
  const ContainerState& container = source.state.containers[index];
  const Container& spec = *all_containers(source.pod.spec)[index];
  json state = json::object();
  switch (container.status) {
    case ContainerState::Status::kStarting:
    case ContainerState::Status::kWaiting:
      state["waiting"] = {{"reason", container.waiting_reason}};
      if (!container.waiting_message.empty()) state["waiting"]["message"] = container.waiting_message;
      break;
    case ContainerState::Status::kRunning: state["running"] = {{"startedAt", time_text(container.started_at + source.clock_offset)}}; break;
    case ContainerState::Status::kTerminated: state["terminated"] = terminated_json(*container.terminated, source.clock_offset); break;
  }
  json last = json::object();
  const bool waits_again = container.status == ContainerState::Status::kWaiting && container.terminated;
  const auto& previous = waits_again ? container.terminated : container.last;
  if (previous) last["terminated"] = terminated_json(*previous, source.clock_offset);
  json out{{"name", spec.name},
           {"state", state},
           {"lastState", last},
           {"ready", lifecycle::is_ready(source.state, index)},
           {"started", container.started},
           {"restartCount", container.restarts},
           {"image", spec.image.empty() ? "host" : spec.image},
           {"imageID", ""}};
  // An instance has a name of its own once it is there.
  const unsigned made = container.instances - (container.status == ContainerState::Status::kStarting ? 1 : 0);
  if (made > 0) out["containerID"] = cat("podctl://", source.uid, '/', spec.name, '/', made - 1);
  return out;
}

std::string_view stop_reason(StopCause cause) {
  switch (cause) {
    case StopCause::kTimeLimit:
    case StopCause::kDeadline: return "DeadlineExceeded";
    case StopCause::kEvicted: return "Evicted";
    case StopCause::kStartFailed: return "StartError";
    default: return {};
  }
}

json conditions_json(const StatusSource& source) {
  json out = json::array();
  for (const auto& condition : lifecycle::conditions_of(source.state)) {
    json one{{"type", condition.type},
             {"status", condition.holds ? "True" : "False"},
             {"lastProbeTime", nullptr},
             {"lastTransitionTime", time_text(condition.since + source.clock_offset)}};
    if (!condition.reason.empty()) one["reason"] = condition.reason;
    if (!condition.message.empty()) one["message"] = condition.message;
    out.push_back(std::move(one));
  }
  return out;
}

json map_json(const std::vector<IdMapping>& map) {
  json out = json::array();
  for (const auto& m : map) out.push_back({{"pod", m.pod}, {"host", m.host}, {"count", m.count}});
  return out;
}

json podctl_json(const StatusSource& source) {
  json own{{"formatVersion", kFormatVersion},
           {"status", source.created        ? "Created"
                      : source.state.paused ? "Paused"
                                            : lifecycle::status_word(source.state)},
           {"sharing", source.plan.sharing},
           {"network", source.plan.network},
           {"hostname", source.plan.host_name}};
  own["uidMap"] = map_json(source.plan.uids);
  own["gidMap"] = map_json(source.plan.gids);
  if (!source.state.finished && !source.created) {
    own["monitorPid"] = source.monitor_pid;
    own["pausePid"] = source.pause_pid;
    json pids = json::object();
    for (std::size_t i = 0; i < source.pids.size(); ++i)
      if (source.pids[i] != 0) pids[source.state.rules[i].name] = source.pids[i];
    own["containerPids"] = std::move(pids);
  }
  if (!source.keeps_logs) own["keepsLogs"] = false;
  if (source.exit) {
    own["exit"] = {{"code", source.exit->code}, {"source", source.exit->source}};
    if (!source.exit->container.empty()) own["exit"]["container"] = source.exit->container;
  }
  return own;
}

}  // namespace

std::string status_json(const StatusSource& source) {
  json pod = json::parse(manifest_json(source.pod));
  pod["metadata"]["uid"] = source.uid;
  pod["metadata"]["creationTimestamp"] = rfc3339(source.state.start_time + source.clock_offset);
  json status{{"phase", lifecycle::phase_name(lifecycle::phase_of(source.state))}};
  if (source.state.stop) {
    if (const auto reason = stop_reason(source.state.stop->cause); !reason.empty()) status["reason"] = reason;
    if (!source.state.stop->message.empty()) status["message"] = source.state.stop->message;
  }
  status["conditions"] = conditions_json(source);
  if (!source.created) status["startTime"] = time_text(source.state.start_time + source.clock_offset);
  if (!source.plan.ipv4.empty()) {
    status["podIP"] = source.plan.ipv4;
    status["podIPs"] = json::array({{{"ip", source.plan.ipv4}}});
    if (!source.plan.ipv6.empty()) status["podIPs"].push_back({{"ip", source.plan.ipv6}});
  }
  json inits = json::array(), apps = json::array();
  for (std::size_t i = 0; i < source.state.rules.size(); ++i)
    (source.state.rules[i].role == Role::kApp ? apps : inits).push_back(container_json(source, i));
  std::sort(apps.begin(), apps.end(), [](const json& a, const json& b) { return a["name"] < b["name"]; });
  if (!inits.empty()) status["initContainerStatuses"] = std::move(inits);
  status["containerStatuses"] = std::move(apps);
  status["podctl"] = podctl_json(source);
  pod["status"] = std::move(status);
  return pod.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

RecordCheck check_record(std::string_view text) {
  const PodSummary pod = read_record(text);
  return {is_final(pod), fault_text(pod)};
}

namespace {

RecordedContainer recorded_container(const std::string& name, const json& statuses) {
  RecordedContainer container{.name = name, .waiting_reason = "ContainerCreating", .current = {}, .previous = {}};
  const auto status = std::find_if(statuses.begin(), statuses.end(), [&](const json& s) { return s.value("name", json()) == name; });
  if (status == statuses.end()) return container;
  const json state = status->value("state", json::object()), last = status->value("lastState", json::object());
  const bool waits = state.contains("waiting"), has_last = last.contains("terminated");
  container.waiting_reason.clear();
  if (waits) container.waiting_reason = state["waiting"].value("reason", "ContainerCreating");
  if (waits && !has_last) return container;
  const json restarts = status->value("restartCount", json());
  container.current = restarts.is_number_unsigned() ? restarts.get<unsigned>() : 0;
  // In back-off the instance that has crashed is both: the last to run, and the last that ended.
  if (has_last && (waits || *container.current > 0)) container.previous = waits ? *container.current : *container.current - 1;
  return container;
}

}  // namespace

std::vector<RecordedContainer> recorded_containers(std::string_view text) try {
  const json pod = json::parse(text);
  std::vector<RecordedContainer> containers;
  for (const auto& [list, statuses] : {std::pair("initContainers", "initContainerStatuses"), std::pair("containers", "containerStatuses")})
    for (const json& container : pod.at("spec").value(list, json::array()))
      containers.push_back(recorded_container(container.at("name").get<std::string>(), pod.at("status").value(statuses, json::array())));
  return containers;
} catch (const json::exception&) {  // cut off, or not ours
  return {};
}

std::string event_json(const std::string& pod, std::string_view container, const lifecycle::Note& note,
                       std::chrono::nanoseconds unix_time) {
  json event{{"time", rfc3339(unix_time, 3)},
             {"pod", pod},
             {"type", note.type == lifecycle::NoteType::kNormal ? "Normal" : "Warning"},
             {"reason", note.reason}};
  if (!container.empty()) event["container"] = container;
  if (!note.message.empty()) event["message"] = note.message;
  return event.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace podctl::view
