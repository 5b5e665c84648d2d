#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "podctl/wait.hpp"

namespace podctl {
namespace {

using Answer = Verdict::Answer;
using Kind = WaitCondition::Kind;
using Role = ContainerSummary::Role;
using State = ContainerSummary::State;

constexpr std::array<std::string_view, 5> kPhases{"Pending", "Running", "Succeeded", "Failed", "Unknown"};
constexpr std::array<std::string_view, 2> kConditions{"Ready", "Initialized"};

[[noreturn]] void refuse(std::string_view text, std::string cause) {
  throw Error({.id = "usage",
               .message = cat("--for ", quote(text), " is nothing to wait for"),
               .cause = std::move(cause),
               .hint = "terminated, removed, condition=Ready, phase=Succeeded, container=C:running or container=C:terminated",
               .error_class = ErrorClass::kUsage});
}

void require_one_of(std::string_view text, std::string_view value, std::span<const std::string_view> known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  std::string list;
  for (const auto one : known) append(list, list.empty() ? "" : ", ", one);
  refuse(text, cat(quote(value), " is none of ", list));
}

// It has ended for good. One that was only created may still be started.
bool is_over(const PodSummary& pod) {
  return pod.liveness != Liveness::kRunning && !(pod.liveness == Liveness::kLost && pod.own_status == "Created");
}

std::string how_it_ended(const PodSummary& pod) { return cat("the pod has ended: ", status_word(pod)); }

int rank(std::string_view phase) { return phase == "Pending" ? 0 : phase == "Running" ? 1 : 2; }

bool has_failed(const ContainerSummary& container) { return container.end && container.end->exit_code != 0; }

// Whether a terminated container of a live pod may run once more.
bool may_run_again(const PodSummary& pod, const ContainerSummary& container) {
  if (container.role == Role::kSidecar) return true;
  if (std::any_of(pod.containers.begin(), pod.containers.end(), [](const ContainerSummary& c) { return c.has_restart_rules; })) return true;
  if (container.restart_policy == "Never") return false;
  return has_failed(container) || (container.role == Role::kApp && container.restart_policy != "OnFailure");
}

std::string why_not_again(const ContainerSummary& container) {
  return cat(" has ended with ", container.end->exit_code, " and is not started again");
}

// The first container that has ended for good in a way that leaves `kind` (or the phase Succeeded) out of reach.
const ContainerSummary* first_in_the_way(const PodSummary& pod, Kind kind) {
  for (const auto& container : pod.containers) {
    if (container.state != State::kTerminated || may_run_again(pod, container)) continue;
    const bool is_init = container.role == Role::kInit;
    if (has_failed(container) ? is_init || kind != Kind::kInitialized : !is_init && kind == Kind::kReady) return &container;
  }
  return nullptr;
}

Verdict not_yet_or_never(const PodSummary& pod, Kind kind) {
  if (pod.own_status == "Terminating") return {};  // its own end is near, and tells more
  const ContainerSummary* container = first_in_the_way(pod, kind);
  if (container == nullptr) return {};
  return {Answer::kNever, cat("container ", quote(container->name), why_not_again(*container))};
}

Verdict judge_container(const WaitCondition& condition, const PodSummary& pod) {
  const auto container =
      std::find_if(pod.containers.begin(), pod.containers.end(), [&](const ContainerSummary& c) { return c.name == condition.value; });
  if (container == pod.containers.end()) {
    if (is_over(pod)) return {Answer::kNever, how_it_ended(pod)};
    return {};  // the first record, which names the containers, is still to come
  }
  const State state = container->state;
  if (condition.kind == Kind::kContainerTerminated) {
    if (state == State::kTerminated || (state == State::kRunning && is_over(pod))) return {Answer::kHolds, {}};
    if (is_over(pod)) return {container->last_end ? Answer::kHolds : Answer::kNever, cat("it never ran; ", how_it_ended(pod))};
    return {};
  }
  if (is_over(pod)) return {Answer::kNever, how_it_ended(pod)};
  if (state == State::kRunning) return {Answer::kHolds, {}};
  if (state == State::kTerminated && !may_run_again(pod, *container)) return {Answer::kNever, cat("it", why_not_again(*container))};
  return {};
}

Verdict judge_phase(const WaitCondition& condition, const PodSummary& pod) {
  if (pod.phase == condition.value) return {Answer::kHolds, {}};
  if (is_over(pod)) return {Answer::kNever, how_it_ended(pod)};
  // Phases go one way.
  if (condition.value != "Unknown" && rank(pod.phase) > rank(condition.value))
    return {Answer::kNever, cat("its phase is ", pod.phase, " already")};
  return condition.value == "Succeeded" ? not_yet_or_never(pod, condition.kind) : Verdict();
}

bool is_condition_true(Kind kind, const PodSummary& pod) {
  const auto& written = kind == Kind::kReady ? pod.ready : pod.initialized;
  if (written) return *written;
  if (pod.containers.empty()) return false;
  const Readiness count = readiness(pod);
  if (kind == Kind::kReady) return count.ready == count.total;
  return std::all_of(pod.containers.begin(), pod.containers.end(), [](const ContainerSummary& c) {
    return c.role == Role::kApp || (c.role == Role::kSidecar ? c.started : c.end && c.end->exit_code == 0);
  });
}

}  // namespace

WaitCondition parse_wait_condition(std::string_view text) {
  WaitCondition condition{.kind = Kind::kTerminated, .value = {}, .text = std::string(text)};
  if (text == "terminated") return condition;
  if (text == "removed" || text == "delete") {
    condition.kind = Kind::kRemoved;
    return condition;
  }
  const auto equals = text.find('=');
  const auto key = text.substr(0, equals);
  const auto value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  if (key == "condition") {
    require_one_of(text, value, kConditions);
    condition.kind = value == "Ready" ? Kind::kReady : Kind::kInitialized;
  } else if (key == "phase") {
    require_one_of(text, value, kPhases);
    condition.kind = Kind::kPhase;
    condition.value = value;
  } else if (key == "container") {
    const auto colon = value.find(':');
    const auto state = colon == std::string_view::npos ? std::string_view() : value.substr(colon + 1);
    if (colon == 0 || (state != "running" && state != "terminated")) refuse(text, "a container is waited for as C:running or C:terminated");
    condition.kind = state == "running" ? Kind::kContainerRunning : Kind::kContainerTerminated;
    condition.value = value.substr(0, colon);
  } else {
    refuse(text, {});
  }
  return condition;
}

Verdict judge(const WaitCondition& condition, const std::optional<PodSummary>& pod) {
  if (!pod) {  // as a pod of run --rm is when it has ended
    const bool ends =
        condition.kind == Kind::kRemoved || condition.kind == Kind::kTerminated || condition.kind == Kind::kContainerTerminated;
    return {ends ? Answer::kHolds : Answer::kNever, "the pod was removed"};
  }
  switch (condition.kind) {
    case Kind::kRemoved: return {};
    case Kind::kTerminated: return {is_over(*pod) ? Answer::kHolds : Answer::kNotYet, {}};
    case Kind::kReady:
    case Kind::kInitialized:
      if (is_over(*pod)) return {Answer::kNever, how_it_ended(*pod)};
      if (is_condition_true(condition.kind, *pod)) return {Answer::kHolds, {}};
      return not_yet_or_never(*pod, condition.kind);
    case Kind::kPhase: return judge_phase(condition, *pod);
    case Kind::kContainerRunning:
    case Kind::kContainerTerminated: return judge_container(condition, *pod);
  }
  return {};
}

}  // namespace podctl
