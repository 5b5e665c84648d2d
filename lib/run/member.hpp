#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/plan.hpp"
#include "podctl/process.hpp"
#include "run/compile.hpp"
#include "run/launch_memory.hpp"

namespace podctl::run {

/// Descriptors a member gets as 0, 1 and 2; borrowed for the start.
struct Streams {
  int in = -1, out = -1, err = -1;
  int terminal = -1;               ///< instead, for a member with a terminal: a socket that receives its other end (SCM_RIGHTS)
  unsigned rows = 0, columns = 0;  ///< of that terminal; 0: not known
  bool gives_away = false;         ///< they are made for this, so they may belong to the container's user
};

struct MemberLaunch;

/// A process that was brought into a pod, from its birth on: a container's main process, or a further program in it.
class Member {
 public:
  [[nodiscard]] Process& process() noexcept { return process_; }
  [[nodiscard]] const Process& process() const noexcept { return process_; }
  /// Becomes readable when the program has begun or the start has failed.
  [[nodiscard]] int started_fd() const noexcept { return started_.get(); }
  /// To be called then. Nothing when the program runs, else what went wrong; releases the launch's memory.
  std::optional<ErrorInfo> take_start_result();
  /// Inode of its cgroup namespace: every descendant that has not made its own carries it.
  [[nodiscard]] std::uint64_t mark() const noexcept { return mark_; }

  Member(Member&& other) noexcept;
  Member& operator=(Member&& other) noexcept;
  ~Member();

 private:
  friend struct MemberLaunch;
  Member();

  std::unique_ptr<MemberLaunch> launch_;  // gone once the program has begun
  Process process_;
  UniqueFd started_;
  std::uint64_t mark_ = 0;
};

/// What the births of members need of whoever gives them.
struct Ground {
  const Plan& plan;
  const HostFacts& facts;
  StackPool& stacks;
};

/// A birth under way: the memory that the member runs on until its program begins.
struct MemberLaunch {
  /// Starts the helper that joins the pod and gives birth to the member. `context.slot` is the member's, reset by the
  /// caller. Must be followed by finish(), after other births have begun perhaps.
  /// @param own  kept for as long as the launch lives, when `ground` is not the caller's
  static Member begin(const Ground& ground, std::vector<Step> steps, const ProgramContext& context, std::shared_ptr<void> own = {});
  /// Waits until the member's process exists. @throws Error  in the plan's words
  static void finish(Member& member);

  explicit MemberLaunch(const Ground& where) : ground(where) {}
  MemberLaunch(const MemberLaunch&) = delete;
  MemberLaunch& operator=(const MemberLaunch&) = delete;
  ~MemberLaunch();
  /// The step that `where` tells of.
  [[nodiscard]] const Step& step_of(const Slot& where) const;

  std::shared_ptr<void> own;
  Ground ground;
  Slot* slot = nullptr;
  std::unique_ptr<CompiledProgram> program;
  StackPool::Pair pair;
  pid_t helper = -1;
  UniqueFd started;  ///< the member's end of the pipe, while it has none of its own
};

/// The words for a failure at a step. `where` is the slot's record of it.
ErrorInfo launch_failure(const Plan& plan, const HostFacts& facts, const Step& step, const Slot& where);

/// Signals that this process ignores or handles: what an exec would pass on, or must not run in a child. Bit N-1 is
/// signal N.
std::uint64_t changed_signals();

}  // namespace podctl::run
