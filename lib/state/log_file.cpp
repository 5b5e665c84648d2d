#include "state/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "sys/sys.hpp"

namespace podctl::state {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kBatch = std::size_t{256} << 10;
constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW;

// What stands before the text of a record; the same for all lines of one read.
std::string head(std::chrono::nanoseconds unix_time, Stream stream, char tag) {
  return cat(rfc3339(unix_time, 9), stream == Stream::kOut ? " stdout " : " stderr ", tag, ' ');
}

std::size_t batch_size(const LogFile::Limits& limits) {
  return limits.size == 0 ? kBatch : static_cast<std::size_t>(std::min<std::uint64_t>(limits.size, kBatch));
}

}  // namespace

LogFile::LogFile(int folder, std::string container, unsigned instance, Limits limits)
    : folder_(folder), container_(std::move(container)), instance_(instance), limits_(limits), batch_(batch_size(limits)) {}

std::string LogFile::path(unsigned age) const { return cat("logs/", container_, '/', instance_, ".log", age == 0 ? "" : cat('.', age)); }

void LogFile::add_record(std::string_view head, std::string_view text) {
  pending_ += head;
  pending_ += text;
  pending_ += '\n';
  if (pending_.size() >= batch_) flush();
}

void LogFile::write(Stream stream, std::string_view bytes, std::chrono::nanoseconds unix_time) {
  const std::string whole = head(unix_time, stream, 'F'), partial = head(unix_time, stream, 'P');
  std::string& unfinished = unfinished_[static_cast<std::size_t>(stream)];
  while (!bytes.empty()) {
    const std::size_t room = kMaxLine - unfinished.size();
    const auto end = bytes.substr(0, room + 1).find('\n');
    const bool too_long = end == std::string_view::npos && bytes.size() >= room;
    if (end == std::string_view::npos && !too_long) {
      unfinished += bytes;
      break;
    }
    std::string_view line = bytes.substr(0, too_long ? room : end);
    bytes.remove_prefix(too_long ? room : end + 1);
    if (!unfinished.empty()) line = unfinished += line;
    add_record(too_long ? partial : whole, line);
    unfinished.clear();
  }
  flush();
}

void LogFile::finish(std::chrono::nanoseconds unix_time) {
  for (const Stream stream : {Stream::kOut, Stream::kErr}) {
    std::string& unfinished = unfinished_[static_cast<std::size_t>(stream)];
    if (!unfinished.empty()) add_record(head(unix_time, stream, 'P'), unfinished);
    unfinished.clear();
  }
  flush();
}

void LogFile::flush() {
  if (pending_.empty()) return;
  const ScopeExit empty{[&]() noexcept { pending_.clear(); }};  // also when the disk is full: it is not kept for ever
  if (!file_) open_first();
  if (limits_.size != 0 && size_ >= limits_.size) rotate();
  append_pending();
}

void LogFile::append_pending() {
  for (std::size_t done = 0; done < pending_.size();) {
    const long written = raw::write(file_.get(), pending_.data() + done, pending_.size() - done);
    if (written == -EINTR) continue;
    if (written < 0) {
      // A full disk cuts through a record: what there is of it is taken back. Should that fail too, readers know torn lines.
      const std::size_t whole = done == 0 ? 0 : pending_.rfind('\n', done - 1) + 1;
      if (whole < done) static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(size_ + whole)));
      size_ += whole;
      throw SysError(static_cast<int>(-written), "write", path(0));
    }
    done += static_cast<std::size_t>(written);
  }
  size_ += pending_.size();
}

void LogFile::open_first() {
  const std::string name = path(0);
  int fd = raw::openat(folder_, name.c_str(), kFlags, 0600);
  if (fd == -ENOENT) {
    raw::mkdirat(folder_, "logs", 0700);
    raw::mkdirat(folder_, cat("logs/", container_).c_str(), 0700);
    fd = raw::openat(folder_, name.c_str(), kFlags, 0600);
  }
  file_.reset(static_cast<int>(sys::check(fd, "open", name)));
  struct stat status {};
  sys::check(raw::fstat(file_.get(), &status), "stat", name);
  size_ = static_cast<std::uint64_t>(status.st_size);
}

// Lines go on into the file there is for as long as no other can be begun, and each batch tries again; not for
// ever, for the limit has a reason.
void LogFile::rotate() {
  const int error = try_rotate();
  if (error != 0 && size_ / 2 >= limits_.size) throw SysError(error, "rotate", path(0));
}

// 0, or an errno. Wherever it ends, by a failure or with the process, every line is in a file that a reader finds:
// a name is freed before it is taken, and the current file is let go when its successor is open.
int LogFile::try_rotate() {
  const unsigned oldest = std::max(limits_.files, 1U) - 1;
  struct stat status {};
  const bool is_moved = raw::fstatat(folder_, path(0).c_str(), &status, AT_SYMLINK_NOFOLLOW) == -ENOENT;  // by a try that failed later
  for (unsigned age = is_moved ? 0 : oldest; age > 0; --age)
    if (::renameat(folder_, path(age - 1).c_str(), folder_, path(age).c_str()) != 0 && errno != ENOENT) return errno;
  const std::string fresh = oldest == 0 ? path(0) + ".new" : path(0);  // of one file alone, in one step
  UniqueFd file(raw::openat(folder_, fresh.c_str(), kFlags | O_TRUNC, 0600));
  if (!file) return -file.get();
  if (oldest == 0 && ::renameat(folder_, fresh.c_str(), folder_, path(0).c_str()) != 0) return errno;
  file_ = std::move(file);
  size_ = 0;
  return 0;
}

}  // namespace podctl::state
