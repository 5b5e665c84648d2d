#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "lifecycle/pod_state.hpp"
#include "support/catch.hpp"

/// A pod's life told by hand, against a clock that only the test moves.
namespace podtest {

using namespace std::chrono_literals;
using podctl::RestartPolicy;
using podctl::lifecycle::HookKind;
using podctl::lifecycle::ProbeKind;
using podctl::lifecycle::ProbeOutcome;
using podctl::lifecycle::StopCause;

struct LifeOptions {
  std::vector<std::string> inits;
  std::vector<std::string> apps = {"app"};
  RestartPolicy policy = RestartPolicy::kAlways;
  std::chrono::seconds grace{30};
  std::optional<std::int64_t> deadline;
  std::vector<std::string> sidecars = {};  ///< in front of the inits
  std::function<void(podctl::PodSpec&)> with = {};
};

inline podctl::Container& container_of(podctl::PodSpec& spec, const std::string& name) {
  for (auto* list : {&spec.init_containers, &spec.containers})
    for (auto& container : *list)
      if (container.name == name) return container;
  throw std::runtime_error("the pod has no container " + name);
}

inline podctl::PodSpec life_spec(const LifeOptions& options) {
  podctl::PodSpec spec;
  for (const auto& name : options.sidecars) {
    auto& sidecar = spec.init_containers.emplace_back();
    sidecar.name = name;
    sidecar.restart_policy = RestartPolicy::kAlways;
  }
  for (const auto& name : options.inits) spec.init_containers.emplace_back().name = name;
  for (const auto& name : options.apps) spec.containers.emplace_back().name = name;
  spec.restart_policy = options.policy;
  spec.termination_grace_period_seconds = options.grace.count();
  spec.active_deadline_seconds = options.deadline;
  if (options.with) options.with(spec);
  return spec;
}

class Life {
 public:
  explicit Life(const LifeOptions& options = {}, const podctl::lifecycle::Timing& timing = {})
      : state_(podctl::lifecycle::make_pod_state(life_spec(options), timing)) {
    state_.pod_key = "web_default(u-1)";
  }

  // Each tells the machine something and gives the actions that follow: "start app#0, TERM log,
  // finish".
  std::string ready() { return feed(podctl::lifecycle::SandboxReady{}); }
  std::string started(const std::string& name) { return feed(podctl::lifecycle::Started{index(name)}); }
  std::string start_fails(const std::string& name, int code = 128) {
    return feed(podctl::lifecycle::StartFailed{index(name), code, "no such thing"});
  }
  std::string exits(const std::string& name, int code = 0) { return feed(podctl::lifecycle::Exited{index(name), {false, code}, {}}); }
  std::string awaited_exits(const std::string& name, int code) {
    return feed(podctl::lifecycle::Exited{index(name), {false, code}, {}, true});
  }
  std::string dies(const std::string& name, int signal) { return feed(podctl::lifecycle::Exited{index(name), {true, signal}, {}}); }
  std::string stop(StopCause cause = StopCause::kUser, std::optional<podctl::Duration> grace = {}) {
    return feed(podctl::lifecycle::StopRequested{cause, grace, "asked for"});
  }
  std::string passes(const std::string& name, ProbeKind kind) { return probed(name, kind, ProbeOutcome::kSuccess, {}); }
  std::string fails(const std::string& name, ProbeKind kind) { return probed(name, kind, ProbeOutcome::kFailure, "no"); }
  std::string errs(const std::string& name, ProbeKind kind) { return probed(name, kind, ProbeOutcome::kError, "no fork"); }
  std::string hook_ends(const std::string& name, HookKind kind) { return hooked(name, kind, {}); }
  std::string hook_fails(const std::string& name, HookKind kind) { return hooked(name, kind, "exit code 9"); }
  std::string stop_one(const std::string& name, std::optional<podctl::Duration> grace = {}) {
    return feed(podctl::lifecycle::ContainerStopRequested{index(name), grace});
  }
  std::string restart_one(const std::string& name, std::optional<podctl::Duration> grace = {}) {
    return feed(podctl::lifecycle::ContainerRestartRequested{index(name), grace});
  }
  std::string signal_one(const std::string& name, int number) {
    return feed(podctl::lifecycle::ContainerSignalRequested{index(name), number});
  }
  std::string tick() { return feed(podctl::lifecycle::Tick{}); }

