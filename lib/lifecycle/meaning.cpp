// What a pod's state means to those who look at it: phase, status word, exit code.
#include <algorithm>
#include <csignal>

#include "base/text.hpp"
#include "lifecycle/machine.hpp"

namespace podctl::lifecycle {
namespace {

using Status = ContainerState::Status;

// A container that is being started for the first time waits still, as far as anybody can tell.
bool is_waiting(const ContainerState& container) {
  return container.status == Status::kWaiting || (container.status == Status::kStarting && !container.has_ended);
}

const Termination* last_end(const ContainerState& container) {
  if (container.terminated) return &*container.terminated;
  return container.last ? &*container.last : nullptr;
}

bool ended_well(const ContainerState& container) {
  const Termination* end = last_end(container);
  return end != nullptr && end->exit == ExitStatus{};
}

// A pod that is stopped for one of these has failed, whatever its containers make of it: out of time from the
// moment that it strikes, for the rest once it is over.
bool is_failure(const PodState& state) {
  if (!state.stop) return false;
  switch (state.stop->cause) {
    case StopCause::kDeadline:
    case StopCause::kTimeLimit:
    case StopCause::kEvicted: return true;
    case StopCause::kInitFailed:
    case StopCause::kStartFailed:
    case StopCause::kSandboxDied: return state.finished;
    case StopCause::kUser:
    case StopCause::kKilled:
    case StopCause::kUntil:
    case StopCause::kCompleted: return false;
  }
  return false;
}

// "Init:0/2", "Init:CrashLoopBackOff": of the first init container that has not done its part; empty when there is none.
std::string init_word(const PodState& state) {
  std::size_t inits = 0;
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < state.rules.size() && state.rules[i].role != Role::kApp; ++i, ++inits) {
    const ContainerState& container = state.containers[i];
    const bool done = state.rules[i].role == Role::kInit
                          ? container.lets_next
                          : container.started || (container.status == Status::kTerminated && ended_well(container));
    if (!done && !first) first = i;
  }
  if (!first) return {};
  const ContainerState& container = state.containers[*first];
  if (container.status == Status::kTerminated) return cat("Init:", container.terminated->reason);
  if (container.status == Status::kWaiting && container.waiting_reason != "PodInitializing") return cat("Init:", container.waiting_reason);
  return cat("Init:", *first, '/', inits);
}

// The word of a pod that nothing special has happened to.
std::string word_of_containers(const PodState& state) {
  const Phase phase = phase_of(state);
  std::string word(phase_name(phase));
  if (std::string init = init_word(state); !init.empty()) {
    if (!state.initialized) return init;
    word = std::move(init);
  }
  bool any_ready = false, any_unready = false;
  const Termination* first_failure = nullptr;
  for (std::size_t i = state.containers.size(); i-- > 0;) {
    const ContainerState& container = state.containers[i];
    const bool runs = container.status == Status::kRunning;
    any_unready = any_unready || (runs && !is_ready(state, i));
    if (state.rules[i].role != Role::kApp) continue;
    any_ready = any_ready || (runs && is_ready(state, i));
    if (is_waiting(container)) word = container.waiting_reason;
    if (container.status != Status::kTerminated) continue;
    word = container.terminated->reason;
    if (!ended_well(container)) first_failure = &*container.terminated;
  }
  if (word == "Completed" && phase == Phase::kFailed && first_failure != nullptr) return first_failure->reason;
  if (word == "Completed" && any_ready) return holds(state, ConditionType::kReady) ? "Running" : "NotReady";
  if (word == "Running" && any_unready) return "NotReady";
  return word;
}

}  // namespace

bool has_run_once(const PodState& state) {
  return std::all_of(state.containers.begin(), state.containers.end(),
                     [](const ContainerState& container) { return container.instances > 0 && container.status != Status::kStarting; });
}

