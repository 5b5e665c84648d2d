#include "state/pod_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <utility>

#include "base/path.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "sys/sys.hpp"

namespace podctl::state {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kMaxRecord = std::size_t{16} << 20;
constexpr const char* kSecrets = "/secrets.json";
constexpr const char* kPreviousSecrets = "/secrets.previous.json";  // of the pod whose record is previous()

void remove_file(const std::string& path) noexcept { raw::unlinkat(AT_FDCWD, path.c_str(), 0); }

flock whole_file(short type) {
  flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

[[noreturn]] void taken(const std::string& name, int pid) {
  ErrorInfo info;
  info.id = "name-taken";
  info.message = cat("pods \"", name, "\" already exists");
  info.cause = pid > 0 ? cat("it is running, looked after by process ", pid) : "it is running";
  info.hint = pid > 0 ? cat("podctl stop ", name, "        # or take its place with --replace, or another name with --name")
                      : std::string("choose another name with --name");
  info.error_class = ErrorClass::kConflict;
  info.pod = name;
  throw Error(info);
}

}  // namespace

void make_private_folder(const std::string& path) {
  int rc = raw::mkdirat(AT_FDCWD, path.c_str(), 0700);
  if (rc == -ENOENT && path.size() > 1) {
    make_private_folder(std::string(parent_path(path)));
    // Once: below /proc, or below a link that leads nowhere, the parent is there and the folder still cannot be made.
    rc = raw::mkdirat(AT_FDCWD, path.c_str(), 0700);
  }
  if (rc != 0 && rc != -EEXIST) sys::check(rc, "mkdir", path);
}

// A shared /tmp may hold a folder of that name that is somebody else's.
static void require_ours(const std::string& path) {
  struct stat status {};
  sys::check(raw::fstatat(AT_FDCWD, path.c_str(), &status, AT_SYMLINK_NOFOLLOW), "stat", path);
  if (S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0) return;
  ErrorInfo info;
  info.id = "runtime-folder";
  info.message = cat("cannot use ", path);
  info.cause = S_ISDIR(status.st_mode) ? cat("it must belong to user ", ::geteuid(), " with mode 0700; it belongs to ", status.st_uid,
                                             " with mode ", octal(status.st_mode & 07777))
                                       : "it is not a folder";
  info.hint = "set XDG_RUNTIME_DIR to a folder of your own, or use --root DIR";
  info.error_class = ErrorClass::kHost;
  throw Error(info);
}

PodFolder::PodFolder(const StorePaths& paths, const std::string& name)
    : name_(name), state_(cat(paths.state, '/', name)), runtime_(cat(paths.runtime, '/', name)) {
  constexpr int kMostTries = 1000;
  for (int tries = 1;; ++tries) {
    make_private_folder(std::string(parent_path(paths.runtime)));
    require_ours(std::string(parent_path(paths.runtime)));
    make_private_folder(runtime_);
    const int fd = raw::openat(AT_FDCWD, (runtime_ + "/lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (fd == -ENOENT && tries < kMostTries) continue;  // the one before us has just taken the folder away
    lock_.reset(static_cast<int>(sys::check(fd, "open", runtime_ + "/lock")));
    flock lock = whole_file(F_WRLCK);
    if (::fcntl(lock_.get(), F_SETLK, &lock) != 0) {
      if (errno != EACCES && errno != EAGAIN) throw SysError(errno, "fcntl(F_SETLK)", runtime_ + "/lock");
      lock = whole_file(F_WRLCK);
      const int pid = ::fcntl(lock_.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
      lock_.reset();
      taken(name, pid);
    }
    // Between our open and our lock the one before us may have ended and removed its file: then the lock
    // is on a file without a name, and the next one would not see it.
    struct stat held {
    }, named{};
    sys::check(raw::fstat(lock_.get(), &held), "stat", runtime_);
    if (raw::fstatat(AT_FDCWD, (runtime_ + "/lock").c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev)
      return;
    lock_.reset();
  }
}

PodFolder::~PodFolder() {
  // The name goes before the lock, so nobody takes a lock on a file that is about to vanish.
  remove_file(runtime_ + "/control");
  remove_file(runtime_ + "/lock");
  raw::unlinkat(AT_FDCWD, runtime_.c_str(), AT_REMOVEDIR);
}

bool PodFolder::has_state() const {
  struct stat status {};
  return raw::fstatat(AT_FDCWD, state_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void PodFolder::make_state() { make_private_folder(state_); }

int PodFolder::state_fd() {
  if (!state_fd_) state_fd_ = sys::open(state_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return state_fd_.get();
}

void PodFolder::remake_state() {
  if (state_fd_) removed_.push_back(std::move(state_fd_));
  make_state();
}

int PodFolder::runtime_fd() {
  if (!runtime_fd_) runtime_fd_ = sys::open(runtime_, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return runtime_fd_.get();
}

void PodFolder::write(const std::string& file, std::string_view content, Durability durability) {
  const std::string fresh = file + ".new";
  ScopeExit undo{[&]() noexcept { raw::unlinkat(state_fd_.get(), fresh.c_str(), 0); }};
  {
    const UniqueFd out = sys::open_at(state_fd(), fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    sys::write_all(out.get(), content, cat(state_, '/', file));
    if (durability == Durability::kDisk && ::fsync(out.get()) != 0) throw SysError(errno, "fsync", cat(state_, '/', file));
  }
  if (::renameat(state_fd(), fresh.c_str(), state_fd(), file.c_str()) != 0) throw SysError(errno, "rename", cat(state_, '/', file));
  undo.cancel();
}

std::optional<std::string> PodFolder::read(const std::string& file) { return sys::try_read_file(cat(state_, '/', file), kMaxRecord); }

bool PodFolder::keep_secrets(std::string_view text) {
  struct statfs system {};
  if (::fstatfs(runtime_fd(), &system) != 0) throw SysError(errno, "fstatfs", runtime_);
  if (system.f_type != TMPFS_MAGIC && system.f_type != RAMFS_MAGIC) return false;
  constexpr const char* kFresh = "secrets.json.new";
  ScopeExit undo{[&]() noexcept { raw::unlinkat(runtime_fd_.get(), kFresh, 0); }};
  {
    const UniqueFd out = sys::open_at(runtime_fd(), kFresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    sys::write_all(out.get(), text, cat(runtime_, '/', kFresh));
  }
  if (::renameat(runtime_fd(), kFresh, runtime_fd(), kSecrets + 1) != 0) throw SysError(errno, "rename", runtime_ + kSecrets);
  undo.cancel();
  return true;
}

void PodFolder::forget_secrets() noexcept { remove_file(runtime_ + kSecrets); }

// Hidden from lists by its dot, which no pod's name begins with.
std::string PodFolder::previous() const { return cat(parent_path(state_), "/.", name_, ".previous"); }

void PodFolder::set_previous_aside() {
  struct stat status {};
  // One that is still there belongs to a start that was killed: it is as old as what it would replace.
  has_previous_ = raw::fstatat(AT_FDCWD, previous().c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!has_previous_) remove_file(runtime_ + kPreviousSecrets);
  if (!has_state()) return forget_secrets();
  if (has_previous_) return remove_state();
  if (::rename(state_.c_str(), previous().c_str()) == 0) {
    has_previous_ = true;
    ::rename((runtime_ + kSecrets).c_str(), (runtime_ + kPreviousSecrets).c_str());  // seldom there
    return;
  }
  if (errno != EXDEV) throw SysError(errno, "rename", state_);
  // A folder that an image brought, on overlayfs: it cannot be renamed (renaming directories, overlayfs.rst), so it goes.
  remove_state();
}

void PodFolder::bring_previous_back() {
  if (!std::exchange(has_previous_, false)) return;
  if (::rename(previous().c_str(), state_.c_str()) != 0) throw SysError(errno, "rename", previous());
  ::rename((runtime_ + kPreviousSecrets).c_str(), (runtime_ + kSecrets).c_str());
}

void PodFolder::forget_previous() noexcept {
  has_previous_ = false;
  remove_file(runtime_ + kPreviousSecrets);
}

void PodFolder::note_cgroup(const std::string& path) {
  ScopeExit undo{[&]() noexcept { forget_cgroup(); }};
  const UniqueFd out = sys::open_at(runtime_fd(), "cgroup", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  sys::write_all(out.get(), path, cat(runtime_, "/cgroup"));
  undo.cancel();
}

std::optional<std::string> PodFolder::noted_cgroup() { return sys::try_read_file(cat(runtime_, "/cgroup"), PATH_MAX); }

void PodFolder::forget_cgroup() noexcept { remove_file(runtime_ + "/cgroup"); }

void PodFolder::remove(const std::string& entry) { sys::remove_tree(state_fd(), entry); }

void PodFolder::remove_state() {
  state_fd_.reset();
  forget_secrets();
  sys::remove_tree(AT_FDCWD, state_);
}

std::optional<std::string> kept_secrets(const StorePaths& paths, const std::string& name) {
  return sys::try_read_file(cat(paths.runtime, '/', name, kSecrets), kMaxRecord);
}

int lock_holder(const StorePaths& paths, const std::string& name) {
  // Not for writing: who watches the lock would take the close of that for its holder's end.
  const auto file = sys::try_open_at(AT_FDCWD, cat(paths.runtime, '/', name, "/lock"), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!file) return 0;
  flock lock = whole_file(F_WRLCK);
  if (::fcntl(file->get(), F_GETLK, &lock) != 0) throw SysError(errno, "fcntl(F_GETLK)", name);
  return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

std::vector<std::string> folder_names(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  if (dir == nullptr) {
    if (errno == ENOENT) return names;
    throw SysError(errno, "opendir", folder);
  }
  while (const dirent* entry = ::readdir(dir.get()))
    if (entry->d_name[0] != '.' && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace podctl::state
