#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/spec.hpp"
#include "podctl/store.hpp"

/// What commands that look at pods need of a record: picked from its text in one pass, without keeping the rest.
namespace podctl {

/// A point in time of a record, in nanoseconds since 1970.
using UnixTime = std::chrono::nanoseconds;

/// How one instance of a container ended.
struct ContainerEnd {
  int exit_code = 0;
  int signal_number = 0;  ///< 0 when the record does not say
  std::string reason, message;
  std::optional<UnixTime> started_at, finished_at;
};

struct ContainerSummary {
  enum class Role { kInit, kSidecar, kApp };
  enum class State { kUnknown, kWaiting, kRunning, kTerminated };
  std::string name, image;
  Role role = Role::kApp;
  State state = State::kUnknown;
  std::string reason, message;           ///< why it waits
  std::optional<UnixTime> started_at;    ///< of a running one
  std::optional<ContainerEnd> end;       ///< of a terminated one
  std::optional<ContainerEnd> last_end;  ///< of the instance before
  bool ready = false, started = false;
  std::int64_t restarts = 0;
  std::string restart_policy;      ///< its own, else the pod's
  bool has_restart_rules = false;  ///< which are asked before the policy, and may restart other containers too
  int pid = 0;                     ///< of its main process on the host; 0 when it has none
  std::vector<std::string> ports;  ///< "80/TCP", or "8080->80/TCP" when published
};

struct PodExit {
  int code = 0;
  std::string source, container;
};

struct PodSummary {
  /// What is wrong with the record.
  enum class Fault {
    kNone,
    kMissing,     ///< there is none, or it is empty
    kUnreadable,  ///< reading it failed; `problem` says how
    kTorn,        ///< it is no whole record
    kNewer,       ///< a newer podctl wrote it
  };
  std::string name;  ///< of the record's folder, which is what every command knows it by
  Liveness liveness = Liveness::kFinished;
  Fault fault = Fault::kNone;
  std::string problem;  ///< the fault in words

  std::string name_space, uid;
  std::optional<UnixTime> created_at;
  StringMap labels, annotations;
  std::string phase, reason, message;      ///< as the record says; phase is "Unknown" where that means nothing any more
  std::optional<bool> initialized, ready;  ///< the conditions of these names, when the record has them
  std::string pod_ip, restart_policy;
  std::vector<ContainerSummary> containers;  ///< in the manifest's order, init containers first
  // Of status.podctl.
  std::int64_t format_version = 0;
  std::string own_status, network, sharing;
  int monitor_pid = 0, pause_pid = 0;
  std::optional<PodExit> exit;
};

PodSummary summarize(const PodRecord& record);

/// A pod as it was found, and what that means; the record was read once for both.
struct SeenPod {
  PodRecord record;
  PodSummary summary;
};
/// Every pod of the store, by name.
std::vector<SeenPod> look_at_pods(const StorePaths& paths);
/// @throws Error  kNotFound, with the name that was perhaps meant
SeenPod look_at_pod(const StorePaths& paths, const std::string& name);
/// Nothing when there is no pod of that name.
std::optional<SeenPod> try_look_at_pod(const StorePaths& paths, const std::string& name);

/// The one word of the STATUS column: kubectl's rules, and podctl's words for what kubectl does not know.
std::string status_word(const PodSummary& pod);

/// How many containers are ready, of how many; init containers that end are not counted.
struct Readiness {
  int ready = 0, total = 0;
};
Readiness readiness(const PodSummary& pod);

struct Restarts {
  std::int64_t count = 0;
  std::optional<UnixTime> last;  ///< when the instance before the last restart ended
};
Restarts restarts(const PodSummary& pod);

/// The container meant when none is named: the annotation kubectl.kubernetes.io/default-container, else the first app
/// container; "" when the record names none.
std::string default_container(const PodSummary& pod);

}  // namespace podctl
