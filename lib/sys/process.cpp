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
  int status = 0;
  // __WALL: a child made through clone(2) may have another exit signal than SIGCHLD.
  while (::waitpid(pid_, &status, __WALL) < 0 && errno == EINTR) {
  }
  detach();
}

bool Process::signal(int signal_number) const noexcept {
  return pidfd_ && sys::raw::pidfd_send_signal(pidfd_.get(), signal_number) == 0;
}

ExitStatus Process::wait() {
  int status = 0;
  pid_t rc = 0;
  while ((rc = ::waitpid(pid_, &status, __WALL)) < 0 && errno == EINTR) {
  }
  if (rc < 0) throw SysError(errno, "waitpid");
  detach();
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
  return {false, WEXITSTATUS(status)};
}

void Process::detach() noexcept {
  pid_ = -1;
  pidfd_.reset();
}

}  // namespace podctl
