#include "state/event_log.hpp"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "sys/sys.hpp"

namespace podctl::state {

void EventLog::write(int folder) {
  if (waiting_.empty()) return;
  const std::string lines = std::exchange(waiting_, {});
  UniqueFd file = sys::open_at(folder, kName, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  struct stat status {};
  sys::check(sys::raw::fstat(file.get(), &status), "stat", kName);
  if (static_cast<std::size_t>(status.st_size) > kMostBytes) {
    if (::renameat(folder, kName, folder, kOldName) != 0) throw SysError(errno, "rename", kName);
    file = sys::open_at(folder, kName, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  }
  sys::write_all(file.get(), lines, kName);
}

}  // namespace podctl::state
