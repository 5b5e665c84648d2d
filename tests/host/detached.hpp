#pragma once

#include <sys/wait.h>

#include <cerrno>

#include "host/pods.hpp"

namespace podtest {

/// Monitors of detached pods become children of the test program when who started them has ended: reaped here. False when
/// one is still alive after a while.
inline bool reap_monitors() {
  return eventually([] {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
  });
}

/// A pod in the background, ended with this at the latest.
class Detached {
 public:
  /// podctl run -d FLAGS... MANIFEST
  Detached(const World& world, const Json& pod, const std::vector<std::string>& flags = {}) : Detached(world) {
    manifest_ = write_manifest(world, pod);
    name_ = pod["metadata"]["name"];
    std::vector<std::string> words{"run", "-d"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.push_back(manifest_);
    const Result result = world.podctl(words);
    if (result.code != 0) throw std::runtime_error("run -d: " + result.err);
    said_ = result.out;
  }
  /// Of a pod that the test itself starts.
  explicit Detached(const World& world, std::string name = "test") : world_(world), name_(std::move(name)) {}
  Detached(const Detached&) = delete;
  Detached& operator=(const Detached&) = delete;
  ~Detached() {
    world_.podctl({"kill", name_});
    reap_monitors();
  }
  [[nodiscard]] const std::string& said() const { return said_; }
  [[nodiscard]] const std::string& manifest() const { return manifest_; }
  [[nodiscard]] std::string folder() const { return world_.path() + "/root/state/pods/" + name_; }
  [[nodiscard]] Json record() const { return read_json(folder() + "/status.json"); }

 private:
  const World& world_;
  std::string name_, manifest_, said_;
};

}  // namespace podtest
