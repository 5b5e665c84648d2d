#include "monitor/container_io.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "monitor/message.hpp"
#include "monitor/terminal.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kChunk = 65536;          // what a pipe holds, unless it is asked for more (pipe(7))
constexpr std::size_t kBusyPipe = kChunk * 4;  // of a stream that filled one

// How many bytes there was no room for. A reader that has gone misses nothing.
std::size_t write_some(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const long written = raw::write(fd, bytes.data(), bytes.size());
    if (written == -EINTR) continue;
    if (written < 0) return written == -EAGAIN ? bytes.size() : 0;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::chrono::nanoseconds unix_now() { return std::chrono::system_clock::now().time_since_epoch(); }

}  // namespace

ContainerIo::ContainerIo(Loop& loop, Console& console, std::size_t container, bool is_init, std::optional<state::LogFile> log,
                         std::function<void(const Error&)> on_log_failure)
    : loop_(loop),
      console_(console),
      container_(container),
      is_init_(is_init),
      log_(std::move(log)),
      on_log_failure_(std::move(on_log_failure)) {}

ContainerIo::~ContainerIo() {
  stop_input();
  for (auto& source : sources_) unwatch(source);
  if (terminal_ours_) loop_.remove(terminal_ours_.get());
  for (auto& tap : taps_)
    for (auto& end : tap.ends) drop_tap_end(end);
}

run::Streams ContainerIo::make_streams(const Wanted& wanted) {
  if (wanted.terminal) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw SysError(errno, "socketpair");
    terminal_ours_.reset(ends[0]);
    terminal_theirs_.reset(ends[1]);
    sys::set_nonblocking(terminal_ours_.get());
    is_terminal_ = true;
    return {.terminal = terminal_theirs_.get(), .rows = wanted.rows, .columns = wanted.columns};
  }
  for (auto& source : sources_) {
    sys::Pipe pipe = sys::make_pipe();
    sys::set_nonblocking(pipe.read_end.get());
    source.read_end = std::move(pipe.read_end);
    source.write_end = std::move(pipe.write_end);
  }
  if (wanted.input) {
    sys::Pipe pipe = sys::make_pipe();
    input_read_ = std::move(pipe.read_end);
    input_write_ = std::move(pipe.write_end);
    sys::set_nonblocking(input_write_.get());
  }
  return {.in = input_read_.get(), .out = sources_[0].write_end.get(), .err = sources_[1].write_end.get()};
}

void ContainerIo::start_finished() {
  input_read_.reset();
  if (is_terminal_) {
    terminal_theirs_.reset();
    loop_.add(terminal_ours_.get(), EPOLLIN, [this](std::uint32_t) { receive_terminal(); });
    return;
  }
  for (const auto stream : {state::Stream::kOut, state::Stream::kErr}) {
    sources_[static_cast<std::size_t>(stream)].write_end.reset();
    watch(stream);
  }
}

// The container's terminal has been made: what it shows is read like standard output, and what is typed is written to it.
void ContainerIo::receive_terminal() {
  MessageReader reader;
  static_cast<void>(reader.read(terminal_ours_.get()));
  std::vector<UniqueFd> received = reader.take_descriptors();
  loop_.remove(terminal_ours_.get());
  terminal_ours_.reset();
  if (received.empty()) return;  // its start failed before that
  Source& source = sources_[0];
  source.read_end = std::move(received.front());
  sys::set_nonblocking(source.read_end.get());
  watch(state::Stream::kOut);
  input_write_.reset(::fcntl(source.read_end.get(), F_DUPFD_CLOEXEC, 3));
  if (wants_input_) pump_input(input_source_);
}

void ContainerIo::watch(state::Stream stream) {
  Source& source = sources_[static_cast<std::size_t>(stream)];
  source.watched = loop_.add(source.read_end.get(), EPOLLIN, [this, stream](std::uint32_t) {
    read_some(stream, true);
    pause_if_full();
  });
}

void ContainerIo::unwatch(Source& source) {
  if (source.watched) loop_.remove(source.read_end.get());
  source.watched = false;
}

