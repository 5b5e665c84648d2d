// What follows from the end of a container: nothing, its restart, or that of all.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "lifecycle/machine.hpp"

namespace podctl::lifecycle {
namespace {

constexpr std::size_t kMostMessage = 4096;       // of one container, from its file
constexpr std::size_t kMostLogMessage = 2048;    // and from its log,
constexpr std::size_t kMostLogLines = 80;        // of which these are the last lines
constexpr std::size_t kMostPodMessages = 12288;  // of all containers of a pod

// The end of `text`, without half a character at its front.
std::string_view last_bytes(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  text.remove_prefix(text.size() - most);
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80) text.remove_prefix(1);
  return text;
}

std::string_view last_lines(std::string_view text, std::size_t most) {
  std::size_t from = text.size();
  if (from > 0 && text.back() == '\n') --from;
  for (; most > 0; --most) {
    const auto newline = from == 0 ? std::string_view::npos : text.rfind('\n', from - 1);
    if (newline == std::string_view::npos) return text;
    from = newline;
  }
  return text.substr(from + 1);
}

std::string final_message(const PodState& state, const Exited& event) {
  const std::size_t share = kMostPodMessages / state.containers.size();
  if (!event.message.empty()) return std::string(last_bytes(event.message, std::min(kMostMessage, share)));
  if (!wants_log_tail(state, event.container, event.exit, event.message)) return {};
  return std::string(last_bytes(last_lines(event.log_tail, kMostLogLines), std::min(kMostLogMessage, share)));
}

// As Go prints a duration, which is how a kubelet says it: 10s, 1m20s, 5m0s.
std::string go_duration(Duration duration) {
  using namespace std::chrono;
  if (duration < 1s) return cat(duration_cast<milliseconds>(duration).count(), "ms");
  const auto all = duration_cast<seconds>(duration).count();
  return all < 60 ? cat(all, 's') : cat(all / 60, 'm', all % 60, 's');
}

bool matches(const RestartRule& rule, int code) {
  if (!rule.exit_codes) return false;
  const auto& values = rule.exit_codes->values;
  const bool listed = std::find(values.begin(), values.end(), code) != values.end();
  return listed == (rule.exit_codes->comparison == ExitCodeOperator::kIn);
}

}  // namespace

bool wants_log_tail(const PodState& state, std::size_t container, ExitStatus exit, std::string_view message) {
  return state.rules[container].message_policy == TerminationMessagePolicy::kFallbackToLogsOnError && message.empty() &&
         !(exit == ExitStatus{});
}

void Machine::on(const Exited& event) {
  const ContainerState& container = state_.containers[event.container];
  const bool good = event.exit == ExitStatus{};
  const Time began = container.status == Status::kStarting ? now_ : container.started_at;
  Termination termination{.exit = event.exit,
                          .reason = event.oom_killed ? "OOMKilled"
                                    : good           ? "Completed"
                                                     : "Error",
                          .message = final_message(state_, event),
                          .started_at = began,
                          .finished_at = now_};
  if (!end_instance(event.container, std::move(termination))) return;
  if (event.oom_killed) note("OOMKilled", event.container, "it ran out of memory", NoteType::kWarning);
  if (event.awaited && !state_.stop) return begin_stop(StopCause::kUntil, {}, {});
  follow_end(event.container);
}

void Machine::on(const ContainerRestartRequested& event) {
  if (!refusal(state_, event).empty()) return;
  go_on();
  ContainerState& container = state_.containers[event.container];
  container.kept_down = false;
  container.restart_asked = true;
  if (!is_live(container)) container.restart_at = now_;
  else if (container.ending) hurry(event.container, event.grace.value_or(state_.grace));
  else begin_ending(event.container, event.grace.value_or(state_.grace));
}

// False for an instance that is gone already.
bool Machine::end_instance(std::size_t index, Termination termination) {
  ContainerState& container = state_.containers[index];
  if (!is_live(container)) return false;
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness, ProbeKind::kReadiness}) stop_probe(index, kind);
  if (std::exchange(container.hook_running, false)) abandon_hook(index, HookKind::kPostStart);
  if (container.ending && container.ending->step == Ending::Step::kHook) abandon_hook(index, HookKind::kPreStop);
  note("Exited", index, termination.exit.signaled ? cat("signal ", termination.exit.value) : cat("code ", termination.exit.value));
  may_return_ = may_come_back(index);
  container.ending.reset();
  container.probes = {};
  container.started = false;
  container.terminated = std::move(termination);
  container.status = Status::kTerminated;
  container.has_ended = true;
  if (state_.rules[index].role == Role::kApp) container.lets_next = true;  // a failing start does not stop the following ones
  return true;
}

void Machine::follow_end(std::size_t index) {
  if (state_.restart_all_at) return;
  if (state_.stop) {
    if (may_return_) schedule_restart(index);
    return;
  }
  switch (after_end(index)) {
    case AfterEnd::kStay: return stay_ended(index);
    case AfterEnd::kRestart: return schedule_restart(index);
    case AfterEnd::kRestartAll: return end_all_to_restart(index);
  }
}

