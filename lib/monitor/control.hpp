#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "monitor/loop.hpp"
#include "monitor/message.hpp"

namespace podctl::monitor {

/// The monitor's end of the control socket. A client that sends nonsense, stalls or goes away costs its own connection
/// and nothing else; a connection that is open when the pod ends is closed then, which is how a client sees the end.
class Control {
 public:
  struct Answer {  // NOLINT(bugprone-exception-escape): what clang-tidy sees in json's move is an assertion
    Message message;
    std::vector<UniqueFd> descriptors;
  };
  /// Answers a request; what it throws is sent as an error.
  using Handler = std::function<Answer(const Message& request)>;

  /// Listens at `control` in a folder (borrowed for the call).
  Control(Loop& loop, int folder, Handler handler);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control();

 private:
  struct Connection {
    UniqueFd socket;
    MessageReader reader;
    std::string unsent;
  };
  void accept();
  void serve(int fd, std::uint32_t events);
  bool answer(Connection& connection);
  bool push(Connection& connection);
  void drop(int fd);

  Loop& loop_;
  Handler handler_;
  UniqueFd listener_;
  std::map<int, Connection> connections_;
};

}  // namespace podctl::monitor
