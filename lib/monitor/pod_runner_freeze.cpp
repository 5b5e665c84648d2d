// pause and unpause: all processes of a pod stand still, by the cgroup freezer where there is one for us, else by a signal.
#include <csignal>

#include "base/text.hpp"
#include "host/delegation.hpp"
#include "monitor/pod_runner.hpp"
#include "monitor/setup.hpp"
#include "run/everyone.hpp"

namespace podctl::monitor {
namespace {

std::string_view name_of(FreezeMethod method) { return method == FreezeMethod::kCgroup ? "freezer" : "signal"; }

}  // namespace

Control::Answer PodRunner::answer_freeze() {
  if (state_.stop)
    throw Error({.id = "pod-stopping",
                 .message = cat("pod '", plan_.pod, "' is being stopped"),
                 .error_class = ErrorClass::kConflict,
                 .pod = plan_.pod});
  std::string refusal;
  if (!held_) {
    refusal = hold_by_freezer();
    if (!refusal.empty()) run::signal_everyone(sandbox_->pause().pidfd(), plan_.namespaces, SIGSTOP);
    held_ = refusal.empty() ? FreezeMethod::kCgroup : FreezeMethod::kSignal;
    feed(lifecycle::Paused{});
  }
  record_due_ = now();
  return {{{"ok", true}, {"method", name_of(*held_)}, {"refusal", refusal}}, {}};
}

Control::Answer PodRunner::answer_thaw() {
  Message message{{"ok", true}};
  if (held_) message["method"] = name_of(*held_);
  thaw();
  feed(lifecycle::Resumed{});
  record_due_ = now();
  return {std::move(message), {}};
}

// Why it cannot be done, or "" when it is.
std::string PodRunner::hold_by_freezer() {
  try {
    const UniqueFd proc = sandbox_->open_proc();
    if (!freezer_) {
      const Delegation delegation = probe_delegation(facts_);
      if (delegation.folder.empty()) return delegation.refusal;
      const std::string path = cat(delegation.folder, "/podctl-", uid_);
      folder_->note_cgroup(path);
      freezer_.emplace(path);
    }
    freezer_->freeze(sandbox_->pause().pidfd(), plan_.namespaces, proc.get());
    return {};
  } catch (const SysError& error) {
    if (!freezer_) folder_->forget_cgroup();
    return error.what();
  }
}

void PodRunner::thaw() {
  if (!held_) return;
  if (*held_ == FreezeMethod::kCgroup) freezer_->thaw();
  else run::signal_everyone(sandbox_->pause().pidfd(), plan_.namespaces, SIGCONT);
  held_.reset();
}

// Whoever is to end goes on. Who cannot is killed when the grace period is over.
void PodRunner::thaw_to_end() {
  try {
    thaw();
  } catch (const SysError& error) {
    held_.reset();
    warn(cat("the paused pod does not go on: ", error.what()));
  }
}

// All that were in it have ended with pause.
void PodRunner::drop_freezer() noexcept {
  if (!freezer_) return;
  try {
    freezer_->remove();
    folder_->forget_cgroup();
  } catch (const SysError& error) {
    warn(cat("a cgroup of the pod is left: ", error.what()));  // and noted: it goes with the record
  }
}

}  // namespace podctl::monitor
