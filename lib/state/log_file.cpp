#include "state/log_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "sys/sys.hpp"

namespace podctl::state {

LogFile::LogFile(int folder, std::string container, unsigned instance, Limits limits)
    : folder_(folder), container_(std::move(container)), instance_(instance), limits_(limits) {}

void LogFile::add_record(std::string_view stamp, Stream stream, char tag, std::string_view text) {
  append(pending_, stamp, stream == Stream::kOut ? " stdout " : " stderr ", tag, ' ', text, '\n');
}

void LogFile::write(Stream stream, std::string_view bytes, std::chrono::nanoseconds unix_time) {
  const std::string stamp = rfc3339(unix_time, 9);
  std::string& unfinished = unfinished_[static_cast<std::size_t>(stream)];
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    const std::size_t room = kMaxLine - unfinished.size();
    if (line.size() > room || (end == std::string_view::npos && line.size() == room)) {
      unfinished += line.substr(0, room);
      add_record(stamp, stream, 'P', unfinished);
      unfinished.clear();
      bytes.remove_prefix(room);
      continue;
    }
    if (end == std::string_view::npos) {
      unfinished += line;
      break;
    }
    if (unfinished.empty()) {
      add_record(stamp, stream, 'F', line);
    } else {
      unfinished += line;
      add_record(stamp, stream, 'F', unfinished);
      unfinished.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  flush();
}

void LogFile::finish(std::chrono::nanoseconds unix_time) {
  const std::string stamp = rfc3339(unix_time, 9);
  for (const Stream stream : {Stream::kOut, Stream::kErr}) {
    std::string& unfinished = unfinished_[static_cast<std::size_t>(stream)];
    if (!unfinished.empty()) add_record(stamp, stream, 'P', unfinished);
    unfinished.clear();
  }
  flush();
}

void LogFile::flush() {
  if (pending_.empty()) return;
  if (limits_.size != 0 && size_ >= limits_.size) rotate();
  const std::string name = cat("logs/", container_, '/', instance_, ".log");
  if (!file_) {
    int fd = sys::raw::openat(folder_, name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    if (fd == -ENOENT) {
      sys::raw::mkdirat(folder_, "logs", 0700);
      sys::raw::mkdirat(folder_, cat("logs/", container_).c_str(), 0700);
      fd = sys::raw::openat(folder_, name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    }
    file_.reset(static_cast<int>(sys::check(fd, "open", name)));
  }
  size_ += pending_.size();
  const ScopeExit empty{[&]() noexcept { pending_.clear(); }};  // also when the disk is full: it is not kept for ever
  sys::write_all(file_.get(), pending_, name);
}

void LogFile::rotate() {
  file_.reset();
  size_ = 0;
  const auto name = [&](unsigned age) { return cat("logs/", container_, '/', instance_, ".log", age == 0 ? "" : cat('.', age)); };
  for (unsigned age = std::max(limits_.files, 1u) - 1; age > 0; --age)
    if (::renameat(folder_, name(age - 1).c_str(), folder_, name(age).c_str()) != 0 && errno != ENOENT)
      throw SysError(errno, "rename", name(age - 1));
  if (limits_.files <= 1) sys::raw::unlinkat(folder_, name(0).c_str(), 0);
}

}  // namespace podctl::state
