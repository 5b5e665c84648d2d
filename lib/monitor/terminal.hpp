#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <string>
#include <string_view>

namespace podctl::monitor {

/// The caller's terminal in raw mode for as long as this lives: every key goes through, nothing is echoed here. Nothing at
/// all for a descriptor that is no terminal.
class RawTerminal {
 public:
  enum class Mode {
    kRaw,       ///< keys that send signals are keys like others
    kKeysOnly,  ///< keys that send signals do, and output is shown as before
  };
  explicit RawTerminal(int fd, Mode mode = Mode::kRaw);
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

 private:
  int fd_;
  bool changed_ = false;
  termios before_{};
};

/// Whether a descriptor is this process's terminal to read from: in the background a job that reads, or changes it, is stopped.
bool has_keyboard(int fd);

/// Its size; all zero for what is no terminal.
winsize terminal_size(int fd);

/// What tells whoever reads a terminal that there is no more input: its key for that (termios(3), VEOF), twice where the first
/// one only ends a line that has been begun.
/// @param terminal  its other end
/// @param last      what was typed last
std::string end_of_input(int terminal, char last);

/// Finds keys typed one after another in what is typed.
class KeySequence {
 public:
  /// "ctrl-],ctrl-]": single characters and ctrl-X, by commas. @throws Error  kUsage
  explicit KeySequence(std::string_view keys);
  /// What of `typed` is to be passed on: the keys themselves are held back until they are a different sequence after all.
  std::string pass(std::string_view typed);
  /// What has been held back, when nothing more will be typed.
  std::string take_rest();
  [[nodiscard]] bool is_none() const noexcept { return keys_.empty(); }
  [[nodiscard]] bool is_complete() const noexcept { return !keys_.empty() && met_ == keys_.size(); }

 private:
  std::string keys_;
  std::size_t met_ = 0;
};

}  // namespace podctl::monitor
