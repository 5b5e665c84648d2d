#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "lifecycle/events.hpp"
#include "podctl/process.hpp"
#include "podctl/spec.hpp"

/// The life of a pod as a pure state machine: what a kubelet would do next, given what has happened. No
/// clock, no process, no descriptor: time comes in with every event, and what to do goes out as actions.
namespace podctl::lifecycle {

/// The numbers of the rules. Real ones by default; tests scale them.
struct Timing {
  Duration first_back_off = std::chrono::seconds(10);
  Duration most_back_off = std::chrono::seconds(300);
  Duration back_off_forgotten = std::chrono::seconds(600);  ///< since the back-off was last raised
  Duration least_grace = std::chrono::seconds(2);
  Duration probe_slack = std::chrono::seconds(5);  ///< how long after its timeout a probe's answer is waited for
};

/// kInit runs to its end before anything else starts; kSidecar starts like it and then stays until the
/// regular containers have ended; kApp is a regular container.
enum class Role { kInit, kSidecar, kApp };

struct ProbeRules {
  Duration initial_delay{0}, period{0}, timeout{0};
  unsigned success_threshold = 1, failure_threshold = 3;
  std::optional<Duration> grace;  ///< for the end it causes
};

/// What the manifest says about a container's life.
struct ContainerRules {
  std::string name;
  Role role = Role::kApp;
  RestartPolicy restart_policy = RestartPolicy::kAlways;  ///< its own, else the pod's
  std::vector<RestartRule> restart_rules;
  std::array<std::optional<ProbeRules>, 3> probes{};  ///< by ProbeKind
  std::array<bool, 2> has_hook{};                     ///< by HookKind
  int stop_signal = SIGTERM;
  TerminationMessagePolicy message_policy = TerminationMessagePolicy::kFile;
};

/// One finished instance.
struct Termination {
  ExitStatus exit;
  std::string reason;  ///< Completed, Error, OOMKilled, StartError
  std::string message;
  Time started_at{0}, finished_at{0};
};

/// What the attempts of one probe have come to, for the instance that runs.
struct ProbeState {
  bool passed = false;  ///< what counts: it changes when a run of equal results reaches its threshold
  bool running = false;
  bool run_of_successes = false;
  unsigned run = 0;        ///< equal results in a row
  unsigned errors = 0;     ///< attempts in a row that could not be made
  std::optional<Time> at;  ///< the next attempt is due; of one that runs: its answer is overdue
  Time next_at{0};         ///< of one that runs: when the one after it is due
};

/// A container that is being ended while it lives.
struct Ending {
  enum class Step {
    kHook,      ///< preStop runs
    kTurn,      ///< a sidecar waits until those it serves have ended
    kSignaled,  ///< the stop signal was sent
    kKilled,
  };
  Step step = Step::kHook;
  Time since{0};
  Duration grace{0};
  std::optional<Time> due;  ///< when the next step comes, whatever happens
};

struct ContainerState {
  enum class Status { kWaiting, kStarting, kRunning, kTerminated };
  Status status = Status::kWaiting;
  std::string waiting_reason = "ContainerCreating", waiting_message;
  Time started_at{0};
  std::optional<Termination> terminated;  ///< of the instance that has just ended
  std::optional<Termination> last;        ///< of the one before
  unsigned restarts = 0;
  unsigned instances = 0;  ///< how many were started

  // Since all containers were last begun anew, which RestartAllContainers does.
  bool begun = false;      ///< it was started
  bool has_ended = false;  ///< an instance of it has
  bool lets_next = false;  ///< it has come so far that the one behind it may begin; never taken back

  // Of the instance that runs.
  bool hook_running = false;             ///< postStart
  std::optional<HookKind> waiting_hook;  ///< it begins when the paused pod goes on
  bool started = false;                  ///< postStart is over and the startup probe has passed
  std::array<ProbeState, 3> probes;
  std::optional<Ending> ending;
  std::string post_start_error;  ///< why its postStart hook failed

