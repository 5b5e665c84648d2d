#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "run/page.hpp"

/// What a process does between clone and exec, flattened before the clone: no allocation, no decision, no
/// word is left for then. compile.cpp makes it from a plan's steps, child.cpp runs it.
namespace podctl::run {

/// One file, folder or link to make.
struct Item {
  const char* path = nullptr;
  const char* text = nullptr;  ///< a link's target, a file's content
  std::size_t size = 0;        ///< of a file's content
  std::uint32_t mode = 0;
};

struct Program;

/// What an operation may need, by kind; each names its own below.
struct Op {
  enum class Code : std::uint8_t {
    kAwaitMonitor,  // until maps and host folders are there
    kWriteMaps,     // a, b: text of uid_map, gid_map
    kBecome,        // uid, gid
    kDieWithMonitor,
    kStopPropagation,
    kUnshare,  // flags
    kSpawn,    // program, stack
    kHandNetwork,
    kJoinNetwork,
    kLoopback,     // items[0].text/size: netlink messages; number: how many
    kHostname,     // a, number: its length
    kPodTree,      // a: tmpfs options; items: folders
    kTmpfs,        // target, a: options, flags; items: folders, links
    kNewRoot,      // target (in the pod tree), a: options, flags; items: as kTmpfs
    kBindHost,     // a: source, or fd; target, attributes, number: PathKind
    kBindDevices,  // target; items: path, mode = device number
    kMountFs,      // target, a: type, b: options, flags
    kMask,         // target; items: path, mode = 1 hidden, 0 read-only
    kWriteFiles,   // target; items: in order
    kEnterTree,
    kAnnounceTree,
    kExecPause,       // fd: the program, number: the descriptor it reports on
    kLayers,          // target (in the pod tree), a: options, flags; items: as kWriteFiles
    kOverlay,         // target, a: options
    kNewOverlayRoot,  // the same, and the result becomes the root
    kMoveMount,       // a: source, target
    kBindInto,        // a: source, b: sub path or null, target, attributes
    kFillDev,         // a: source, target; items: nodes, links
    kMessageFile,     // a
    kRootReadOnly,    // target: a folder at the top, or null for the root itself
    kEnterRoot,
    kNoteMark,
    kAwaitPause,  // fd: readiness, number: pause's pidfd
    kSession,
    kOpenFiles,     // number: soft, flags: hard
    kChdir,         // a
    kCapabilities,  // number: kept
    kIdentity,      // uid, gid, groups, number: how many; flags: 1 to set groups
    kNoNewPrivileges,
    kStreams,    // streams, uid, gid
    kTerminal,   // fd: a socket that its other end goes to; number: rows << 16 | columns; uid
    kAwaitTurn,  // word
    kExec,       // argv, environment, items: candidates, flags: signals that are not at their default
  };

  Code code{};
  std::uint32_t step = 0;
  const char* target = nullptr;  ///< resolved below the actor's root
  const char* a = nullptr;
  const char* b = nullptr;
  const Item* items = nullptr;
  std::size_t item_count = 0;
  std::uint64_t flags = 0;       ///< MS_* or CLONE_*
  std::uint64_t attributes = 0;  ///< MOUNT_ATTR_*
  std::uint64_t number = 0;
  int fd = -1;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  int streams[3] = {-1, -1, -1};
  const std::uint32_t* word = nullptr;
  const char* const* argv = nullptr;
  const char* const* environment = nullptr;
  const Program* program = nullptr;
  void* stack = nullptr;
};

/// Everything one actor is given.
struct Program {
  const Op* ops = nullptr;
  std::size_t count = 0;
  Slot* slot = nullptr;
  StepCell* cells = nullptr;  ///< by step number
  Handoff* handoff = nullptr;
  int monitor_pidfd = -1;  ///< readable once the monitor is gone
  // Of a member: how the helper brings it into the pod.
  std::uint32_t join_step = 0;
  int pause_pidfd = -1;
  std::uint64_t joined = 0, fresh = 0;  ///< CLONE_NEW*
  void* member_stack_top = nullptr;
};

/// Entry of pause's process: runs the program, ends in pause's own image or in exit.
int pause_main(void* program) noexcept;
/// Entry of the helper that joins the pod and gives birth to the member as its own sibling.
int helper_main(void* program) noexcept;

/// "openat2", for messages.
const char* call_name(Call call) noexcept;

}  // namespace podctl::run
