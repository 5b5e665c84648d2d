#include "run/remove.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/text.hpp"
#include "run/sandbox.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kStack = std::size_t{256} << 10;

}  // namespace

// What the child reads and writes; it runs on our memory and calls nothing but raw functions.
struct Removal::Work {
  int dir = -1, user_namespace = -1;
  std::vector<std::string> names;
  std::vector<const char*> c_names;
  raw::RemoveError error;
  void* stack = MAP_FAILED;

  ~Work() {
    if (stack != MAP_FAILED) ::munmap(stack, kStack);
  }
};

int Removal::work_main(void* argument) noexcept {
  Work& work = *static_cast<Work*>(argument);
  if (work.user_namespace >= 0) {
    long rc = raw::setns(work.user_namespace, CLONE_NEWUSER);
    if (rc == 0) rc = raw::setresgid(0);
    if (rc == 0) rc = raw::setresuid(0);
    if (rc < 0) {
      work.error.error_number = static_cast<int>(-rc);
      work.error.call = "setns";
      raw::exit_group(1);
    }
  }
  for (std::size_t i = 0; i < work.c_names.size(); ++i)
    if (!raw::remove_tree(work.dir, work.c_names[i], work.error)) raw::exit_group(1);
  raw::exit_group(0);
}

Removal::Removal(int dir, std::vector<std::string> names, int user_namespace) : work_(std::make_unique<Work>()) {
  work_->dir = dir;
  work_->user_namespace = user_namespace;
  work_->names = std::move(names);
  for (const auto& name : work_->names) work_->c_names.push_back(name.c_str());
  work_->stack = ::mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (work_->stack == MAP_FAILED) throw SysError(errno, "mmap");
  int pidfd = -1;
  const SignalsBlocked blocked;
  const int pid =
      raw::clone(work_main, static_cast<char*>(work_->stack) + kStack, CLONE_VM | CLONE_PIDFD | SIGCHLD, work_.get(), &pidfd, nullptr);
  sys::check(pid, "clone");
  process_ = Process(pid, UniqueFd(pidfd));
}

Removal::Removal(Removal&&) noexcept = default;

Removal& Removal::operator=(Removal&& other) noexcept {
  process_ = std::move(other.process_);
  work_ = std::move(other.work_);
  return *this;
}

Removal::~Removal() { process_ = Process(); }  // before the memory it works on

bool Removal::is_done() const {
  pollfd poll{process_.pidfd(), POLLIN, 0};
  return !process_ || raw::poll(&poll, 1, 0) > 0;
}

void Removal::finish() {
  if (!process_) return;
  const ExitStatus status = process_.wait();
  if (status == ExitStatus{}) return;
  if (status.signaled) throw SysError(EINTR, "remove", work_->names.front());
  throw SysError(work_->error.error_number, work_->error.call, work_->error.name);
}

UniqueFd remake_user_namespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids, const HostFacts& facts) {
  // A child in a new namespace, waiting until the helpers have written its maps.
  sys::Pipe hold = sys::make_pipe(), ready = sys::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError(errno, "fork");
  if (pid == 0) {
    // A podctl that has started containers cannot be looked into (AwaitPause), and this copy of it would keep
    // its namespace to itself.
    raw::prctl(PR_SET_DUMPABLE, 1);
    const char made = raw::unshare(CLONE_NEWUSER) == 0 ? 1 : 0;
    static_cast<void>(raw::write(ready.write_end.get(), &made, 1));
    hold.write_end.reset();
    char end = 0;
    static_cast<void>(raw::read(hold.read_end.get(), &end, 1));
    ::_exit(0);
  }
  Process child(pid, sys::open_pidfd(pid));
  char made = 0;
  if (sys::check(raw::read(ready.read_end.get(), &made, 1), "read") != 1 || made != 1) throw SysError(EPERM, "unshare(CLONE_NEWUSER)");
  const auto write = [&](const std::string& program, const std::vector<IdMapping>& map) {
    std::vector<std::string> argv{program, cat(pid)};
    for (const auto& m : map)
      for (const auto number : {m.pod, m.host, m.count}) argv.push_back(cat(number));
    std::string output;
    if (sys::finish_helper(sys::start_helper(argv), output).code() != 0) throw SysError(EPERM, program, trim(output));
  };
  write(facts.newuidmap, uids);
  write(facts.newgidmap, gids);
  return sys::open(cat("/proc/", pid, "/ns/user"), O_RDONLY);
}

}  // namespace podctl::run
