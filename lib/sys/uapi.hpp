#pragma once

#include <linux/mount.h>
#include <sys/syscall.h>

#include <cstdint>

/// Kernel constants that Debian 12's libc headers may lack, with the kernel that brought them.
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000  // 5.2
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000  // 5.2
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000  // 4.6
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)  // 5.11
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // 6.3
#endif

namespace podctl::sys {

/// openat2(2)'s argument (linux/openat2.h), 5.6.
struct OpenHow {
  std::uint64_t flags = 0, mode = 0, resolve = 0;
};
inline constexpr std::uint64_t kResolveNoMagicLinks = 0x02;
inline constexpr std::uint64_t kResolveNoSymlinks = 0x04;
inline constexpr std::uint64_t kResolveBeneath = 0x08;
inline constexpr std::uint64_t kResolveInRoot = 0x10;

/// mount_setattr(2)'s argument, 5.12.
struct MountAttributes {
  std::uint64_t set = 0, clear = 0, propagation = 0, userns_fd = 0;
};

}  // namespace podctl::sys
