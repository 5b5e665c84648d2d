#pragma once

#include <sys/types.h>

#include "podctl/unique_fd.hpp"

namespace podctl {

/// How a process ended.
struct ExitStatus {
  bool signaled = false;
  int value = 0;  ///< exit code, or signal number

  /// As a shell says it: the code, or 128 + signal.
  [[nodiscard]] int code() const noexcept { return signaled ? 128 + value : value; }

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// A child process: pid and pidfd together. Destruction kills it (SIGKILL) and reaps it.
class Process {
 public:
  Process() noexcept = default;
  /// Takes over a child of this process. `pidfd` refers to it.
  Process(pid_t pid, UniqueFd pidfd) noexcept : pid_(pid), pidfd_(static_cast<UniqueFd&&>(pidfd)) {}
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }  ///< borrowed; readable once it has ended
  [[nodiscard]] explicit operator bool() const noexcept { return pid_ > 0; }

  /// Sends a signal; false when the process has ended already.
  bool signal(int signal_number) const noexcept;
  /// Waits for its end and reaps it. @throws SysError when it is no child of this process any more
  ExitStatus wait();
  /// Gives up ownership without waiting.
  void detach() noexcept;

 private:
  void end() noexcept;

  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

}  // namespace podctl
