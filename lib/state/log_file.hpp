#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "podctl/logs.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::state {

enum class Stream : std::uint8_t { kOut, kErr };

/// A container's log in the CRI format, one record a line: time, stream, F or P, text (Kubernetes' CRI
/// logging design). A line longer than kMaxLine, or cut off by the end, is written in pieces marked P, so that
/// memory stays the same however much is printed. Rotated by size: N.log, N.log.1, ...
class LogFile {
 public:
  static constexpr std::size_t kMaxLine = 16384;
  using Limits = LogLimits;

  /// @param folder  of the pod's record (borrowed), where logs/CONTAINER/ is made at the first write
  LogFile(int folder, std::string container, unsigned instance, Limits limits);
  LogFile(LogFile&&) = default;

  /// Adds what was read from a stream at `unix_time`. @throws SysError e.g. ENOSPC; the file ends with a whole
  /// record then, and what of `bytes` is not in it is lost
  void write(Stream stream, std::string_view bytes, std::chrono::nanoseconds unix_time);
  /// Writes what is left of unfinished lines. @throws SysError as write()
  void finish(std::chrono::nanoseconds unix_time);

 private:
  void add_record(std::string_view head, std::string_view text);
  void flush();
  void append_pending();
  void open_first();
  void rotate();
  int try_rotate();
  [[nodiscard]] std::string path(unsigned age) const;

  int folder_;
  std::string container_;
  unsigned instance_;
  Limits limits_;
  std::size_t batch_;  // bytes of records that are written in one call
  UniqueFd file_;
  std::uint64_t size_ = 0;
  std::string unfinished_[2];
  std::string pending_;  // records of the write() under way
};

}  // namespace podctl::state
