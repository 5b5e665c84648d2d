#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/unique_fd.hpp"
#include "state/log_file.hpp"

namespace podctl::state {

/// One record of a container's log, or what stands where one should.
struct LogRecord {
  std::chrono::nanoseconds time{0};  ///< since 1970; of what is no record: that of the one before it
  std::string_view stamp;            ///< the same as it is written; empty for what is no record
  Stream stream = Stream::kOut;
  bool ends = true;  ///< its line ends with it: false for tag P
  std::string_view text;
};

/// Reads one line of a log, without its newline. Nothing for what is no record.
std::optional<LogRecord> parse_log_record(std::string_view line);

/// The instances of a container that have written something, in order.
std::vector<unsigned> log_instances(int folder, const std::string& container);

/// Reads the log of one container instance, oldest record first, through its rotated files, whatever is in them and
/// while it may be written to. What is there is opened at the beginning, so that rotation takes nothing away from
/// the reader; one that follows and falls behind by more than is kept misses what is gone.
class LogReader {
 public:
  enum class Reading {
    kFinished,  ///< nobody writes any more: the last line is taken even when it is torn
    kPresent,   ///< up to the last whole line there is now
    kOngoing,   ///< as it grows, line by line
  };
  /// @param folder  of the pod's record (borrowed)
  LogReader(int folder, std::string container, unsigned instance, Reading reading);

  /// Goes to the last `count` records of what there is.
  void skip_to_last(std::uint64_t count);
  /// The next record, valid until the next call; null at the end of what there is. @throws SysError
  const LogRecord* next();
  /// Nobody writes any more.
  void settle() { reading_ = Reading::kFinished; }

 private:
  // A position in one of files_.
  struct Place {
    std::size_t file = 0;
    std::uint64_t offset = 0;
  };
  [[nodiscard]] std::string path(unsigned age) const;
  [[nodiscard]] std::vector<UniqueFd> open_files() const;
  [[nodiscard]] std::uint64_t end_of(std::size_t file) const;
  [[nodiscard]] bool has_successor() const;
  bool fill();
  bool open_next();
  const LogRecord* take(std::size_t length, std::size_t with_end);
  const LogRecord* take_torn();
  void start_at(Place place);

  int folder_;
  std::string container_;
  unsigned instance_;
  Reading reading_;
  std::vector<UniqueFd> files_;  // newest first; the last one is being read
  std::uint64_t offset_ = 0;     // in that one, of what is behind the buffer
  std::uint64_t present_ = 0;    // where the newest one ended at the beginning
  bool has_left_ = false;        // the writer has gone on to a newer file: what this one holds now is all
  bool in_long_line_ = false;    // of which one piece has been taken
  std::string buffer_;           // from taken_ on not taken yet
  std::size_t taken_ = 0;
  LogRecord record_;
};

}  // namespace podctl::state