bool is_ready(const PodState& state, std::size_t index) {
  const ContainerState& container = state.containers[index];
  const ContainerRules& rules = state.rules[index];
  if (rules.role == Role::kInit) return container.lets_next;
  if (container.status != Status::kRunning || !container.started) return false;
  const auto readiness = static_cast<std::size_t>(ProbeKind::kReadiness);
  return !rules.probes[readiness] || container.probes[readiness].passed;
}

Phase phase_of(const PodState& state) {
  if (is_failure(state)) return Phase::kFailed;
  bool init_pending = false, any_begun = false, waiting = false, live = false, all_well = true;
  for (std::size_t i = 0; i < state.containers.size(); ++i) {
    const ContainerState& container = state.containers[i];
    const ContainerRules& rules = state.rules[i];
    live = live || (rules.role != Role::kInit && is_live(container));
    if (rules.role != Role::kApp) {
      const bool failed =
          rules.role == Role::kInit && container.status == Status::kTerminated && !container.restart_at && !ended_well(container);
      if (failed && rules.restart_policy == RestartPolicy::kNever && !state.restarting_all) return Phase::kFailed;
      init_pending = init_pending || !container.lets_next;
      continue;
    }
    any_begun = any_begun || container.begun;
    waiting = waiting || (is_waiting(container) && !container.has_ended);
    all_well = all_well && container.status == Status::kTerminated && ended_well(container);
  }
  if (state.finished) return all_well ? Phase::kSucceeded : Phase::kFailed;
  if (state.restart_all_at) return live ? Phase::kRunning : Phase::kPending;
  if ((init_pending && !any_begun) || waiting) return Phase::kPending;
  return Phase::kRunning;  // something lives, or waits to be restarted: else it would have finished
}

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::kPending: return "Pending";
    case Phase::kRunning: return "Running";
    case Phase::kSucceeded: return "Succeeded";
    case Phase::kFailed: return "Failed";
  }
  return "";
}

std::string status_word(const PodState& state) {
  if (!state.stop) return word_of_containers(state);
  switch (state.stop->cause) {
    case StopCause::kDeadline:
    case StopCause::kTimeLimit: return "DeadlineExceeded";
    case StopCause::kEvicted: return "Evicted";
    case StopCause::kStartFailed: return "StartError";
    case StopCause::kSandboxDied: return "Error";
    case StopCause::kUser:
    case StopCause::kKilled: return state.finished ? "Stopped" : "Terminating";
    case StopCause::kUntil: return state.finished ? word_of_containers(state) : "Terminating";
    case StopCause::kInitFailed:
    case StopCause::kCompleted: return word_of_containers(state);
  }
  return {};
}

RunExit run_exit(const PodState& state, int signal_number, std::string_view code_from) {
  if (state.stop) {
    switch (state.stop->cause) {
      case StopCause::kTimeLimit:
      case StopCause::kDeadline: return {124, "timeout", {}};
      case StopCause::kUser:
      case StopCause::kKilled:
        if (signal_number != 0) return {128 + signal_number, "signal", {}};
        break;
      case StopCause::kStartFailed:
      case StopCause::kSandboxDied:
      case StopCause::kEvicted: return {125, "podctl", {}};
      case StopCause::kInitFailed:
      case StopCause::kUntil:
      case StopCause::kCompleted: break;
    }
  }
  for (std::size_t i = 0; i < state.rules.size(); ++i)
    if (!code_from.empty() && state.rules[i].name == code_from)
      if (const Termination* end = last_end(state.containers[i])) return {end->exit.code(), "container", state.rules[i].name};
  if (phase_of(state) == Phase::kSucceeded) return {0, "container", {}};
  for (std::size_t i = 0; i < state.rules.size(); ++i) {
    if (state.rules[i].role == Role::kSidecar) continue;  // how it ended was never its own doing
    if (const Termination* end = last_end(state.containers[i]); end != nullptr && !(end->exit == ExitStatus{}))
      return {end->exit.code(), "container", state.rules[i].name};
  }
  return {phase_of(state) == Phase::kFailed ? 125 : 0, "podctl", {}};
}

}  // namespace podctl::lifecycle
