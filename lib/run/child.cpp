// What happens between clone and exec, but for the mounts (child_mounts.cpp). It runs on the monitor's memory (CLONE_VM), beside the
// monitor: raw system calls only, no errno, no heap, no libc that could lock; failures go into the
// actor's slot of the shared page and the parent finds the words. Which step follows which, and why there,
// is the plan's business (lib/plan).
#include "run/child.hpp"

#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace podctl::run {
namespace {

std::size_t length(const char* text) noexcept {
  std::size_t n = 0;
  while (text[n] != '\0') ++n;
  return n;
}

Result put(const char* path, const char* text) noexcept {
  const int fd = raw::openat(AT_FDCWD, path, O_WRONLY);
  if (fd < 0) return check(fd, Call::kOpen);
  const Result result = write_all(fd, text, length(text), Call::kWrite);
  raw::close(fd);
  return result;
}

int network_main(void* program) noexcept;

// --- identity -----------------------------------------------------------------------------------------

Result write_maps(const Op& op) noexcept {
  // "deny" first: an unprivileged process may map a group only after giving up setgroups (user_namespaces(7)).
  PODCTL_TRY(put("/proc/self/setgroups", "deny"));
  PODCTL_TRY(put("/proc/self/uid_map", op.a));
  return put("/proc/self/gid_map", op.b);
}

Result become(uid_t uid, gid_t gid) noexcept {
  PODCTL_TRY(check(raw::setresgid(gid), Call::kSetgid));
  return check(raw::setresuid(uid), Call::kSetuid);
}

Result die_with_monitor(const Child& child) noexcept {
  PODCTL_TRY(check(raw::prctl(PR_SET_PDEATHSIG, SIGKILL), Call::kPrctl));
  // getppid() is 0 in a pid namespace, so the monitor's own pidfd tells whether it died before the call.
  return monitor_is_gone(child) ? check(-ESRCH, Call::kAwait) : Result{};
}

Result set_identity(const Op& op) noexcept {
  if (op.flags != 0) PODCTL_TRY(check(raw::setgroups(op.number, op.groups), Call::kSetgroups));
  return become(op.uid, op.gid);
}

Result limit_capabilities(std::uint64_t kept) noexcept {
  for (unsigned long number = 0; number < 64; ++number) {
    if ((kept >> number & 1) != 0) continue;
    const int rc = raw::prctl(PR_CAPBSET_DROP, number);
    if (rc == -EINVAL && number > CAP_AUDIT_READ) return {};  // beyond the kernel's last one
    if (rc < 0) return check(rc, Call::kPrctl, number);
  }
  return {};
}

// --- network ------------------------------------------------------------------------------------------

// Begins the steps of another actor beside ours. It shares our memory and our table of descriptors; its death
// is reaped by pause's own program.
Result spawn(const Op& op) noexcept {
  return check(raw::clone(network_main, op.stack, CLONE_VM | CLONE_FILES | SIGCHLD, const_cast<Program*>(op.program), nullptr, nullptr),
               Call::kClone);
}

// By descriptor and not by pidfd: for that one pause would have to be allowed to look into our common memory.
Result hand_network(const Child& child) noexcept {
  const int fd = raw::openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
  if (fd < 0) return check(fd, Call::kOpen);
  child.program.handoff->network_fd = fd;
  set_word(child.program.handoff->network_ready, 1);
  return {};
}

Result join_network(const Child& child) noexcept {
  Handoff& handoff = *child.program.handoff;
  if (!await_change(child, handoff.network_ready, 0)) return check(-ESRCH, Call::kAwait);
  if (get_word(handoff.network_ready) != 1) return check(-ECANCELED, Call::kAwait);
  const int rc = raw::setns(handoff.network_fd, CLONE_NEWNET);
  raw::close(handoff.network_fd);
  return check(rc, Call::kSetns);
}

Result configure_loopback(const Op& op) noexcept {
  const int fd = raw::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return check(fd, Call::kSocket);
  Result result = check(raw::sendto(fd, op.items[0].text, op.items[0].size), Call::kNetlink);
  // Every message asked for an answer; they come in order, several to a datagram.
  std::size_t answered = 0;
  alignas(nlmsghdr) char buffer[2048];
  while (result.call == Call::kNone && answered < op.number) {
    const long received = raw::recvfrom(fd, buffer, sizeof buffer);
    if (received < 0) result = check(received, Call::kNetlink, answered);
    long at = 0;
    while (result.call == Call::kNone && at + static_cast<long>(sizeof(nlmsghdr)) <= received) {
      const auto* header = reinterpret_cast<const nlmsghdr*>(buffer + at);
      if (header->nlmsg_len < sizeof(nlmsghdr)) break;
      if (header->nlmsg_type == NLMSG_ERROR) {
        const auto* error = reinterpret_cast<const nlmsgerr*>(buffer + at + NLMSG_HDRLEN);
        if (error->error < 0) result = check(error->error, Call::kNetlink, answered);
        ++answered;
      }
      at += static_cast<long>(NLMSG_ALIGN(header->nlmsg_len));
    }
  }
  raw::close(fd);
  return result;
}

// --- the member's own process -------------------------------------------------------------------------

Result await_pause(const Op& op) noexcept {
  pollfd polls[2] = {{op.fd, POLLIN, 0}, {static_cast<int>(op.number), POLLIN, 0}};
  const int rc = raw::poll(polls, 2, -1);
  if (rc < 0) return check(rc, Call::kPoll);
  if (polls[0].revents == 0) return check(-ESRCH, Call::kAwait);  // pause is gone
  // From here on programs of the pod may run, and none of them may look into what is still podctl's memory.
  // Not earlier: pause was joined through that memory until it ran its own program (ptrace(2)).
  return check(raw::prctl(PR_SET_DUMPABLE, 0), Call::kPrctl);
}

Result note_mark(const Child& child) noexcept {
  struct stat status {};
  PODCTL_TRY(check(raw::fstatat(AT_FDCWD, "/proc/self/ns/cgroup", &status, 0), Call::kStat));
  child.program.slot->mark = status.st_ino;
  return {};
}

Result change_directory(const Op& op) noexcept {
  const sys::OpenHow how{.flags = O_PATH | O_DIRECTORY, .resolve = sys::kResolveNoMagicLinks};
  int fd = raw::openat2(AT_FDCWD, op.a, how);
  if (fd == -ENOENT) {
    TargetError error;
    const Fd root(raw::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
    if (!root) return check(root.get(), Call::kOpen);
    fd = open_target(root.get(), op.a, Want::kDirectory, error);
    if (fd < 0) return from(error);
  }
  const Fd directory(fd);
  if (!directory) return check(fd, Call::kOpen);
  PODCTL_TRY(check(raw::fchdir(directory.get()), Call::kChdir));
  // A directory of another mount tree answers "(unreachable)...": nobody may start there.
  char path[4096];
  PODCTL_TRY(check(raw::getcwd(path, sizeof path), Call::kGetcwd));
  return path[0] == '/' ? Result{} : check(-EACCES, Call::kGetcwd);
}

Result connect_streams(const Op& op) noexcept {
  for (int i = 0; i < 3; ++i) {
    if (op.streams[i] != i) PODCTL_TRY(check(raw::dup3(op.streams[i], i, 0), Call::kDup, static_cast<std::size_t>(i)));
    // So that a program of another user can open /dev/stdout again.
    if (i > 0 && op.uid != 0) PODCTL_TRY(check(raw::fchown(i, op.uid, op.gid), Call::kFchown, static_cast<std::size_t>(i)));
  }
  return check(raw::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), Call::kDup, 3);
}

// Hands a descriptor to whoever holds the other end of a socket (unix(7), SCM_RIGHTS).
Result hand_over(int socket, int fd) noexcept {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  *reinterpret_cast<int*>(CMSG_DATA(header)) = fd;
  return check(raw::sendmsg(socket, &message, MSG_NOSIGNAL), Call::kSendmsg);
}

// Of the container's own devpts, so that its name is one that the container knows (pts(4)). The peer is opened through the
// other end and not by name, which the container could have put something else at (TIOCGPTPEER, Linux 4.13).
Result connect_terminal(const Op& op) noexcept {
  const Fd ours(raw::openat(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY));
  if (!ours) return check(ours.get(), Call::kOpen);
  int locked = 0;
  PODCTL_TRY(check(raw::ioctl(ours.get(), TIOCSPTLCK, raw::arg(&locked)), Call::kIoctl));
  const Fd terminal(raw::ioctl(ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) return check(terminal.get(), Call::kIoctl);
  if (op.number != 0) {
    const winsize size{static_cast<unsigned short>(op.number >> 16), static_cast<unsigned short>(op.number), 0, 0};
    PODCTL_TRY(check(raw::ioctl(ours.get(), TIOCSWINSZ, raw::arg(&size)), Call::kIoctl));
  }
  PODCTL_TRY(hand_over(op.fd, ours.get()));
  if (op.uid != 0) PODCTL_TRY(check(raw::fchown(terminal.get(), op.uid, static_cast<gid_t>(-1)), Call::kFchown));
  PODCTL_TRY(check(raw::ioctl(terminal.get(), TIOCSCTTY, 0), Call::kIoctl));
  for (int i = 0; i < 3; ++i) PODCTL_TRY(check(raw::dup3(terminal.get(), i, 0), Call::kDup, static_cast<std::size_t>(i)));
  return check(raw::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), Call::kDup, 3);
}

Result open_files(const Op& op) noexcept {
  const std::uint64_t limit[2] = {op.number, op.flags};
  return check(raw::prlimit64(0, RLIMIT_NOFILE, limit, nullptr), Call::kPrlimit);
}

Result exec_program(const Child& child, const Op& op) noexcept {
  const std::uint64_t nothing[4] = {0, 0, 0, 0};  // struct sigaction of the kernel: default action
  for (int number = 1; number <= 64; ++number)
    if ((op.flags >> (number - 1) & 1) != 0) PODCTL_TRY(check(raw::rt_sigaction(number, nothing), Call::kSigaction));
  raw::umask(022);
  child.program.slot->state = SlotState::kExec;
  const std::uint64_t no_signals = 0;
  raw::rt_sigprocmask(SIG_SETMASK, &no_signals);
  // As a shell looks for a command: the first file that can be executed; one that is there but cannot be
  // outweighs those that are not there.
  Result worst = check(-ENOENT, Call::kExec);
  for (std::size_t i = 0; i < op.item_count; ++i) {
    const int rc = raw::execve(op.items[i].path, op.argv, op.environment);
    if (rc == -ENOENT && raw::faccessat(AT_FDCWD, op.items[i].path, 0) == 0) return check(rc, Call::kInterpreter, i);
    if (rc == -ENOENT || rc == -ENOTDIR) continue;
    worst = check(rc, Call::kExec, i);
    if (rc != -EACCES) break;
  }
  return worst;
}

Result exec_pause(const Op& op) noexcept {
  PODCTL_TRY(check(raw::dup3(static_cast<int>(op.number), 0, 0), Call::kDup));
  static const char* const argv[] = {"podctl-pause", nullptr};
  static const char* const environment[] = {nullptr};
  return check(raw::execveat(op.fd, "", argv, environment, AT_EMPTY_PATH), Call::kExec);
}

Result apply(Child& child, const Op& op) noexcept {
  switch (op.code) {
    case Op::Code::kAwaitMonitor:
      if (!await_change(child, child.program.handoff->monitor_done, 0)) return check(-ESRCH, Call::kAwait);
      return get_word(child.program.handoff->monitor_done) == 1 ? Result{} : check(-ECANCELED, Call::kAwait);
    case Op::Code::kWriteMaps: return write_maps(op);
    case Op::Code::kBecome: return become(op.uid, op.gid);
    case Op::Code::kDieWithMonitor: return die_with_monitor(child);
    case Op::Code::kStopPropagation: return check(raw::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), Call::kMount);
    case Op::Code::kUnshare: return check(raw::unshare(static_cast<int>(op.flags)), Call::kUnshare);
    case Op::Code::kSpawn: return spawn(op);
    case Op::Code::kHandNetwork: return hand_network(child);
    case Op::Code::kJoinNetwork: return join_network(child);
    case Op::Code::kLoopback: return configure_loopback(op);
    case Op::Code::kHostname: return check(raw::sethostname(op.a, op.number), Call::kSethostname);
    case Op::Code::kPodTree: return mount_pod_tree(child, op);
    case Op::Code::kTmpfs: return mount_tmpfs(child, op);
    case Op::Code::kNewRoot: return new_root(child, op);
    case Op::Code::kBindHost: return bind_host(child, op);
    case Op::Code::kBindDevices: return bind_devices(child, op);
    case Op::Code::kMountFs: return mount_on(child, op.target, op.a, op.flags, op.b);
    case Op::Code::kMask: return mask_paths(child, op);
    case Op::Code::kWriteFiles: return write_files(child, op);
    case Op::Code::kEnterTree:
    case Op::Code::kEnterRoot: return change_root(child);
    case Op::Code::kAnnounceTree: set_word(child.program.handoff->tree_ready, 1); return {};
    case Op::Code::kExecPause: return exec_pause(op);
    case Op::Code::kLayers: return mount_layers(op);
    case Op::Code::kOverlay:
    case Op::Code::kNewOverlayRoot: return mount_overlay(child, op);
    case Op::Code::kMoveMount: return move_template(child, op);
    case Op::Code::kBindInto: return bind_into(child, op);
    case Op::Code::kFillDev: return fill_dev(child, op);
    case Op::Code::kMessageFile: return message_file(op);
    case Op::Code::kRootReadOnly: return make_read_only(child, op);
    case Op::Code::kNoteMark: return note_mark(child);
    case Op::Code::kAwaitPause: return await_pause(op);
    case Op::Code::kSession: return check(raw::setsid(), Call::kSetsid);
    case Op::Code::kOpenFiles: return open_files(op);
    case Op::Code::kChdir: return change_directory(op);
    case Op::Code::kCapabilities: return limit_capabilities(op.number);
    case Op::Code::kIdentity: return set_identity(op);
    case Op::Code::kNoNewPrivileges: return check(raw::prctl(PR_SET_NO_NEW_PRIVS, 1), Call::kPrctl);
    case Op::Code::kStreams: return connect_streams(op);
    case Op::Code::kTerminal: return connect_terminal(op);
    case Op::Code::kAwaitTurn: return await_change(child, *op.word, 1) ? Result{} : check(-ESRCH, Call::kAwait);
    case Op::Code::kExec: return exec_program(child, op);
  }
  return check(-ENOSYS, Call::kNone);
}

