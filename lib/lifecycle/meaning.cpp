// What a pod's state means to those who look at it: phase, status word, exit code.
#include <algorithm>
#include <csignal>

#include "base/text.hpp"
#include "lifecycle/pod_state.hpp"

namespace podctl::lifecycle {
namespace {

using Status = ContainerState::Status;

// A container that is being started for the first time waits still, as far as anybody can tell.
bool is_waiting(const ContainerState& container) {
  return container.status == Status::kWaiting || (container.status == Status::kStarting && !container.last);
}

bool is_live(const ContainerState& container) { return container.status == Status::kStarting || container.status == Status::kRunning; }

const Termination* last_end(const ContainerState& container) {
  if (container.terminated) return &*container.terminated;
  return container.last ? &*container.last : nullptr;
}

bool ended_well(const ContainerState& container) {
  const Termination* end = last_end(container);
  return end != nullptr && end->exit == ExitStatus{};
}

}  // namespace

bool has_run_once(const PodState& state) {
  return std::all_of(state.containers.begin(), state.containers.end(),
                     [](const ContainerState& container) { return container.instances > 0 && container.status != Status::kStarting; });
}

Phase phase_of(const PodState& state) {
  if (state.stop && state.finished) {
    switch (state.stop->cause) {
      case StopCause::kDeadline:
      case StopCause::kTimeLimit:
      case StopCause::kEvicted:
      case StopCause::kInitFailed:
      case StopCause::kStartFailed:
      case StopCause::kSandboxDied: return Phase::kFailed;
      case StopCause::kUser:
      case StopCause::kKilled:
      case StopCause::kUntil:
      case StopCause::kCompleted: break;
    }
  }
  bool init_pending = false, any_started = false, waiting = false, live = false, all_well = true, has_app = false;
  for (std::size_t i = 0; i < state.containers.size(); ++i) {
    const ContainerState& container = state.containers[i];
    if (state.rules[i].role == Role::kInit) {
      const bool failed = container.status == Status::kTerminated && !ended_well(container);
      if (failed && state.rules[i].restart_policy == RestartPolicy::kNever) return Phase::kFailed;
      init_pending = init_pending || !(container.status == Status::kTerminated && ended_well(container));
      continue;
    }
    has_app = true;
    any_started = any_started || container.instances > 0;
    waiting = waiting || (is_waiting(container) && last_end(container) == nullptr);
    live = live || is_live(container);
    all_well = all_well && container.status == Status::kTerminated && ended_well(container);
  }
  if (state.finished) return has_app && all_well ? Phase::kSucceeded : Phase::kFailed;
  if (init_pending && !any_started) return Phase::kPending;
  if (waiting) return Phase::kPending;
  if (live) return Phase::kRunning;
  if (state.restart_policy == RestartPolicy::kAlways) return Phase::kRunning;
  if (all_well) return Phase::kSucceeded;
  return state.restart_policy == RestartPolicy::kNever ? Phase::kFailed : Phase::kRunning;
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
  if (state.stop) {
    switch (state.stop->cause) {
      case StopCause::kDeadline:
      case StopCause::kTimeLimit: return "DeadlineExceeded";
      case StopCause::kEvicted: return "Evicted";
      case StopCause::kStartFailed: return "StartError";
      case StopCause::kInitFailed: return "Init:Error";
      case StopCause::kSandboxDied: return "Error";
      case StopCause::kUser:
      case StopCause::kKilled: return state.finished ? "Stopped" : "Terminating";
      case StopCause::kUntil:
      case StopCause::kCompleted: break;
    }
    if (!state.finished) return "Terminating";
  }
  std::size_t inits = 0, done = 0;
  for (std::size_t i = 0; i < state.rules.size(); ++i) {
    if (state.rules[i].role != Role::kInit) continue;
    ++inits;
    const ContainerState& container = state.containers[i];
    if (container.status == Status::kTerminated && ended_well(container)) ++done;
    else if (container.status == Status::kWaiting && container.restart_at) return cat("Init:", container.waiting_reason);
  }
  if (done < inits) return cat("Init:", done, '/', inits);
  std::string word(phase_name(phase_of(state)));
  bool live = false;
  for (std::size_t i = state.containers.size(); i-- > 0;) {
    if (state.rules[i].role != Role::kApp) continue;
    const ContainerState& container = state.containers[i];
    live = live || is_live(container);
    if (is_waiting(container)) word = container.waiting_reason;
    if (container.status == Status::kTerminated) word = container.terminated->reason;
  }
  return word == "Completed" && live ? "Running" : word;
}

RunExit run_exit(const PodState& state, int signal_number, std::string_view code_from) {
  if (!code_from.empty()) {
    for (std::size_t i = 0; i < state.rules.size(); ++i)
      if (state.rules[i].name == code_from)
        if (const Termination* end = last_end(state.containers[i])) return {end->exit.code(), "container", state.rules[i].name};
  }
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
  if (phase_of(state) == Phase::kSucceeded) return {0, "container", {}};
  for (std::size_t i = 0; i < state.rules.size(); ++i)
    if (const Termination* end = last_end(state.containers[i]); end != nullptr && !(end->exit == ExitStatus{}))
      return {end->exit.code(), "container", state.rules[i].name};
  return {phase_of(state) == Phase::kFailed ? 125 : 0, "podctl", {}};
}

}  // namespace podctl::lifecycle
