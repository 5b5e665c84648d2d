#include "podctl/wait.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "podctl/text.hpp"
#include "podctl/watch.hpp"

namespace podctl {
namespace {

using Kind = WaitCondition::Kind;

bool is_about_container(const WaitCondition& condition) {
  return condition.kind == Kind::kContainerRunning || condition.kind == Kind::kContainerTerminated;
}

void require_container(const WaitCondition& condition, const PodSummary& pod) {
  if (!is_about_container(condition) || pod.containers.empty()) return;
  std::vector<std::string> names;
  for (const auto& container : pod.containers) names.push_back(container.name);
  if (std::find(names.begin(), names.end(), condition.value) != names.end()) return;
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = did_you_mean(condition.value, candidates);
  throw Error({.id = "no-such-container",
               .message = cat("pod ", quote(pod.name), " has no container ", quote(condition.value),
                              near ? cat("; did you mean ", quote(*near), '?') : ""),
               .hint = cat("its containers are: ", join(names, ", ")),
               .error_class = ErrorClass::kNotFound,
               .pod = pod.name,
               .container = condition.value});
}

}  // namespace

WaitOutcome wait_for(const StorePaths& paths, const std::string& name, const WaitCondition& condition,
                     std::optional<std::chrono::nanoseconds> timeout) {
  const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
  const auto began = now();
  StoreWatch changes(paths, name);
  auto pod = try_look_at_pod(paths, name);
  if (!pod && condition.kind != Kind::kRemoved) pod = look_at_pod(paths, name);  // throws, with what was perhaps meant
  std::string uid;
  for (;;) {
    std::optional<PodSummary> summary;
    if (pod) summary = std::move(pod->summary);
    if (summary) {
      require_container(condition, *summary);
      // Another pod has the name: the one that was meant is over, and forgotten.
      if (!uid.empty() && !summary->uid.empty() && summary->uid != uid) {
        const bool ends = condition.kind == Kind::kTerminated || condition.kind == Kind::kRemoved;
        return {ends ? WaitOutcome::Answer::kHolds : WaitOutcome::Answer::kNever, "another pod has its name now", std::nullopt};
      }
      if (uid.empty()) uid = summary->uid;
    }
    Verdict verdict = judge(condition, summary);
    if (verdict.answer == Verdict::Answer::kHolds) return {WaitOutcome::Answer::kHolds, {}, std::move(summary)};
    if (verdict.answer == Verdict::Answer::kNever) return {WaitOutcome::Answer::kNever, std::move(verdict.why), std::move(summary)};
    const auto rest = timeout ? std::optional(*timeout - (now() - began)) : std::nullopt;
    if (rest && rest->count() <= 0) return {WaitOutcome::Answer::kTimeout, {}, std::move(summary)};
    changes.wait(rest);
    pod = try_look_at_pod(paths, name);
  }
}

}  // namespace podctl
