#pragma once

#include <poll.h>
#include <time.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "run/program.hpp"
#include "run/target.hpp"
#include "sys/raw.hpp"

/// What the files of the child side share. All of it runs on the monitor's memory (CLONE_VM), beside the monitor: raw
/// system calls only, no errno, no heap, no libc that could lock. lib/CMakeLists.txt compiles these files without
/// sanitizers, exceptions and canaries.
namespace podctl::run {

namespace raw = sys::raw;

constexpr std::int64_t kTick = 20'000'000;  // how often a waiting child looks whether anybody is left

struct Child {
  const Program& program;
  int base = -1;  // what targets are resolved below: the pod tree for pause, the root for a member
};

// A failed call, or none.
struct Result {
  Call call = Call::kNone;
  int error = 0;
  std::uint32_t item = 0;
};

inline Result check(long rc, Call call, std::size_t item = 0) noexcept {
  if (rc >= 0) return {};
  return {call, static_cast<int>(-rc), static_cast<std::uint32_t>(item)};
}

inline Result from(const TargetError& error, std::size_t item = 0) noexcept { return check(error.rc, error.call, item); }

#define PODCTL_TRY(expression)                       \
  do {                                               \
    const Result result_ = (expression);             \
    if (result_.call != Call::kNone) return result_; \
  } while (0)

inline std::int64_t now() noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);  // in the vDSO: no system call, no errno on success
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

inline void set_word(std::uint32_t& word, std::uint32_t value) noexcept {
  __atomic_store_n(&word, value, __ATOMIC_RELEASE);
  raw::futex_wake(&word);
}

inline std::uint32_t get_word(const std::uint32_t& word) noexcept { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

inline bool is_ready(int fd) noexcept {
  pollfd poll{fd, POLLIN, 0};
  return raw::poll(&poll, 1, 0) > 0;
}

inline bool monitor_is_gone(const Child& child) noexcept { return is_ready(child.program.monitor_pidfd); }

// Waits until `word` leaves `value`; false when the monitor went first.
inline bool await_change(const Child& child, const std::uint32_t& word, std::uint32_t value) noexcept {
  while (get_word(word) == value) {
    raw::futex_wait(&word, value, kTick);
    if (get_word(word) == value && monitor_is_gone(child)) return false;
  }
  return true;
}

inline Result write_all(int fd, const char* data, std::size_t size, Call call, std::size_t item = 0) noexcept {
  while (size > 0) {
    const long written = raw::write(fd, data, size);
    if (written < 0) return check(written, call, item);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

// A descriptor that is closed when its scope ends.
class Fd {
 public:
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() noexcept {
    if (fd_ >= 0) raw::close(fd_);
  }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

// child_mounts.cpp: what changes the mounts around an actor.
Result mount_on(const Child& child, const char* target, const char* type, std::uint64_t flags, const char* options) noexcept;
Result mount_tmpfs(const Child& child, const Op& op) noexcept;
Result mount_pod_tree(Child& child, const Op& op) noexcept;
Result new_root(Child& child, const Op& op) noexcept;
Result mount_overlay(Child& child, const Op& op) noexcept;
Result bind_host(const Child& child, const Op& op) noexcept;
Result bind_devices(const Child& child, const Op& op) noexcept;
Result mask_paths(const Child& child, const Op& op) noexcept;
Result write_files(const Child& child, const Op& op) noexcept;
Result mount_layers(const Op& op) noexcept;
Result change_root(const Child& child) noexcept;
Result move_template(const Child& child, const Op& op) noexcept;
Result bind_into(const Child& child, const Op& op) noexcept;
Result make_read_only(const Child& child, const Op& op) noexcept;
Result fill_dev(const Child& child, const Op& op) noexcept;
Result message_file(const Op& op) noexcept;

}  // namespace podctl::run
