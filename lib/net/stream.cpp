#include "net/stream.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "sys/raw.hpp"

namespace podctl::net {
namespace {

class PlainStream : public Stream {
 public:
  PlainStream(UniqueFd socket, const Deadline& deadline) : socket_(std::move(socket)), deadline_(deadline) {}

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      else if (errno == EAGAIN) deadline_.await(socket_.get(), POLLOUT, "the request was not taken");
      else if (errno != EINTR) fail(cat("write: ", errno_text(errno)));
    }
  }

  std::size_t read(char* buffer, std::size_t size) override {
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), buffer, size, 0);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno == EAGAIN) deadline_.await(socket_.get(), POLLIN, "no answer");
      else if (errno != EINTR) fail(cat("read: ", errno_text(errno)));
    }
  }

 private:
  UniqueFd socket_;
  const Deadline& deadline_;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    address.size = sizeof *four;
  } else if (::inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    address.size = sizeof *six;
  } else {
    throw Trouble{{Result::kError, cat(quote(text), " is no numeric address, and names are not looked up")}};
  }
  return address;
}

}  // namespace

void fail(std::string message) { throw Trouble{{Result::kFailure, std::move(message)}}; }

Deadline::Deadline(std::chrono::nanoseconds timeout) : timeout_(timeout), end_(std::chrono::steady_clock::now() + timeout) {}

void Deadline::await(int fd, short events, std::string_view awaited) const {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) fail(cat("timeout: ", awaited, " within ", short_duration(timeout_)));
    pollfd poll{fd, events, 0};
    const int rc = sys::raw::poll(&poll, 1, left.count());
    if (rc > 0) return;
    if (rc < 0 && rc != -EINTR) throw Trouble{{Result::kError, cat("poll: ", errno_text(-rc))}};
  }
}

std::string endpoint(const std::string& address, std::uint16_t port) {
  return address.find(':') == std::string::npos ? cat(address, ':', port) : cat('[', address, "]:", port);
}

UniqueFd connect_to(const std::string& address, std::uint16_t port, const Deadline& deadline) {
  const Address target = parse_address(address, port);
  UniqueFd socket(::socket(target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) throw Trouble{{Result::kError, cat("socket: ", errno_text(errno))}};
  const std::string where = endpoint(address, port);
  int error = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&target.storage), target.size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    deadline.await(socket.get(), POLLOUT, cat("no connection to ", where));
    socklen_t size = sizeof error;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  }
  if (error != 0) fail(cat("connect to ", where, ": ", errno_text(error)));
  return socket;
}

std::unique_ptr<Stream> make_plain_stream(UniqueFd socket, const Deadline& deadline) {
  return std::make_unique<PlainStream>(std::move(socket), deadline);
}

}  // namespace podctl::net
