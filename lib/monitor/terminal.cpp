#include "monitor/terminal.hpp"

#include <unistd.h>

#include <utility>

#include "base/text.hpp"
#include "podctl/error.hpp"
#include "podctl/text.hpp"

namespace podctl::monitor {

RawTerminal::RawTerminal(int fd, Mode mode) : fd_(fd) {
  if (::isatty(fd) != 1 || ::tcgetattr(fd, &before_) != 0) return;
  termios raw = before_;
  if (mode == Mode::kRaw) {
    ::cfmakeraw(&raw);
  } else {
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
  }
  changed_ = ::tcsetattr(fd, TCSANOW, &raw) == 0;
}

RawTerminal::~RawTerminal() {
  if (changed_) ::tcsetattr(fd_, TCSADRAIN, &before_);
}

bool has_keyboard(int fd) { return ::isatty(fd) == 1 && ::tcgetpgrp(fd) == ::getpgrp(); }

winsize terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

std::string end_of_input(int terminal, char last) {
  constexpr char kUsual = 4;  // Ctrl-D
  termios mode{};
  const bool is_known = ::tcgetattr(terminal, &mode) == 0;
  const char key = is_known ? static_cast<char>(mode.c_cc[VEOF]) : kUsual;
  const bool by_lines = is_known && (mode.c_lflag & ICANON) != 0;
  return std::string(by_lines && last != '\n' && last != '\r' && last != key ? 2 : 1, key);
}

KeySequence::KeySequence(std::string_view keys) {
  auto bytes = parse_keys(keys);
  if (!bytes)
    throw Error({.id = "usage",
                 .message = cat("detach keys ", quote(keys), " are no keys"),
                 .hint = "write single characters and ctrl-X, by commas: ctrl-],ctrl-]",
                 .error_class = ErrorClass::kUsage});
  keys_ = std::move(*bytes);
}

std::string KeySequence::pass(std::string_view typed) {
  std::string out;
  for (const char c : typed) {
    if (keys_.empty()) {
      out += c;
      continue;
    }
    if (is_complete()) break;
    if (c == keys_[met_]) {
      ++met_;
      continue;
    }
    // What was held back was none of it; a new sequence may begin with its end, e.g. of a,a,b in a,a,a,b.
    std::string held = keys_.substr(0, met_) + c;
    met_ = 0;
    while (!held.empty() && held != keys_.substr(0, held.size())) {
      out += held.front();
      held.erase(0, 1);
    }
    met_ = held.size();
  }
  return out;
}

std::string KeySequence::take_rest() { return keys_.substr(0, std::exchange(met_, 0)); }

}  // namespace podctl::monitor
