// The conditions of a pod: which hold, since when, and why the others do not.
#include <algorithm>

#include "base/text.hpp"
#include "lifecycle/machine.hpp"

namespace podctl::lifecycle {
namespace {

constexpr std::array<std::string_view, kConditionTypes> kNames{
    "PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready", "AllContainersRestarting"};

bool is_final(Phase phase) { return phase == Phase::kSucceeded || phase == Phase::kFailed; }

bool is_true(const PodState& state, ConditionType type) {
  switch (type) {
    case ConditionType::kPodScheduled: return true;
    case ConditionType::kReadyToStartContainers: return state.sandbox_ready && !state.finished;
    case ConditionType::kInitialized: return state.initialized;
    case ConditionType::kContainersReady:
      for (std::size_t i = 0; i < state.rules.size(); ++i)
        if (state.rules[i].role != Role::kInit && !is_ready(state, i)) return false;
      return !is_final(phase_of(state));
    case ConditionType::kReady: return state.readiness_gates.empty() && is_true(state, ConditionType::kContainersReady);
    case ConditionType::kAllContainersRestarting: return state.restarting_all;
  }
  return false;
}

// "[a b]": the containers that `is_wanting` is true of.
template <class Predicate>
std::string names_where(const PodState& state, Predicate is_wanting) {
  std::string names;
  for (std::size_t i = 0; i < state.rules.size(); ++i)
    if (is_wanting(i)) append(names, names.empty() ? "" : " ", state.rules[i].name);
  return cat('[', names, ']');
}

void explain_unready(const PodState& state, Condition& condition) {
  switch (phase_of(state)) {
    case Phase::kSucceeded: condition.reason = "PodCompleted"; return;
    case Phase::kFailed: condition.reason = "PodFailed"; return;
    case Phase::kPending:
    case Phase::kRunning: break;
  }
  condition.reason = "ContainersNotReady";
  condition.message = cat("containers with unready status: ",
                          names_where(state, [&](std::size_t i) { return state.rules[i].role != Role::kInit && !is_ready(state, i); }));
}

void explain(const PodState& state, ConditionType type, Condition& condition) {
  switch (type) {
    case ConditionType::kPodScheduled:
    case ConditionType::kReadyToStartContainers:
    case ConditionType::kAllContainersRestarting: return;
    case ConditionType::kInitialized:
      if (condition.holds) {
        if (phase_of(state) == Phase::kSucceeded) condition.reason = "PodCompleted";
        return;
      }
      condition.reason = "ContainersNotInitialized";
      condition.message =
          cat("containers with incomplete status: ",
              names_where(state, [&](std::size_t i) { return state.rules[i].role != Role::kApp && !state.containers[i].lets_next; }));
      return;
    case ConditionType::kReady:
      if (!condition.holds && holds(state, ConditionType::kContainersReady)) {
        condition.reason = "ReadinessGatesNotReady";
        condition.message = cat("nobody has set the condition ", join(state.readiness_gates, ", "));
        return;
      }
      [[fallthrough]];
    case ConditionType::kContainersReady:
      if (!condition.holds) explain_unready(state, condition);
      return;
  }
}

}  // namespace

void Machine::mark_conditions() {
  for (std::size_t i = 0; i < kConditionTypes; ++i) {
    const auto type = static_cast<ConditionType>(i);
    ConditionMark& mark = state_.conditions[i];
    const bool is = is_true(state_, type);
    if (mark.holds == is) continue;
    mark = {.holds = is, .since = now_};
    if (is && type == ConditionType::kReady) note("Ready", {}, {});
  }
}

bool holds(const PodState& state, ConditionType type) { return state.conditions[static_cast<std::size_t>(type)].holds; }

std::vector<Condition> conditions_of(const PodState& state) {
  std::vector<Condition> conditions;
  for (std::size_t i = 0; i < kConditionTypes; ++i) {
    const auto type = static_cast<ConditionType>(i);
    const ConditionMark& mark = state.conditions[i];
    if (type == ConditionType::kAllContainersRestarting && mark.since == Time{0}) continue;  // it never was
    Condition& condition = conditions.emplace_back();
    condition.type = kNames[i];
    condition.holds = mark.holds;
    condition.since = std::max(mark.since, state.start_time);
    explain(state, type, condition);
  }
  return conditions;
}

}  // namespace podctl::lifecycle
