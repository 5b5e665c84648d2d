#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

struct archive;
struct archive_entry;

/// Tar streams, read and written by libarchive, one entry at a time and never more of a file in memory than a block. Nothing
/// here touches a file system.
namespace podctl::archive {

/// A range of a file that holds data; what lies between such ranges is a hole.
struct Extent {
  std::int64_t offset = 0, length = 0;
};

struct Entry {
  std::string name;         ///< as the stream has it: it may be absolute or hold ".."
  std::string link_target;  ///< of a symbolic link
  std::string hard_link;    ///< the name of an earlier entry that this is another name of; "" for what is none
  mode_t mode = 0;          ///< type and permissions
  uid_t uid = 0;
  gid_t gid = 0;
  std::int64_t size = 0;
  timespec modified{};
  std::vector<Extent> extents;  ///< of a file with holes, when writing; empty for one without
};

/// Whether an error says that who reads our stream has gone away: then it is they who know why.
bool is_reader_gone(int error_number) noexcept;

/// How the names in a stream are marked.
enum class Names {
  /// As bytes. Such a stream is written and read without the C library's tables of character sets, which it loads from the root
  /// that the process has just then: the one way for a process in a container.
  kBytes,
  kText,  ///< As UTF-8 where they are ASCII, and so without a mark that other programs do not know; for what leaves podctl.
};

/// Writes a stream in the pax format, which has long names, times to the nanosecond, and holes.
class TarWriter {
 public:
  /// Borrows `fd`.
  explicit TarWriter(int fd, Names names = Names::kBytes);
  /// Begins an entry; exactly `entry.size` bytes of data are to follow.
  /// @throws Error  "stream-unwritable", with the errno
  void begin(const Entry& entry);
  void data(std::span<const char> bytes);
  /// Ends the stream: one that was not ended is refused by TarReader.
  void finish();

 private:
  void require(long result);

  struct Free {
    void operator()(struct ::archive* stream) const noexcept;
  };
  std::unique_ptr<struct ::archive, Free> stream_;
};

/// Reads any uncompressed tar stream. Whoever made it is not trusted.
class TarReader {
 public:
  /// Borrows `fd`. @param what  what the stream is called in errors, e.g. "standard input"
  TarReader(int fd, std::string what);
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// The next entry, or nothing at the end of the stream.
  /// @throws Error  "not-a-tar" for what is none, is damaged, or ends without its end mark: it was cut off
  std::optional<Entry> next();

  struct Block {
    std::span<const char> bytes;  ///< valid until the next call
    std::int64_t offset = 0;      ///< in the file; what was jumped over is a hole
  };
  /// The next data of the current entry, or nothing when there is no more.
  std::optional<Block> data();

  /// Reads what a writer adds behind the end mark, a mebibyte at most, so that it is not stopped in the middle of that.
  void drain();

 private:
  struct Input {
    int fd = -1;
    int error_number = 0;
    std::int64_t total = 0;
    std::vector<char> buffer;
  };
  struct Free {
    void operator()(struct ::archive* stream) const noexcept;
  };
  static long read_more(struct ::archive* stream, void* input, const void** buffer);
  [[noreturn]] void refuse(const std::string& why) const;
  [[noreturn]] void refuse_with_own_words() const;

  std::string what_;
  Input input_;
  std::unique_ptr<struct ::archive, Free> stream_;
};

/// Reads a stream to its end and writes it again with its names marked as `names` says. @param what  what `in` is called in errors
void copy_stream(int in, std::string what, int out, Names names);

/// The parts of an entry's name without "." and doubled slashes. Nothing for a name that leads out of where it is unpacked: an
/// absolute one, or one with "..".
std::optional<std::vector<std::string>> inner_path(std::string_view name);

}  // namespace podctl::archive
