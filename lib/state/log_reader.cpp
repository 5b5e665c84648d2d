#include "state/log_reader.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/text.hpp"
#include "sys/sys.hpp"

namespace podctl::state {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kChunk = 65536;  // also the longest line that is looked at as one
constexpr unsigned kMostMissing = 3;   // names in a row: a rotation leaves one out, or two while one looks

struct stat status_of(int fd, std::string_view name) {
  struct stat status {};
  sys::check(raw::fstat(fd, &status), "stat", name);
  return status;
}

bool is_same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// Everything of a chunk of a file that is there: fewer bytes are its end.
std::size_t read_at(int fd, char* data, std::size_t size, std::uint64_t offset, std::string_view name) {
  for (std::size_t have = 0;;) {
    const ssize_t got = ::pread(fd, data + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SysError(errno, "read", name);
    have += static_cast<std::size_t>(got);
    if (got == 0 || have == size) return have;
  }
}

}  // namespace

std::optional<LogRecord> parse_log_record(std::string_view line) {
  const auto word = [&line]() -> std::optional<std::string_view> {
    const auto end = line.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    const auto text = line.substr(0, end);
    line.remove_prefix(end + 1);
    return text;
  };
  const auto stamp = word();
  const auto time = stamp ? parse_time(*stamp) : std::nullopt;
  const auto stream = time ? word() : std::nullopt;
  if (!stream || (*stream != "stdout" && *stream != "stderr")) return std::nullopt;
  const auto tags = word();
  const auto tag = tags ? tags->substr(0, tags->find(':')) : "";  // what follows a colon has no meaning yet
  if (tag != "F" && tag != "P") return std::nullopt;
  return LogRecord{
      .time = *time, .stamp = *stamp, .stream = *stream == "stdout" ? Stream::kOut : Stream::kErr, .ends = tag == "F", .text = line};
}

std::vector<unsigned> log_instances(int folder, const std::string& container) {
  const std::string name = cat("logs/", container);
  auto opened = sys::try_open_at(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!opened) return {};
  const std::unique_ptr<DIR, int (*)(DIR*)> files(::fdopendir(opened->get()), ::closedir);
  if (files == nullptr) throw SysError(errno, "fdopendir", name);
  static_cast<void>(opened->release());  // the stream's now
  std::vector<unsigned> instances;
  while (const dirent* entry = ::readdir(files.get())) {
    const std::string_view file = entry->d_name;
    const auto dot = file.find(".log");
    const auto rest = dot == std::string_view::npos ? "?" : file.substr(dot + 4);
    const bool is_log = rest.empty() || (rest[0] == '.' && parse_number<unsigned>(rest.substr(1)));
    if (const auto number = is_log ? parse_number<unsigned>(file.substr(0, dot)) : std::nullopt) instances.push_back(*number);
  }
  std::sort(instances.begin(), instances.end());
  instances.erase(std::unique(instances.begin(), instances.end()), instances.end());
  return instances;
}

LogReader::LogReader(int folder, std::string container, unsigned instance, Reading reading)
    : folder_(folder), container_(std::move(container)), instance_(instance), reading_(reading), files_(open_files()) {
  if (reading_ == Reading::kPresent && !files_.empty()) present_ = end_of(0);
}

std::string LogReader::path(unsigned age) const { return cat("logs/", container_, '/', instance_, ".log", age == 0 ? "" : cat('.', age)); }

// Newest first: a rotation meanwhile moves files towards where they are still looked for, and one that is met twice is
// known by its inode.
std::vector<UniqueFd> LogReader::open_files() const {
  std::vector<UniqueFd> files;
  for (unsigned age = 0, missing = 0; missing < kMostMissing; ++age) {
    auto file = sys::try_open_at(folder_, path(age), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    missing = file ? 0 : missing + 1;
    if (!file) continue;
    const struct stat status = status_of(file->get(), path(age));
    const bool is_known = std::any_of(files.begin(), files.end(),
                                      [&](const UniqueFd& other) { return is_same_file(status_of(other.get(), path(age)), status); });
    if (S_ISREG(status.st_mode) && !is_known) files.push_back(std::move(*file));
  }
  return files;
}

// Where a file ends for this reader; behind a last line that is still being written only when it is not taken.
std::uint64_t LogReader::end_of(std::size_t file) const {
  auto end = static_cast<std::uint64_t>(status_of(files_[file].get(), path(0)).st_size);
  if (file != 0 || reading_ == Reading::kFinished) return end;
  std::string chunk(kChunk, '\0');
  for (std::uint64_t from = end; from > 0;) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(from, kChunk));
    from -= size;
    const std::string_view bytes(chunk.data(), read_at(files_[file].get(), chunk.data(), size, from, path(0)));
    if (const auto newline = bytes.rfind('\n'); newline != std::string_view::npos) return from + newline + 1;
  }
  return 0;
}

