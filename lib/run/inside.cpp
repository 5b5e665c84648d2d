#include "run/inside.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "podctl/process.hpp"
#include "run/compile.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

constexpr std::int64_t kPatience = 2'000'000'000;

// Ends with an errno as exit code, which fits: the largest one is 133.
[[noreturn]] void end(long rc) noexcept { raw::exit_group(rc < 0 ? static_cast<int>(-rc) : 0); }

long wait_for(pid_t child) noexcept {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -ECHILD;
  return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

// A pid namespace is joined by the children of who joins it (setns(2)).
[[noreturn]] void join_and_work(int pause, int joined, const std::function<long()>& work) {
  if (const int rc = raw::setns(pause, joined); rc < 0) end(rc == -ESRCH ? 0 : rc);  // nobody is there
  const pid_t inner = ::fork();
  if (inner < 0) end(-errno);
  if (inner > 0) end(wait_for(inner));
  raw::prctl(PR_SET_PDEATHSIG, SIGKILL);
  end(work());
}

}  // namespace

void do_inside(int pause, const Namespaces& held, std::string_view operation, std::string_view object, const std::function<long()>& work) {
  const pid_t outer = ::fork();
  if (outer < 0) throw SysError(errno, "fork");
  if (outer == 0) join_and_work(pause, static_cast<int>(clone_flags({.user = held.user, .pid = held.pid})), work);
  Process child(outer, sys::open_pidfd(outer));
  pollfd poll{child.pidfd(), POLLIN, 0};
  if (raw::poll(&poll, 1, kPatience) == 0) throw SysError(ETIMEDOUT, operation, object);
  const ExitStatus status = child.wait();
  sys::check(status.signaled ? -EINTR : -status.value, operation, object);
}

}  // namespace podctl::run
