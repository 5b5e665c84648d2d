#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
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
};

enum class Role { kInit, kApp };

/// What the manifest says about a container's life.
struct ContainerRules {
  std::string name;
  Role role = Role::kApp;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
};

/// One finished instance.
struct Termination {
  ExitStatus exit;
  std::string reason;  ///< Completed, Error, StartError, ...
  std::string message;
  Time started_at{0}, finished_at{0};
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

  Duration next_back_off{0};  ///< 0: the next crash is answered at once
  Time back_off_raised_at{0};
  std::optional<Time> restart_at;
  std::optional<Time> kill_at;  ///< the stop signal was sent; SIGKILL is due then
  bool killed = false;
};

/// Why a pod is being stopped, or was.
enum class StopCause {
  kUser,         ///< stop, Ctrl-C, a signal
  kKilled,       ///< the same without grace
  kTimeLimit,    ///< --timeout
  kDeadline,     ///< activeDeadlineSeconds
  kEvicted,      ///< a volume over its limit
  kInitFailed,   ///< an init container failed for good
  kStartFailed,  ///< a container could not be started at all
  kSandboxDied,
  kUntil,  ///< --until: the container that was waited for has ended
};

struct Stop {
  StopCause cause = StopCause::kUser;
  Time at{0};
  std::string message;
};

enum class Phase { kPending, kRunning, kSucceeded, kFailed };

struct PodState {
  std::vector<ContainerRules> rules;  ///< init containers first
  std::vector<ContainerState> containers;
  Timing timing;
  Duration grace{0};
  std::optional<Duration> active_deadline;
  RestartPolicy restart_policy = RestartPolicy::kAlways;

  Time start_time{0};
  bool sandbox_ready = false;
  bool started_once = false;  ///< every app container has run
  std::optional<Stop> stop;   ///< set from the moment a stop begins
  bool finished = false;      ///< nothing runs, nothing will; phase is final
};

PodState make_pod_state(const PodSpec& spec, const Timing& timing = {});

// --- events -----------------------------------------------------------------------------------------------

struct SandboxReady {};
/// The container's program has begun.
struct Started {
  std::size_t container = 0;
};
struct StartFailed {
  std::size_t container = 0;
  int code = 128;  ///< 126, 127 or 128
  std::string message;
};
struct Exited {
  std::size_t container = 0;
  ExitStatus exit;
  std::string message;   ///< its final message
  bool awaited = false;  ///< its end is what --until waits for: it ends the pod, whatever the restart policy
};
/// A time that next_timer() named has come.
struct Tick {};
struct StopRequested {
  StopCause cause = StopCause::kUser;
  std::optional<Duration> grace;  ///< instead of the pod's own
  std::string message;
};

using Event = std::variant<SandboxReady, Started, StartFailed, Exited, Tick, StopRequested>;

// --- actions ----------------------------------------------------------------------------------------------

struct StartContainer {
  std::size_t container = 0;
  unsigned instance = 0;  ///< from 0
  bool in_turn = false;   ///< begun together with the one before it, so it waits for its turn
};
struct SignalContainer {
  std::size_t container = 0;
  int signal_number = 0;
};
/// Nothing is left to do: the sandbox can go.
struct Finish {};
/// Something worth telling; the names are those of Kubernetes events.
struct Note {
  std::string reason;
  std::optional<std::size_t> container;
  std::string message;
};

using Action = std::variant<StartContainer, SignalContainer, Finish, Note>;

struct Advance {
  PodState state;
  std::vector<Action> actions;
};

/// What follows from `event` at `now`. Nothing once the pod has finished.
Advance advance(PodState state, const Event& event, Time now);

/// When the next Tick is due, if nothing happens before.
std::optional<Time> next_timer(const PodState& state);

// --- what the state means ---------------------------------------------------------------------------------

/// Every container has begun its program at least once.
bool has_run_once(const PodState& state);
Phase phase_of(const PodState& state);
std::string_view phase_name(Phase phase);
/// The one word of the STATUS column.
std::string status_word(const PodState& state);

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
