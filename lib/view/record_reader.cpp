// One pass over a record that keeps a handful of its fields: a list of five hundred pods must not build five hundred
// documents. Where the parser is is a stack of places; what a field there means is a table.
#include "view/record_reader.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "podctl/text.hpp"
#include "view/json_text.hpp"

namespace podctl::view {
namespace {

using nlohmann::json;
using Role = ContainerSummary::Role;
using State = ContainerSummary::State;

enum class At : std::uint8_t {
  kElsewhere,
  kTop,
  kMetadata,
  kLabels,
  kAnnotations,
  kSpec,
  kInitSpecs,
  kAppSpecs,
  kPorts,
  kRestartRules,
  kStatus,
  kConditions,
  kInitStatuses,
  kAppStatuses,
  kState,
  kLastState,
  kWaiting,
  kRunning,
  kTerminated,
  kLastTerminated,
  kOwn,
  kPids,
  kExit,
};

struct Way {
  At from;
  std::string_view key;
  At to;
};
constexpr Way kWays[] = {
    {At::kTop, "metadata", At::kMetadata},
    {At::kTop, "spec", At::kSpec},
    {At::kTop, "status", At::kStatus},
    {At::kMetadata, "labels", At::kLabels},
    {At::kMetadata, "annotations", At::kAnnotations},
    {At::kSpec, "initContainers", At::kInitSpecs},
    {At::kSpec, "containers", At::kAppSpecs},
    {At::kInitSpecs, "ports", At::kPorts},
    {At::kAppSpecs, "ports", At::kPorts},
    {At::kInitSpecs, "restartPolicyRules", At::kRestartRules},
    {At::kAppSpecs, "restartPolicyRules", At::kRestartRules},
    {At::kStatus, "conditions", At::kConditions},
    {At::kStatus, "initContainerStatuses", At::kInitStatuses},
    {At::kStatus, "containerStatuses", At::kAppStatuses},
    {At::kStatus, "podctl", At::kOwn},
    {At::kInitStatuses, "state", At::kState},
    {At::kAppStatuses, "state", At::kState},
    {At::kInitStatuses, "lastState", At::kLastState},
    {At::kAppStatuses, "lastState", At::kLastState},
    {At::kState, "waiting", At::kWaiting},
    {At::kState, "running", At::kRunning},
    {At::kState, "terminated", At::kTerminated},
    {At::kLastState, "terminated", At::kLastTerminated},
    {At::kOwn, "containerPids", At::kPids},
    {At::kOwn, "exit", At::kExit},
};

At way(At from, std::string_view key) {
  if (from == At::kElsewhere) return from;
  for (const auto& step : kWays)
    if (step.from == from && step.key == key) return step.to;
  return At::kElsewhere;
}

bool is_list(At at) {
  switch (at) {
    case At::kInitSpecs:
    case At::kAppSpecs:
    case At::kPorts:
    case At::kRestartRules:
    case At::kConditions:
    case At::kInitStatuses:
    case At::kAppStatuses: return true;
    default: return false;
  }
}

// A value that is neither map nor list; of another type than the field has, it leaves the field as it is.
struct Value {
  const std::string* text = nullptr;
  const std::int64_t* number = nullptr;
  const bool* boolean = nullptr;

  void give(std::string& to) const {
    if (text != nullptr) to = *text;
  }
  void give(int& to) const {
    if (number != nullptr && *number >= INT32_MIN && *number <= INT32_MAX) to = static_cast<int>(*number);
  }
  void give(std::int64_t& to) const {
    if (number != nullptr) to = *number;
  }
  void give(bool& to) const {
    if (boolean != nullptr) to = *boolean;
  }
  void give(std::optional<UnixTime>& to) const {
    if (text != nullptr) to = parse_time(*text);
  }
};

class Picker {
 public:
  explicit Picker(PodSummary& pod) : pod_(pod) {}

