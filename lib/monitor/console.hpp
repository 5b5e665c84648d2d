#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/loop.hpp"
#include "podctl/unique_fd.hpp"
#include "state/log_file.hpp"

namespace podctl::monitor {

/// A descriptor of the caller that is written to without ever blocking: what it does not take yet waits
/// here, and whoever produces it is asked to pause.
class Sink {
 public:
  static constexpr std::size_t kPauseAbove = 1 << 20, kResumeBelow = 1 << 18;

  Sink(Loop& loop, int fd);
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink();

  void write(std::string_view bytes);
  [[nodiscard]] bool is_full() const noexcept { return waiting_.size() - taken_ > kPauseAbove; }
  [[nodiscard]] bool has_room() const noexcept { return waiting_.size() - taken_ < kResumeBelow; }
  /// The reader is gone (EPIPE): everything more is dropped.
  [[nodiscard]] bool is_broken() const noexcept { return broken_; }
  /// Writes what waits, blocking for at most `patience`.
  void flush(std::chrono::milliseconds patience);

 private:
  void push();
  void settle();
  std::size_t write_some(std::string_view bytes);

  Loop& loop_;
  int fd_;
  UniqueFd own_;         // the same pipe or terminal opened again, so that O_NONBLOCK is ours alone
  bool direct_ = false;  // a regular file: a write does not wait
  bool watched_ = false, broken_ = false;
  std::string waiting_;
  std::size_t taken_ = 0;
};

/// How lines are dressed on the way to the caller.
struct Style {
  bool prefix = false;  ///< with neither names nor times, bytes pass as they are
  bool color = false;
  bool timestamps = false;
  bool terminal = false;
  bool silent = false;  ///< nothing is shown at all
};

/// The caller's standard output and error, shared by all containers.
class Console {
 public:
  Console(Loop& loop, const Style& style, const std::vector<std::string>& containers);

  /// Bytes of a container, as they were read.
  void write(std::size_t container, bool is_init, state::Stream stream, std::string_view bytes);
  /// Shows lines that have waited for their end for 100 ms, or all of them.
  void show_unfinished(std::chrono::nanoseconds now, bool all);
  /// When the next unfinished line is due; 0 when there is none.
  [[nodiscard]] std::chrono::nanoseconds next_due() const;
  /// A line of podctl's own, on standard error; only in prefix mode.
  void say(std::string_view line);

  Sink& out() noexcept { return out_; }
  Sink& err() noexcept { return err_; }

 private:
  struct Line {
    std::string text;
    std::size_t held = 0;  // of `text`: the beginning of a control sequence, whose rest is awaited
    std::chrono::nanoseconds since{0};
    bool open = false;  // its beginning has been shown already
  };
  void put(std::size_t index, bool ends);

  Style style_;
  std::vector<std::string> labels_;
  std::vector<Line> lines_;  // two a container
  std::vector<bool> is_init_;
  Sink out_, err_;
};

/// `line` without what a terminal would obey: control characters and escape sequences other than colours are
/// dropped. Sets `colored` when a colour is left switched on.
std::string sanitize(std::string_view line, bool& colored);
/// The same of a line's beginning. What stands at its end and may be part of a control sequence is not shown: put `rest`, which
/// is short, in front of what follows.
std::string sanitize_part(std::string_view part, bool& colored, std::string& rest);

}  // namespace podctl::monitor
