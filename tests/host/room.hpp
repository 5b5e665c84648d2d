#pragma once

#include <string>
#include <vector>

#include "host/pods.hpp"

namespace podtest {

/// A mount namespace of its own in which the folder `root` of a world, podctl's --root, is a small file system. As any user: all but
/// the machine's root make a user namespace as well, as `unshare -r` does. Ends with all that runs in it.
class Room {
 public:
  /// @param options  of the tmpfs, e.g. "size=1m"
  Room(const World& world, const std::string& options) : world_(world), holder_(enter(world.folder("root"), options)) {
    if (!holder_.read_until([](const std::string& out) { return out == "ready\n"; }))
      throw std::runtime_error("no file system for the test: " + holder_.wait().err);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  /// Runs a program in it.
  Result run(const std::vector<std::string>& argv) const { return podtest::run(inside(argv)); }
  Result podctl(const std::vector<std::string>& arguments) const { return run(world_.podctl_argv(arguments)); }
  [[nodiscard]] std::vector<std::string> inside(const std::vector<std::string>& argv) const {
    std::vector<std::string> all{"nsenter", "-t", std::to_string(holder_.pid()), "-m"};
    if (caller() != Caller::kMachineRoot) all.insert(all.end(), {"-U", "--preserve-credentials"});
    all.emplace_back("--");
    all.insert(all.end(), argv.begin(), argv.end());
    return all;
  }
  /// What is podctl's --root in it.
  [[nodiscard]] std::string root() const { return world_.path() + "/root"; }
  /// Where a file below --root is seen from outside.
  [[nodiscard]] std::string path(const std::string& name) const {
    return "/proc/" + std::to_string(holder_.pid()) + "/root" + world_.path() + "/root/" + name;
  }
  /// Takes all the room there is; the file `fill` has it.
  void fill() const {
    const Result result = run({"sh", "-c", "cat /dev/zero > \"$0\"", world_.path() + "/root/fill"});
    if (!contains(result.err, "No space left")) throw std::runtime_error("the disk did not fill: " + result.err);
  }
  void free() const { run({"rm", world_.path() + "/root/fill"}); }

 private:
  static std::vector<std::string> enter(const std::string& folder, const std::string& options) {
    const std::string script = "mount -t tmpfs -o \"$1\" tmpfs \"$0\" && echo ready && exec sleep 600";
    return {"unshare", caller() == Caller::kMachineRoot ? "-m" : "-rm", "sh", "-c", script, folder, options};
  }

  const World& world_;
  Background holder_;
};

}  // namespace podtest