  // --- what the parser calls; false would end the reading
  bool null() { return true; }
  bool boolean(bool value) { return scalar({.boolean = &value}); }
  bool number_integer(std::int64_t value) { return scalar({.number = &value}); }
  bool number_unsigned(std::uint64_t value) {
    const auto number = static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
    return scalar({.number = &number});
  }
  bool number_float(double, const std::string&) { return true; }
  bool string(const std::string& value) { return scalar({.text = &value}); }
  bool binary(const json::binary_t&) { return true; }
  bool key(const std::string& name) {
    key_ = name;
    return true;
  }
  bool start_object(std::size_t) {
    // An entry of a list stands at the list's own place.
    const bool entry = !stack_.empty() && stack_.back().list;
    const At at = stack_.empty() ? At::kTop : entry ? stack_.back().at : way(stack_.back().at, key_);
    if (is_list(at) && !entry) return push(At::kElsewhere, false);
    if (entry) begin_entry(at);
    begin_map(at);
    return push(at, false);
  }
  bool end_object() {
    if (stack_.size() > 1 && stack_[stack_.size() - 2].list) end_entry(stack_.back().at);
    stack_.pop_back();
    return true;
  }
  bool start_array(std::size_t) {
    const bool entry = stack_.empty() || stack_.back().list;
    const At at = entry ? At::kElsewhere : way(stack_.back().at, key_);
    return push(is_list(at) ? at : At::kElsewhere, true);
  }
  bool end_array() {
    stack_.pop_back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

  /// Joins what the manifest says of the containers with what their status says.
  void finish() {
    for (auto& container : specs_) {
      if (container.restart_policy.empty()) container.restart_policy = pod_.restart_policy;
      const auto found = std::find_if(statuses_.begin(), statuses_.end(), [&](const auto& s) { return s.name == container.name; });
      if (found == statuses_.end()) continue;
      ContainerSummary joined = std::move(*found);
      joined.role = container.role;
      joined.ports = std::move(container.ports);
      joined.restart_policy = std::move(container.restart_policy);
      joined.has_restart_rules = container.has_restart_rules;
      if (joined.image.empty()) joined.image = std::move(container.image);
      container = std::move(joined);
    }
    std::stable_sort(specs_.begin(), specs_.end(),
                     [](const auto& a, const auto& b) { return (a.role == Role::kApp) < (b.role == Role::kApp); });
    for (const auto& [name, pid] : pids_)
      for (auto& container : specs_)
        if (container.name == name) container.pid = pid;
    pod_.containers = std::move(specs_);
  }

  [[nodiscard]] bool has_own() const { return has_own_; }

 private:
  struct Frame {
    At at;
    bool list;
  };
  struct Port {
    std::int64_t container = 0, host = 0;
    std::string protocol = "TCP";
  };

  // What is printed later must not be nested deeper than printing can go.
  bool push(At at, bool list) {
    stack_.push_back({at, list});
    return stack_.size() <= static_cast<std::size_t>(kMaxJsonDepth);
  }

  void begin_entry(At at) {
    switch (at) {
      case At::kInitSpecs:
      case At::kAppSpecs:
        specs_.emplace_back();
        specs_.back().role = at == At::kInitSpecs ? Role::kInit : Role::kApp;
        break;
      case At::kInitStatuses:
      case At::kAppStatuses: statuses_.emplace_back(); break;
      case At::kPorts: port_ = {}; break;
      case At::kRestartRules: specs_.back().has_restart_rules = true; break;
      case At::kConditions: condition_type_.clear(), condition_status_.clear(); break;
      default: break;
    }
  }

  void begin_map(At at) {
    switch (at) {
      case At::kOwn: has_own_ = true; break;
      case At::kExit: pod_.exit.emplace(); break;
      case At::kWaiting: statuses_.back().state = State::kWaiting; break;
      case At::kRunning: statuses_.back().state = State::kRunning; break;
      case At::kTerminated:
        statuses_.back().state = State::kTerminated;
        statuses_.back().end.emplace();
        break;
      case At::kLastTerminated: statuses_.back().last_end.emplace(); break;
      default: break;
    }
  }

  void end_entry(At at) {
    if (at == At::kPorts && !specs_.empty())
      specs_.back().ports.push_back(cat(port_.host != 0 ? cat(port_.host, "->") : "", port_.container, '/', port_.protocol));
    if (at == At::kConditions && condition_type_ == "Ready") pod_.ready = condition_status_ == "True";
    if (at == At::kConditions && condition_type_ == "Initialized") pod_.initialized = condition_status_ == "True";
  }

  bool scalar(const Value& value) {
    if (stack_.empty() || stack_.back().list) return true;
    switch (stack_.back().at) {
      case At::kMetadata: metadata(value); break;
      case At::kLabels: value.give(pod_.labels[key_]); break;
      case At::kAnnotations: value.give(pod_.annotations[key_]); break;
      case At::kSpec:
        if (key_ == "restartPolicy") value.give(pod_.restart_policy);
        break;
      case At::kInitSpecs:
      case At::kAppSpecs: container_spec(value); break;
      case At::kPorts: port(value); break;
      case At::kStatus: status(value); break;
      case At::kConditions:
        if (key_ == "type") value.give(condition_type_);
        if (key_ == "status") value.give(condition_status_);
        break;
      case At::kInitStatuses:
      case At::kAppStatuses: container_status(value); break;
      case At::kWaiting:
        if (key_ == "reason") value.give(statuses_.back().reason);
        if (key_ == "message") value.give(statuses_.back().message);
        break;
      case At::kRunning:
        if (key_ == "startedAt") value.give(statuses_.back().started_at);
        break;
      case At::kTerminated: end(value, *statuses_.back().end); break;
      case At::kLastTerminated: end(value, *statuses_.back().last_end); break;
      case At::kOwn: own(value); break;
      case At::kPids: value.give(pids_.emplace_back(key_, 0).second); break;
      case At::kExit:
        if (key_ == "code") value.give(pod_.exit->code);
        if (key_ == "source") value.give(pod_.exit->source);
        if (key_ == "container") value.give(pod_.exit->container);
        break;
      default: break;
    }
    return true;
  }

  void metadata(const Value& value) {
    if (key_ == "namespace") value.give(pod_.name_space);
    if (key_ == "uid") value.give(pod_.uid);
    if (key_ == "creationTimestamp") value.give(pod_.created_at);
  }

  void container_spec(const Value& value) {
    ContainerSummary& container = specs_.back();
    if (key_ == "name") value.give(container.name);
    if (key_ == "image") value.give(container.image);
    if (key_ == "restartPolicy") value.give(container.restart_policy);
    // An init container that is always restarted is a sidecar (Kubernetes 1.28).
    if (container.restart_policy == "Always" && container.role == Role::kInit) container.role = Role::kSidecar;
  }

  void port(const Value& value) {
    if (key_ == "containerPort") value.give(port_.container);
    if (key_ == "hostPort") value.give(port_.host);
    if (key_ == "protocol") value.give(port_.protocol);
  }

  void status(const Value& value) {
    if (key_ == "phase") value.give(pod_.phase);
    if (key_ == "reason") value.give(pod_.reason);
    if (key_ == "message") value.give(pod_.message);
    if (key_ == "podIP") value.give(pod_.pod_ip);
  }

  void container_status(const Value& value) {
    ContainerSummary& container = statuses_.back();
    if (key_ == "name") value.give(container.name);
    if (key_ == "image") value.give(container.image);
    if (key_ == "ready") value.give(container.ready);
    if (key_ == "started") value.give(container.started);
    if (key_ == "restartCount") value.give(container.restarts);
  }

  void end(const Value& value, ContainerEnd& end) const {
    if (key_ == "exitCode") value.give(end.exit_code);
    if (key_ == "signal") value.give(end.signal_number);
    if (key_ == "reason") value.give(end.reason);
    if (key_ == "message") value.give(end.message);
    if (key_ == "startedAt") value.give(end.started_at);
    if (key_ == "finishedAt") value.give(end.finished_at);
  }

  void own(const Value& value) {
    if (key_ == "formatVersion") value.give(pod_.format_version);
    if (key_ == "status") value.give(pod_.own_status);
    if (key_ == "network") value.give(pod_.network);
    if (key_ == "sharing") value.give(pod_.sharing);
    if (key_ == "monitorPid") value.give(pod_.monitor_pid);
    if (key_ == "pausePid") value.give(pod_.pause_pid);
  }

  PodSummary& pod_;
  std::vector<Frame> stack_;
  std::string key_;
  std::vector<ContainerSummary> specs_, statuses_;
  std::vector<std::pair<std::string, int>> pids_;
  Port port_;
  std::string condition_type_, condition_status_;
  bool has_own_ = false;
};

// Goes over a text without the indentation of its lines, which is half of a record. No string of JSON goes over a line's
// end, so nothing but blanks is left out.
class Unindented {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Unindented(const char* at, const char* end) : at_(at), end_(end) {}
  reference operator*() const { return *at_; }
  Unindented& operator++() {
    if (*at_++ == '\n')
      while (at_ != end_ && *at_ == ' ') ++at_;
    return *this;
  }
  Unindented operator++(int) {
    const Unindented before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Unindented& a, const Unindented& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace

PodSummary read_record(std::string_view text) {
  PodSummary pod;
  Picker picker(pod);
  if (text.empty()) {
    pod.fault = PodSummary::Fault::kMissing;
    return pod;
  }
  const char* end = text.data() + text.size();
  const bool whole = json::sax_parse(Unindented(text.data(), end), Unindented(end, end), &picker);
  picker.finish();
  if (!whole || !picker.has_own() || pod.format_version <= 0) pod.fault = PodSummary::Fault::kTorn;
  else if (pod.format_version > kFormatVersion) pod.fault = PodSummary::Fault::kNewer;
  return pod;
}

bool is_final(const PodSummary& pod) { return pod.fault == PodSummary::Fault::kNone && pod.exit.has_value(); }

std::string fault_text(const PodSummary& pod) {
  switch (pod.fault) {
    case PodSummary::Fault::kNone: return {};
    case PodSummary::Fault::kMissing: return "its record is missing or empty";
    case PodSummary::Fault::kUnreadable: return "its record cannot be read";
    case PodSummary::Fault::kTorn: return "its record is torn";
    case PodSummary::Fault::kNewer: return cat("its record was written by a newer podctl (format ", pod.format_version, ')');
  }
  return {};
}

}  // namespace podctl::view
