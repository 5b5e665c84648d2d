// What a record means to those who list pods. The rules are those of kubectl's printer, so that a word in a column
// means here what it means there; what a kubelet does not know (Lost, Stopped, Created, Paused) is podctl's own.
#include "podctl/summary.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "view/record_reader.hpp"

namespace podctl {
namespace {

constexpr std::string_view kDefaultContainer = "kubectl.kubernetes.io/default-container";

using Role = ContainerSummary::Role;
using State = ContainerSummary::State;

bool ended_well(const ContainerSummary& container) { return container.end && container.end->exit_code == 0; }

// Done with its part of the start: ended well, or a sidecar that has begun.
bool is_past(const ContainerSummary& container) {
  return container.role == Role::kSidecar ? container.started : container.state == State::kTerminated && ended_well(container);
}

// A pod that was made and never started has no monitor either.
bool is_lost(const PodSummary& pod) { return pod.liveness == Liveness::kLost && pod.own_status != "Created"; }

std::string end_word(const ContainerEnd& end) {
  if (!end.reason.empty()) return end.reason;
  return end.signal_number != 0 ? cat("Signal:", end.signal_number) : cat("ExitCode:", end.exit_code);
}

bool is_initializing(const PodSummary& pod) {
  if (pod.initialized.value_or(false)) return false;
  return std::any_of(pod.containers.begin(), pod.containers.end(),
                     [](const ContainerSummary& c) { return c.role != Role::kApp && !is_past(c); });
}

// The first init container that is not done decides.
std::string init_word(const PodSummary& pod) {
  std::size_t total = 0, done = 0;
  for (const auto& container : pod.containers) total += container.role != Role::kApp ? 1 : 0;
  for (const auto& container : pod.containers) {
    if (container.role == Role::kApp) continue;
    if (is_past(container)) {
      ++done;
      continue;
    }
    if (container.state == State::kTerminated) return cat("Init:", end_word(*container.end));
    if (container.state == State::kWaiting && !container.reason.empty() && container.reason != "PodInitializing" &&
        container.reason != "ContainerCreating")
      return cat("Init:", container.reason);
    break;
  }
  return cat("Init:", done, '/', total);
}

// A pod that failed is known by the first container that did.
const ContainerSummary* first_failed(const PodSummary& pod) {
  for (const auto& container : pod.containers)
    if (container.role == Role::kApp && container.end && container.end->exit_code != 0) return &container;
  return nullptr;
}

bool is_ready(const PodSummary& pod) {
  if (pod.ready) return *pod.ready;
  const Readiness count = readiness(pod);
  return count.ready == count.total;
}

std::string app_word(const PodSummary& pod) {
  std::string word = pod.phase;
  bool running = false;
  for (auto container = pod.containers.rbegin(); container != pod.containers.rend(); ++container) {
    if (container->role != Role::kApp) continue;
    if (container->state == State::kWaiting && !container->reason.empty()) word = container->reason;
    if (container->state == State::kTerminated) word = end_word(*container->end);
    running = running || container->state == State::kRunning;
  }
  if (running && (word == "Completed" || word == "Running")) return is_ready(pod) ? "Running" : "NotReady";
  return word;
}

}  // namespace

void view::settle(PodSummary& pod, const PodRecord& record) {
  pod.name = record.name;
  pod.liveness = record.liveness;
  pod.monitor_pid = record.monitor_pid;
  if (record.is_unreadable) {
    pod.fault = PodSummary::Fault::kUnreadable;
  } else if (pod.fault == PodSummary::Fault::kMissing && record.liveness == Liveness::kRunning) {
    pod.fault = PodSummary::Fault::kNone;  // the first record of a pod that starts is written a moment after its name was taken
    pod.phase = "Pending";
  }
  pod.problem = record.is_unreadable ? record.problem : view::fault_text(pod);
  if (pod.fault != PodSummary::Fault::kNone || is_lost(pod) || pod.phase.empty()) pod.phase = "Unknown";
  if (pod.liveness == Liveness::kRunning) return;
  pod.pause_pid = 0;  // numbers that are somebody else's by now
  for (auto& container : pod.containers) container.pid = 0;
}

PodSummary summarize(const PodRecord& record) {
  PodSummary pod = view::read_record(record.status_json);
  view::settle(pod, record);
  return pod;
}

std::string status_word(const PodSummary& pod) {
  switch (pod.fault) {
    case PodSummary::Fault::kNone: break;
    case PodSummary::Fault::kMissing: return "Lost";  // its monitor died before it wrote one
    case PodSummary::Fault::kUnreadable: return "Unreadable";
    case PodSummary::Fault::kTorn: return "TornRecord";
    case PodSummary::Fault::kNewer: return "NewerRecord";
  }
  if (is_lost(pod)) return "Lost";
  for (const std::string_view own : {"Created", "Terminating", "Paused", "Stopped"})
    if (pod.own_status == own) return pod.own_status;
  if (!pod.reason.empty()) return pod.reason;
  if (pod.containers.empty() && pod.phase == "Pending") return "ContainerCreating";
  if (is_initializing(pod)) return init_word(pod);
  if (pod.phase == "Failed")
    if (const auto* failed = first_failed(pod)) return end_word(*failed->end);
  return app_word(pod);
}

Readiness readiness(const PodSummary& pod) {
  Readiness count;
  for (const auto& container : pod.containers) {
    if (container.role == Role::kInit) continue;
    ++count.total;
    if (container.ready && container.state == State::kRunning && pod.liveness == Liveness::kRunning) ++count.ready;
  }
  return count;
}

Restarts restarts(const PodSummary& pod) {
  const bool initializing = is_initializing(pod);
  Restarts sum;
  for (const auto& container : pod.containers) {
    // Those of init containers matter as long as they run, as kubectl counts.
    if (container.role == (initializing ? Role::kApp : Role::kInit)) continue;
    sum.count += container.restarts;
    if (container.restarts > 0 && container.last_end && container.last_end->finished_at)
      sum.last = std::max(sum.last.value_or(UnixTime{0}), *container.last_end->finished_at);
  }
  return sum;
}

std::string default_container(const PodSummary& pod) {
  const auto named = pod.annotations.find(std::string(kDefaultContainer));
  for (const auto& container : pod.containers)
    if (named != pod.annotations.end() && container.name == named->second) return container.name;
  for (const auto& container : pod.containers)
    if (container.role == Role::kApp) return container.name;
  return {};
}

}  // namespace podctl
