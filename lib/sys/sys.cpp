#include "sys/sys.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

#include "base/path.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "podctl/process.hpp"

namespace podctl::sys {

long check(long rc, std::string_view operation, std::string_view object) {
  if (rc < 0) throw SysError(static_cast<int>(-rc), operation, object);
  return rc;
}

namespace {
// The same for libc's convention.
long check_errno(long rc, std::string_view operation, std::string_view object = {}) {
  return check(rc < 0 ? -errno : rc, operation, object);
}
}  // namespace

UniqueFd open(const std::string& path, int flags, mode_t mode) { return open_at(AT_FDCWD, path, flags, mode); }

UniqueFd open_at(int dir, const std::string& path, int flags, mode_t mode) {
  return UniqueFd(static_cast<int>(check(raw::openat(dir, path.c_str(), flags, mode), "open", path)));
}

std::optional<UniqueFd> try_open_at(int dir, const std::string& path, int flags) {
  const int fd = raw::openat(dir, path.c_str(), flags);
  if (fd == -ENOENT) return std::nullopt;
  return UniqueFd(static_cast<int>(check(fd, "open", path)));
}

UniqueFd open_in_root(int root, const std::string& path, int flags) {
  const OpenHow how{.flags = static_cast<std::uint64_t>(flags), .resolve = kResolveInRoot | kResolveNoMagicLinks};
  return UniqueFd(static_cast<int>(check(raw::openat2(root, path.c_str(), how), "open", path)));
}

std::string read_file(int fd, std::string_view name, std::size_t most) {
  struct stat status {};
  check(raw::fstat(fd, &status), "stat", name);
  if (!S_ISREG(status.st_mode)) throw SysError(EINVAL, "read", cat(name, " (not a regular file)"));
  std::string content;
  std::size_t size = static_cast<std::size_t>(status.st_size) < most ? static_cast<std::size_t>(status.st_size) : most;
  content.resize(size + 1);  // files of /proc say 0, so there is always one more read
  std::size_t have = 0;
  for (;;) {
    if (have == content.size()) content.resize(content.size() * 2 + 4096);
    const long got = check(raw::read(fd, content.data() + have, content.size() - have), "read", name);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (have == size && size > 0) break;  // a file that has a size has no more than that
    if (have > most) throw SysError(EFBIG, "read", name);
  }
  content.resize(have);
  return content;
}

std::optional<std::string> try_read_file(const std::string& path, std::size_t most) {
  const auto file = try_open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
  if (!file) return std::nullopt;
  return read_file(file->get(), path, most);
}

void write_all(int fd, std::string_view data, std::string_view name) {
  while (!data.empty()) {
    const long written = raw::write(fd, data.data(), data.size());
    if (written == -EINTR) continue;
    check(written, "write", name);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::vector<std::string> make_directories(const std::string& path, mode_t mode) {
  std::vector<std::string> made;
  int rc = raw::mkdirat(AT_FDCWD, path.c_str(), mode);
  if (rc == -ENOENT && path.size() > 1) {
    made = make_directories(std::string(parent_path(path)), mode);
    rc = raw::mkdirat(AT_FDCWD, path.c_str(), mode);
  }
  if (rc == 0) made.push_back(path);
  else if (rc != -EEXIST) check(rc, "mkdir", path);  // another podctl may have made it meanwhile
  return made;
}

Pipe make_pipe() {
  int fds[2];
  check_errno(::pipe2(fds, O_CLOEXEC), "pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) throw SysError(errno, "fcntl(O_NONBLOCK)");
}

UniqueFd make_eventfd() { return UniqueFd(static_cast<int>(check_errno(::eventfd(0, EFD_CLOEXEC), "eventfd"))); }

UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(check(raw::pidfd_open(pid, 0), "pidfd_open"))); }

pid_t pid_of(int pidfd) {
  constexpr std::string_view kLabel = "Pid:\t";
  const std::string path = cat("/proc/self/fdinfo/", pidfd);
  const std::string text = try_read_file(path, 4096).value_or("");
  for (const auto line : split(text, '\n'))
    if (line.substr(0, kLabel.size()) == kLabel)
      if (const auto pid = parse_number<pid_t>(line.substr(kLabel.size())); pid && *pid > 0) return *pid;
  throw SysError(ESRCH, "read", path);
}

UniqueFd make_sealed_file(const char* name, std::string_view content) {
  // MFD_EXEC (6.3) says aloud what older kernels assume; they answer EINVAL to it.
  int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  UniqueFd file(static_cast<int>(check_errno(fd, "memfd_create", name)));
  write_all(file.get(), content, name);
  check_errno(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), "fcntl(F_ADD_SEALS)", name);
  return file;
}

UniqueFd clone_tree(const std::string& path) {
  return UniqueFd(static_cast<int>(check(raw::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | AT_RECURSIVE), "open_tree", path)));
}

void shift_ids(int tree, int user_namespace, const std::string& path) {
  check(raw::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
                           {.set = MOUNT_ATTR_IDMAP, .userns_fd = static_cast<std::uint64_t>(user_namespace)}),
        "mount_setattr(MOUNT_ATTR_IDMAP)", path);
}

// Does nothing until it is killed, or its parent (whose pid it is given) is. On a stack that AddressSanitizer does
// not know, where it would warn of a function that does not return.
[[gnu::no_sanitize_address]] static int live_beside(void* parent) {
  raw::prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (raw::call(SYS_getppid) == *static_cast<const pid_t*>(parent)) raw::poll(nullptr, 0, -1);
  raw::exit_group(0);
}

UniqueFd make_user_namespace(const std::string& uid_map, const std::string& gid_map) {
  constexpr std::size_t kStack = 16384;
  const auto stack = std::make_unique<char[]>(kStack);
  pid_t parent = ::getpid();
  int pidfd = -1;
  const int pid = raw::clone(live_beside, stack.get() + kStack, CLONE_VM | CLONE_NEWUSER | CLONE_PIDFD | SIGCHLD, &parent, &pidfd, nullptr);
  check(pid, "clone(CLONE_NEWUSER)");
  Process child(pid, UniqueFd(pidfd));
  const std::string folder = cat("/proc/", pid);
  write_all(open(folder + "/uid_map", O_WRONLY).get(), uid_map, "uid_map");
  write_all(open(folder + "/gid_map", O_WRONLY).get(), gid_map, "gid_map");
  return open(folder + "/ns/user", O_RDONLY);
}

Helper start_helper(const std::vector<std::string>& argv) {
  Pipe pipe = make_pipe();
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  char* environment[] = {nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe.write_end.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, pipe.write_end.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int rc = ::posix_spawn(&pid, argv[0].c_str(), &actions, &attributes, words.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (rc != 0) throw SysError(rc, "posix_spawn", argv[0]);
  return {Process(pid, open_pidfd(pid)), std::move(pipe.read_end)};
}

ExitStatus finish_helper(Helper helper, std::string& output) {
  char buffer[1024];
  for (;;) {
    const long got = raw::read(helper.output.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    if (output.size() < 4096) output.append(buffer, static_cast<std::size_t>(got));
  }
  return helper.process.wait();
}

void remove_tree(int dir, const std::string& name) {
  raw::RemoveError error;
  if (!raw::remove_tree(dir, name.c_str(), error)) throw SysError(error.error_number, error.call, error.name);
}

}  // namespace podctl::sys
