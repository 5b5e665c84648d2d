#include "support/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/catch.hpp"

namespace podtest {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

int decode(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// A child with its streams on pipes; `input_fd` of -1 gives it an empty input.
int spawn(const std::vector<std::string>& argv, const Options& options, int in, int out, int err) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::map<std::string, std::string> variables{
      {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}, {"HOME", "/nonexistent"}, {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : options.environment) variables[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + '=' + value);
  std::vector<char*> environment;
  for (auto& line : lines) environment.push_back(line.data());
  environment.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid > 0) return pid;
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::close_range(3, ~0U, 0);
  for (const int number : {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::signal(number, SIG_DFL);  // nohup(1) ignores one
  if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(119);
  ::execvpe(words[0], words.data(), environment.data());
  ::_exit(118);
}

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) fail("pipe2");
    read_end = fds[0];
    write_end = fds[1];
  }
};

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

// Takes what a pipe holds; false at its end.
bool take(int fd, std::string& into) {
  char buffer[65536];
  const ssize_t got = ::read(fd, buffer, sizeof buffer);
  if (got > 0) into.append(buffer, static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

std::vector<int> own_children() {
  std::vector<int> pids;
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    for (int pid = 0; file >> pid;) pids.push_back(pid);
  }
  return pids;
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::string podctl_path() {
  if (const char* set = std::getenv("PODCTL")) return set;
  return fs::read_symlink("/proc/self/exe").parent_path() / "podctl";
}

Result run(const std::vector<std::string>& argv, const Options& options) {
  Pipe in, out, err;
  const int pid = spawn(argv, options, in.read_end, out.write_end, err.write_end);
  close_fd(in.read_end);
  close_fd(out.write_end);
  close_fd(err.write_end);
  ::signal(SIGPIPE, SIG_IGN);
  std::size_t written = 0;
  if (options.input.empty()) close_fd(in.write_end);
  else ::fcntl(in.write_end, F_SETFL, O_NONBLOCK);
  Result result;
  const auto until = Clock::now() + options.limit;
  while (out.read_end >= 0 || err.read_end >= 0) {
    pollfd polls[3] = {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}, {in.write_end, POLLOUT, 0}};
    ::poll(polls, 3, 200);
    if (polls[0].revents != 0 && !take(out.read_end, result.out)) close_fd(out.read_end);
    if (polls[1].revents != 0 && !take(err.read_end, result.err)) close_fd(err.read_end);
    if (polls[2].revents != 0) {
      const ssize_t put = ::write(in.write_end, options.input.data() + written, options.input.size() - written);
      if (put > 0) written += static_cast<std::size_t>(put);
      if ((put < 0 && errno != EAGAIN) || written == options.input.size()) close_fd(in.write_end);
    }
    if (Clock::now() > until) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      throw std::runtime_error(argv[0] + " took too long; so far it said\n" + result.out + result.err);
    }
  }
  close_fd(in.write_end);
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) fail("waitpid");
  result.code = decode(status);
  return result;
}

// --- Background -----------------------------------------------------------------------------------------

Background::Background(const std::vector<std::string>& argv, const Options& options) {
  Pipe out, err;
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_ = spawn(argv, options, null, out.write_end, err.write_end);
  ::close(null);
  close_fd(out.write_end);
  close_fd(err.write_end);
  out_fd_ = out.read_end;
  err_fd_ = err.read_end;
}

Background::~Background() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_fd(out_fd_);
  close_fd(err_fd_);
}

void Background::signal(int number) const { ::kill(pid_, number); }

bool Background::pump(int timeout_ms) {
  pollfd polls[2] = {{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}};
  ::poll(polls, 2, timeout_ms);
  if (polls[0].revents != 0 && !take(out_fd_, out_)) close_fd(out_fd_);
  if (polls[1].revents != 0 && !take(err_fd_, err_)) close_fd(err_fd_);
  return out_fd_ >= 0 || err_fd_ >= 0;
}

bool Background::read_until(const std::function<bool(const std::string&)>& done, std::chrono::seconds limit) {
  const auto until = Clock::now() + limit;
  while (!done(out_)) {
    if (!pump(100) || Clock::now() > until) return done(out_);
  }
  return true;
}

Result Background::wait(std::chrono::seconds limit) {
  const auto until = Clock::now() + limit;
  while (pump(100))
    if (Clock::now() > until) throw std::runtime_error("a command took too long; so far it said\n" + out_ + err_);
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) fail("waitpid");
  pid_ = -1;
  return {decode(status), out_, err_};
}

// --- World ----------------------------------------------------------------------------------------------

World::World() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const char* base = std::getenv("PODCTL_TEST_DIR");  // not on tmpfs: overlayfs wants more than that before 6.6
  std::string pattern = std::string(base != nullptr ? base : "/var/tmp") + "/podctl-test.XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) fail("mkdtemp " + pattern);
  path_ = pattern;
}

World::~World() {
  // Everything podctl leaves behind has a second to end.
  std::vector<int> left;
  for (int i = 0; i < 100; ++i) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    left = own_children();
    if (left.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  for (const int pid : left) {
    std::string name = "gone";
    std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
    std::getline(comm, name);
    UNSCOPED_INFO("a process is left: " << pid << ' ' << name);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  CHECK(left.empty());
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    INFO("a mount is left: " << line);
    CHECK(line.find(path_) == std::string::npos);
  }
  std::error_code none;
  const fs::path pods = fs::path(path_) / "root/state/pods", running = fs::path(path_) / "root/run/pods";
  const std::set<std::string> kept{"manifest.json", "status.json", "events.jsonl", "logs"};
  for (const auto& pod : fs::directory_iterator(pods, none)) {
    for (const auto& entry : fs::directory_iterator(pod.path(), none)) {
      INFO("a file is left: " << entry.path());
      CHECK(kept.count(entry.path().filename()) == 1);
    }
    INFO("a folder is left: " << pod.path());
    CHECK(pod.path().filename().string().front() != '.');
  }
  for (const auto& pod : fs::directory_iterator(running, none)) {
    INFO("a runtime folder is left: " << pod.path());
    CHECK_FALSE(fs::exists(pod.path()));
  }
  fs::remove_all(path_, none);
}

std::string World::file(const std::string& name, const std::string& content, unsigned mode) const {
  const fs::path path = fs::path(path_) / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  if (::chmod(path.c_str(), mode) != 0) fail("chmod " + path.string());
  return path;
}

std::string World::folder(const std::string& name, unsigned mode) const {
  const fs::path path = fs::path(path_) / name;
  fs::create_directories(path);
  if (::chmod(path.c_str(), mode) != 0) fail("chmod " + path.string());
  return path;
}

std::vector<std::string> World::podctl_argv(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv{podctl_path(), "--root", path_ + "/root"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Result World::podctl(const std::vector<std::string>& arguments, const Options& options) const {
  return run(podctl_argv(arguments), options);
}

std::string World::busybox_root() const {
  const std::string root = path_ + "/busybox";
  if (exists(root)) return root;
  for (const char* name : {"bin", "etc", "proc", "sys", "dev", "tmp", "root"}) fs::create_directories(root + '/' + name);
  fs::copy_file("/bin/busybox", root + "/bin/busybox");
  const Result list = run({root + "/bin/busybox", "--list"});
  std::istringstream names(list.out);
  for (std::string name; std::getline(names, name);)
    if (name != "busybox") fs::create_symlink("busybox", root + "/bin/" + name);
  std::ofstream(root + "/etc/passwd") << "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n";
  std::ofstream(root + "/etc/group") << "root:x:0:\nuser:x:1000:\n";
  return root;
}

}  // namespace podtest
