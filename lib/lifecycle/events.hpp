#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "base/time.hpp"
#include "podctl/process.hpp"

/// What the state machine is told, and what it answers. Containers are named by their index among
/// all_containers(spec), instances by their number from 0.
namespace podctl::lifecycle {

enum class ProbeKind { kStartup, kLiveness, kReadiness };
enum class HookKind { kPostStart, kPreStop };

/// Why a pod is being stopped, or was.
enum class StopCause {
  kUser,         ///< stop, Ctrl-C, a signal
  kKilled,       ///< the same without grace and hooks
  kTimeLimit,    ///< --timeout
  kDeadline,     ///< activeDeadlineSeconds
  kEvicted,      ///< a volume over its limit
  kInitFailed,   ///< an init container failed for good
  kStartFailed,  ///< a container could not be started at all
  kSandboxDied,
  kUntil,      ///< --until: the container that was waited for has ended
  kCompleted,  ///< no regular container runs or will: the sidecars go
};

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
/// The main process has ended, and every other process of the container with it.
struct Exited {
  std::size_t container = 0;
  ExitStatus exit;
  std::string message;      ///< its final message: what its file holds; longer ones are cut
  bool awaited = false;     ///< its end is what --until waits for: it ends the pod, whatever the restart policy
  bool oom_killed = false;  ///< the kernel has said that it ran out of memory
  std::string log_tail;     ///< the last lines of its log, when wants_log_tail() asks for them
};

enum class ProbeOutcome {
  kSuccess,
  kFailure,  ///< a timeout is one
  kError,    ///< the probe could not be made: says nothing about the container
};
/// Answers RunProbe. Whoever runs a probe enforces its timeout; an answer that is long overdue counts as a failure.
struct ProbeFinished {
  std::size_t container = 0;
  unsigned instance = 0;
  ProbeKind kind = ProbeKind::kReadiness;
  ProbeOutcome outcome = ProbeOutcome::kSuccess;
  std::string message;  ///< of a failure: "HTTP probe failed with statuscode: 503"
};
/// Answers RunHook.
struct HookFinished {
  std::size_t container = 0;
  unsigned instance = 0;
  HookKind kind = HookKind::kPostStart;
  bool ok = true;
  std::string message;  ///< why not
};

/// A time that next_timer() named has come.
struct Tick {};

/// All processes of the pod stand still: nothing is begun, nobody is asked and no grace period ends until they go on. They do
/// with Resumed, and when the pod or one of its containers is to stop, to restart or to get a signal.
struct Paused {};
struct Resumed {};

/// Ends the pod. A second one may only hurry the first: kKilled kills, and a shorter grace period takes effect.
struct StopRequested {
  StopCause cause = StopCause::kUser;
  std::optional<Duration> grace;  ///< instead of the pod's own
  std::string message;
};
/// `stop -c`: ends one container, which stays down until it is asked back. See refusal().
struct ContainerStopRequested {
  std::size_t container = 0;
  std::optional<Duration> grace;  ///< instead of the pod's own
};
/// `restart -c`: ends one container as a stop does, and begins it again at once, whatever its restart policy.
struct ContainerRestartRequested {
  std::size_t container = 0;
  std::optional<Duration> grace;
};
/// `kill`: a signal to one container's main process, to all of its processes when it is SIGKILL. What
/// follows from it is left to the container and its restart policy.
struct ContainerSignalRequested {
  std::size_t container = 0;
  int signal_number = 0;
};

using Event = std::variant<SandboxReady, Started, StartFailed, Exited, ProbeFinished, HookFinished, Tick, Paused, Resumed, StopRequested,
                           ContainerStopRequested, ContainerRestartRequested, ContainerSignalRequested>;

// --- actions ----------------------------------------------------------------------------------------------

struct StartContainer {
  std::size_t container = 0;
  unsigned instance = 0;  ///< from 0
  bool in_turn = false;   ///< begun together with the one before it, so it waits for its turn
};
/// A signal to the container's main process.
struct SignalContainer {
  std::size_t container = 0;
  int signal_number = 0;
};
/// SIGKILL to every process of the container.
struct KillContainer {
  std::size_t container = 0;
};
/// Make one attempt, and say with ProbeFinished how it ended: at most one of a kind at a time.
struct RunProbe {
  std::size_t container = 0;
  unsigned instance = 0;
  ProbeKind kind = ProbeKind::kReadiness;
};
/// Nobody waits for its answer any more: end it. An answer that comes nevertheless changes nothing.
struct AbandonProbe {
  std::size_t container = 0;
  unsigned instance = 0;
  ProbeKind kind = ProbeKind::kReadiness;
};
/// Run the hook, and say with HookFinished how it ended. It has no time limit of its own.
struct RunHook {
  std::size_t container = 0;
  unsigned instance = 0;
  HookKind kind = HookKind::kPostStart;
};
/// As AbandonProbe.
struct AbandonHook {
  std::size_t container = 0;
  unsigned instance = 0;
  HookKind kind = HookKind::kPostStart;
};
/// Nothing is left to do: the sandbox can go.
struct Finish {};

enum class NoteType { kNormal, kWarning };
/// Something worth telling; the names are those of Kubernetes events.
struct Note {
  std::string reason;
  std::optional<std::size_t> container;
  std::string message;
  NoteType type = NoteType::kNormal;
};

using Action = std::variant<StartContainer, SignalContainer, KillContainer, RunProbe, AbandonProbe, RunHook, AbandonHook, Finish, Note>;

}  // namespace podctl::lifecycle
