#include <algorithm>
#include <csignal>

#include "base/text.hpp"
#include "lifecycle/pod_state.hpp"

namespace podctl::lifecycle {
namespace {

using Status = ContainerState::Status;

// One call of advance(): the state as it becomes, and the actions as they are decided.
class Machine {
 public:
  Machine(PodState state, Time now) : state_(std::move(state)), now_(now) {}

  void on(const SandboxReady&) {
    state_.sandbox_ready = true;
    state_.start_time = now_;
    note("Created", {}, "sandbox ready");
  }

  void on(const Started& event) {
    ContainerState& container = state_.containers[event.container];
    if (container.status != Status::kStarting) return;
    container.status = Status::kRunning;
    container.started_at = now_;
    note("Started", event.container, {});
  }

  void on(const StartFailed& event) {
    if (!end_instance(event.container, {{false, event.code}, "StartError", event.message, now_, now_}) || state_.stop) return;
    // A pod that cannot start is not kept half-started: the caller has an error to read, not a loop to watch.
    if (state_.containers[event.container].instances == 1) begin_stop(StopCause::kStartFailed, Duration{0}, event.message);
    else decide_restart(event.container);
  }

  void on(const Exited& event) {
    const ContainerState& container = state_.containers[event.container];
    const bool good = !event.exit.signaled && event.exit.value == 0;
    const Time began = container.status == Status::kStarting ? now_ : container.started_at;
    if (!end_instance(event.container, {event.exit, good ? "Completed" : "Error", event.message, began, now_}) || state_.stop) return;
    if (event.awaited) begin_stop(StopCause::kUntil, {}, {});
    else decide_restart(event.container);
  }

  void on(const Tick&) {}
  void on(const ProbeFinished&) {}
  void on(const HookFinished&) {}
  void on(const ContainerStopRequested&) {}
  void on(const ContainerRestartRequested&) {}
  void on(const ContainerSignalRequested&) {}

  void on(const StopRequested& event) {
    if (event.cause == StopCause::kKilled || event.cause == StopCause::kSandboxDied) {
      if (!state_.stop) begin_stop(event.cause, Duration{0}, event.message);
      for (std::size_t i = 0; i < state_.containers.size(); ++i) kill(i);
    } else if (!state_.stop) {
      begin_stop(event.cause, event.grace, event.message);
    }
  }

  // What holds after every event, whatever it was.
  void settle() {
    if (state_.finished || !state_.sandbox_ready) return;
    if (!state_.stop && state_.active_deadline && now_ >= state_.start_time + *state_.active_deadline)
      begin_stop(StopCause::kDeadline, {}, "Pod was active on the node longer than the specified deadline");
    if (state_.stop) kill_overdue();
    else start_due();
    if (is_over()) {
      state_.finished = true;
      actions_.push_back(Finish{});
    }
  }

  Advance take() { return {std::move(state_), std::move(actions_)}; }

 private:
  static bool is_live(const ContainerState& container) {
    return container.status == Status::kStarting || container.status == Status::kRunning;
  }

  void note(std::string reason, std::optional<std::size_t> container, std::string message) {
    actions_.push_back(Note{.reason = std::move(reason), .container = container, .message = std::move(message)});
  }

  // False for an instance that is gone already.
  bool end_instance(std::size_t index, Termination termination) {
    ContainerState& container = state_.containers[index];
    if (!is_live(container)) return false;
    note("Exited", index, termination.exit.signaled ? cat("signal ", termination.exit.value) : cat("code ", termination.exit.value));
    container.terminated = std::move(termination);
    container.status = Status::kTerminated;
    container.ending.reset();
    return true;
  }

  bool succeeded(const ContainerState& container) const {
    return container.status == Status::kTerminated && container.terminated->exit == ExitStatus{};
  }

  bool wants_restart(std::size_t index) const {
    const ContainerRules& rules = state_.rules[index];
    const bool good = succeeded(state_.containers[index]);
    if (rules.role == Role::kInit) return !good && rules.restart_policy != RestartPolicy::kNever;
    switch (rules.restart_policy) {
      case RestartPolicy::kAlways: return true;
      case RestartPolicy::kOnFailure: return !good;
      case RestartPolicy::kNever: return false;
    }
    return false;
  }

  // The kubelet's back-off: the first crash is answered at once, and every restart raises the wait that
  // the next crash will meet, unless that comes long after.
  void decide_restart(std::size_t index) {
    ContainerState& container = state_.containers[index];
    const Time exit = container.terminated->finished_at;
    if (!wants_restart(index)) {
      if (state_.rules[index].role == Role::kInit && !succeeded(container))
        begin_stop(StopCause::kInitFailed, {}, cat("init container ", state_.rules[index].name, " failed"));
      return;
    }
    const bool forgotten = container.next_back_off.count() == 0 || exit - container.back_off_raised_at > state_.timing.back_off_forgotten;
    if (forgotten) container.next_back_off = Duration{0};
    container.restart_at = exit + container.next_back_off;
    if (container.next_back_off.count() > 0) {
      container.status = Status::kWaiting;
      container.waiting_reason = "CrashLoopBackOff";
      container.waiting_message = cat("back-off ", std::chrono::duration_cast<std::chrono::seconds>(container.next_back_off).count(),
                                      "s restarting failed container=", state_.rules[index].name);
      note("BackOff", index, container.waiting_message);
    }
  }

