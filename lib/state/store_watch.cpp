#include <poll.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "podctl/watch.hpp"
#include "state/pod_folder.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

namespace raw = sys::raw;
using namespace std::chrono_literals;

constexpr std::uint32_t kOfPods = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
// Records are renamed into place, the lock is closed by whoever held it, events are appended.
constexpr std::uint32_t kOfPod = IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_DELETE_SELF;

// Where there has never been a pod there is no folder to watch.
constexpr auto kLookAgain = 500ms;

[[noreturn]] void no_more_watches(int error_number, std::string_view call, std::string_view limit) {
  SysError error(error_number, call);
  error.info().id = "watch-limit";
  error.info().message = "cannot watch pods";
  error.info().hint = cat("this user's limit is in /proc/sys/fs/inotify/", limit);
  error.info().error_class = ErrorClass::kHost;
  throw error;
}

}  // namespace

StoreWatch::StoreWatch(StorePaths paths, std::string only) : paths_(std::move(paths)), only_(std::move(only)) {
  const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) no_more_watches(errno, "inotify_init1", "max_user_instances");
  inotify_.reset(fd);
  std::set<std::string> ignored;
  watch_all(ignored);
}

StoreWatch::Watching StoreWatch::watch(const std::string& folder, const std::string& pod) {
  const int wd = ::inotify_add_watch(inotify_.get(), folder.c_str(), (pod.empty() ? kOfPods : kOfPod) | IN_ONLYDIR | IN_DONT_FOLLOW);
  if (wd >= 0) return places_.insert_or_assign(wd, Place{folder, pod}).second ? Watching::kNewly : Watching::kAlready;
  if (errno == ENOSPC) no_more_watches(errno, "inotify_add_watch", "max_user_watches");
  if (errno != ENOENT && errno != ENOTDIR) throw SysError(errno, "inotify_add_watch", folder);
  return Watching::kNothing;
}

// The folders of pods first, then those in them: a pod that comes between the two is told by the first.
void StoreWatch::watch_all(std::set<std::string>& changed) {
  complete_ = true;
  for (const auto& folder : {paths_.state, paths_.runtime}) {
    complete_ = watch(folder, {}) != Watching::kNothing && complete_;
    for (const auto& name : state::folder_names(folder)) {
      if (!only_.empty() && name != only_) continue;
      if (watch(cat(folder, '/', name), name) == Watching::kNewly) changed.insert(name);
    }
  }
}

void StoreWatch::read_events(std::set<std::string>& changed) {
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const long got = raw::read(inotify_.get(), buffer, sizeof buffer);
    if (got == -EAGAIN || got == 0) return;
    if (got == -EINTR) continue;
    sys::check(got, "read", "inotify");
    for (long at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<long>(sizeof(inotify_event) + event->len);
      if ((event->mask & IN_Q_OVERFLOW) != 0) {  // whatever was not told may have happened to any
        watch_all(changed);
        for (const auto& [wd, known] : places_)
          if (!known.pod.empty()) changed.insert(known.pod);
      }
      const auto place = places_.find(event->wd);
      if (place == places_.end()) continue;
      if (const Place& where = place->second; !where.pod.empty()) {
        changed.insert(where.pod);
      } else if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
        complete_ = false;
      } else if (event->len > 0 && event->name[0] != '.' && (only_.empty() || only_ == event->name)) {
        const std::string name = event->name;
        if ((event->mask & (IN_CREATE | IN_MOVED_TO)) != 0) watch(cat(where.folder, '/', name), name);
        changed.insert(name);
      }
      if ((event->mask & IN_IGNORED) != 0) places_.erase(event->wd);
    }
  }
}

std::set<std::string> StoreWatch::wait(std::optional<std::chrono::nanoseconds> timeout) {
  const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
  // No deadline when the end of time is nearer.
  const auto until = timeout && *timeout < std::chrono::nanoseconds::max() - now() ? std::optional(now() + *timeout) : std::nullopt;
  std::set<std::string> changed;
  for (;;) {
    read_events(changed);
    if (!complete_) watch_all(changed);
    if (!changed.empty()) return changed;
    std::chrono::nanoseconds rest = until ? std::max(*until - now(), std::chrono::nanoseconds(0)) : -1ns;
    if (until && rest.count() == 0) return changed;
    if (!complete_) rest = until ? std::min<std::chrono::nanoseconds>(rest, kLookAgain) : kLookAgain;
    pollfd poll{inotify_.get(), POLLIN, 0};
    const int rc = raw::poll(&poll, 1, rest.count());
    if (rc < 0 && rc != -EINTR) sys::check(rc, "poll", "inotify");
  }
}

}  // namespace podctl
