#pragma once

#include <string>
#include <string_view>

namespace podctl::state {

/// What happened to a pod, one JSON object a line, in events.jsonl of its folder. Lines are gathered and written
/// together; an old file is kept beside a full one, so that a pod that lives for months does not fill a disk.
class EventLog {
 public:
  static constexpr const char* kName = "events.jsonl";
  static constexpr const char* kOldName = "events.jsonl.1";
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

  /// Keeps a line, which ends with a newline, until the next write().
  void add(std::string_view line) { waiting_ += line; }
  /// Appends what waits to the file in `folder` (borrowed). @throws SysError  what waited is dropped then
  void write(int folder);

 private:
  std::string waiting_;
};

}  // namespace podctl::state