  // Moves the clock, ringing every timer on the way at its time.
  std::string pass(podctl::Duration duration) {
    const podctl::Time until = now_ + duration;
    std::string all;
    for (int rings = 0;; ++rings) {
      const auto timer = podctl::lifecycle::next_timer(state_);
      if (!timer || *timer > until) break;
      REQUIRE(rings < 1000);  // else a timer rings again and again at one moment
      now_ = std::max(now_, *timer);
      const std::string done = tick();
      if (!done.empty()) podctl::append(all, all.empty() ? "" : ", ", done);
    }
    now_ = until;
    return all;
  }
  // Any other event, as it is.
  std::string tell(const podctl::lifecycle::Event& event) { return feed(event); }
  [[nodiscard]] std::size_t index(const std::string& name) const {
    for (std::size_t i = 0; i < state_.rules.size(); ++i)
      if (state_.rules[i].name == name) return i;
    throw std::runtime_error("the pod has no container " + name);
  }
  [[nodiscard]] bool ready_of(const std::string& name) const { return podctl::lifecycle::is_ready(state_, index(name)); }
  // "Ready: False ContainersNotReady containers with unready status: [app]"
  [[nodiscard]] std::string condition(std::string_view type) const {
    for (const auto& condition : podctl::lifecycle::conditions_of(state_))
      if (condition.type == type)
        return podctl::cat(condition.holds ? "True" : "False", condition.reason.empty() ? "" : " ", condition.reason,
                           condition.message.empty() ? "" : " ", condition.message);
    return "none";
  }
  [[nodiscard]] podctl::Duration condition_age(std::string_view type) const {
    for (const auto& condition : podctl::lifecycle::conditions_of(state_))
      if (condition.type == type) return now_ - condition.since;
    throw std::runtime_error("no such condition");
  }
  // How long until the next timer; nothing when there is none.
  [[nodiscard]] std::optional<podctl::Duration> waits() const {
    const auto timer = podctl::lifecycle::next_timer(state_);
    return timer ? std::optional(*timer - now_) : std::nullopt;
  }

  [[nodiscard]] const podctl::lifecycle::ContainerState& of(const std::string& name) const { return state_.containers[index(name)]; }
  [[nodiscard]] std::string phase() const { return std::string(podctl::lifecycle::phase_name(podctl::lifecycle::phase_of(state_))); }
  [[nodiscard]] std::string word() const { return podctl::lifecycle::status_word(state_); }
  [[nodiscard]] std::string exit(int signal = 0, std::string_view code_from = {}) const {
    const auto exit = podctl::lifecycle::run_exit(state_, signal, code_from);
    return podctl::cat(exit.code, ' ', exit.source, exit.container.empty() ? "" : " ", exit.container);
  }
  [[nodiscard]] const podctl::lifecycle::PodState& state() const noexcept { return state_; }
  [[nodiscard]] podctl::Time now() const noexcept { return now_; }
  // The notes of the last event: "Exited app: code 1".
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  std::string probed(const std::string& name, ProbeKind kind, ProbeOutcome outcome, const std::string& message) {
    return feed(podctl::lifecycle::ProbeFinished{index(name), of(name).instances - 1, kind, outcome, message});
  }
  std::string hooked(const std::string& name, HookKind kind, const std::string& error) {
    return feed(podctl::lifecycle::HookFinished{index(name), of(name).instances - 1, kind, error.empty(), error});
  }

  std::string feed(const podctl::lifecycle::Event& event) {
    auto next = podctl::lifecycle::advance(std::move(state_), event, now_);
    state_ = std::move(next.state);
    notes_.clear();
    std::string text;
    for (const auto& action : next.actions) {
      const std::string one = words(action);
      if (!one.empty()) podctl::append(text, text.empty() ? "" : ", ", one);
    }
    return text;
  }

  std::string words(const podctl::lifecycle::Action& action) {
    using namespace podctl::lifecycle;
    if (const auto* start = std::get_if<StartContainer>(&action))
      return podctl::cat("start ", state_.rules[start->container].name, '#', start->instance, start->in_turn ? " in turn" : "");
    if (const auto* signal = std::get_if<SignalContainer>(&action))
      return podctl::cat(podctl::signal_name(signal->signal_number).substr(3), ' ', state_.rules[signal->container].name);
    if (const auto* kill = std::get_if<KillContainer>(&action)) return podctl::cat("KILL ", state_.rules[kill->container].name);
    static constexpr const char* kProbes[] = {"startup ", "liveness ", "readiness "};
    static constexpr const char* kHooks[] = {"postStart ", "preStop "};
    const auto of_container = [&](const auto& a, const char* what, const char* before = "") {
      const bool is_new = *before == '\0';  // what is dropped may belong to the one before
      if (is_new) CHECK(a.instance + 1 == state_.containers[a.container].instances);
      return podctl::cat(before, what, state_.rules[a.container].name);
    };
    if (const auto* probe = std::get_if<RunProbe>(&action)) return of_container(*probe, kProbes[static_cast<int>(probe->kind)]);
    if (const auto* probe = std::get_if<AbandonProbe>(&action))
      return of_container(*probe, kProbes[static_cast<int>(probe->kind)], "drop ");
    if (const auto* hook = std::get_if<RunHook>(&action)) return of_container(*hook, kHooks[static_cast<int>(hook->kind)]);
    if (const auto* hook = std::get_if<AbandonHook>(&action)) return of_container(*hook, kHooks[static_cast<int>(hook->kind)], "drop ");
    if (std::holds_alternative<Finish>(action)) return "finish";
    const auto& note = std::get<Note>(action);
    notes_.push_back(podctl::cat(note.reason, note.container ? podctl::cat(' ', state_.rules[*note.container].name) : "",
                                 note.message.empty() ? "" : ": ", note.message));
    return {};
  }

  podctl::lifecycle::PodState state_;
  podctl::Time now_{1000s};
  std::vector<std::string> notes_;
};

}  // namespace podtest