void ContainerIo::take(state::Stream stream, std::string_view bytes) {
  if (log_) keep(stream, bytes);
  console_.write(container_, is_init_, stream, bytes);
  if (!taps_.empty()) tell(stream, bytes);
}

void ContainerIo::keep(state::Stream stream, std::string_view bytes) {
  try {
    keep_gap();
    log_->write(stream, bytes, unix_now());
  } catch (const Error& error) {
    const bool is_first = not_kept_ == 0;
    not_kept_ += bytes.size();
    if (is_first) on_log_failure_(error);
  }
}

// Says in the log what is missing in it.
void ContainerIo::keep_gap() {
  if (not_kept_ == 0) return;
  log_->write(state::Stream::kErr, cat("[podctl: up to ", not_kept_, " bytes are missing here: they could not be written]\n"), unix_now());
  not_kept_ = 0;
}

// --- attachments ------------------------------------------------------------------------------------------

ContainerIo::Input ContainerIo::input() const noexcept {
  if (input_source_ >= 0) return Input::kCallers;
  return input_write_ ? Input::kOpen : Input::kNone;
}

ContainerIo::Attachment ContainerIo::attach(bool with_input, bool once) {
  Attachment theirs;
  if (with_input) {
    theirs.in.reset(::fcntl(input_write_.get(), F_DUPFD_CLOEXEC, 3));
    if (once && !is_terminal_) input_write_.reset();  // it ends with this one
  }
  Tap& tap = taps_.emplace_back();
  for (std::size_t i = 0; i < (is_terminal_ ? 1 : 2); ++i) {
    sys::Pipe pipe = sys::make_pipe();
    sys::set_nonblocking(pipe.write_end.get());
    tap.ends[i] = std::move(pipe.write_end);
    (i == 0 ? theirs.out : theirs.err) = std::move(pipe.read_end);
    // A pipe whose reader has gone says so (EPOLLERR), whether or not anything is asked for.
    loop_.add(tap.ends[i].get(), 0, [this, &tap, i](std::uint32_t) {
      drop_tap_end(tap.ends[i]);
      taps_.remove_if([](const Tap& t) { return !t.ends[0] && !t.ends[1]; });
    });
  }
  return theirs;
}

void ContainerIo::drop_tap_end(UniqueFd& end) {
  if (!end) return;
  loop_.remove(end.get());
  end.reset();
}

void ContainerIo::tell(state::Stream stream, std::string_view bytes) {
  const auto end = static_cast<std::size_t>(stream);
  for (auto& tap : taps_) {
    if (!tap.ends[end]) continue;
    if (tap.missed > 0) {  // short enough for a pipe to take it whole or not at all (pipe(7), PIPE_BUF)
      const std::string notice = cat("[podctl: ", tap.missed, " bytes were not read in time; podctl logs has them]\n");
      if (write_some(tap.ends[end].get(), notice) == 0) tap.missed = 0;
    }
    tap.missed += tap.missed > 0 ? bytes.size() : write_some(tap.ends[end].get(), bytes);
  }
}

void ContainerIo::resize(unsigned rows, unsigned columns) {
  if (!is_terminal_ || !input_write_) return;
  const winsize size{static_cast<unsigned short>(rows), static_cast<unsigned short>(columns), 0, 0};
  ::ioctl(input_write_.get(), TIOCSWINSZ, &size);
}

