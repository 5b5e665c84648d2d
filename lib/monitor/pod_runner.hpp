#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "lifecycle/pod_state.hpp"
#include "monitor/background.hpp"
#include "monitor/console.hpp"
#include "monitor/container_io.hpp"
#include "monitor/control.hpp"
#include "monitor/loop.hpp"
#include "monitor/terminal.hpp"
#include "monitor/workers.hpp"
#include "podctl/control.hpp"
#include "podctl/run.hpp"
#include "run/freezer.hpp"
#include "run/remove.hpp"
#include "run/sandbox.hpp"
#include "state/event_log.hpp"
#include "state/pod_folder.hpp"
#include "view/status.hpp"

namespace podctl::monitor {

/// One pod from its first step to its last record: feeds what happens into the state machine and carries
/// out what that decides. One thread, one loop.
class PodRunner {
 public:
  /// @param background  of a detached monitor, which shows nothing and tells it how the start went
  PodRunner(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options, std::unique_ptr<state::PodFolder> folder,
            std::optional<Background> background = {});
  ~PodRunner();
  PodRunner(const PodRunner&) = delete;
  PodRunner& operator=(const PodRunner&) = delete;

  RunOutcome run();

 private:
  static constexpr Duration kDiskCheck = std::chrono::seconds(10);   ///< how often volumes with a limit are measured, as a kubelet does
  static constexpr Duration kRecordRetry = std::chrono::seconds(1);  ///< after a record that could not be written

  struct Container {
    std::optional<run::Member> member;
    std::unique_ptr<ContainerIo> io;
    bool exited = false;  ///< its process is a zombie we know of
    bool has_input = false;
    unsigned instance = 0;
  };

  // Start
  void prepare();
  void start_sandbox();
  void explain(int first_step, int last_step);
  // The loop
  void loop_until_over();
  int wait_time() const;
  void feed(const lifecycle::Event& event);
  void carry_out(const lifecycle::StartContainer& action);
  void read_environment(std::size_t index);
  void start_pending();
  void start_failed(std::size_t index, const ErrorInfo& why);
  void carry_out(const lifecycle::SignalContainer& action);
  void carry_out(const lifecycle::KillContainer& action);
  // Probes and hooks (pod_runner_work.cpp)
  void carry_out(const lifecycle::RunProbe& action);
  void carry_out(const lifecycle::AbandonProbe& action);
  void carry_out(const lifecycle::RunHook& action);
  void carry_out(const lifecycle::AbandonHook& action);
  [[nodiscard]] std::string address_of(const std::string& host) const;
  [[nodiscard]] Plan exec_plan(std::size_t index, std::vector<std::string> command) const;
  [[nodiscard]] Duration scaled(Duration real) const;
  void carry_out(const lifecycle::Finish&);
  void carry_out(const lifecycle::Note& note);
  [[nodiscard]] std::string event_line(const lifecycle::Note& note, Time at) const;
  // What happens (pod_runner_events.cpp)
  void on_signal();
  void on_started(std::size_t index);
  void on_exit(std::size_t index);
  void on_log_failure(std::size_t index, const Error& error);
  void on_pause_exit();
  std::string final_message(std::size_t index);
  std::string last_words(std::size_t index);
  bool is_deaf(std::size_t index, int signal_number) const;
  void check_time_limit();
  void check_disk_volumes();
  void check_report();
  void report_end();
  void report(const Message& message);
  // What commands ask (pod_runner_control.cpp)
  void open_control();
  Control::Answer answer(const Message& request);
  Control::Answer recorded(Control::Answer answer);
  Control::Answer answer_settle();
  Control::Answer answer_stop(const Message& request);
  Control::Answer answer_container(const Message& request, const lifecycle::Event& event);
  Control::Answer answer_kill(const Message& request);
  Control::Answer answer_target(const Message& request);
  Control::Answer answer_exec(const Message& request);
  void require_input(std::size_t index) const;
  Control::Answer answer_attach(const Message& request);
  Control::Answer answer_last_exit(const Message& request);
  [[nodiscard]] ExecOptions::Identity mapped_identity(ExecOptions::Identity identity) const;
  [[nodiscard]] std::size_t container_of(const Message& request) const;
  Container& running_container(std::size_t index);
  // Pausing (pod_runner_freeze.cpp)
  Control::Answer answer_freeze();
  Control::Answer answer_thaw();
  std::string hold_by_freezer();
  void thaw();
  void thaw_to_end();
  void drop_freezer() noexcept;
  // End and record (pod_runner_end.cpp)
  void end_sandbox();
  void discard_layer(std::size_t index);
  void drop_overlay_marks(std::size_t index);
  void clear_disk();
  RunOutcome conclude();
  void abandon() noexcept;
  [[nodiscard]] std::string_view after_failure() const;  ///< what a failed start left, for the end of its message
  view::StatusSource status_source() const;
  void keep_record();
  std::optional<ErrorInfo> keep_last_record();
  void keep_secrets();
  void write_record(state::PodFolder::Durability durability);
  void warn(std::string_view line) { console_.err().write(cat("podctl: warning: ", line, '\n')); }
  void say(std::string_view line) {
    if (!options_.quiet) console_.say(line);
  }

  Pod pod_;
  const std::vector<DataObject>& objects_;
  const RunOptions& options_;
  std::unique_ptr<state::PodFolder> folder_;
  Loop loop_;
  Console console_;
  UniqueFd signals_;
  std::string uid_;
  std::chrono::nanoseconds clock_offset_{0};
  HostFacts facts_;
  PlanOptions plan_options_;
  Plan plan_;
  lifecycle::PodState state_;
  std::optional<run::Freezer> freezer_;  ///< from the first pause on; goes after those that are in it
  std::unique_ptr<run::Sandbox> sandbox_;
  UniqueFd user_namespace_;  // of the pod, for clearing up; empty when we may do it ourselves
  std::vector<Container> containers_;
  std::vector<run::Removal> removals_;  // of layers whose instance has ended
  UniqueFd layers_;
  std::vector<run::StartRequest> starts_;  // decided by the event under way, begun together at its end
  std::vector<lifecycle::Event> pending_;  // events met while an event is being carried out
  bool feeding_ = false;
  bool over_ = false;
  int stop_signal_ = 0;
  std::optional<ErrorInfo> start_error_;
  std::optional<Time> time_limit_, next_disk_check_, record_due_;
  bool recorded_ = false;   ///< its manifest and a status are on disk
  bool concluded_ = false;  ///< and it is the final one, or as near to it as can be
  std::optional<lifecycle::RunExit> exit_;
  bool input_given_ = false;
  std::optional<FreezeMethod> held_;  ///< while it is paused
  std::optional<RawTerminal> keys_;   ///< the caller's terminal, while a container with one has it
  const bool detached_;
  const bool keeps_logs_;  ///< a pod that is forgotten at its end keeps them when nobody sees its output
  bool warned_of_record_ = false;
  std::optional<Background> background_;  ///< until it has been told
  std::optional<Time> report_until_;
  bool withdrawn_ = false;                               ///< nobody waits for the start any more
  std::vector<std::pair<Time, lifecycle::Note>> notes_;  // not yet written
  std::optional<Control> control_;
  Workers workers_{loop_};
};

}  // namespace podctl::monitor
