// How containers and pods are ended: hook, signal and SIGKILL, and the sidecars after those they serve.
#include <algorithm>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "lifecycle/machine.hpp"

namespace podctl::lifecycle {
namespace {

using Step = Ending::Step;

bool is_without_grace(StopCause cause) {
  return cause == StopCause::kKilled || cause == StopCause::kSandboxDied || cause == StopCause::kStartFailed;
}

}  // namespace

void Machine::on(const StopRequested& event) {
  if (!state_.stop) return begin_stop(event.cause, event.grace, event.message);
  if (event.cause == StopCause::kKilled || event.cause == StopCause::kSandboxDied) {
    state_.stop->grace = std::min(state_.stop->grace, now_ - state_.stop->at);
    for (std::size_t i = 0; i < state_.containers.size(); ++i) {
      drop_restart(state_.containers[i]);
      kill(i);
    }
  } else if (event.grace && now_ + *event.grace < state_.stop->at + state_.stop->grace) {
    state_.stop->grace = now_ + *event.grace - state_.stop->at;
    for (std::size_t i = 0; i < state_.containers.size(); ++i) hurry(i, *event.grace);
  }
}

void Machine::on(const ContainerStopRequested& event) {
  if (!refusal(state_, event).empty()) return;
  go_on();
  ContainerState& container = state_.containers[event.container];
  container.kept_down = true;
  if (!is_live(container)) {
    if (!container.restart_at) return;  // it has ended already
    drop_restart(container);
    return stay_ended(event.container);
  }
  container.restart_asked = false;
  if (container.ending) hurry(event.container, event.grace.value_or(state_.grace));
  else begin_ending(event.container, event.grace.value_or(state_.grace));
}

void Machine::on(const ContainerSignalRequested& event) {
  const ContainerState& container = state_.containers[event.container];
  if (!is_live(container) || (container.ending && container.ending->step == Step::kKilled)) return;
  go_on();
  note("Killing", event.container, cat(signal_name(event.signal_number), " sent, as asked"));
  if (event.signal_number == SIGKILL) actions_.push_back(KillContainer{event.container});
  else actions_.push_back(SignalContainer{event.container, event.signal_number});
}

void Machine::begin_stop(StopCause cause, std::optional<Duration> grace, std::string message) {
  const Duration wait = is_without_grace(cause) ? Duration{0} : std::max(Duration{0}, grace.value_or(state_.grace));
  go_on();
  state_.stop = Stop{.cause = cause, .at = now_, .message = std::move(message), .grace = wait};
  state_.restart_all_at.reset();
  state_.restarting_all = false;
  if (cause == StopCause::kDeadline) note("DeadlineExceeded", {}, state_.stop->message, NoteType::kWarning);
  if (cause == StopCause::kEvicted) note("Evicted", {}, state_.stop->message, NoteType::kWarning);
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    ContainerState& container = state_.containers[i];
    if (!is_live(container)) {
      if (!may_come_back(i)) drop_restart(container);
    } else if (is_without_grace(cause)) {
      kill(i);
    } else if (container.ending) {
      hurry(i, wait);
    } else {
      begin_ending(i, wait);
    }
  }
}

// From here on `grace` runs. Liveness and startup are not asked any more, readiness is.
void Machine::begin_ending(std::size_t index, Duration grace) {
  ContainerState& container = state_.containers[index];
  stop_probe(index, ProbeKind::kStartup);
  stop_probe(index, ProbeKind::kLiveness);
  if (std::exchange(container.hook_running, false)) abandon_hook(index, HookKind::kPostStart);
  container.ending = Ending{.step = Step::kHook, .since = now_, .grace = grace, .due = now_ + grace};
  const bool runs_hook = container.status == Status::kRunning && state_.rules[index].has_hook[at(HookKind::kPreStop)] && grace.count() > 0;
  if (runs_hook) run_hook(index, HookKind::kPreStop);
  else after_pre_stop(index);
}

// An end under way is to come within `grace` from now; never later than it would have come.
void Machine::hurry(std::size_t index, Duration grace) {
  auto& ending = state_.containers[index].ending;
  if (!ending || !ending->due) return;
  if (ending->step == Step::kSignaled) {
    ending->due = std::min(*ending->due, now_ + std::max(grace, state_.timing.least_grace));
  } else if (now_ + grace < ending->since + ending->grace) {
    ending->grace = now_ + grace - ending->since;
    ending->due = now_ + grace;
  }
}