// True when the stream has ended.
bool ContainerIo::read_some(state::Stream stream, bool once) {
  Source& source = sources_[static_cast<std::size_t>(stream)];
  static std::array<char, kBusyPipe> buffer;  // one thread, one chunk at a time
  while (source.read_end) {
    const long got = raw::read(source.read_end.get(), buffer.data(), buffer.size());
    if (got == -EAGAIN) return false;
    if (got == -EINTR) continue;
    if (got <= 0 && is_terminal_) {  // EIO
      if (!std::exchange(source.deserted, true)) listen(source);
      return true;
    }
    if (got <= 0) {
      unwatch(source);
      source.read_end.reset();
      return true;
    }
    if (std::exchange(source.deserted, false)) listen(source);
    if (static_cast<std::size_t>(got) >= kChunk) grow(source);
    take(stream, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    if (once) return false;
  }
  return true;
}

// A terminal that all have closed may be opened again, and to close its other end too would send SIGHUP to a program that has
// not ended yet. It is kept, and what changes is waited for: its EPOLLHUP would be told for ever.
void ContainerIo::listen(const Source& source) {
  const std::uint32_t deserted = EPOLLIN | EPOLLET, paused = 0, usual = EPOLLIN;
  loop_.change(source.read_end.get(), source.deserted ? deserted : source.paused ? paused : usual);
}

// A container that fills its pipe waits less often on a larger one. Only such ones: pages of pipes are limited for
// each user (fs.pipe-user-pages-soft, pipe(7)), and where none are left the pipe stays as it is.
void ContainerIo::grow(Source& source) {
  if (source.grown) return;
  source.grown = true;
  ::fcntl(source.read_end.get(), F_SETPIPE_SZ, static_cast<int>(kBusyPipe));
}

// When the caller does not take what it asked for, its containers wait as they would on any full pipe.
void ContainerIo::pause_if_full() {
  const bool full = console_.out().is_full() || console_.err().is_full();
  for (auto& source : sources_) {
    if (!source.watched || !source.read_end || source.paused || !full) continue;
    source.paused = true;
    listen(source);
  }
}

void ContainerIo::resume() {
  if (!console_.out().has_room() || !console_.err().has_room()) return;
  for (auto& source : sources_) {
    if (!source.paused || !source.read_end) continue;
    source.paused = false;
    listen(source);
  }
}

bool ContainerIo::drain() {
  const bool out = read_some(state::Stream::kOut, false);
  const bool err = read_some(state::Stream::kErr, false);
  return out && err;
}

void ContainerIo::finish() {
  drain();
  if (!log_) return;
  try {
    keep_gap();
    log_->finish(unix_now());
  } catch (const Error& error) {
    if (not_kept_ == 0) on_log_failure_(error);
  }
  log_.reset();
}

// --- input ------------------------------------------------------------------------------------------------

void ContainerIo::pump_input(int source) {
  input_source_ = source;
  wants_input_ = true;
  if (!input_write_) return;  // its terminal is not there yet
  input_watched_ = loop_.add(source, EPOLLIN, [this](std::uint32_t) { push_input(); });
  if (!input_watched_) {  // a regular file is always ready: the container's pace is what counts
    input_waits_ = loop_.add(input_write_.get(), EPOLLOUT, [this](std::uint32_t) { push_input(); });
  }
}

void ContainerIo::push_input() {
  std::array<char, 4096> buffer;
  if (input_.empty()) {
    const long got = raw::read(input_source_, buffer.data(), buffer.size());
    if (got == -EAGAIN || got == -EINTR) return;
    if (got > 0) {
      input_.assign(buffer.data(), static_cast<std::size_t>(got));
    } else {
      if (!is_terminal_) return stop_input();
      input_ = end_of_input(input_write_.get(), last_input_);
      input_ended_ = true;
    }
  }
  const long written = raw::write(input_write_.get(), input_.data(), input_.size());
  if (written < 0 && written != -EAGAIN && written != -EINTR) return stop_input();  // the container closed it
  if (written > 0) {
    last_input_ = input_[static_cast<std::size_t>(written) - 1];
    input_.erase(0, static_cast<std::size_t>(written));
  }
  if (input_ended_ && input_.empty()) return stop_input();
  if (!input_watched_) return;
  // While the container's pipe is full its room is waited for, not more input.
  if (!input_.empty() && !input_waits_) {
    loop_.remove(input_source_);  // not only its events: the end of a pipe is told whether it is asked for or not
    input_waits_ = loop_.add(input_write_.get(), EPOLLOUT, [this](std::uint32_t) { push_input(); });
  } else if (input_.empty() && input_waits_) {
    loop_.remove(input_write_.get());
    input_waits_ = false;
    loop_.add(input_source_, EPOLLIN, [this](std::uint32_t) { push_input(); });
  }
}

void ContainerIo::stop_input() {
  if (input_watched_) loop_.remove(input_source_);
  if (input_waits_) loop_.remove(input_write_.get());
  input_watched_ = input_waits_ = false;
  input_write_.reset();
}

}  // namespace podctl::monitor
