#include "podctl/describe_pod.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "view/json_text.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;
using Role = ContainerSummary::Role;
using State = ContainerSummary::State;

constexpr std::size_t kMostEvents = 20;
constexpr std::size_t kLabel = 14;
constexpr std::string_view kMore = " ";  // in place of a label: one more value of the one before

const json& member(const json& from, const char* key) {
  static const json kNothing;
  if (!from.is_object()) return kNothing;
  const auto found = from.find(key);
  return found == from.end() ? kNothing : *found;
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>()
         : value.is_null() ? std::string()
                           : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A record may hold anything; nothing of it moves a terminal's cursor.
std::string clean(const std::string& text) {
  const bool plain = std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; });
  if (plain) return text;
  const std::string quoted = quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

// Lines "Label:  value", indented by depth. What is empty is left out.
class Page {
 public:
  void heading(std::size_t depth, std::string_view title) { append(out_, std::string(2 * depth, ' '), title, ":\n"); }
  void line(std::size_t depth, std::string_view label, const std::string& value) {
    if (value.empty()) return;
    std::string start = cat(std::string(2 * depth, ' '), label, label == kMore ? "" : ":");
    start.append(kLabel + 2 * depth > start.size() ? kLabel + 2 * depth - start.size() : 1, ' ');
    append(out_, start, clean(value), '\n');
  }
  void lines(std::string_view label, const StringMap& values) {
    for (bool first = true; const auto& [key, value] : values) {
      line(0, first ? label : kMore, cat(key, '=', value));
      first = false;
    }
  }
  void raw(std::string_view text) { out_ += text; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string since(const std::optional<UnixTime>& time, UnixTime now) {
  return time ? cat(rfc3339(*time), " (", human_duration(now - *time), " ago)") : std::string();
}

std::string end_text(const ContainerEnd& end, UnixTime now) {
  std::string text = cat("Terminated", end.reason.empty() ? "" : ": ", end.reason, ", exit code ", end.exit_code);
  if (end.exit_code > 128 && end.exit_code < 128 + 65) append(text, " (", signal_name(end.exit_code - 128), ')');
  if (end.finished_at) append(text, ", ", human_duration(now - *end.finished_at), " ago");
  if (end.finished_at && end.started_at) append(text, " after ", short_duration(*end.finished_at - *end.started_at));
  return text;
}

std::string state_text(const PodSummary& pod, const ContainerSummary& container, UnixTime now) {
  const bool lost = pod.liveness == Liveness::kLost && pod.own_status != "Created";
  switch (container.state) {
    case State::kUnknown: return "Unknown";
    case State::kWaiting: return cat("Waiting", container.reason.empty() ? "" : ": ", container.reason);
    case State::kRunning:
      return cat(lost ? "Gone; it ran" : "Running", container.started_at ? " since " : "", since(container.started_at, now));
    case State::kTerminated: return end_text(*container.end, now);
  }
  return {};
}

std::string joined(const json& list) {
  std::vector<std::string> words;
  if (list.is_array())
    for (const auto& word : list) words.push_back(text_of(word));
  return join(words, " ");
}

const json& spec_of(const json& pod, const ContainerSummary& container) {
  static const json kNothing;
  const json& list = member(member(pod, "spec"), container.role == Role::kApp ? "containers" : "initContainers");
  if (list.is_array())
    for (const auto& entry : list)
      if (member(entry, "name") == container.name) return entry;
  return kNothing;
}

void add_container(Page& page, const PodSummary& pod, const json& object, const ContainerSummary& container, UnixTime now) {
  const json& spec = spec_of(object, container);
  page.heading(1, clean(container.name));
  page.line(2, "Root", container.image);
  page.line(2, "Command", joined(member(spec, "command")));
  page.line(2, "Args", joined(member(spec, "args")));
  page.line(2, "Ports", join(container.ports, ", "));
  page.line(2, "State", state_text(pod, container, now));
  page.line(2, "Message", container.end ? container.end->message : container.message);
  if (container.last_end) {
    page.line(2, "Last State", end_text(*container.last_end, now));
    page.line(2, "Last Message", container.last_end->message);
  }
  page.line(2, "Ready", container.ready && pod.liveness == Liveness::kRunning ? "true" : "false");
  page.line(2, "Restarts", cat(container.restarts));
  page.line(2, "Process", container.pid != 0 ? cat(container.pid) : "");
  const json& mounts = member(spec, "volumeMounts");
  if (!mounts.is_array()) return;
  for (bool first = true; const auto& mount : mounts) {
    page.line(2, first ? "Mounts" : kMore,
              cat(text_of(member(mount, "mountPath")), " from ", text_of(member(mount, "name")),
                  member(mount, "readOnly") == true ? ", read-only" : ""));
    first = false;
  }
}

void add_containers(Page& page, const PodSummary& pod, const json& object, UnixTime now) {
  for (const bool app : {false, true}) {
    bool headed = false;
    for (const auto& container : pod.containers) {
      if ((container.role == Role::kApp) != app) continue;
      if (!std::exchange(headed, true)) page.heading(0, app ? "Containers" : "Init containers");
      add_container(page, pod, object, container, now);
    }
  }
}

void add_volumes(Page& page, const json& object) {
  const json& volumes = member(member(object, "spec"), "volumes");
  if (!volumes.is_array() || volumes.empty()) return;
  page.heading(0, "Volumes");
  for (const auto& volume : volumes) {
    if (!volume.is_object()) continue;
    for (const auto& [source, value] : volume.items()) {
      if (source == "name") continue;
      const json& place = source == "hostPath" ? member(value, "path")
                          : source == "secret" ? member(value, "secretName")
                                               : member(value, "name");
      page.line(1, clean(text_of(member(volume, "name"))), cat(source, place.is_string() ? " " : "", text_of(place)));
    }
  }
}

std::string map_text(const std::vector<IdMapping>& map) {
  std::vector<std::string> parts;
  parts.reserve(map.size());
  for (const auto& m : map) parts.push_back(cat(m.pod, " -> ", m.host, " (", m.count, m.count == 1 ? " id)" : " ids)"));
  return join(parts, ", ");
}

std::string confinement(const ProcessFacts& facts) {
  const std::size_t count = capability_names(facts.cap_bounding).size();
  return cat(count, count == 1 ? " capability" : " capabilities", facts.no_new_privileges ? ", no new privileges" : ", MAY GAIN PRIVILEGES",
             facts.seccomp_mode == 2 ? ", seccomp filter" : ", no seccomp filter");
}

void add_isolation(Page& page, const PodDescription& description) {
  const PodSummary& pod = description.pod.summary;
  if (pod.sharing.empty() && pod.network.empty() && description.members.empty()) return;
  page.heading(0, "Isolation");
  page.line(1, "Network", pod.network);
  page.line(1, "Sharing", pod.sharing);
  if (!description.members.empty()) {
    page.line(1, "User ids", map_text(description.members.begin()->second.uid_map));
    page.line(1, "Group ids", map_text(description.members.begin()->second.gid_map));
  }
  for (const auto& [name, facts] : description.members) page.line(1, clean(name), confinement(facts));
}

void add_events(Page& page, std::span<const PodEvent> events, UnixTime now) {
  if (events.empty()) return;
  page.heading(0, "Events");
  const std::size_t shown = std::min(events.size(), kMostEvents);
  if (shown < events.size()) page.raw(cat("  (", events.size() - shown, " older: podctl events)\n"));
  const std::string table = TableWriter().write(event_table(events.last(shown), PodColumn::kHide, now), Headings::kShow);
  for (const auto row : split(trim(table), '\n')) page.raw(cat("  ", row, '\n'));
}

std::string exit_text(const PodExit& exit) {
  return cat(exit.code, exit.source.empty() ? "" : ", by ", exit.source, exit.container.empty() ? "" : " ", exit.container);
}

const ContainerSummary* worst(const PodSummary& pod) {
  for (const auto& container : pod.containers)
    if (container.state == State::kWaiting && container.last_end) return &container;
  // A sidecar is ended with the pod, and how is never its own doing.
  const ContainerSummary* failed = nullptr;
  for (const auto& container : pod.containers) {
    if (container.role == Role::kSidecar || !container.end || container.end->exit_code == 0) continue;
    if (failed == nullptr || (pod.exit && pod.exit->container == container.name)) failed = &container;
  }
  if (failed != nullptr) return failed;
  for (const auto& container : pod.containers)
    if (container.role != Role::kInit && container.state == State::kRunning && !container.ready) return &container;
  return nullptr;
}

}  // namespace

std::string next_step(const PodSummary& pod) {
  const std::string word = status_word(pod);
  switch (pod.fault) {
    case PodSummary::Fault::kNone: break;
    case PodSummary::Fault::kNewer: return "podctl version        # a newer one wrote this record";
    case PodSummary::Fault::kMissing:
    case PodSummary::Fault::kUnreadable:
    case PodSummary::Fault::kTorn: return cat("podctl rm ", pod.name, "        # its record is of no use any more");
  }
  if (word == "Lost") return cat("podctl rm ", pod.name, "        # clears what it left; a run of that name does too");
  if (word == "DeadlineExceeded" || word == "Evicted") return cat("podctl events ", pod.name);
  if (word == "Stopped" || word == "Completed" || word == "Terminating" || word == "Created") return {};
  const ContainerSummary* container = worst(pod);
  if (container == nullptr) return {};
  if (container->state == State::kWaiting)
    return cat("podctl logs -p ", pod.name, " -c ", container->name, "        # what it said before its end");
  return cat("podctl logs ", pod.name, " -c ", container->name);
}

std::string render_description(const PodDescription& description, UnixTime now) {
  const PodSummary& pod = description.pod.summary;
  const json object = view::parse_json(pod_json(description.pod.record));
  Page page;
  page.line(0, "Name", pod.name);
  page.line(0, "Namespace", pod.name_space);
  page.line(0, "Status", cat(status_word(pod), status_word(pod) == pod.phase ? "" : cat(" (phase ", pod.phase, ')')));
  page.line(0, "Problem", pod.problem);
  page.line(0, "Message", pod.message);
  page.line(0, "Exit code", pod.exit ? exit_text(*pod.exit) : "");
  page.line(0, "Created", since(pod.created_at, now));
  page.line(0, "Restart", pod.restart_policy);
  page.line(0, "IP", pod.pod_ip);
  page.lines("Labels", pod.labels);
  page.lines("Annotations", pod.annotations);
  page.line(0, "Monitor", pod.monitor_pid != 0 ? cat("process ", pod.monitor_pid) : "");
  page.line(0, "Pause", pod.pause_pid != 0 ? cat("process ", pod.pause_pid) : "");
  add_containers(page, pod, object, now);
  add_volumes(page, object);
  add_isolation(page, description);
  add_events(page, description.events, now);
  page.line(0, "Next", next_step(pod));
  return page.take();
}

}  // namespace podctl