void Machine::after_pre_stop(std::size_t index) {
  ContainerState& container = state_.containers[index];
  if (state_.stop && state_.rules[index].role == Role::kSidecar) container.ending->step = Step::kTurn;  // see let_sidecars_go()
  else send_stop_signal(index);
}

// What the hook and the wait for its turn have used up of the grace period counts in whole seconds; some is
// always left.
void Machine::send_stop_signal(std::size_t index) {
  Ending& ending = *state_.containers[index].ending;
  const auto used = std::chrono::floor<std::chrono::seconds>(now_ - ending.since);
  ending.step = Step::kSignaled;
  ending.due = now_ + std::max<Duration>(state_.timing.least_grace, ending.grace - used);
  note("Killing", index, "stop signal sent");
  actions_.push_back(SignalContainer{index, state_.rules[index].stop_signal});
}

void Machine::kill(std::size_t index) {
  ContainerState& container = state_.containers[index];
  if (!is_live(container) || (container.ending && container.ending->step == Step::kKilled)) return;
  stop_probe(index, ProbeKind::kStartup);
  stop_probe(index, ProbeKind::kLiveness);
  if (std::exchange(container.hook_running, false)) abandon_hook(index, HookKind::kPostStart);
  if (container.ending && container.ending->step == Step::kHook) abandon_hook(index, HookKind::kPreStop);
  container.ending = Ending{.step = Step::kKilled, .since = now_, .grace = Duration{0}, .due = std::nullopt};
  note("Killing", index, "SIGKILL sent");
  actions_.push_back(KillContainer{index});
}

void Machine::end_overdue() {
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    const auto& ending = state_.containers[i].ending;
    if (!ending || !ending->due || now_ < *ending->due) continue;
    switch (ending->step) {
      case Step::kHook:
        abandon_hook(i, HookKind::kPreStop);
        note("FailedPreStopHook", i, "the preStop hook was not over within the grace period", NoteType::kWarning);
        send_stop_signal(i);
        break;
      case Step::kTurn: send_stop_signal(i); break;
      case Step::kSignaled: kill(i); break;
      case Step::kKilled: break;
    }
  }
}

bool Machine::any_live(Role role) const {
  for (std::size_t i = 0; i < state_.containers.size(); ++i)
    if (state_.rules[i].role == role && is_live(state_.containers[i])) return true;
  return false;
}

// Whether a container that has ended is one that the rest of an ending pod may still need: a sidecar before
// its turn to go.
bool Machine::may_come_back(std::size_t index) const {
  const ContainerState& container = state_.containers[index];
  if (!state_.stop || state_.rules[index].role != Role::kSidecar || container.kept_down) return false;
  return !container.ending || container.ending->step == Step::kHook || container.ending->step == Step::kTurn;
}

void Machine::restart_sidecars() {
  const bool time_is_up = now_ >= state_.stop->at + state_.stop->grace;
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    if (time_is_up) drop_restart(state_.containers[i]);
    else if (is_restart_due(state_.containers[i])) start(i, false);
  }
}

// A pod that has come to its end by itself begins to stop, for the sake of its sidecars.
void Machine::stop_when_done() {
  if (!state_.stop && is_work_done() && !is_over()) begin_stop(StopCause::kCompleted, {}, {});
}

// Once the regular containers have ended the sidecars go, one after another from the last.
void Machine::let_sidecars_go() {
  if (!state_.stop || any_live(Role::kApp)) return;
  for (std::size_t i = state_.containers.size(); i-- > 0;) {
    if (state_.rules[i].role != Role::kSidecar) continue;
    ContainerState& container = state_.containers[i];
    if (!is_live(container)) {
      drop_restart(container);
      continue;
    }
    if (container.ending->step == Step::kTurn) send_stop_signal(i);
    return;
  }
}

// No regular container runs or will.
bool Machine::is_work_done() const {
  if (state_.restart_all_at) return false;
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    const ContainerState& container = state_.containers[i];
    if (state_.rules[i].role == Role::kApp && (!container.begun || is_live(container) || container.restart_at)) return false;
  }
  return true;
}

bool Machine::is_over() const {
  if (!state_.stop && !is_work_done()) return false;
  return std::none_of(state_.containers.begin(), state_.containers.end(),
                      [](const ContainerState& container) { return is_live(container) || container.restart_at; });
}

}  // namespace podctl::lifecycle
