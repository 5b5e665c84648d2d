#include "host/delegation.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "host/process_text.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kMost = std::size_t{16} << 20;
constexpr ino_t kFirstCgroupNamespace = 0xEFFFFFFB;  // the machine's (PROC_CGROUP_INIT_INO, include/linux/proc_ns.h)

// The mark that systemd sets: trusted.delegate, and since version 251 user.delegate, which everybody can read.
bool is_marked(int folder) {
  const auto is_set = [&](const char* name) {
    char value = 0;
    return ::fgetxattr(folder, name, &value, 1) == 1 && value == '1';
  };
  return is_set("user.delegate") || is_set("trusted.delegate");
}

// The cgroup of a container as a whole: the root of a cgroup namespace that is not the machine's.
bool is_top_of_container(std::string_view cgroup) {
  struct stat status {};
  return parse_cgroup(cgroup) == "/" && raw::fstatat(AT_FDCWD, "/proc/self/ns/cgroup", &status, 0) == 0 &&
         status.st_ino != kFirstCgroupNamespace;
}

bool belongs_to(int folder, std::uint32_t uid) {
  struct stat directory {
  }, processes{};
  return raw::fstat(folder, &directory) == 0 && raw::fstatat(folder, "cgroup.procs", &processes, 0) == 0 && directory.st_uid == uid &&
         processes.st_uid == uid;
}

// Another mount may lie over the one that mountinfo tells of.
bool holds_this_process(int folder) {
  const std::string text = sys::read_file(sys::open_at(folder, "cgroup.procs", O_RDONLY).get(), "cgroup.procs", kMost);
  const auto pids = parse_numbers(text);
  return std::find(pids.begin(), pids.end(), static_cast<std::uint32_t>(::getpid())) != pids.end();
}

}  // namespace

Delegation probe_delegation(const HostFacts& facts) {
  const auto read = [](const char* path) { return sys::try_read_file(path, kMost).value_or(""); };
  const std::string cgroup = read("/proc/self/cgroup"), folder = cgroup_folder(cgroup, read("/proc/self/mountinfo"));
  if (folder.empty()) return {{}, "this machine has no pure cgroup v2 hierarchy"};
  const UniqueFd dir(raw::openat(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY));
  if (!dir) return {{}, cat("open ", folder, ": ", errno_text(-dir.get()))};
  if (raw::faccessat(dir.get(), "cgroup.freeze", F_OK) != 0) return {{}, cat(folder, " is the root of the hierarchy")};
  if (!holds_this_process(dir.get())) return {{}, cat("something else is mounted at ", folder)};
  if (is_marked(dir.get()) || is_top_of_container(cgroup) || (!facts.machine_root && belongs_to(dir.get(), facts.uid))) return {folder, {}};
  return {{}, cat("cgroup ", folder, " is not delegated to user ", facts.uid)};
}

}  // namespace podctl
