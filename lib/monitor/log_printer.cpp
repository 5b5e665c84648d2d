#include "monitor/log_printer.hpp"

#include "monitor/console.hpp"

namespace podctl::monitor {
namespace {

constexpr std::size_t kMostHeld = 65536;  // of a line whose end is waited for
constexpr const char* kPlain = "\x1b[0m";

}  // namespace

LogPrinter::LogPrinter(LogStyle style, std::size_t containers) : style_(std::move(style)), lines_(containers * 2) {}

void LogPrinter::print(std::size_t container, const state::LogRecord& record) {
  const std::size_t index = container * 2 + static_cast<std::size_t>(record.stream);
  Line& line = lines_[index];
  if (!line.begun) line.wanted = (!style_.since || record.time >= *style_.since) && (!style_.until || record.time <= *style_.until);
  if (line.wanted && record.ends && line.text.empty()) {  // most lines: nothing is kept of them
    show(index, line.begun ? line.stamp : record.stamp, record.text, true);
  } else if (line.wanted) {
    if (!line.begun) line.stamp = record.stamp;
    line.text += record.text;
    if (record.ends || line.text.size() >= kMostHeld) {
      show(index, line.stamp, line.text, record.ends);
      line.text.clear();
    }
  }
  line.begun = !record.ends;
}

void LogPrinter::show(std::size_t index, std::string_view stamp, std::string_view text, bool ends) {
  if (open_ && *open_ != index) text_ += '\n';
  if (open_ != index) {
    if (!style_.prefixes.empty()) text_ += style_.prefixes[index / 2];
    if (style_.timestamps && !stamp.empty()) (text_ += stamp) += ' ';
  }
  if (style_.clean) {
    bool colored = false;
    text_ += sanitize(text, colored);
    if (colored) text_ += kPlain;
  } else {
    text_ += text;
  }
  if (ends) text_ += '\n';
  open_ = ends ? std::nullopt : std::optional(index);
}

void LogPrinter::finish() {
  for (std::size_t i = 0; i < lines_.size(); ++i)
    if (!lines_[i].text.empty()) show(i, lines_[i].stamp, lines_[i].text, false);
  if (open_ && !style_.prefixes.empty()) text_ += '\n';
  lines_.assign(lines_.size(), {});
  open_.reset();
}

}  // namespace podctl::monitor