  void raise_back_off(ContainerState& container) const {
    const Timing& timing = state_.timing;
    container.next_back_off =
        container.next_back_off.count() == 0 ? timing.first_back_off : std::min(container.next_back_off * 2, timing.most_back_off);
    container.back_off_raised_at = now_;
  }

  void start(std::size_t index, bool in_turn) {
    ContainerState& container = state_.containers[index];
    if (container.instances > 0) {
      ++container.restarts;
      raise_back_off(container);
      // Shown as the last state for as long as the new instance has none of its own.
      container.last = std::move(container.terminated);
      container.terminated.reset();
    }
    container.status = Status::kStarting;
    container.restart_at.reset();
    actions_.push_back(StartContainer{index, container.instances++, in_turn});
  }

  // Init containers one after another, each to its end; then every app container in order.
  void start_due() {
    for (std::size_t i = 0; i < state_.containers.size(); ++i) {
      if (state_.rules[i].role != Role::kInit) break;
      ContainerState& container = state_.containers[i];
      if (succeeded(container)) continue;
      if (container.instances == 0 || is_restart_due(container)) start(i, false);
      return;
    }
    bool previous = false;  // the one before was begun in this same round
    for (std::size_t i = 0; i < state_.containers.size(); ++i) {
      if (state_.rules[i].role != Role::kApp) continue;
      ContainerState& container = state_.containers[i];
      const bool first = container.instances == 0;
      if (!first && !is_restart_due(container)) {
        previous = false;
        continue;
      }
      start(i, first && previous);
      previous = true;
    }
    state_.started_once = true;
  }

  bool is_restart_due(const ContainerState& container) const {
    return !is_live(container) && container.restart_at && now_ >= *container.restart_at;
  }

  void begin_stop(StopCause cause, std::optional<Duration> grace, std::string message) {
    state_.stop = Stop{cause, now_, std::move(message), grace.value_or(state_.grace)};
    const bool at_once = cause == StopCause::kKilled || cause == StopCause::kSandboxDied || cause == StopCause::kStartFailed;
    const Duration wait = std::max(grace.value_or(state_.grace), state_.timing.least_grace);
    for (std::size_t i = 0; i < state_.containers.size(); ++i) {
      ContainerState& container = state_.containers[i];
      container.restart_at.reset();
      if (container.status == Status::kWaiting && container.terminated) container.status = Status::kTerminated;
      if (!is_live(container)) continue;
      if (at_once) {
        kill(i);
      } else {
        note("Killing", i, "stop signal sent");
        container.ending = Ending{.step = Ending::Step::kSignaled, .since = now_, .grace = wait, .due = now_ + wait};
        actions_.push_back(SignalContainer{i, SIGTERM});
      }
    }
  }

  void kill(std::size_t index) {
    ContainerState& container = state_.containers[index];
    if (!is_live(container) || (container.ending && container.ending->step == Ending::Step::kKilled)) return;
    container.ending = Ending{.step = Ending::Step::kKilled, .since = now_, .due = std::nullopt};
    note("Killing", index, "SIGKILL sent");
    actions_.push_back(KillContainer{index});
  }

  void kill_overdue() {
    for (std::size_t i = 0; i < state_.containers.size(); ++i)
      if (const auto& ending = state_.containers[i].ending; ending && ending->due && now_ >= *ending->due) kill(i);
  }

  bool is_over() const {
    for (std::size_t i = 0; i < state_.containers.size(); ++i) {
      const ContainerState& container = state_.containers[i];
      if (is_live(container) || container.restart_at) return false;
      if (!state_.stop && container.instances == 0) return false;
    }
    return true;
  }

  PodState state_;
  Time now_;
  std::vector<Action> actions_;
};

}  // namespace

PodState make_pod_state(const PodSpec& spec, const Timing& timing) {
  PodState state;
  for (const auto& container : spec.init_containers)
    state.rules.push_back({.name = container.name, .role = Role::kInit, .restart_policy = spec.restart_policy});
  for (const auto& container : spec.containers)
    state.rules.push_back({.name = container.name, .role = Role::kApp, .restart_policy = spec.restart_policy});
  state.containers.resize(state.rules.size());
  if (!spec.init_containers.empty())
    for (auto& container : state.containers) container.waiting_reason = "PodInitializing";
  state.timing = timing;
  state.grace = std::chrono::seconds(spec.termination_grace_period_seconds);
  if (spec.active_deadline_seconds) state.active_deadline = std::chrono::seconds(*spec.active_deadline_seconds);
  state.restart_policy = spec.restart_policy;
  return state;
}

Advance advance(PodState state, const Event& event, Time now) {
  if (state.finished) return {std::move(state), {}};  // what is still under way comes too late: the phase is final
  Machine machine(std::move(state), now);
  std::visit([&](const auto& e) { machine.on(e); }, event);
  machine.settle();
  return machine.take();
}

std::optional<Time> next_timer(const PodState& state) {
  std::optional<Time> next;
  const auto consider = [&](Time time) { next = next ? std::min(*next, time) : time; };
  if (state.finished || !state.sandbox_ready) return next;
  if (!state.stop && state.active_deadline) consider(state.start_time + *state.active_deadline);
  for (const auto& container : state.containers) {
    if (container.restart_at) consider(*container.restart_at);
    if (container.ending && container.ending->due) consider(*container.ending->due);
  }
  return next;
}

}  // namespace podctl::lifecycle
