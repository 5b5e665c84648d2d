#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "monitor/message.hpp"
#include "podctl/store.hpp"

namespace podctl::monitor {

/// A command's end of the control socket.
class Client {
 public:
  /// @throws Error  kNotFound when there is no such pod, kConflict when it does not run
  Client(const StorePaths& paths, const std::string& pod);

  /// Sends a request and waits for its answer, for at most 10 s. @throws Error  also the one that the answer is
  Message ask(const Message& request);
  /// What came with the last answer.
  std::vector<UniqueFd> take_descriptors() { return reader_.take_descriptors(); }
  /// Becomes readable when the pod is over.
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  /// Waits until the monitor is gone, and with it its hold on the name.
  void await_end();

 private:
  StorePaths paths_;
  std::string pod_;
  int monitor_ = 0;
  UniqueFd socket_, process_;  // process_: the monitor's pidfd
  MessageReader reader_;
};

}  // namespace podctl::monitor
