#include "podctl/process.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "podctl/error.hpp"
#include "sys/raw.hpp"

namespace podctl {

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Process::~Process() { end(); }

void Process::end() noexcept {
  if (pid_ <= 0) return;
  signal(SIGKILL);
  siginfo_t info{};
  // __WALL: a child made through clone(2) may have another exit signal than SIGCHLD.
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
  }
  detach();
}

bool Process::signal(int signal_number) const noexcept { return pidfd_ && sys::raw::pidfd_send_signal(pidfd_.get(), signal_number) == 0; }

ExitStatus Process::wait() {
  siginfo_t info{};
  int rc = 0;
  while ((rc = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | __WALL)) < 0 && errno == EINTR) {
  }
  if (rc < 0) throw SysError(errno, "waitid(P_PIDFD)");
  detach();
  if (info.si_code == CLD_EXITED) return {false, info.si_status};
  return {true, info.si_status};
}

void Process::detach() noexcept {
  pid_ = -1;
  pidfd_.reset();
}

}  // namespace podctl
