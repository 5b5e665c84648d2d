#include <dirent.h>
#include <fcntl.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/text.hpp"
#include "host/process_text.hpp"
#include "podctl/processes.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kMost = std::size_t{16} << 20;

// "" for a file of a process that has gone meanwhile, or that is not ours to read.
std::string read_of(int pid, std::string_view file) {
  try {
    return sys::try_read_file(cat("/proc/", pid, '/', file), kMost).value_or("");
  } catch (const SysError& error) {
    if (error.code() == ESRCH || error.code() == EACCES || error.code() == EPERM || error.code() == EFBIG) return {};
    throw;
  }
}

// Inode of a process's namespace; 0 when the kernel does not tell, as of a zombie.
std::uint64_t namespace_inode(int pid, std::string_view kind) {
  struct stat status {};
  return raw::fstatat(AT_FDCWD, cat("/proc/", pid, "/ns/", kind).c_str(), &status, 0) == 0 ? status.st_ino : 0;
}

std::vector<int> all_pids() {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc"), ::closedir);
  if (dir == nullptr) throw SysError(errno, "opendir", "/proc");
  std::vector<int> pids;
  while (const dirent* entry = ::readdir(dir.get()))
    if (const auto pid = parse_number<int>(entry->d_name)) pids.push_back(*pid);
  return pids;
}

std::uint64_t hex(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

}  // namespace

std::chrono::nanoseconds machine_uptime() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

std::vector<PodProcess> look_at_processes(const PodSummary& pod) {
  if (pod.liveness != Liveness::kRunning || pod.pause_pid == 0) return {};
  const std::int64_t ticks = ::sysconf(_SC_CLK_TCK);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<ProcessEntry> all;
  for (const int pid : all_pids()) {
    ProcessEntry entry;
    if (!parse_process_stat(read_of(pid, "stat"), entry, ticks, page)) continue;
    entry.user_namespace = namespace_inode(pid, "user");
    all.push_back(std::move(entry));
  }
  const std::vector<IdMapping> map = parse_id_mappings(read_of(pod.pause_pid, "uid_map"));
  // Who it is and whose is asked of those that may be the pod's alone; a machine has many others.
  std::vector<ProcessEntry> own;
  for (auto& process : pod_processes(all, pod, map)) {
    ProcessEntry& entry = process.entry;
    const std::string status = read_of(entry.pid, "status");
    const auto pids = parse_numbers(status_value(status, "NSpid"));
    const auto uids = parse_numbers(status_value(status, "Uid"));
    if (!pids.empty()) entry.own_pid = static_cast<int>(pids.back());
    if (uids.size() > 1) entry.host_uid = uids[1];
    entry.cgroup_namespace = namespace_inode(entry.pid, "cgroup");
    entry.command = parse_command_line(read_of(entry.pid, "cmdline"));
    own.push_back(std::move(entry));
  }
  return pod_processes(own, pod, map);
}

std::optional<ProcessFacts> probe_process(int pid) {
  const std::string status = read_of(pid, "status");
  if (status.empty()) return std::nullopt;
  ProcessFacts facts{.pid = pid, .program = std::string(status_value(status, "Name"))};
  for (const auto own : parse_numbers(status_value(status, "NSpid"))) facts.pids.push_back(static_cast<int>(own));
  for (const char* kind : {"user", "mnt", "net", "ipc", "uts", "pid", "cgroup", "time"})
    if (const std::uint64_t inode = namespace_inode(pid, kind); inode != 0) facts.namespaces[kind] = inode;
  facts.uid_map = parse_id_mappings(read_of(pid, "uid_map"));
  facts.gid_map = parse_id_mappings(read_of(pid, "gid_map"));
  facts.uids = parse_numbers(status_value(status, "Uid"));
  facts.gids = parse_numbers(status_value(status, "Gid"));
  facts.cap_inheritable = hex(status_value(status, "CapInh"));
  facts.cap_permitted = hex(status_value(status, "CapPrm"));
  facts.cap_effective = hex(status_value(status, "CapEff"));
  facts.cap_bounding = hex(status_value(status, "CapBnd"));
  facts.cap_ambient = hex(status_value(status, "CapAmb"));
  facts.no_new_privileges = status_value(status, "NoNewPrivs") == "1";
  facts.seccomp_mode = parse_number<int>(status_value(status, "Seccomp")).value_or(0);
  facts.cgroup = parse_cgroup(read_of(pid, "cgroup"));
  facts.mounts = parse_mountinfo(read_of(pid, "mountinfo"));
  return facts;
}

std::vector<std::string> capability_names(std::uint64_t set) {
  std::vector<std::string> names;
  for (int number = 0; number < 64; ++number) {
    if ((set >> number & 1) == 0) continue;
    char* known = cap_to_name(number);
    std::string name = known != nullptr ? known : cat(number);
    if (name.rfind("cap_", 0) == 0) name.erase(0, 4);  // one without a name is a number
    cap_free(known);
    for (char& c : name)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace podctl
