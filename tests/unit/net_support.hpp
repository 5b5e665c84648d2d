#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "podctl/unique_fd.hpp"

/// Servers on the loopback, in a thread of the test.
namespace podtest {

class Server {
 public:
  using Handler = std::function<void(int socket)>;

  /// @param handler  speaks on each connection, one after another; the connection closes when it returns
  explicit Server(Handler handler, const char* address = "127.0.0.1") : handler_(std::move(handler)) {
    sockaddr_in4_or_6 where{};
    socklen_t size = 0;
    if (::inet_pton(AF_INET, address, &where.four.sin_addr) == 1) {
      where.four.sin_family = AF_INET;
      size = sizeof where.four;
    } else if (::inet_pton(AF_INET6, address, &where.six.sin6_addr) == 1) {
      where.six.sin6_family = AF_INET6;
      size = sizeof where.six;
    }
    listener_.reset(::socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(listener_.get(), &where.any, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), &where.any, &size) != 0)
      throw std::runtime_error("no server on the loopback");
    port_ = ntohs(where.any.sa_family == AF_INET ? where.four.sin_port : where.six.sin6_port);
    thread_ = std::thread([this] { serve(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    stop_ = true;
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] int connections() const noexcept { return connections_; }
  [[nodiscard]] bool stops() const noexcept { return stop_; }

 private:
  union sockaddr_in4_or_6 {
    sockaddr any;
    sockaddr_in four;
    sockaddr_in6 six;
  };
  void serve() {
    while (!stop_) {
      pollfd poll{listener_.get(), POLLIN, 0};
      if (::poll(&poll, 1, 10) <= 0) continue;
      const podctl::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      ++connections_;
      const timeval most{5, 0};  // of a test that goes wrong
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
      ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
      if (socket) handler_(socket.get());
    }
  }

  Handler handler_;
  podctl::UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// False when the other side has gone.
inline bool send_text(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// A request up to its empty line.
inline std::string read_request(int socket) {
  std::string text;
  char c = 0;
  while (text.find("\r\n\r\n") == std::string::npos && ::recv(socket, &c, 1, 0) == 1) text += c;
  return text;
}

/// Reads until the other side closes.
inline void read_to_end(int socket) {
  char buffer[4096];
  while (::recv(socket, buffer, sizeof buffer, 0) > 0) continue;
}

/// A server of HTTP that gives the same answer to every request, and keeps the requests.
class HttpServer {
 public:
  explicit HttpServer(std::string answer, const char* address = "127.0.0.1")
      : HttpServer([answer = std::move(answer)](const std::string&) { return answer; }, address) {}
  explicit HttpServer(std::function<std::string(const std::string&)> answer, const char* address = "127.0.0.1")
      : server_(
            [this, answer = std::move(answer)](int socket) {
              const std::string request = read_request(socket);
              {
                const std::scoped_lock lock(mutex_);
                requests_.push_back(request);
              }
              send_text(socket, answer(request));
            },
            address) {}
  [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }
  [[nodiscard]] std::vector<std::string> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> requests_;
  Server server_;
};

}  // namespace podtest
