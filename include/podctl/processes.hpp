#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "podctl/look.hpp"
#include "podctl/plan.hpp"
#include "podctl/summary.hpp"

/// The processes of a living pod, as the kernel shows them in /proc.
namespace podctl {

/// A line of a process list.
struct ProcessEntry {
  int pid = 0, parent = 0, session = 0;  ///< in podctl's own pid namespace
  char state = '?';                      ///< as in proc(5): R, S, D, Z, T, ...
  int threads = 1;
  std::chrono::nanoseconds cpu_time{0};                    ///< user and system
  std::chrono::nanoseconds started_at{0};                  ///< since the machine's start
  std::uint64_t rss = 0;                                   ///< bytes
  std::uint64_t user_namespace = 0, cgroup_namespace = 0;  ///< inodes; 0 when the kernel does not tell
  std::string name;                                        ///< of its program, at most 15 characters
  std::string command;                                     ///< with its arguments; "" when it has none to show
  std::uint32_t host_uid = 0;
  int own_pid = 0;  ///< what it calls itself: in the innermost pid namespace
};

/// A process and whose it is.
struct PodProcess {
  ProcessEntry entry;
  std::string container;  ///< "" for pause, and for one that cannot be told
  bool is_pause = false;
  std::optional<std::uint32_t> pod_uid;  ///< nothing when its id is not the pod's
};

/// Which of `all` are the pod's: pause, the containers' main processes, whatever is in the pod's user namespace, and
/// all their descendants. The container is told by the cgroup namespace, which every process inherits from the
/// container's first, else by ancestry. Pure.
std::vector<PodProcess> pod_processes(std::span<const ProcessEntry> all, const PodSummary& pod, std::span<const IdMapping> uid_map);

/// The same of a living pod, read from /proc; none for a pod that does not run.
std::vector<PodProcess> look_at_processes(const PodSummary& pod);

enum class Which { kContainers, kAll };  ///< kAll: pause too
/// As `podctl top` prints them. `%CPU` is over a process's whole life, as ps(1) has it.
/// @param up  time since the machine's start
Table process_table(std::span<const PodProcess> processes, Which which, std::chrono::nanoseconds up);
std::string process_list_json(const std::string& pod, std::span<const PodProcess> processes, Which which, std::chrono::nanoseconds up);

/// Time since the machine's start, as ProcessEntry::started_at counts.
std::chrono::nanoseconds machine_uptime();

/// A mount as a process sees it (proc_pid_mountinfo(5)).
struct MountEntry {
  std::string target, type, source, root, options;
};

/// What the kernel says of one process: what it was given, not what was asked for.
struct ProcessFacts {
  int pid = 0;
  std::vector<int> pids;  ///< from podctl's own pid namespace to the innermost
  std::string program;
  std::map<std::string, std::uint64_t> namespaces;  ///< kind -> inode
  std::vector<IdMapping> uid_map, gid_map;
  std::vector<std::uint32_t> uids, gids;  ///< real, effective, saved, file system; as podctl sees them
  std::uint64_t cap_inheritable = 0, cap_permitted = 0, cap_effective = 0, cap_bounding = 0, cap_ambient = 0;
  bool no_new_privileges = false;
  int seccomp_mode = 0;  ///< 0 off, 1 strict, 2 filter
  std::string cgroup;    ///< path of the v2 hierarchy
  std::vector<MountEntry> mounts;
};
/// Nothing when there is no such process any more.
std::optional<ProcessFacts> probe_process(int pid);

/// Names of the capabilities in a set, without CAP_.
std::vector<std::string> capability_names(std::uint64_t set);

/// `podctl inspect`: the Pod object, and under status.podctl what was asked and what pause and each container got.
std::string inspect_json(const SeenPod& pod);
/// @param items  what inspect_json gave
std::string inspect_list_json(std::span<const std::string> items);

}  // namespace podctl
