#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/pod_state.hpp"
#include "podctl/plan.hpp"
#include "podctl/spec.hpp"

namespace podctl::view {

/// Everything a pod's status is made from.
struct StatusSource {
  const Pod& pod;
  const lifecycle::PodState& state;
  const Plan& plan;
  std::chrono::nanoseconds clock_offset{0};  ///< add it to a Time to have it since 1970
  std::string uid;
  int monitor_pid = 0, pause_pid = 0;
  std::vector<int> pids;  ///< of the containers' main processes; 0 for none
  std::optional<lifecycle::RunExit> exit;
  bool created = false;  ///< it was never started
  bool keeps_logs = true;
};

/// The v1 Pod object with its status, and podctl's additions under status.podctl; ends with a newline.
std::string status_json(const StatusSource& source);

/// What a record that was read back from disk is worth.
struct RecordCheck {
  bool is_final = false;  ///< it says how the pod ended
  std::string problem;    ///< why it cannot be relied on; empty when it can
};
RecordCheck check_record(std::string_view text);

/// What a record says of a container's instances: they are counted from 0.
struct RecordedContainer {
  std::string name;
  std::string waiting_reason;        ///< empty when it does not wait
  std::optional<unsigned> current;   ///< the instance that runs or was the last to run; nothing before the first
  std::optional<unsigned> previous;  ///< the last one that ended before it was started again, or is going to be
};
/// In the order of the manifest, init containers first; empty when the record is torn.
std::vector<RecordedContainer> recorded_containers(std::string_view text);

/// One event as a JSON line (`--status-fd`, events.jsonl); `container` is "" for one of the whole pod.
std::string event_json(const std::string& pod, std::string_view container, const lifecycle::Note& note, std::chrono::nanoseconds unix_time);

}  // namespace podctl::view
