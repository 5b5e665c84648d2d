#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/scope_exit.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {

inline constexpr const char* kControlName = "control";

inline UniqueFd make_control_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError(errno, "socket", kControlName);
  return socket;
}

/// Calls `use` with the address of the socket in `folder`. Its whole path may be longer than an address (108 bytes,
/// unix(7)), so the name is a relative one and the folder the current one meanwhile; /proc/self/fd would do as well, but
/// is closed to a process that is not dumpable.
template <class Use>
void at_control_address(int folder, const Use& use) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, kControlName, std::strlen(kControlName));
  const UniqueFd before(sys::raw::openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY));
  sys::check(sys::raw::fchdir(folder), "fchdir", kControlName);
  const ScopeExit back{[&]() noexcept {
    if (before) sys::raw::fchdir(before.get());
  }};
  use(address);
}

}  // namespace podctl::monitor
