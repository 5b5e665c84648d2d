#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/plan.hpp"
#include "podctl/unique_fd.hpp"

/// What a monitor and the commands that talk to it say on the control socket: one JSON object a line, a request and its
/// answer, descriptors beside the answer's first byte (unix(7), SCM_RIGHTS).
namespace podctl::monitor {

using Message = nlohmann::json;

/// A request is refused beyond this: room for the longest command line and environment (execve(2)).
inline constexpr std::size_t kMaxMessage = std::size_t{4} << 20;
inline constexpr std::size_t kMaxDescriptors = 4;

/// Bytes become messages. Grows with what has arrived, up to kMaxMessage.
class MessageReader {
 public:
  enum class State { kOpen, kEnded, kTooLong };

  /// Reads what is there, with the descriptors that come along. Never blocks on a non-blocking socket.
  State read(int socket);
  /// The next whole line. @throws Error  when it is no JSON object
  std::optional<Message> next();
  std::vector<UniqueFd> take_descriptors() { return std::exchange(descriptors_, {}); }

 private:
  std::string text_;
  std::size_t looked_at_ = 0;
  std::vector<UniqueFd> descriptors_;
};

/// Sends a message at once, with descriptors (borrowed). The socket's buffer must have room for its first part at least.
/// @returns what could not be sent yet; nothing more is to be sent before that
std::string send_message(int socket, const Message& message, const std::vector<int>& descriptors = {});

Message error_message(const ErrorInfo& info);
/// The error that an answer carries, if it does.
std::optional<ErrorInfo> error_of(const Message& message);

/// A plan made by make_exec_plan() as a message, and back. @throws Error  for what is no such plan
Message plan_message(const Plan& plan);
Plan plan_of(const Message& message);

}  // namespace podctl::monitor
