#include "monitor/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "monitor/control_socket.hpp"
#include "podctl/summary.hpp"
#include "state/pod_folder.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;
using namespace std::chrono_literals;

constexpr auto kPatience = 10s;  // with a monitor that is there but does not answer
constexpr auto kRetry = 2ms;
constexpr auto kLastMoments = 1s;  // of a monitor whose pod is over

std::chrono::nanoseconds monotonic() { return std::chrono::steady_clock::now().time_since_epoch(); }

void pause_for(std::chrono::nanoseconds time) {
  const timespec wait{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
  ::nanosleep(&wait, nullptr);
}

[[noreturn]] void throw_ended(const std::string& pod) {
  throw Error({.id = "pod-ended", .message = cat("pod '", pod, "' ended meanwhile"), .error_class = ErrorClass::kConflict, .pod = pod});
}

[[noreturn]] void throw_absent(const StorePaths& paths, const std::string& pod) {
  look_at_pod(paths, pod);
  throw Error({.id = "pod-not-running",
               .message = cat("pod '", pod, "' does not run"),
               .hint = cat("podctl start ", pod),
               .error_class = ErrorClass::kConflict,
               .pod = pod});
}

}  // namespace

Client::Client(const StorePaths& paths, const std::string& pod) : paths_(paths), pod_(pod) {
  // A monitor opens its socket a moment after it has taken the name: as long as it lives it is waited for.
  const auto until = monotonic() + kPatience;
  for (;;) {
    const int before = std::exchange(monitor_, state::lock_holder(paths, pod));
    if (monitor_ == 0 && before != 0) throw_ended(pod);
    if (monitor_ == 0) throw_absent(paths, pod);
    if (monitor_ != before) process_.reset(std::max(-1, raw::pidfd_open(monitor_, 0)));
    const UniqueFd folder(raw::openat(AT_FDCWD, cat(paths.runtime, '/', pod).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (folder) {
      socket_ = make_control_socket();
      int failure = 0;
      at_control_address(folder.get(), [&](const sockaddr_un& address) {
        if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) failure = errno;
      });
      if (failure == 0) break;
      if (failure != ENOENT && failure != ECONNREFUSED && failure != EAGAIN)
        throw SysError(failure, "connect", cat("control socket of pod '", pod, '\''));
    }
    if (monotonic() > until)
      throw Error({.id = "monitor-silent",
                   .message = cat("the monitor of pod '", pod, "' (process ", monitor_, ") opens no control socket"),
                   .pod = pod});
    pause_for(kRetry);
  }
  const timeval patience{std::chrono::seconds(kPatience).count(), 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Message Client::ask(const Message& request) {
  for (std::string unsent = send_message(socket_.get(), request); !unsent.empty();) {
    const ssize_t sent = ::send(socket_.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) break;  // which reading tells, too
    if (sent < 0 && errno != EINTR) throw SysError(errno, "send", cat("control socket of pod '", pod_, '\''));
    unsent.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  const auto until = monotonic() + kPatience;
  for (;;) {
    if (auto answer = reader_.next()) {
      if (auto error = error_of(*answer)) throw Error(*error);
      return std::move(*answer);
    }
    pollfd poll{socket_.get(), POLLIN, 0};
    const auto left = until - monotonic();
    if (left.count() <= 0 || raw::poll(&poll, 1, left.count()) == 0)
      throw Error({.id = "monitor-silent",
                   .message = cat("the monitor of pod '", pod_, "' (process ", monitor_, ") does not answer"),
                   .hint = cat("cat /proc/", monitor_, "/stack        # as root: what it is waiting for"),
                   .pod = pod_});
    if (reader_.read(socket_.get()) == MessageReader::State::kOpen) continue;
    if (auto answer = reader_.next()) {
      if (auto error = error_of(*answer)) throw Error(*error);
      return std::move(*answer);
    }
    throw_ended(pod_);
  }
}

void Client::await_end() {
  while (reader_.read(socket_.get()) == MessageReader::State::kOpen) {
    pollfd poll{socket_.get(), POLLIN, 0};
    raw::poll(&poll, 1, -1);
  }
  // Its sockets close a moment before its lock does, and the lock a moment before it is gone.
  while (state::lock_holder(paths_, pod_) == monitor_) pause_for(kRetry);
  pollfd poll{process_.get(), POLLIN, 0};
  if (process_) raw::poll(&poll, 1, std::chrono::nanoseconds(kLastMoments).count());
}

}  // namespace podctl::monitor
