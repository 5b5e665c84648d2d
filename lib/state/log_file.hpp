#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "podctl/unique_fd.hpp"

namespace podctl::state {

enum class Stream : std::uint8_t { kOut, kErr };

/// A container's log in the CRI format, one record a line: time, stream, F or P, text (Kubernetes' CRI
/// logging design). A line longer than kMaxLine, or cut off by the end, is written in pieces marked P.
/// Rotated by size: N.log, N.log.1, ...
class LogFile {
 public:
  static constexpr std::size_t kMaxLine = 16384;

  struct Limits {
    std::uint64_t size = std::uint64_t{10} << 20;  ///< bytes after which the file is rotated; 0: never
    unsigned files = 3;                            ///< including the current one
  };

  /// @param folder  of the pod's record (borrowed), where logs/CONTAINER/ is made at the first write
  LogFile(int folder, std::string container, unsigned instance, Limits limits);
  LogFile(LogFile&&) = default;

  /// Adds what was read from a stream at `unix_time`. @throws SysError e.g. ENOSPC
  void write(Stream stream, std::string_view bytes, std::chrono::nanoseconds unix_time);
  /// Writes what is left of unfinished lines.
  void finish(std::chrono::nanoseconds unix_time);

 private:
  void add_record(std::string_view stamp, Stream stream, char tag, std::string_view text);
  void flush();
  void rotate();

  int folder_;
  std::string container_;
  unsigned instance_;
  Limits limits_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  std::string unfinished_[2];
  std::string pending_;  // records of the write() under way
};

}  // namespace podctl::state