[[noreturn]] void fail(const Program& program, const Result& result) noexcept {
  Slot& slot = *program.slot;
  slot.call = result.call;
  slot.error = result.error;
  slot.item = result.item;
  slot.state = SlotState::kFailed;
  Handoff& handoff = *program.handoff;
  if (get_word(handoff.network_ready) == 0) set_word(handoff.network_ready, 2);
  if (get_word(handoff.tree_ready) == 0) set_word(handoff.tree_ready, 2);
  raw::exit_group(125);
}

// The step's control word: go, stop here until it changes, or fail for a test's sake.
Result pass(const Child& child, StepCell& cell) noexcept {
  std::uint32_t control = get_word(cell.control);
  if (control == kGo) return {};
  set_word(cell.reached, 1);
  while (control == kStop) {
    if (!await_change(child, cell.control, kStop)) return check(-ESRCH, Call::kAwait);
    control = get_word(cell.control);
  }
  return control >= kFaultBase ? check(-static_cast<long>(control - kFaultBase), Call::kInjected) : Result{};
}

void run_ops(const Program& program) noexcept {
  Child child{program};
  program.slot->state = SlotState::kRunning;
  std::uint32_t step = 0;
  for (std::size_t i = 0; i < program.count; ++i) {
    const Op& op = program.ops[i];
    StepCell& cell = program.cells[op.step];
    if (op.step != step) {
      step = op.step;
      program.slot->step = step;
      const Result stopped = pass(child, cell);
      if (stopped.call != Call::kNone) fail(program, stopped);
    }
    const Result result = apply(child, op);
    if (result.call != Call::kNone) fail(program, result);
    cell.done_ns = now();
  }
}

