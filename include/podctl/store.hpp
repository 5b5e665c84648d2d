#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/plan.hpp"
#include "podctl/unique_fd.hpp"

/// What podctl keeps about pods on disk, and who is looking after them.
namespace podctl {

/// The two folders all pods of one world live in.
struct StorePaths {
  std::string state;    ///< records, logs, disk volumes: survives a reboot
  std::string runtime;  ///< locks and sockets: does not
  std::string note;     ///< why `runtime` is not where it usually is; empty when it is
};

/// Where the store is by the XDG environment, or below `root` when that is set. `get` looks up an environment
/// variable ("" when unset); `uid` is the user's, as account_id() gives it.
StorePaths store_paths(const std::string& root, std::uint32_t uid, std::string (*get)(const char*));

/// Where a pod's events are kept, one JSON object a line.
std::string event_file(const StorePaths& paths, const std::string& pod);

/// Where volumes that outlive pods are: beside the pods' folders, one for each claim.
std::string volumes_folder(const StorePaths& paths);

enum class Liveness {
  kRunning,   ///< a monitor holds the pod's lock
  kFinished,  ///< its record says how it ended
  kLost,      ///< the monitor died before it could say
};

/// A pod as its folder on disk shows it.
struct PodRecord {
  std::string name;
  Liveness liveness = Liveness::kFinished;
  int monitor_pid = 0;         ///< of a running one
  std::string status_json;     ///< a v1 Pod with status; "" when there is none, or it is torn
  std::string problem;         ///< what is wrong with the record, in words; "" for nothing
  bool is_unreadable = false;  ///< there is one, and reading it failed
};

/// Every pod of the store, by name.
std::vector<PodRecord> list_pods(const StorePaths& paths);
/// Nothing when there is no pod of that name.
std::optional<PodRecord> find_pod(const StorePaths& paths, const std::string& name);

/// Forgets a pod that does not run: its record, logs and whatever a lost one left.
/// @throws Error  kConflict when it runs, kNotFound when there is none
void remove_pod(const StorePaths& paths, const std::string& name);

/// Bytes that what is kept of a pod takes on disk.
std::uint64_t disk_usage(const StorePaths& paths, const std::string& name);

}  // namespace podctl
