#include "monitor/relay.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kChunk = 65536;

void write_out(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const long written = raw::write(fd, bytes.data(), bytes.size());
    if (written == -EINTR) continue;
    if (written == -EAGAIN) {
      pollfd poll{fd, POLLOUT, 0};
      raw::poll(&poll, 1, -1);
      continue;
    }
    if (written < 0) return;  // nobody reads any more: the program finds out by what it does with its time
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// False when it has ended.
bool copy(UniqueFd& from, int to) {
  static std::array<char, kChunk> buffer;
  const long got = raw::read(from.get(), buffer.data(), buffer.size());
  if (got == -EAGAIN || got == -EINTR) return true;
  if (got <= 0) {  // EIO: the last of the program's terminal has been closed
    from.reset();
    return false;
  }
  write_out(to, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  return true;
}

bool has_something(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return raw::poll(&poll, 1, 0) > 0 && (poll.revents & POLLIN) != 0;
}

}  // namespace

UniqueFd watch_relayed_signals() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH}) sigaddset(&watched, number);
  sigset_t blocked = watched;
  sigaddset(&blocked, SIGPIPE);
  if (::sigprocmask(SIG_BLOCK, &blocked, nullptr) != 0) throw SysError(errno, "sigprocmask");
  UniqueFd fd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) throw SysError(errno, "signalfd");
  return fd;
}

Relay::Result Relay::run(int signals) {
  bool reads_input = in || reads_keys;
  bool has_ended = false;
  char last = '\n';
  std::string typed;  // not yet taken by the program
  for (;;) {
    const bool takes_more = reads_input && typed.empty();
    pollfd polls[6] = {{has_ended ? -1 : process, POLLIN, 0}, {signals, POLLIN, 0},
                       {out ? out.get() : -1, POLLIN, 0},     {err ? err.get() : -1, POLLIN, 0},
                       {takes_more ? 0 : -1, POLLIN, 0},      {typed.empty() ? -1 : in.get(), POLLOUT, 0}};
    raw::poll(polls, 6, -1);
    if (polls[2].revents != 0) copy(out, 1);
    if (polls[3].revents != 0) copy(err, 2);
    if (polls[4].revents != 0) {
      std::array<char, 4096> buffer;
      const long got = raw::read(0, buffer.data(), buffer.size());
      if (got > 0) {
        typed = detach.pass(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
      } else if (got != -EAGAIN && got != -EINTR) {
        reads_input = false;
        typed = detach.take_rest();
        if (in && in_is_terminal) typed += end_of_input(in.get(), typed.empty() ? last : typed.back());
      }
    }
    if (!in) typed.clear();
    if (!typed.empty()) {
      const long written = raw::write(in.get(), typed.data(), typed.size());
      if (written > 0) {
        last = typed[static_cast<std::size_t>(written) - 1];
        typed.erase(0, static_cast<std::size_t>(written));
      } else if (written != -EAGAIN && written != -EINTR) {  // it takes no more input
        typed.clear();
        reads_input = false;
        in.reset();
      }
    }
    if (detach.is_complete()) return {End::kKeys, 0};  // what the program has no room for is not waited for
    if (!reads_input && typed.empty() && !in_is_terminal) in.reset();
    if (polls[1].revents != 0) {
      signalfd_siginfo info{};
      while (raw::read(signals, &info, sizeof info) == sizeof info) {
        const int number = static_cast<int>(info.ssi_signo);
        if (number == SIGWINCH) {
          const winsize size = terminal_size(0);
          if (in_is_terminal && in && size.ws_row != 0) ::ioctl(in.get(), TIOCSWINSZ, &size);
        } else if (forward_to < 0) {
          return {End::kSignal, number};
        } else {
          raw::pidfd_send_signal(forward_to, number);
        }
      }
    }
    has_ended = has_ended || polls[0].revents != 0;
    if (has_ended && (!awaits_output || (!out && !err))) {
      // What it had printed is shown; who else holds its output open is not waited for.
      while (out && has_something(out.get()) && copy(out, 1)) {
      }
      while (err && has_something(err.get()) && copy(err, 2)) {
      }
      return {End::kProgram, 0};
    }
  }
}

}  // namespace podctl::monitor
