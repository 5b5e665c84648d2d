#include "monitor/container_io.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kChunk = 65536;          // what a pipe holds, unless it is asked for more (pipe(7))
constexpr std::size_t kBusyPipe = kChunk * 4;  // of a stream that filled one

std::chrono::nanoseconds unix_now() { return std::chrono::system_clock::now().time_since_epoch(); }

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

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
}

run::Streams ContainerIo::make_pipes(bool with_input) {
  for (auto& source : sources_) {
    sys::Pipe pipe = sys::make_pipe();
    set_nonblocking(pipe.read_end.get());
    source.read_end = std::move(pipe.read_end);
    source.write_end = std::move(pipe.write_end);
  }
  if (with_input) {
    sys::Pipe pipe = sys::make_pipe();
    input_read_ = std::move(pipe.read_end);
    input_write_ = std::move(pipe.write_end);
    set_nonblocking(input_write_.get());
  }
  return {.in = input_read_.get(), .out = sources_[0].write_end.get(), .err = sources_[1].write_end.get()};
}

void ContainerIo::start_finished() {
  input_read_.reset();
  for (const auto stream : {state::Stream::kOut, state::Stream::kErr}) {
    sources_[static_cast<std::size_t>(stream)].write_end.reset();
    watch(stream);
  }
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
  if (log_) {
    try {
      log_->write(stream, bytes, unix_now());
    } catch (const Error& error) {
      log_.reset();
      on_log_failure_(error);
    }
  }
  console_.write(container_, is_init_, stream, bytes);
}

// True when the stream has ended.
bool ContainerIo::read_some(state::Stream stream, bool once) {
  Source& source = sources_[static_cast<std::size_t>(stream)];
  static std::array<char, kBusyPipe> buffer;  // one thread, one chunk at a time
  while (source.read_end) {
    const long got = raw::read(source.read_end.get(), buffer.data(), buffer.size());
    if (got == -EAGAIN) return false;
    if (got == -EINTR) continue;
    if (got <= 0) {
      unwatch(source);
      source.read_end.reset();
      return true;
    }
    if (static_cast<std::size_t>(got) >= kChunk) grow(source);
    take(stream, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    if (once) return false;
  }
  return true;
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
    loop_.change(source.read_end.get(), 0);
    source.paused = true;
  }
}

void ContainerIo::resume() {
  if (!console_.out().has_room() || !console_.err().has_room()) return;
  for (auto& source : sources_) {
    if (!source.paused || !source.read_end) continue;
    loop_.change(source.read_end.get(), EPOLLIN);
    source.paused = false;
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
    log_->finish(unix_now());
  } catch (const Error& error) {
    on_log_failure_(error);
  }
  log_.reset();
}

// --- input ------------------------------------------------------------------------------------------------

void ContainerIo::pump_input(int source) {
  input_source_ = source;
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
    if (got <= 0) return stop_input();
    input_.assign(buffer.data(), static_cast<std::size_t>(got));
  }
  const long written = raw::write(input_write_.get(), input_.data(), input_.size());
  if (written < 0 && written != -EAGAIN && written != -EINTR) return stop_input();  // the container closed it
  if (written > 0) input_.erase(0, static_cast<std::size_t>(written));
  if (!input_watched_) return;
  // While the container's pipe is full its room is waited for, not more input.
  if (!input_.empty() && !input_waits_) {
    loop_.change(input_source_, 0);
    input_waits_ = loop_.add(input_write_.get(), EPOLLOUT, [this](std::uint32_t) { push_input(); });
  } else if (input_.empty() && input_waits_) {
    loop_.remove(input_write_.get());
    input_waits_ = false;
    loop_.change(input_source_, EPOLLIN);
  }
}

void ContainerIo::stop_input() {
  if (input_watched_) loop_.remove(input_source_);
  if (input_waits_) loop_.remove(input_write_.get());
  input_watched_ = input_waits_ = false;
  input_write_.reset();
}

}  // namespace podctl::monitor
