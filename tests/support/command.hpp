#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// Running commands, podctl first of all, and looking at what they said.
namespace podtest {

struct Result {
  int code = 0;  ///< exit code, or 128 + signal
  std::string out, err;
};

struct Options {
  std::string input;                               ///< standard input; empty: end of file at once
  std::string directory;                           ///< working directory; empty: the caller's
  std::map<std::string, std::string> environment;  ///< on top of a small fixed one
  std::chrono::seconds limit{60};                  ///< killed then, and the test fails
};

/// Runs a program to its end. @throws std::runtime_error when it cannot be started or takes too long
Result run(const std::vector<std::string>& argv, const Options& options = {});

/// The podctl under test: $PODCTL, else the one beside the test program.
std::string podctl_path();

/// A process that is still running: its pid, and its output so far. Destruction kills and reaps it.
class Background {
 public:
  explicit Background(const std::vector<std::string>& argv, const Options& options = {});
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background();
  [[nodiscard]] int pid() const noexcept { return pid_; }
  void signal(int number) const;
  /// Waits for its end. @throws std::runtime_error after `limit`
  Result wait(std::chrono::seconds limit = std::chrono::seconds(30));
  /// Reads on until `done(out so far)` holds; false after `limit` or at the end of its output.
  bool read_until(const std::function<bool(const std::string&)>& done, std::chrono::seconds limit = std::chrono::seconds(20));
  [[nodiscard]] const std::string& out() const noexcept { return out_; }

 private:
  bool pump(int timeout_ms);
  int pid_ = -1, out_fd_ = -1, err_fd_ = -1;
  std::string out_, err_;
};

/// A world of its own: a folder for --root, manifests and files. Its destructor fails the test when a process
/// that podctl started, a mount, or a file outside the kept records is left. (The test program is made the
/// reaper of orphans, prctl(2) PR_SET_CHILD_SUBREAPER: whatever podctl loses becomes its child.)
class World {
 public:
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Writes a file below path(), with its folders; gives its whole path.
  std::string file(const std::string& name, const std::string& content, unsigned mode = 0644) const;
  std::string folder(const std::string& name, unsigned mode = 0755) const;
  /// podctl --root WORLD/root ARGUMENTS...
  Result podctl(const std::vector<std::string>& arguments, const Options& options = {}) const;
  [[nodiscard]] std::vector<std::string> podctl_argv(const std::vector<std::string>& arguments) const;
  /// A busybox root file system, made once: its folder.
  [[nodiscard]] std::string busybox_root() const;

 private:
  std::string path_;
};

/// The whole of a file. @throws std::runtime_error when it cannot be read
std::string read_file(const std::string& path);
bool exists(const std::string& path);

}  // namespace podtest
