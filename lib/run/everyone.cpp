#include "run/everyone.hpp"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "run/compile.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

// Ends with an errno as exit code, which fits: the largest one is 133.
[[noreturn]] void end(long rc) noexcept { raw::exit_group(rc < 0 ? static_cast<int>(-rc) : 0); }

int wait_for(pid_t child) noexcept {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return ECHILD;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

}  // namespace

void signal_everyone(int pause, const Namespaces& held, int signal_number) {
  // A pid namespace is joined by the children of who joins it (setns(2)).
  const pid_t outer = ::fork();
  if (outer < 0) throw SysError(errno, "fork");
  if (outer == 0) {
    const int joined = static_cast<int>(clone_flags({.user = held.user, .pid = held.pid}));
    if (const int rc = raw::setns(pause, joined); rc < 0) end(rc);
    const pid_t inner = ::fork();
    if (inner < 0) end(-errno);
    if (inner == 0) {
      const int rc = ::kill(-1, signal_number) == 0 ? 0 : -errno;
      end(rc == -ESRCH ? 0 : rc);  // nobody is there
    }
    end(-wait_for(inner));
  }
  sys::check(-wait_for(outer), "kill(-1)", "pod");
}

}  // namespace podctl::run
