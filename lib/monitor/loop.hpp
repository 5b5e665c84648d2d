#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "podctl/unique_fd.hpp"

namespace podctl::monitor {

/// An epoll loop on one thread: descriptors and what to do when they are ready.
class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  Loop();
  /// Watches a borrowed descriptor. False when epoll cannot watch it (a regular file: it is always ready).
  bool add(int fd, std::uint32_t events, Handler handler);
  void change(int fd, std::uint32_t events);
  /// Must come before the descriptor is closed. Safe inside a handler.
  void remove(int fd);
  /// Waits for at most `timeout_ms` (-1: for ever) and calls the handlers of what is ready.
  void turn(int timeout_ms);

 private:
  struct Watch {
    std::uint32_t generation;
    Handler handler;
  };
  UniqueFd epoll_;
  std::uint32_t next_generation_ = 1;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
};

}  // namespace podctl::monitor
