// The state machine's outside: how it is made, fed and timed. What it does stands in start.cpp, restart.cpp,
// probes.cpp and stop.cpp.
#include <algorithm>

#include "lifecycle/machine.hpp"
#include "podctl/text.hpp"

namespace podctl::lifecycle {
namespace {

ProbeRules rules_of(const Probe& probe) {
  using std::chrono::seconds;
  ProbeRules rules{.initial_delay = seconds(probe.initial_delay_seconds),
                   .period = seconds(std::max(1, probe.period_seconds)),
                   .timeout = seconds(std::max(1, probe.timeout_seconds)),
                   .success_threshold = static_cast<unsigned>(std::max(1, probe.success_threshold)),
                   .failure_threshold = static_cast<unsigned>(std::max(1, probe.failure_threshold)),
                   .grace = {}};
  if (probe.termination_grace_period_seconds) rules.grace = seconds(*probe.termination_grace_period_seconds);
  return rules;
}

ContainerRules rules_of(const Container& container, Role role, RestartPolicy pod_policy) {
  ContainerRules rules{.name = container.name,
                       .role = role,
                       .restart_policy = container.restart_policy.value_or(pod_policy),
                       .restart_rules = container.restart_policy_rules,
                       .message_policy = container.termination_message_policy};
  if (container.startup_probe) rules.probes[at(ProbeKind::kStartup)] = rules_of(*container.startup_probe);
  if (container.liveness_probe) rules.probes[at(ProbeKind::kLiveness)] = rules_of(*container.liveness_probe);
  if (container.readiness_probe) rules.probes[at(ProbeKind::kReadiness)] = rules_of(*container.readiness_probe);
  rules.has_hook = {container.lifecycle.post_start.has_value(), container.lifecycle.pre_stop.has_value()};
  if (!container.lifecycle.stop_signal.empty()) rules.stop_signal = parse_signal(container.lifecycle.stop_signal);
  return rules;
}

}  // namespace

void Machine::settle() {
  if (state_.finished || !state_.sandbox_ready) return;
  if (!state_.stop && state_.active_deadline && now_ >= state_.start_time + *state_.active_deadline)
    begin_stop(StopCause::kDeadline, {}, "Pod was active on the node longer than the specified deadline");
  stop_when_done();
  if (!state_.paused) {
    begin_again_when_ended();
    if (state_.stop) restart_sidecars();
    else start_due();
    let_sidecars_go();
    end_overdue();
    run_probes();
  }
  if (is_over()) {
    state_.finished = true;
    state_.paused = false;
    if (state_.stop && state_.stop->cause != StopCause::kCompleted) note("Stopped", {}, state_.stop->message);
    actions_.push_back(Finish{});
  }
  mark_conditions();
}

PodState make_pod_state(const PodSpec& spec, const Timing& timing) {
  PodState state;
  for (const auto& container : spec.init_containers) {
    const Role role = container.restart_policy == RestartPolicy::kAlways ? Role::kSidecar : Role::kInit;
    state.rules.push_back(rules_of(container, role, spec.restart_policy));
  }
  for (const auto& container : spec.containers) state.rules.push_back(rules_of(container, Role::kApp, spec.restart_policy));
  state.containers.resize(state.rules.size());
  if (!spec.init_containers.empty())
    for (auto& container : state.containers) container.waiting_reason = "PodInitializing";
  state.timing = timing;
  state.grace = std::chrono::seconds(spec.termination_grace_period_seconds);
  if (spec.active_deadline_seconds) state.active_deadline = std::chrono::seconds(*spec.active_deadline_seconds);
  state.restart_policy = spec.restart_policy;
  state.conditions[static_cast<std::size_t>(ConditionType::kPodScheduled)].holds = true;  // it was accepted
  for (const auto& gate : spec.readiness_gates) state.readiness_gates.push_back(gate.condition_type);
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
  const auto consider = [&](const std::optional<Time>& time) {
    if (time) next = next ? std::min(*next, *time) : *time;
  };
  if (state.finished || !state.sandbox_ready) return next;
  if (!state.stop && state.active_deadline) consider(state.start_time + *state.active_deadline);
  bool any_live = false;
  for (const auto& container : state.containers) {
    any_live = any_live || is_live(container);
    if (state.paused) continue;
    consider(container.restart_at);
    if (container.ending) consider(container.ending->due);
    for (const auto& probe : container.probes) consider(probe.at);
  }
  if (!any_live && !state.paused) consider(state.restart_all_at);  // until then it is the ends that are waited for
  return next;
}

std::string_view refusal(const PodState& state, const Event& event) {
  const auto* stop = std::get_if<ContainerStopRequested>(&event);
  const auto* restart = std::get_if<ContainerRestartRequested>(&event);
  const auto* signal = std::get_if<ContainerSignalRequested>(&event);
  if (stop == nullptr && restart == nullptr && signal == nullptr) return {};
  const std::size_t index = stop != nullptr ? stop->container : restart != nullptr ? restart->container : signal->container;
  const ContainerState& container = state.containers[index];
  if (state.finished) return "the pod has ended";
  if (signal != nullptr) return is_live(container) ? "" : "the container does not run";
  if (state.stop) return "the pod is being stopped";
  if (state.restart_all_at) return "all containers are being restarted";
  if (!container.begun) return "the container has not begun yet";
  if (stop != nullptr) return {};
  if (state.rules[index].role == Role::kInit && container.lets_next) return "the init container has done its work";
  return {};
}

}  // namespace podctl::lifecycle
