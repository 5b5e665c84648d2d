#include "run/member.hpp"

#include <sched.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "sys/sys.hpp"

namespace podctl::run {

namespace raw = sys::raw;

std::uint64_t changed_signals() {
  std::uint64_t set = 0;
  for (int number = 1; number <= 64; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_DFL) set |= std::uint64_t{1} << (number - 1);
  }
  return set;
}

MemberLaunch::~MemberLaunch() { ground.stacks.give_back(pair); }

const Step& MemberLaunch::step_of(const Slot& where) const {
  for (const Step* step : program->steps())
    if (step->number == static_cast<int>(where.step)) return *step;
  return *program->steps().front();
}

Member::Member() = default;
Member::Member(Member&& other) noexcept = default;
Member& Member::operator=(Member&& other) noexcept {
  process_ = std::move(other.process_);  // ends ours first: the launch's memory is the child's until then
  launch_ = std::move(other.launch_);
  started_ = std::move(other.started_);
  mark_ = other.mark_;
  return *this;
}
Member::~Member() { process_ = Process(); }

Member MemberLaunch::begin(const Ground& ground, std::vector<Step> steps, const ProgramContext& context, std::shared_ptr<void> own) {
  Slot& slot = *context.slot;
  auto launch = std::make_unique<MemberLaunch>(ground);
  launch->own = std::move(own);
  launch->slot = &slot;
  launch->pair = ground.stacks.take();
  launch->program = std::make_unique<CompiledProgram>(std::move(steps), ground.plan, context);
  launch->program->program().member_stack_top = launch->pair.long_top;
  sys::Pipe started = sys::make_pipe();  // the member's copy closes at its exec, or with it
  launch->started = std::move(started.write_end);
  // Until its own process clears it: the member that waits for its turn behind this one may look earlier.
  __atomic_store_n(&slot.on_our_memory, 1, __ATOMIC_RELEASE);
  {
    const SignalsBlocked blocked;
    // FILES: the helper puts the member's pidfd into our table.
    launch->helper =
        raw::clone(helper_main, launch->pair.short_top, CLONE_VM | CLONE_FILES | SIGCHLD, &launch->program->program(), nullptr, nullptr);
  }
  if (launch->helper < 0) __atomic_store_n(&slot.on_our_memory, 0, __ATOMIC_RELEASE);
  sys::check(launch->helper, "clone");
  Member member;
  member.started_ = std::move(started.read_end);
  member.launch_ = std::move(launch);
  return member;
}

void MemberLaunch::finish(Member& member) {
  MemberLaunch& launch = *member.launch_;
  Slot& slot = *launch.slot;
  const auto reap = [](pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
    }
  };
  reap(launch.helper);
  if (slot.between > 0) reap(slot.between);
  launch.started.reset();
  if (slot.pid > 0) {
    UniqueFd pidfd(slot.pidfd);
    // Who was born of the process between has told us a number of the pod's own pid namespace.
    const pid_t pid = slot.between > 0 ? sys::pid_of(pidfd.get()) : slot.pid;
    member.process_ = Process(pid, std::move(pidfd));
    return;
  }
  UniqueFd(slot.pidfd).reset();
  if (slot.state != SlotState::kFailed) {  // killed before it could say anything
    slot.call = Call::kClone;
    slot.error = ESRCH;
  }
  // Whoever waits behind it goes on.
  __atomic_store_n(&slot.on_our_memory, 0, __ATOMIC_RELEASE);
  raw::futex_wake(&slot.on_our_memory);
  throw Error(launch_failure(launch.ground.plan, launch.ground.facts, launch.step_of(slot), slot));
}

std::optional<ErrorInfo> Member::take_start_result() {
  const std::unique_ptr<MemberLaunch> launch = std::move(launch_);
  started_.reset();
  if (launch == nullptr) return std::nullopt;
  const Slot& slot = *launch->slot;
  mark_ = slot.mark;
  if (slot.state == SlotState::kExec) return std::nullopt;
  Slot failed = slot;
  if (failed.state != SlotState::kFailed) {
    failed.call = Call::kAwait;
    failed.error = ESRCH;
  }
  return launch_failure(launch->ground.plan, launch->ground.facts, launch->step_of(failed), failed);
}

}  // namespace podctl::run
