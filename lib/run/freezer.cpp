#include "run/freezer.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <set>
#include <thread>

#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "run/inside.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 2s;      // for all of them to stand still
constexpr int kRemoveTries = 1000;  // of a pod whose monitor was killed somebody may still be dying
constexpr auto kRemovePause = 1ms;

// From inside the pod's pid namespace, whose numbers both folders use. Those that are found have stopped and fork no more, so
// that a round which finds nobody new has found everybody.
long move_everyone(int proc, int processes) {
  std::set<pid_t> found{::getpid()};
  for (bool any = true; any;) {
    any = false;
    const int fd = raw::openat(proc, ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd), ::closedir);
    if (dir == nullptr) return -errno;
    while (const dirent* entry = ::readdir(dir.get())) {
      const auto pid = parse_number<pid_t>(entry->d_name);
      if (!pid || !found.insert(*pid).second) continue;
      any = true;
      const std::string text = cat(*pid);
      const long rc = raw::write(processes, text.data(), text.size());
      if (rc < 0 && rc != -ESRCH) return rc;  // ESRCH: it has ended
    }
  }
  return 0;
}

}  // namespace

Freezer::Freezer(std::string path) : path_(std::move(path)) {
  sys::check(raw::mkdirat(AT_FDCWD, path_.c_str(), 0755), "mkdir", path_);
  ScopeExit undo{[&]() noexcept { raw::unlinkat(AT_FDCWD, path_.c_str(), AT_REMOVEDIR); }};
  folder_ = sys::open(path_, O_RDONLY | O_DIRECTORY);
  undo.cancel();
}

Freezer::~Freezer() {
  if (folder_) raw::unlinkat(AT_FDCWD, path_.c_str(), AT_REMOVEDIR);
}

void Freezer::freeze(int pause, const Namespaces& held, int proc) {
  const UniqueFd processes = sys::open_at(folder_.get(), "cgroup.procs", O_WRONLY);
  ScopeExit undo{[&]() noexcept {
    const UniqueFd state(raw::openat(folder_.get(), "cgroup.freeze", O_WRONLY));
    static_cast<void>(raw::write(state.get(), "0", 1));
  }};
  set_frozen(true);  // first, so that whoever comes in stops at once
  do_inside(pause, held, "move processes to", path_, [&] { return move_everyone(proc, processes.get()); });
  await_frozen();
  undo.cancel();
}

void Freezer::thaw() { set_frozen(false); }

void Freezer::remove() {
  remove_cgroup(path_);
  folder_.reset();
}

void Freezer::set_frozen(bool frozen) {
  const std::string name = path_ + "/cgroup.freeze";
  sys::write_all(sys::open(name, O_WRONLY).get(), frozen ? "1" : "0", name);
}

void Freezer::await_frozen() const {
  const UniqueFd events = sys::open_at(folder_.get(), "cgroup.events", O_RDONLY);
  const auto until = Clock::now() + kPatience;
  for (;;) {
    char text[256];
    const ssize_t size = ::pread(events.get(), text, sizeof text, 0);
    if (size < 0) throw SysError(errno, "read", path_ + "/cgroup.events");
    if (std::string_view(text, static_cast<std::size_t>(size)).find("frozen 1") != std::string_view::npos) return;
    const std::chrono::nanoseconds left = until - Clock::now();
    if (left.count() <= 0) throw SysError(ETIMEDOUT, "freeze", path_);
    pollfd poll{events.get(), POLLPRI, 0};  // a change of the file (cgroup-v2.rst, "cgroup.events")
    raw::poll(&poll, 1, left.count());
  }
}

void remove_cgroup(const std::string& path) {
  int rc = 0;
  for (int tries = 0; tries < kRemoveTries; ++tries) {
    rc = raw::unlinkat(AT_FDCWD, path.c_str(), AT_REMOVEDIR);
    if (rc != -EBUSY) break;
    std::this_thread::sleep_for(kRemovePause);
  }
  if (rc != -ENOENT) sys::check(rc, "rmdir", path);
}

}  // namespace podctl::run
