#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/command.hpp"
#include "support/identity.hpp"

/// Making pods for tests, and looking at live ones from outside.
namespace podtest {

using Json = nlohmann::ordered_json;

/// A container that runs a script; $0 in it is its name.
Json container(const std::string& name, const std::string& script);
/// A pod of these containers that never restarts them.
Json pod(const std::vector<Json>& containers, const std::string& name = "test");
Json volume(const std::string& name, const Json& source);
Json mount(const std::string& name, const std::string& path, const Json& more = Json::object());

/// Writes the manifest, and the objects it uses behind it. @returns its path
std::string write_manifest(const World& world, const Json& pod, const std::vector<Json>& objects = {});
/// podctl run FLAGS... MANIFEST
Result run_pod(const World& world, const Json& pod, const std::vector<std::string>& flags = {}, const Options& options = {});
/// Output of a script in a pod of one container, which must end with 0 and say nothing on standard error.
/// `change` is merged into the container.
std::string output_of(const World& world, const std::string& script, const Json& change = Json::object(),
                      const std::vector<std::string>& flags = {});

/// Lines of a text; of them those that have `prefix`, without it.
std::vector<std::string> lines(const std::string& text);
std::vector<std::string> lines_after(const std::string& text, const std::string& prefix);
bool contains(const std::string& text, const std::string& part);
/// The value of a line "KEY:\tVALUE" as in /proc/PID/status.
std::string field(const std::string& text, const std::string& key);

/// The final status of `run --result`, or the one in the store.
Json read_json(const std::string& path);
/// The status of a container in it, init container or not.
Json container_status(const Json& status, const std::string& name);

/// A pod that runs while the test looks at it. Its containers print "ready" when they are where the test wants
/// them, and then wait for a signal.
class LivePod {
 public:
  LivePod(const World& world, const Json& pod, const std::vector<std::string>& flags = {});
  /// Waits until `text` stands `times` times in the output; fails the test otherwise.
  void await(const std::string& text, std::size_t times = 1);
  [[nodiscard]] int monitor() const { return run_.pid(); }
  [[nodiscard]] int pause() const;
  /// The main process of a container, found by the kernel: a child of the monitor that carries its name.
  [[nodiscard]] int member(const std::string& name) const;
  [[nodiscard]] const std::string& out() const { return run_.out(); }
  void signal(int number) const { run_.signal(number); }
  Result wait(std::chrono::seconds limit = std::chrono::seconds(30)) { return run_.wait(limit); }
  /// Ends it as `kill MONITOR` does. @returns what it said
  Result stop();

 private:
  Background run_;
};

/// The inode that stands for a namespace of a process. @throws std::runtime_error when the kernel does not tell
std::string namespace_of(int pid, const std::string& kind);
std::vector<int> children_of(int pid);

/// Waits until it holds; false after `limit`.
bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds(10));

}  // namespace podtest
