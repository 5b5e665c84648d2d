#pragma once

#include <cstdint>

/// The one page of memory that the monitor shares with everybody it launches. No pointers to code, no
/// locks: words, and futexes on them.
namespace podctl::run {

/// A system call that can fail a step; the parent turns it into words.
enum class Call : std::uint32_t {
  kNone,
  kAccess,
  kAwait,
  kCapset,
  kChdir,
  kCheckKind,
  kClone,
  kDup,
  kExec,
  kFchmod,
  kFchown,
  kFutex,
  kGetcwd,
  kInjected,
  kInterpreter,
  kIoctl,
  kMkdir,
  kMknod,
  kMount,
  kMountSetattr,
  kMoveMount,
  kNetlink,
  kOpen,
  kOpenTree,
  kPivotRoot,
  kPoll,
  kPrctl,
  kPrlimit,
  kReadlink,
  kSendmsg,
  kSetgid,
  kSetgroups,
  kSethostname,
  kSetns,
  kSetsid,
  kSetuid,
  kSigaction,
  kSocket,
  kStat,
  kSymlink,
  kUmount,
  kUnshare,
  kWrite,
};

/// What stands in StepCell::control.
inline constexpr std::uint32_t kGo = 0;
inline constexpr std::uint32_t kStop = 1;          ///< wait here until the word changes
inline constexpr std::uint32_t kFaultBase = 1000;  ///< kFaultBase + errno: fail here with that errno

/// One step of the plan, as it is carried out.
struct StepCell {
  std::uint32_t control = kGo;
  std::uint32_t reached = 0;  ///< 1 once somebody stands at the step
  std::int64_t done_ns = 0;   ///< CLOCK_MONOTONIC when it was done; 0 before
};

enum class SlotState : std::uint32_t {
  kIdle,
  kRunning,  ///< at work on its steps
  kExec,     ///< about to exec: from here on only success or `error` follow
  kFailed,
};

/// One actor: pause, or a member.
struct Slot {
  SlotState state = SlotState::kIdle;
  std::uint32_t step = 0;  ///< number of the step it is at, or failed at
  Call call = Call::kNone;
  std::int32_t error = 0;  ///< errno
  std::uint32_t item = 0;  ///< which of several objects of the step
  /// 1 while the actor runs on the monitor's memory; the kernel clears and wakes it at exec or exit
  /// (CLONE_CHILD_CLEARTID, set_tid_address(2)).
  std::uint32_t on_our_memory = 0;
  std::int32_t pid = 0;      ///< as the monitor sees it
  std::int32_t between = 0;  ///< pid of the process between helper and member, where there has to be one
  std::int32_t pidfd = -1;   ///< in the monitor's table
  std::uint64_t mark = 0;    ///< inode of the member's cgroup namespace
};

/// What the monitor and pause tell each other while the pod is built.
struct Handoff {
  std::uint32_t monitor_done = 0;   ///< 1: maps and host folders are there; 2: the monitor gave up
  std::uint32_t tree_ready = 0;     ///< 1: members may join; 2: pause failed
  std::uint32_t network_ready = 0;  ///< 1: network_fd is the pod's net namespace; 2: its maker failed
  std::int32_t network_fd = -1;     ///< in pause's table
};

}  // namespace podctl::run
