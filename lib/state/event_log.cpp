#include "state/event_log.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/scope_exit.hpp"
#include "sys/sys.hpp"

namespace podctl::state {
namespace {

constexpr off_t kMostBytes = off_t{1} << 20;

UniqueFd open_events(int folder) { return sys::open_at(folder, kEvents, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600); }

}  // namespace

void append_events(int folder, std::string_view lines) {
  if (lines.empty()) return;
  UniqueFd file = open_events(folder);
  struct stat status {};
  sys::check(sys::raw::fstat(file.get(), &status), "stat", kEvents);
  if (status.st_size > kMostBytes) {
    if (::renameat(folder, kEvents, folder, kOldEvents) != 0) throw SysError(errno, "rename", kEvents);
    file = open_events(folder);
    status.st_size = 0;
  }
  // A full disk cuts through a line: what there is of it is taken back, for it is tried again.
  ScopeExit undo{[&]() noexcept { static_cast<void>(::ftruncate(file.get(), status.st_size)); }};
  sys::write_all(file.get(), lines, kEvents);
  undo.cancel();
}

}  // namespace podctl::state
