// What begins when: init containers one after another, each to its end; sidecars in between, each until it has
// started; then the regular containers in order.
#include <algorithm>

#include "base/text.hpp"
#include "lifecycle/machine.hpp"

namespace podctl::lifecycle {

void Machine::on(const SandboxReady&) {
  state_.sandbox_ready = true;
  state_.start_time = now_;
  note("Created", {}, "sandbox ready");
}

void Machine::on(const Started& event) {
  ContainerState& container = state_.containers[event.container];
  if (container.status != Status::kStarting) return;
  container.status = Status::kRunning;
  container.started_at = now_;
  state_.restarting_all = state_.restarting_all && state_.restart_all_at;
  note("Started", event.container, {});
  if (container.ending && container.ending->step != Ending::Step::kTurn) return;
  if (!state_.rules[event.container].has_hook[at(HookKind::kPostStart)]) return begin_probing(event.container);
  container.hook_running = true;
  run_hook(event.container, HookKind::kPostStart);
}

void Machine::run_hook(std::size_t index, HookKind kind) {
  if (state_.paused) state_.containers[index].waiting_hook = kind;
  else actions_.push_back(RunHook{index, instance_of(index), kind});
}

void Machine::abandon_hook(std::size_t index, HookKind kind) {
  if (std::exchange(state_.containers[index].waiting_hook, std::nullopt)) return;
  actions_.push_back(AbandonHook{index, instance_of(index), kind});
}

void Machine::on(const StartFailed& event) {
  const int code = event.code;
  if (!end_instance(event.container, {{false, code}, "StartError", event.message, now_, now_})) return;
  // A pod that cannot start is not kept half-started: the caller has an error to read, not a loop to watch.
  if (!state_.stop && state_.containers[event.container].instances == 1) begin_stop(StopCause::kStartFailed, Duration{0}, event.message);
  else follow_end(event.container);
}

void Machine::on(const HookFinished& event) {
  if (!is_current(event.container, event.instance)) return;
  ContainerState& container = state_.containers[event.container];
  if (container.waiting_hook) return;  // of one that was never begun there is no answer
  if (event.kind == HookKind::kPreStop) {
    if (!container.ending || container.ending->step != Ending::Step::kHook) return;
    if (!event.ok) note("FailedPreStopHook", event.container, event.message, NoteType::kWarning);
    return after_pre_stop(event.container);
  }
  if (!container.hook_running) return;
  container.hook_running = false;
  if (event.ok) return begin_probing(event.container);
  note("FailedPostStartHook", event.container, event.message, NoteType::kWarning);
  container.post_start_error = event.message.empty() ? "the postStart hook failed" : event.message;
  if (!container.ending) begin_ending(event.container, state_.grace);
}

// One pass in order. What has begun before is restarted when that is due; what has not begins once all before
// it have come far enough.
void Machine::start_due() {
  if (state_.restart_all_at) return;
  bool open = true;
  bool previous = false;  // the regular container before was begun in this same pass
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    const ContainerState& container = state_.containers[i];
    const bool first = !container.begun;
    const bool is_app = state_.rules[i].role == Role::kApp;
    const bool starts = first ? open : is_restart_due(container);
    if (is_app && open) state_.initialized = true;
    if (starts) start(i, is_app && first && previous);
    previous = is_app && starts;
    open = open && container.lets_next;
    if (is_app && i + 1 == state_.containers.size() && container.begun) state_.started_once = true;
  }
}

void Machine::start(std::size_t index, bool in_turn) {
  ContainerState& container = state_.containers[index];
  const ContainerRules& rules = state_.rules[index];
  if (container.instances > 0) {
    ++container.restarts;
    if (container.begun && !container.restart_asked) raise_back_off(container);
    // Shown as the last state for as long as the new instance has none of its own.
    if (container.terminated) container.last = std::move(container.terminated);
    container.terminated.reset();
  }
  container.status = Status::kStarting;
  container.begun = true;
  container.restart_asked = false;
  container.restart_at.reset();
  container.post_start_error.clear();
  // The hook after the start holds back the next regular container, as a kubelet does it one by one.
  if (rules.role == Role::kApp && !rules.has_hook[at(HookKind::kPostStart)]) container.lets_next = true;
  // A sidecar that comes back while the pod ends still waits for its turn to go.
  if (state_.stop)
    container.ending = Ending{
        .step = Ending::Step::kTurn, .since = state_.stop->at, .grace = state_.stop->grace, .due = state_.stop->at + state_.stop->grace};
  actions_.push_back(StartContainer{index, container.instances++, in_turn});
}

// The postStart hook is over, or there is none.
void Machine::begin_probing(std::size_t index) {
  ContainerState& container = state_.containers[index];
  const auto& startup = state_.rules[index].probes[at(ProbeKind::kStartup)];
  if (state_.rules[index].role == Role::kApp) container.lets_next = true;
  if (!startup) return count_as_started(index);
  if (!container.ending) container.probes[at(ProbeKind::kStartup)].at = std::max(now_, container.started_at + startup->initial_delay);
}

// The delays of the other probes count from the container's start, not from here: what has passed of them
// meanwhile has passed.
void Machine::count_as_started(std::size_t index) {
  ContainerState& container = state_.containers[index];
  container.started = true;
  if (state_.rules[index].role == Role::kSidecar) container.lets_next = true;
  for (const ProbeKind kind : {ProbeKind::kLiveness, ProbeKind::kReadiness}) {
    const auto& rules = state_.rules[index].probes[at(kind)];
    if (!rules || (kind == ProbeKind::kLiveness && container.ending)) continue;
    container.probes[at(kind)].passed = kind == ProbeKind::kLiveness;
    container.probes[at(kind)].at = std::max(now_, container.started_at + rules->initial_delay);
  }
}

}  // namespace podctl::lifecycle