Machine::AfterEnd Machine::after_end(std::size_t index) const {
  const ContainerRules& rules = state_.rules[index];
  const ContainerState& container = state_.containers[index];
  if (container.kept_down) return AfterEnd::kStay;
  if (container.restart_asked) return AfterEnd::kRestart;
  for (const auto& rule : rules.restart_rules)
    if (matches(rule, container.terminated->exit.code()))
      return rule.action == RestartRuleAction::kRestart ? AfterEnd::kRestart : AfterEnd::kRestartAll;
  const bool good = container.terminated->exit == ExitStatus{};
  // A pod that restarts Always runs its init containers once all the same.
  if (rules.role == Role::kInit && good) return AfterEnd::kStay;
  switch (rules.restart_policy) {
    case RestartPolicy::kAlways: return AfterEnd::kRestart;
    case RestartPolicy::kOnFailure: return good ? AfterEnd::kStay : AfterEnd::kRestart;
    case RestartPolicy::kNever: return AfterEnd::kStay;
  }
  return AfterEnd::kStay;
}

void Machine::stay_ended(std::size_t index) {
  ContainerState& container = state_.containers[index];
  const bool good = container.terminated->exit == ExitStatus{};
  switch (state_.rules[index].role) {
    case Role::kInit:
      container.lets_next = good;
      if (!good) begin_stop(StopCause::kInitFailed, {}, cat("init container ", state_.rules[index].name, " failed"));
      return;
    case Role::kSidecar: container.lets_next = true; return;  // stopped by hand: the pod goes on without it
    case Role::kApp: return;
  }
}

// The kubelet's back-off: the first crash is answered at once, and every restart raises the wait that the next
// crash will meet, unless that comes long after.
Duration Machine::back_off_after_end(ContainerState& container) const {
  if (container.terminated->finished_at - container.back_off_raised_at > state_.timing.back_off_forgotten)
    container.next_back_off = Duration{0};
  return container.next_back_off;
}

void Machine::raise_back_off(ContainerState& container) const {
  const Timing& timing = state_.timing;
  container.next_back_off =
      container.next_back_off.count() == 0 ? timing.first_back_off : std::min(container.next_back_off * 2, timing.most_back_off);
  container.back_off_raised_at = now_;
}

void Machine::schedule_restart(std::size_t index) {
  ContainerState& container = state_.containers[index];
  const Duration wait = container.restart_asked ? Duration{0} : back_off_after_end(container);
  container.restart_at = container.terminated->finished_at + wait;
  if (wait.count() == 0) return;
  std::string message = cat("back-off ", go_duration(wait), " restarting failed container=", state_.rules[index].name);
  if (!state_.pod_key.empty()) append(message, " pod=", state_.pod_key);
  note("BackOff", index, message, NoteType::kWarning);
  container.status = Status::kWaiting;
  container.waiting_reason = container.post_start_error.empty() ? "CrashLoopBackOff" : "PostStartHookError";
  container.waiting_message = container.post_start_error.empty() ? std::move(message) : container.post_start_error;
}

// It stays as it ended.
void Machine::drop_restart(ContainerState& container) {
  container.restart_at.reset();
  container.restart_asked = false;
  if (container.status == Status::kWaiting && container.terminated) container.status = Status::kTerminated;
}

bool Machine::is_restart_due(const ContainerState& container) const {
  return !is_live(container) && container.restart_at && now_ >= *container.restart_at;
}

// RestartAllContainers: no grace, no hooks. The wait before they begin again is the back-off of the container
// that asked for it, so that a pod that does so again and again does not spin.
void Machine::end_all_to_restart(std::size_t by) {
  ContainerState& cause = state_.containers[by];
  const Duration wait = back_off_after_end(cause);
  state_.restarting_all = true;
  state_.restart_all_at = cause.terminated->finished_at + wait;
  state_.restart_all_by = by;
  note("RestartingAllContainers", by, cat("its exit code ", cause.terminated->exit.code(), " restarts all containers"));
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    drop_restart(state_.containers[i]);
    kill(i);
  }
}

void Machine::begin_again_when_ended() {
  if (!state_.restart_all_at || now_ < *state_.restart_all_at) return;
  if (std::any_of(state_.containers.begin(), state_.containers.end(), is_live)) return;
  raise_back_off(state_.containers[state_.restart_all_by]);
  state_.restart_all_at.reset();
  state_.initialized = false;
  const bool has_init = state_.rules.front().role != Role::kApp;
  for (auto& container : state_.containers) {
    if (container.terminated) container.last = std::exchange(container.terminated, std::nullopt);
    container.status = Status::kWaiting;
    container.waiting_reason = has_init ? "PodInitializing" : "ContainerCreating";
    container.waiting_message.clear();
    container.post_start_error.clear();
    container.begun = container.has_ended = container.lets_next = container.kept_down = false;
  }
}

}  // namespace podctl::lifecycle
