#include "monitor/loop.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "podctl/error.hpp"

namespace podctl::monitor {
namespace {

// The generation tells a stale event of a closed descriptor from one of its successor with the same number.
std::uint64_t tag(int fd, std::uint32_t generation) { return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd); }

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw SysError(errno, "epoll_create1");
}

bool Loop::add(int fd, std::uint32_t events, Handler handler) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(fd, next_generation_);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    if (errno == EPERM) return false;
    throw SysError(errno, "epoll_ctl");
  }
  watches_[fd] = std::make_shared<Watch>(Watch{next_generation_++, std::move(handler)});
  return true;
}

void Loop::change(int fd, std::uint32_t events) {
  const auto watch = watches_.find(fd);
  if (watch == watches_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(fd, watch->second->generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) throw SysError(errno, "epoll_ctl");
}

void Loop::remove(int fd) {
  if (watches_.erase(fd) == 0) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::turn(int timeout_ms) {
  std::array<epoll_event, 64> events;
  const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  if (ready < 0) {
    if (errno == EINTR) return;
    throw SysError(errno, "epoll_wait");
  }
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const auto watch = watches_.find(static_cast<int>(event.data.u64 & 0xffffffff));
    if (watch == watches_.end() || watch->second->generation != event.data.u64 >> 32) continue;
    const std::shared_ptr<Watch> keep = watch->second;  // the handler may remove itself
    keep->handler(event.events);
  }
}

}  // namespace podctl::monitor