  Duration next_back_off{0};  ///< 0: the next crash is answered at once
  Time back_off_raised_at{0};
  std::optional<Time> restart_at;
  bool kept_down = false;      ///< stopped by hand: not restarted
  bool restart_asked = false;  ///< restarted by hand: at once, whatever the policy
};

struct Stop {
  StopCause cause = StopCause::kUser;
  Time at{0};
  std::string message;
  Duration grace{0};
};

enum class Phase { kPending, kRunning, kSucceeded, kFailed };

/// In the order they are shown in.
enum class ConditionType { kPodScheduled, kReadyToStartContainers, kInitialized, kContainersReady, kReady, kAllContainersRestarting };
inline constexpr std::size_t kConditionTypes = 6;

struct ConditionMark {
  bool holds = false;
  Time since{0};  ///< when it last changed
};

struct PodState {
  std::vector<ContainerRules> rules;  ///< init containers first
  std::vector<ContainerState> containers;
  Timing timing;
  Duration grace{0};
  std::optional<Duration> active_deadline;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  std::string pod_key;                       ///< NAME_NAMESPACE(UID), as the message of a back-off names the pod; the caller's to fill in
  std::vector<std::string> readiness_gates;  ///< conditions that nobody sets here, so that it never gets Ready

  Time start_time{0};
  bool sandbox_ready = false;
  bool started_once = false;           ///< every app container has been begun
  bool initialized = false;            ///< every init container has succeeded, every sidecar has started
  bool restarting_all = false;         ///< from the end that asked for it until a container runs again
  std::optional<Time> restart_all_at;  ///< when they may begin again, once all have ended
  std::size_t restart_all_by = 0;      ///< the container whose end asked for it
  std::optional<Stop> stop;            ///< set from the moment a stop begins
  bool paused = false;                 ///< its processes are held; never while it stops
  bool finished = false;               ///< nothing runs, nothing will; phase is final
  std::array<ConditionMark, kConditionTypes> conditions;
};

PodState make_pod_state(const PodSpec& spec, const Timing& timing = {});

struct Advance {
  PodState state;
  std::vector<Action> actions;
};

/// What follows from `event` at `now`. Nothing once the pod has finished.
Advance advance(PodState state, const Event& event, Time now);

/// When the next Tick is due, if nothing happens before.
std::optional<Time> next_timer(const PodState& state);

/// Why `event`, one of those about a single container, would change nothing; empty when it would.
std::string_view refusal(const PodState& state, const Event& event);

/// Whether the end of its log stands in for a container's final message (FallbackToLogsOnError): the caller
/// reads it only then. `message` is what the message's file holds.
bool wants_log_tail(const PodState& state, std::size_t container, ExitStatus exit, std::string_view message);

// --- what the state means ---------------------------------------------------------------------------------

/// Every container has begun its program at least once.
bool has_run_once(const PodState& state);
/// What `ready` says of a container: an init container has succeeded, any other has started and passes.
bool is_ready(const PodState& state, std::size_t container);
Phase phase_of(const PodState& state);
std::string_view phase_name(Phase phase);
/// The one word of the STATUS column.
std::string status_word(const PodState& state);

/// As `status.conditions` has it.
struct Condition {
  std::string_view type;
  bool holds = false;
  Time since{0};
  std::string_view reason;
  std::string message;
};
std::vector<Condition> conditions_of(const PodState& state);
bool holds(const PodState& state, ConditionType type);

/// How a foreground run ends.
struct RunExit {
  int code = 0;
  std::string source;     ///< container, podctl, timeout, signal
  std::string container;  ///< whose code it is
};
/// The pod's own exit code. `signal_number` is what stopped it, or 0; `code_from` the container whose code
/// is asked for, or "".
RunExit run_exit(const PodState& state, int signal_number, std::string_view code_from);

}  // namespace podctl::lifecycle