void LogReader::start_at(Place place) {
  files_.resize(place.file + 1);
  offset_ = place.offset;
}

void LogReader::skip_to_last(std::uint64_t count) {
  std::string chunk(kChunk, '\0');
  for (std::size_t file = 0; file < files_.size(); ++file) {
    const std::uint64_t end = file == 0 && reading_ == Reading::kPresent ? present_ : end_of(file);
    if (count == 0) return start_at({file, end});
    for (std::uint64_t from = end; from > 0;) {
      const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(from, kChunk));
      from -= size;
      const std::size_t got = read_at(files_[file].get(), chunk.data(), size, from, path(0));
      for (std::size_t i = got; i-- > 0;) {
        const std::uint64_t begin = from + i + 1;  // of the record behind a newline, if there is one
        if (chunk[i] == '\n' && begin != end && --count == 0) return start_at({file, begin});
      }
    }
    if (end > 0 && --count == 0) return start_at({file, 0});
  }
}

// More of the file into the buffer; false at its end.
bool LogReader::fill() {
  buffer_.erase(0, taken_);
  taken_ = 0;
  std::size_t room = kChunk - buffer_.size();
  if (reading_ == Reading::kPresent && files_.size() == 1)
    room = static_cast<std::size_t>(std::min<std::uint64_t>(room, present_ - std::min(present_, offset_)));
  const std::size_t have = buffer_.size();
  buffer_.resize(have + room);
  const std::size_t got = read_at(files_.back().get(), buffer_.data() + have, room, offset_, path(0));
  buffer_.resize(have + got);
  offset_ += got;
  return got > 0;
}

bool LogReader::has_successor() const {
  struct stat named {};
  const int rc = raw::fstatat(folder_, path(0).c_str(), &named, AT_SYMLINK_NOFOLLOW);
  return rc == 0 && S_ISREG(named.st_mode) && !is_same_file(named, status_of(files_.back().get(), path(0)));
}

// The next newer file, from its beginning; false when there is none yet.
bool LogReader::open_next() {
  if (files_.size() > 1) {
    files_.pop_back();
  } else {
    if (!has_left_) return false;
    std::vector<UniqueFd> files = open_files();
    const struct stat current = status_of(files_.back().get(), path(0));
    const auto known = std::find_if(files.begin(), files.end(),
                                    [&](const UniqueFd& file) { return is_same_file(status_of(file.get(), path(0)), current); });
    files.erase(known, files.end());
    if (files.empty()) return false;
    files_ = std::move(files);
  }
  offset_ = 0;
  has_left_ = false;
  return true;
}

const LogRecord* LogReader::take(std::size_t length, std::size_t with_end) {
  const std::string_view line = std::string_view(buffer_).substr(taken_, length);
  taken_ += with_end;
  const bool ends = with_end > length;
  auto record = in_long_line_ ? std::nullopt : parse_log_record(line);
  if (!record) record = LogRecord{.time = record_.time, .stamp = {}, .stream = record_.stream, .ends = ends, .text = line};
  in_long_line_ = !ends;
  record_ = *record;
  return &record_;
}

// The last line of a file, without its end. It is one nevertheless: nothing continues it.
const LogRecord* LogReader::take_torn() {
  take(buffer_.size() - taken_, buffer_.size() - taken_);
  record_.ends = true;
  in_long_line_ = false;
  return &record_;
}

const LogRecord* LogReader::next() {
  if (files_.empty()) {
    if (reading_ == Reading::kPresent) return nullptr;
    files_ = open_files();
    if (files_.empty()) return nullptr;
  }
  for (;;) {
    const auto newline = buffer_.find('\n', taken_);
    if (newline != std::string::npos) return take(newline - taken_, newline - taken_ + 1);
    const std::size_t rest = buffer_.size() - taken_;
    if (rest == kChunk) return take(rest, rest);
    if (fill()) continue;
    const bool is_newest = files_.size() == 1 && !has_left_;
    if (is_newest && reading_ != Reading::kPresent && has_successor()) {
      has_left_ = true;  // a new file is opened when the last was written into this one: what it has got meanwhile comes first
      continue;
    }
    if (rest > 0 && (!is_newest || reading_ == Reading::kFinished)) return take_torn();
    if (!open_next()) return nullptr;
  }
}

}  // namespace podctl::state
