#include "monitor/console.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "base/time.hpp"

namespace podctl::monitor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxLabel = 20;
constexpr std::size_t kMaxLine = 65536;  // a line without end is shown in pieces
constexpr std::chrono::nanoseconds kPatience = 100ms;
constexpr std::array<const char*, 6> kColors{"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[31m"};
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kGrey = "\x1b[90m";
constexpr const char* kPlain = "\x1b[0m";

std::chrono::nanoseconds monotonic() { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace

// --- Sink -------------------------------------------------------------------------------------------------

Sink::Sink(Loop& loop, int fd) : loop_(loop), fd_(fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    broken_ = true;
    return;
  }
  direct_ = S_ISREG(status.st_mode);
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) return;
  own_.reset(::open(cat("/proc/self/fd/", fd).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

Sink::~Sink() {
  if (watched_) loop_.remove(own_ ? own_.get() : fd_);
}

void Sink::write(std::string_view bytes) {
  if (broken_ || bytes.empty()) return;
  if (taken_ == waiting_.size()) {
    waiting_.clear();
    taken_ = 0;
  }
  if (waiting_.empty()) bytes.remove_prefix(write_some(bytes));
  waiting_ += bytes;
  settle();
}

void Sink::push() {
  taken_ += write_some(std::string_view(waiting_).substr(taken_));
  settle();
}

// How much of `bytes` is done with: taken, or dropped because nobody reads any more.
std::size_t Sink::write_some(std::string_view bytes) {
  const int fd = own_ ? own_.get() : fd_;
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    std::size_t size = bytes.size() - taken;
    if (!own_ && !direct_) {
      // A socket or the like, whose mode is shared with others: a pipe's worth at a time, once it is ready.
      pollfd poll{fd, POLLOUT, 0};
      if (::poll(&poll, 1, 0) <= 0) break;
      size = std::min<std::size_t>(size, 4096);
    }
    const ssize_t written = ::write(fd, bytes.data() + taken, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      broken_ = true;  // the reader has gone, or the disk is full
      return bytes.size();
    }
    taken += static_cast<std::size_t>(written);
  }
  return taken;
}

// Keeps what waits, and waits for room while something does.
void Sink::settle() {
  const int fd = own_ ? own_.get() : fd_;
  const bool must_wait = taken_ < waiting_.size();
  if (!must_wait) {
    waiting_.clear();
    taken_ = 0;
  } else if (taken_ > kPauseAbove) {
    waiting_.erase(0, taken_);
    taken_ = 0;
  }
  if (must_wait == watched_) return;
  if (must_wait) {
    watched_ = loop_.add(fd, EPOLLOUT, [this](std::uint32_t) { push(); });
  } else {
    loop_.remove(fd);
    watched_ = false;
  }
}

void Sink::flush(std::chrono::milliseconds patience) {
  const auto until = monotonic() + patience;
  push();
  while (taken_ < waiting_.size() && !broken_ && monotonic() < until) {
    pollfd poll{own_ ? own_.get() : fd_, POLLOUT, 0};
    ::poll(&poll, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - monotonic()).count()));
    push();
  }
}

// --- Console ----------------------------------------------------------------------------------------------

namespace {

constexpr std::size_t kMaxSequence = 256;  // of a control sequence that is awaited; a longer one is no colour

struct Escape {
  std::size_t end = 0;  // where it ends
  bool is_color = false;
  std::string unended;  // when the line ends within it: a beginning that the same can follow
};

// The control sequence that begins at `begin`. ESC [ digits and semicolons m is a colour.
Escape escape_at(std::string_view line, std::size_t begin) {
  std::size_t end = begin + 1;
  if (end == line.size()) return {end, false, "\x1b"};
  const char kind = line[end++];
  if (kind == '[') {
    while (end < line.size() && (static_cast<unsigned char>(line[end]) < 0x40 || static_cast<unsigned char>(line[end]) > 0x7e)) ++end;
    const std::string_view body = line.substr(begin + 2, end - begin - 2);
    if (end == line.size()) return {end, false, body.size() > kMaxSequence ? "\x1b[?" : cat("\x1b[", body)};
    return {end + 1, line[end] == 'm' && body.find_first_not_of("0123456789;") == std::string_view::npos, {}};
  }
  if (kind == ']' || kind == 'P' || kind == '_' || kind == '^' || kind == 'X') {
    // A string sequence runs to BEL or ESC \.
    while (end < line.size() && line[end] != '\a' && line[end] != 0x1b) ++end;
    if (end == line.size()) return {end, false, {0x1b, kind}};
    if (line[end] == '\a') return {end + 1, false, {}};
    if (end + 1 == line.size()) return {end + 1, false, {0x1b, kind, 0x1b}};
    return {end + 2, false, {}};
  }
  return {end, false, {}};
}

}  // namespace

