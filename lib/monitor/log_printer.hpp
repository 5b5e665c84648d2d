#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/log_reader.hpp"

namespace podctl::monitor {

/// How log lines are shown, and which.
struct LogStyle {
  std::vector<std::string> prefixes;  ///< of each container; empty: none
  bool timestamps = false;
  bool clean = false;  ///< drop what a terminal would obey, colours excepted
  std::optional<std::chrono::nanoseconds> since, until;
};

/// Makes text of records. Lines stored in pieces are put together; a very long one is shown in pieces, so that memory
/// does not grow with it, and another one that comes in between begins on a line of its own.
class LogPrinter {
 public:
  LogPrinter(LogStyle style, std::size_t containers);

  void print(std::size_t container, const state::LogRecord& record);
  /// What is left of lines that never ended.
  void finish();
  /// The text so far; the caller takes it away.
  std::string& text() noexcept { return text_; }

 private:
  struct Line {
    std::string stamp, text;  // what of it is not shown yet
    bool begun = false, wanted = true;
  };
  void show(std::size_t index, std::string_view stamp, std::string_view text, bool ends);

  LogStyle style_;
  std::vector<Line> lines_;          // two a container
  std::optional<std::size_t> open_;  // the line whose end is not shown yet
  std::string text_;
};

}  // namespace podctl::monitor
