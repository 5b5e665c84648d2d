#include "monitor/terminal.hpp"

#include <unistd.h>

#include <cctype>

#include "base/text.hpp"
#include "podctl/error.hpp"

namespace podctl::monitor {

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  if (::isatty(fd) != 1 || ::tcgetattr(fd, &before_) != 0) return;
  termios raw = before_;
  ::cfmakeraw(&raw);
  changed_ = ::tcsetattr(fd, TCSANOW, &raw) == 0;
}

RawTerminal::~RawTerminal() {
  if (changed_) ::tcsetattr(fd_, TCSADRAIN, &before_);
}

winsize terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

KeySequence::KeySequence(std::string_view keys) {
  if (keys.empty()) return;
  for (const auto key : split(keys, ',')) {
    constexpr std::string_view kControl = "ctrl-";
    if (key.size() == 1) {
      keys_ += key.front();
      continue;
    }
    const int letter = key.size() == kControl.size() + 1 && key.substr(0, kControl.size()) == kControl
                           ? std::toupper(static_cast<unsigned char>(key.back()))
                           : 0;
    if (letter < '@' || letter > '_')
      throw Error({.id = "usage",
                   .message = cat("--detach-keys ", quote(keys), ": ", quote(key), " is no key"),
                   .hint = "write single characters and ctrl-X, by commas: ctrl-],ctrl-]",
                   .error_class = ErrorClass::kUsage});
    keys_ += static_cast<char>(letter & 0x1f);
  }
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

}  // namespace podctl::monitor