std::string sanitize_part(std::string_view part, bool& colored, std::string& rest) {
  std::string out;
  out.reserve(part.size());
  rest.clear();
  for (std::size_t i = 0; i < part.size();) {
    const auto c = static_cast<unsigned char>(part[i]);
    if (c == 0x1b) {
      Escape escape = escape_at(part, i);
      if (escape.is_color) {
        const std::string_view color = part.substr(i, escape.end - i);
        out += color;
        colored = color != "\x1b[m" && color != "\x1b[0m";
      }
      rest = std::move(escape.unended);
      i = escape.end;
      continue;
    }
    if (c < 0x20 ? c == '\t' : c != 0x7f) {
      // C1 controls (U+0080 to U+009F) act like escapes on some terminals. Looked for in what is shown: what is
      // dropped between their two bytes must not bring these together.
      if (c >= 0x80 && c < 0xa0 && !out.empty() && out.back() == '\xc2') out.pop_back();
      else out += part[i];
    }
    ++i;
  }
  if (!out.empty() && out.back() == '\xc2') {
    out.pop_back();
    rest.insert(0, 1, '\xc2');
  }
  return out;
}

std::string sanitize(std::string_view line, bool& colored) {
  std::string rest;
  std::string out = sanitize_part(line, colored, rest);
  if (!rest.empty() && rest.front() == '\xc2') out += '\xc2';  // nothing follows that could make a control of it
  return out;
}

Console::Console(Loop& loop, const Style& style, const std::vector<std::string>& containers) : style_(style), out_(loop, 1), err_(loop, 2) {
  std::size_t width = std::string_view("podctl").size();
  for (const auto& name : containers) width = std::max(width, std::min(name.size(), kMaxLabel));
  const auto label = [&](std::string_view name) {
    std::string text(name.substr(0, kMaxLabel));
    text.append(width - std::min(width, text.size()), ' ');
    return text;
  };
  labels_.push_back(label("podctl"));
  for (const auto& name : containers) labels_.push_back(label(name));
  lines_.resize(containers.size() * 2);
  is_init_.resize(containers.size());
}

void Console::write(std::size_t container, bool is_init, state::Stream stream, std::string_view bytes) {
  if (style_.silent) return;
  if (!style_.prefix && !style_.timestamps) {
    (stream == state::Stream::kOut ? out_ : err_).write(bytes);
    return;
  }
  is_init_[container] = is_init;
  const std::size_t index = container * 2 + static_cast<std::size_t>(stream);
  Line& line = lines_[index];
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    line.text += bytes.substr(0, end);
    if (end == std::string_view::npos) {
      if (line.since.count() == 0) line.since = monotonic();
      if (line.text.size() > kMaxLine) put(index, false);
      return;
    }
    put(index, true);
    bytes.remove_prefix(end + 1);
  }
}

// Shows what there is of a line, and keeps what cannot be told yet.
void Console::put(std::size_t index, bool ends) {
  Line& line = lines_[index];
  const std::size_t container = index / 2;
  const bool is_err = index % 2 == static_cast<std::size_t>(state::Stream::kErr);
  std::string text, rest;
  if (style_.prefix || style_.terminal) {
    bool colored = false;
    text = ends ? sanitize(line.text, colored) : sanitize_part(line.text, colored, rest);
    if (colored) text += kPlain;
  } else {
    text = std::move(line.text);
  }
  std::string out;
  const bool begins = !line.open && (ends || !text.empty());
  if (begins) {
    if (style_.color) out += is_init_[container] ? kDim : kColors[container % kColors.size()];
    if (style_.prefix) append(out, labels_[container + 1], is_err && style_.terminal ? " ! " : " | ");
    if (style_.color) out += kPlain;
    if (style_.timestamps) append(out, rfc3339(std::chrono::system_clock::now().time_since_epoch(), 3), ' ');
  }
  out += text;
  if (ends) out += '\n';
  (is_err ? err_ : out_).write(out);
  const std::size_t held = rest.size();
  line = {.text = std::move(rest), .held = held, .open = !ends && (line.open || begins)};
}

void Console::show_unfinished(std::chrono::nanoseconds now, bool all) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    const bool is_due = line.text.size() > line.held && now - line.since >= kPatience;
    if (all ? !line.text.empty() || line.open : is_due) put(i, all);
  }
}

std::chrono::nanoseconds Console::next_due() const {
  std::chrono::nanoseconds due{0};
  for (const auto& line : lines_)
    if (line.text.size() > line.held && (due.count() == 0 || line.since + kPatience < due)) due = line.since + kPatience;
  return due;
}

void Console::say(std::string_view line) {
  if (!style_.prefix || style_.silent) return;
  err_.write(style_.color ? cat(kGrey, labels_[0], " | ", line, kPlain, '\n') : cat(labels_[0], " | ", line, '\n'));
}

}  // namespace podctl::monitor