// A program that ends in an exec.
[[noreturn]] void run(const Program& program) noexcept {
  run_ops(program);
  fail(program, check(-ENOEXEC, Call::kExec));
}

int member_main(void* argument) noexcept { run(*static_cast<const Program*>(argument)); }

int network_main(void* argument) noexcept {
  run_ops(*static_cast<const Program*>(argument));
  raw::exit_group(0);
}

}  // namespace

int pause_main(void* argument) noexcept { run(*static_cast<const Program*>(argument)); }

namespace {

// Gives birth to the member. CLONE_PARENT: it is the monitor's own child, so its exit is seen first-hand. It
// inherits this process's exit signal whatever is passed here (clone(2)).
Result bear(const Program& program) noexcept {
  Slot& slot = *program.slot;
  const int flags = CLONE_VM | CLONE_PARENT | CLONE_PIDFD | CLONE_CHILD_CLEARTID | SIGCHLD | static_cast<int>(program.fresh);
  const int pid =
      raw::clone(member_main, program.member_stack_top, flags, const_cast<Program*>(&program), &slot.pidfd, &slot.on_our_memory);
  if (pid >= 0) slot.pid = pid;
  return check(pid, Call::kClone);
}

[[noreturn]] void end_helper(const Program& program, const Result& result) noexcept {
  if (result.call == Call::kNone) raw::exit_group(0);
  program.slot->call = result.call;
  program.slot->error = result.error;
  program.slot->state = SlotState::kFailed;
  raw::exit_group(125);
}

int between_main(void* argument) noexcept {
  const Program& program = *static_cast<const Program*>(argument);
  end_helper(program, bear(program));
}

}  // namespace

int helper_main(void* argument) noexcept {
  const Program& program = *static_cast<const Program*>(argument);
  Slot& slot = *program.slot;
  StepCell& cell = program.cells[program.join_step];
  slot.step = program.join_step;
  const Child child{program};
  Result result = pass(child, cell);
  if (result.call == Call::kNone) result = check(raw::setns(program.pause_pidfd, static_cast<int>(program.joined)), Call::kSetns);
  if (result.call == Call::kNone) {
    if ((program.fresh & CLONE_NEWPID) == 0) {
      result = bear(program);
    } else {
      // A pid namespace is joined by the children alone, and made only by who is in the one above it
      // (copy_pid_ns, kernel/pid_namespace.c): so one process more, which is in the pod's.
      constexpr std::size_t kBelowMember = std::size_t{48} << 10;
      const int pid = raw::clone(between_main, static_cast<char*>(program.member_stack_top) - kBelowMember,
                                 CLONE_VM | CLONE_FILES | CLONE_PARENT | SIGCHLD, argument, nullptr, nullptr);
      slot.between = pid;
      result = check(pid, Call::kClone);
    }
    cell.done_ns = now();
  }
  end_helper(program, result);
}

}  // namespace podctl::run
