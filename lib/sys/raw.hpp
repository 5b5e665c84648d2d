#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "sys/raw_syscall.hpp"
#include "sys/uapi.hpp"

struct pollfd;

/// One function a system call, same name, no policy: the result or -errno. All of it may run between
/// clone and exec on the monitor's memory: no errno, no heap, no locks.
namespace podctl::sys::raw {

inline long arg(const void* pointer) noexcept { return reinterpret_cast<long>(pointer); }

// --- files --------------------------------------------------------------------------------------------
inline int openat(int dir, const char* path, int flags, mode_t mode = 0) noexcept {
  return static_cast<int>(call(SYS_openat, dir, arg(path), flags | O_CLOEXEC, mode));
}
inline int openat2(int dir, const char* path, OpenHow how) noexcept {
  how.flags |= O_CLOEXEC;
  return static_cast<int>(call(SYS_openat2, dir, arg(path), arg(&how), sizeof how));
}
inline int flock(int fd, int operation) noexcept { return static_cast<int>(call(SYS_flock, fd, operation)); }
inline int close(int fd) noexcept { return static_cast<int>(call(SYS_close, fd)); }
inline long read(int fd, void* buffer, std::size_t size) noexcept { return call(SYS_read, fd, arg(buffer), static_cast<long>(size)); }
inline long write(int fd, const void* data, std::size_t size) noexcept { return call(SYS_write, fd, arg(data), static_cast<long>(size)); }
inline int mkdirat(int dir, const char* path, mode_t mode) noexcept { return static_cast<int>(call(SYS_mkdirat, dir, arg(path), mode)); }
inline int mknodat(int dir, const char* path, mode_t mode, dev_t device = 0) noexcept {
  return static_cast<int>(call(SYS_mknodat, dir, arg(path), mode, static_cast<long>(device)));
}
inline int symlinkat(const char* target, int dir, const char* path) noexcept {
  return static_cast<int>(call(SYS_symlinkat, arg(target), dir, arg(path)));
}
inline int unlinkat(int dir, const char* path, int flags) noexcept { return static_cast<int>(call(SYS_unlinkat, dir, arg(path), flags)); }
inline int linkat(int old_dir, const char* old_path, int new_dir, const char* new_path) noexcept {
  return static_cast<int>(call(SYS_linkat, old_dir, arg(old_path), new_dir, arg(new_path), 0));
}
inline long readlinkat(int dir, const char* path, char* buffer, std::size_t size) noexcept {
  return call(SYS_readlinkat, dir, arg(path), arg(buffer), static_cast<long>(size));
}
inline int fstatat(int dir, const char* path, struct stat* status, int flags) noexcept {
  return static_cast<int>(call(SYS_newfstatat, dir, arg(path), arg(status), flags));
}
inline int fstat(int fd, struct stat* status) noexcept { return raw::fstatat(fd, "", status, AT_EMPTY_PATH); }
inline int fchmodat(int dir, const char* path, mode_t mode) noexcept { return static_cast<int>(call(SYS_fchmodat, dir, arg(path), mode)); }
inline int fchmod(int fd, mode_t mode) noexcept { return static_cast<int>(call(SYS_fchmod, fd, mode)); }
inline int fchown(int fd, uid_t uid, gid_t gid) noexcept { return static_cast<int>(call(SYS_fchown, fd, uid, gid)); }
/// Of the open file `dir` itself when `path` is null. `times`: of access and of change.
inline int utimensat(int dir, const char* path, const timespec* times, int flags) noexcept {
  return static_cast<int>(call(SYS_utimensat, dir, arg(path), arg(times), flags));
}
inline long lseek(int fd, std::int64_t offset, int whence) noexcept { return call(SYS_lseek, fd, offset, whence); }
inline int ftruncate(int fd, std::int64_t size) noexcept { return static_cast<int>(call(SYS_ftruncate, fd, size)); }
inline long pwrite(int fd, const void* data, std::size_t size, std::int64_t offset) noexcept {
  return call(SYS_pwrite64, fd, arg(data), static_cast<long>(size), offset);
}
inline int faccessat(int dir, const char* path, int mode) noexcept { return static_cast<int>(call(SYS_faccessat, dir, arg(path), mode)); }
inline int dup3(int from, int to, int flags) noexcept { return static_cast<int>(call(SYS_dup3, from, to, flags)); }
inline int close_range(unsigned first, unsigned last, unsigned flags) noexcept {
  return static_cast<int>(call(SYS_close_range, first, last, flags));
}
inline int chdir(const char* path) noexcept { return static_cast<int>(call(SYS_chdir, arg(path))); }
inline int fchdir(int fd) noexcept { return static_cast<int>(call(SYS_fchdir, fd)); }
inline long getcwd(char* buffer, std::size_t size) noexcept { return call(SYS_getcwd, arg(buffer), static_cast<long>(size)); }
inline mode_t umask(mode_t mask) noexcept { return static_cast<mode_t>(call(SYS_umask, mask)); }

// --- mounts -------------------------------------------------------------------------------------------
inline int mount(const char* source, const char* target, const char* type, unsigned long flags, const char* options) noexcept {
  return static_cast<int>(call(SYS_mount, arg(source), arg(target), arg(type), static_cast<long>(flags), arg(options)));
}
inline int umount2(const char* target, int flags) noexcept { return static_cast<int>(call(SYS_umount2, arg(target), flags)); }
inline int pivot_root(const char* new_root, const char* put_old) noexcept {
  return static_cast<int>(call(SYS_pivot_root, arg(new_root), arg(put_old)));
}
inline int open_tree(int dir, const char* path, unsigned flags) noexcept {
  return static_cast<int>(call(SYS_open_tree, dir, arg(path), static_cast<long>(flags | OPEN_TREE_CLOEXEC)));
}
inline int move_mount(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) noexcept {
  return static_cast<int>(call(SYS_move_mount, from_dir, arg(from), to_dir, arg(to), static_cast<long>(flags)));
}
inline int mount_setattr(int dir, const char* path, unsigned flags, const MountAttributes& attributes) noexcept {
  return static_cast<int>(call(SYS_mount_setattr, dir, arg(path), static_cast<long>(flags), arg(&attributes), sizeof attributes));
}

// --- processes and namespaces -------------------------------------------------------------------------
inline int setns(int fd, int kinds) noexcept { return static_cast<int>(call(SYS_setns, fd, kinds)); }
inline int unshare(int kinds) noexcept { return static_cast<int>(call(SYS_unshare, kinds)); }
inline int prctl(int option, unsigned long a = 0, unsigned long b = 0) noexcept {
  return static_cast<int>(call(SYS_prctl, option, static_cast<long>(a), static_cast<long>(b), 0, 0));
}
inline int setresuid(uid_t uid) noexcept { return static_cast<int>(call(SYS_setresuid, uid, uid, uid)); }
inline int setresgid(gid_t gid) noexcept { return static_cast<int>(call(SYS_setresgid, gid, gid, gid)); }
inline int setgroups(std::size_t count, const gid_t* groups) noexcept {
  return static_cast<int>(call(SYS_setgroups, static_cast<long>(count), arg(groups)));
}
/// `header` and `sets` are the kernel's structures (linux/capability.h).
inline int capget(const void* header, void* sets) noexcept { return static_cast<int>(call(SYS_capget, arg(header), arg(sets))); }
inline int capset(const void* header, const void* sets) noexcept { return static_cast<int>(call(SYS_capset, arg(header), arg(sets))); }
inline int sethostname(const char* name, std::size_t length) noexcept {
  return static_cast<int>(call(SYS_sethostname, arg(name), static_cast<long>(length)));
}
inline int setsid() noexcept { return static_cast<int>(call(SYS_setsid)); }
inline int prlimit64(pid_t pid, int resource, const void* limit, void* old) noexcept {
  return static_cast<int>(call(SYS_prlimit64, pid, resource, arg(limit), arg(old)));
}
inline int execveat(int dir, const char* path, const char* const* argv, const char* const* environment, int flags) noexcept {
  return static_cast<int>(call(SYS_execveat, dir, arg(path), arg(argv), arg(environment), flags));
}
inline int execve(const char* path, const char* const* argv, const char* const* environment) noexcept {
  return static_cast<int>(call(SYS_execve, arg(path), arg(argv), arg(environment)));
}
/// clone(2) of a child that runs `entry(argument)` on a stack of its own and ends with what that returns.
/// `pidfd` and `clear_word` are for CLONE_PIDFD and CLONE_CHILD_CLEARTID. The child has no thread-local
/// storage of its own: with CLONE_VM it must not touch errno.
int clone(int (*entry)(void*), void* stack_top, int flags, void* argument, int* pidfd, std::uint32_t* clear_word) noexcept;
[[noreturn]] inline void exit_group(int status) noexcept {
  for (;;) call(SYS_exit_group, status);
}
inline int pidfd_open(pid_t pid, unsigned flags) noexcept { return static_cast<int>(call(SYS_pidfd_open, pid, static_cast<long>(flags))); }
inline int pidfd_send_signal(int pidfd, int signal_number) noexcept {
  return static_cast<int>(call(SYS_pidfd_send_signal, pidfd, signal_number, 0, 0));
}
/// `kernel_action` is the kernel's struct sigaction; all zero means the default action.
inline int rt_sigaction(int signal_number, const void* kernel_action) noexcept {
  return static_cast<int>(call(SYS_rt_sigaction, signal_number, arg(kernel_action), 0, 8));
}
inline int rt_sigprocmask(int how, const std::uint64_t* set) noexcept {
  return static_cast<int>(call(SYS_rt_sigprocmask, how, arg(set), 0, 8));
}

// --- waiting ------------------------------------------------------------------------------------------
/// Polls with a timeout in nanoseconds; negative waits for ever.
inline int poll(pollfd* fds, unsigned count, std::int64_t timeout_ns) noexcept {
  const std::int64_t when[2] = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  return static_cast<int>(call(SYS_ppoll, arg(fds), static_cast<long>(count), timeout_ns < 0 ? 0 : arg(when), 0, 0));
}
/// Sleeps while *word is `expected`, for at most `timeout_ns`. The word may lie in memory shared by processes.
inline int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t timeout_ns) noexcept {
  const std::int64_t when[2] = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  return static_cast<int>(call(SYS_futex, arg(word), 0 /* FUTEX_WAIT */, static_cast<long>(expected), arg(when)));
}
inline int futex_wake(const std::uint32_t* word) noexcept {
  return static_cast<int>(call(SYS_futex, arg(word), 1 /* FUTEX_WAKE */, 0x7fffffff));
}

// --- terminals ----------------------------------------------------------------------------------------
inline int ioctl(int fd, unsigned long request, long argument) noexcept {
  return static_cast<int>(call(SYS_ioctl, fd, static_cast<long>(request), argument));
}

// --- sockets ------------------------------------------------------------------------------------------
inline int socket(int family, int type, int protocol) noexcept { return static_cast<int>(call(SYS_socket, family, type, protocol)); }
inline long sendto(int fd, const void* data, std::size_t size) noexcept {
  return call(SYS_sendto, fd, arg(data), static_cast<long>(size), 0, 0, 0);
}
inline long sendmsg(int fd, const void* message, int flags) noexcept { return call(SYS_sendmsg, fd, arg(message), flags); }
inline long recvmsg(int fd, void* message, int flags) noexcept { return call(SYS_recvmsg, fd, arg(message), flags); }
inline long recvfrom(int fd, void* buffer, std::size_t size) noexcept {
  return call(SYS_recvfrom, fd, arg(buffer), static_cast<long>(size), 0, 0, 0);
}

}  // namespace podctl::sys::raw
