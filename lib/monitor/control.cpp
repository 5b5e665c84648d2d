#include "monitor/control.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "monitor/control_socket.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kMostConnections = 128;
constexpr int kBacklog = 32;

// The folder is the user's alone (0700), but descriptors travel: whoever holds one is not therefore allowed to speak.
bool is_ours(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == ::geteuid() || peer.uid == 0);
}

}  // namespace

Control::Control(Loop& loop, int folder, Handler handler) : loop_(loop), handler_(std::move(handler)) {
  raw::unlinkat(folder, kControlName, 0);  // of a monitor that was killed
  listener_ = make_control_socket();
  at_control_address(folder, [&](const sockaddr_un& address) {
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw SysError(errno, "bind", kControlName);
  });
  if (::listen(listener_.get(), kBacklog) != 0) throw SysError(errno, "listen", kControlName);
  sys::set_nonblocking(listener_.get());
  loop_.add(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

Control::~Control() {
  for (const auto& [fd, connection] : connections_) loop_.remove(fd);
  loop_.remove(listener_.get());
}

void Control::accept() {
  for (;;) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    if (!is_ours(socket.get()) || connections_.size() >= kMostConnections) continue;  // it sees the end at once
    const int fd = socket.get();
    connections_[fd].socket = std::move(socket);
    loop_.add(fd, EPOLLIN, [this, fd](std::uint32_t events) { serve(fd, events); });
  }
}

void Control::drop(int fd) {
  loop_.remove(fd);
  connections_.erase(fd);
}

void Control::serve(int fd, std::uint32_t events) {
  Connection& connection = connections_.at(fd);
  if ((events & EPOLLOUT) != 0 && !push(connection)) return drop(fd);
  if (!connection.unsent.empty()) return;
  const MessageReader::State state = connection.reader.read(fd);
  if (!answer(connection) || state == MessageReader::State::kEnded) return drop(fd);
  if (state == MessageReader::State::kTooLong) {
    static_cast<void>(raw::write(fd, "{\"error\":{\"message\":\"the request is too long\"}}\n", 48));
    drop(fd);
  }
}

// Every whole request that has come. False when the connection has to go.
bool Control::answer(Connection& connection) {
  const int fd = connection.socket.get();
  try {
    while (connection.unsent.empty()) {
      const auto request = connection.reader.next();
      connection.reader.take_descriptors();  // no request brings any
      if (!request) return true;
      Answer answer;
      try {
        answer = handler_(*request);
      } catch (const Error& error) {
        answer = {error_message(error.info()), {}};
      } catch (const Message::exception& error) {
        answer = {error_message({.id = "control-garbage", .message = "the monitor cannot read the request", .cause = error.what()}), {}};
      }
      std::vector<int> descriptors;
      for (const auto& descriptor : answer.descriptors) descriptors.push_back(descriptor.get());
      connection.unsent = send_message(fd, answer.message, descriptors);
    }
    if (!connection.unsent.empty()) loop_.change(fd, EPOLLOUT);  // nothing more is read before the answer is out
    return true;
  } catch (const Error& error) {
    const std::string text = error_message(error.info()).dump() + '\n';
    static_cast<void>(raw::write(fd, text.data(), text.size()));
    return false;
  }
}

bool Control::push(Connection& connection) {
  while (!connection.unsent.empty()) {
    const long sent = ::send(connection.socket.get(), connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    connection.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  loop_.change(connection.socket.get(), EPOLLIN);
  return true;
}

}  // namespace podctl::monitor
