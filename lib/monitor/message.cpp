#include "monitor/message.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;

using Buffer = char[CMSG_SPACE(sizeof(int) * kMaxDescriptors)];

}  // namespace

MessageReader::State MessageReader::read(int socket) {
  for (;;) {
    char bytes[16384];
    iovec data{bytes, sizeof bytes};
    alignas(cmsghdr) Buffer control;
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const long got = raw::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (got == -EINTR) continue;
    if (got == -EAGAIN) return State::kOpen;
    if (got <= 0) return State::kEnded;
    for (const cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, const_cast<cmsghdr*>(part))) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
        descriptors_.emplace_back(fd);
      }
    }
    // Nobody sends more of them than a message carries.
    if (descriptors_.size() > kMaxDescriptors) return State::kTooLong;
    text_.append(bytes, static_cast<std::size_t>(got));
    if (text_.size() > kMaxMessage) return State::kTooLong;
    if (static_cast<std::size_t>(got) < sizeof bytes) return State::kOpen;
  }
}

std::optional<Message> MessageReader::next() {
  const auto end = text_.find('\n', looked_at_);
  if (end == std::string::npos) {
    looked_at_ = text_.size();
    return std::nullopt;
  }
  Message message = Message::parse(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, /*allow_exceptions=*/false);
  text_.erase(0, end + 1);
  looked_at_ = 0;
  if (text_.empty()) text_.shrink_to_fit();  // a monitor lives for days: it does not keep the largest request it has met
  if (!message.is_object()) throw Error({.id = "control-garbage", .message = "what came over the control socket is no message"});
  return message;
}

std::string send_message(int socket, const Message& message, const std::vector<int>& descriptors) {
  std::string text = message.dump(-1, ' ', false, Message::error_handler_t::replace) + '\n';
  iovec data{text.data(), text.size()};
  alignas(cmsghdr) Buffer control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const std::size_t size = sizeof(int) * descriptors.size();
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(size);
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(part), descriptors.data(), size);
  }
  long sent = 0;
  while ((sent = raw::sendmsg(socket, &header, MSG_NOSIGNAL)) == -EINTR) {
  }
  if (sent == -EPIPE || sent == -ECONNRESET) return {};  // who reads finds out that the other one is gone
  sys::check(sent, "sendmsg", "control");
  return text.substr(static_cast<std::size_t>(sent));
}

Message error_message(const ErrorInfo& info) {
  return {{"error",
           {{"id", info.id},
            {"message", info.message},
            {"cause", info.cause},
            {"hint", info.hint},
            {"class", static_cast<int>(info.error_class)},
            {"runCode", info.run_code},
            {"call", info.call},
            {"object", info.object},
            {"errno", info.error_number},
            {"pod", info.pod},
            {"container", info.container},
            {"stage", info.stage},
            {"path", info.path}}}};
}

std::optional<ErrorInfo> error_of(const Message& message) {
  const auto error = message.find("error");
  if (error == message.end() || !error->is_object()) return std::nullopt;
  const auto text = [&](const char* key) { return error->value(key, std::string()); };
  return ErrorInfo{.id = text("id"),
                   .message = text("message"),
                   .cause = text("cause"),
                   .hint = text("hint"),
                   .error_class = static_cast<ErrorClass>(error->value("class", 1)),
                   .run_code = error->value("runCode", 125),
                   .call = text("call"),
                   .object = text("object"),
                   .error_number = error->value("errno", 0),
                   .pod = text("pod"),
                   .container = text("container"),
                   .stage = text("stage"),
                   .path = text("path")};
}

}  // namespace podctl::monitor
