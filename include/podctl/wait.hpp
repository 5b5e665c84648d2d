#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "podctl/store.hpp"
#include "podctl/summary.hpp"

/// Waiting for a pod to become something.
namespace podctl {

struct WaitCondition {
  enum class Kind { kTerminated, kReady, kInitialized, kPhase, kContainerRunning, kContainerTerminated, kRemoved };
  Kind kind = Kind::kTerminated;
  std::string value;  ///< the phase, or the container
  std::string text;   ///< as it was written
};

/// Reads "terminated", "removed", "condition=Ready", "phase=Succeeded", "container=app:running".
/// @throws Error  kUsage
WaitCondition parse_wait_condition(std::string_view text);

/// Whether a condition holds, may come to hold, or never will.
struct Verdict {
  enum class Answer { kHolds, kNotYet, kNever };
  Answer answer = Answer::kNotYet;
  std::string why;  ///< it never will
};
/// @param pod  nothing when there is none of that name any more
Verdict judge(const WaitCondition& condition, const std::optional<PodSummary>& pod);

struct WaitOutcome {
  enum class Answer { kHolds, kNever, kTimeout };
  Answer answer = Answer::kHolds;
  std::string why;                    ///< it never will
  std::optional<PodSummary> summary;  ///< as it was then; nothing when it is removed
};
/// Sleeps until the condition holds or never will, or the time is up; needs no living monitor. A pod that another of its
/// name has replaced counts as ended and removed.
/// @throws Error  kNotFound when there is no such pod to begin with (unless its removal is waited for), or container
WaitOutcome wait_for(const StorePaths& paths, const std::string& name, const WaitCondition& condition,
                     std::optional<std::chrono::nanoseconds> timeout);

}  // namespace podctl
