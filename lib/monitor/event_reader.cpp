#include <fcntl.h>
#include <unistd.h>

#include "base/text.hpp"
#include "podctl/events.hpp"
#include "sys/sys.hpp"

namespace podctl {

EventReader::EventReader(const StorePaths& paths, std::string pod) : path_(event_file(paths, pod)), pod_(std::move(pod)) {}

std::vector<PodEvent> EventReader::read(Last last) {
  constexpr std::size_t kMost = std::size_t{64} << 20;
  const auto file = sys::try_open_at(AT_FDCWD, path_, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!file) return {};
  struct stat status {};
  sys::check(sys::raw::fstat(file->get(), &status), "stat", path_);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (status.st_ino != inode_ || size < offset_) offset_ = 0;
  inode_ = status.st_ino;
  if (size == offset_) return {};
  if (::lseek(file->get(), static_cast<off_t>(offset_), SEEK_SET) < 0) throw SysError(errno, "lseek", path_);
  const std::string text = sys::read_file(file->get(), path_, kMost);
  std::vector<PodEvent> events;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos && last == Last::kWhenWhole) break;
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!trim(line).empty()) events.push_back(parse_event(line, pod_));
  }
  offset_ += text.size() - rest.size();
  return events;
}

}  // namespace podctl
