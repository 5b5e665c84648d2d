#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lifecycle/pod_state.hpp"

namespace podctl::lifecycle {

constexpr std::size_t at(ProbeKind kind) { return static_cast<std::size_t>(kind); }
constexpr std::size_t at(HookKind kind) { return static_cast<std::size_t>(kind); }

inline bool is_live(const ContainerState& container) {
  return container.status == ContainerState::Status::kStarting || container.status == ContainerState::Status::kRunning;
}

/// One call of advance(): the state as it becomes, and the actions as they are decided.
class Machine {
 public:
  Machine(PodState state, Time now) : state_(std::move(state)), now_(now) {}

  // What one event changes.
  void on(const SandboxReady&);
  void on(const Started& event);
  void on(const StartFailed& event);
  void on(const Exited& event);
  void on(const ProbeFinished& event);
  void on(const HookFinished& event);
  void on(const Tick&) {}
  void on(const Paused&);
  void on(const Resumed&);
  void on(const StopRequested& event);
  void on(const ContainerStopRequested& event);
  void on(const ContainerRestartRequested& event);
  void on(const ContainerSignalRequested& event);

  /// What holds after every event, whatever it was.
  void settle();

  Advance take() { return {std::move(state_), std::move(actions_)}; }

 private:
  using Status = ContainerState::Status;
  enum class AfterEnd { kStay, kRestart, kRestartAll };

  // start.cpp
  void start_due();
  void start(std::size_t index, bool in_turn);
  void begin_probing(std::size_t index);
  void run_hook(std::size_t index, HookKind kind);
  void abandon_hook(std::size_t index, HookKind kind);
  void count_as_started(std::size_t index);
  // pause.cpp
  void go_on();
  // restart.cpp
  bool end_instance(std::size_t index, Termination termination);
  void follow_end(std::size_t index);
  [[nodiscard]] AfterEnd after_end(std::size_t index) const;
  void stay_ended(std::size_t index);
  void schedule_restart(std::size_t index);
  [[nodiscard]] Duration back_off_after_end(ContainerState& container) const;
  void raise_back_off(ContainerState& container) const;
  void drop_restart(ContainerState& container);
  [[nodiscard]] bool is_restart_due(const ContainerState& container) const;
  void end_all_to_restart(std::size_t by);
  void begin_again_when_ended();
  // probes.cpp
  void run_probes();
  void attempt(std::size_t index, ProbeKind kind);
  void take_result(std::size_t index, ProbeKind kind, ProbeOutcome outcome, const std::string& message);
  void cross_threshold(std::size_t index, ProbeKind kind);
  void stop_probe(std::size_t index, ProbeKind kind);
  // stop.cpp
  void begin_stop(StopCause cause, std::optional<Duration> grace, std::string message);
  void begin_ending(std::size_t index, Duration grace);
  void hurry(std::size_t index, Duration grace);
  void after_pre_stop(std::size_t index);
  void send_stop_signal(std::size_t index);
  void kill(std::size_t index);
  void end_overdue();
  void restart_sidecars();
  void stop_when_done();
  void let_sidecars_go();
  [[nodiscard]] bool may_come_back(std::size_t index) const;
  [[nodiscard]] bool is_work_done() const;
  [[nodiscard]] bool is_over() const;
  // conditions.cpp
  void mark_conditions();

  [[nodiscard]] bool is_current(std::size_t index, unsigned instance) const {
    return is_live(state_.containers[index]) && state_.containers[index].instances == instance + 1;
  }
  [[nodiscard]] unsigned instance_of(std::size_t index) const { return state_.containers[index].instances - 1; }
  [[nodiscard]] bool any_live(Role role) const;

  void note(std::string reason, std::optional<std::size_t> container, std::string message, NoteType type = NoteType::kNormal) {
    actions_.push_back(Note{.reason = std::move(reason), .container = container, .message = std::move(message), .type = type});
  }

  PodState state_;
  Time now_;
  std::vector<Action> actions_;
  bool may_return_ = false;  // the container that has ended in this event did so before its turn to go
};

}  // namespace podctl::lifecycle
