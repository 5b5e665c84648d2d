// The end of a pod, and its record: what is kept, and what goes.
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "monitor/kept_manifest.hpp"
#include "monitor/pod_runner.hpp"
#include "monitor/setup.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;
using namespace std::chrono_literals;
using lifecycle::StopCause;

constexpr auto kLastWords = 2000ms;  // how long the caller's reader has for what is left to show

}  // namespace

void PodRunner::end_sandbox() {
  if (!sandbox_) return;
  loop_.remove(sandbox_->pause().pidfd());
  // Members first: PID 1 cannot be reaped while a joined member is an unreaped zombie.
  for (auto& container : containers_) {
    if (container.member) {
      loop_.remove(container.member->started_fd());
      loop_.remove(container.member->process().pidfd());
      container.member.reset();
    }
  }
  sandbox_->pause().signal(SIGKILL);
}

// A writable layer goes with its instance, whatever comes next; beside everything else, for it takes the
// file system a while.
void PodRunner::discard_layer(std::size_t index) {
  std::vector<std::string> names = layers_of(plan_, static_cast<int>(index), containers_[index].instance);
  if (names.empty()) return;
  while (!removals_.empty() && removals_.front().is_done()) {
    removals_.front().finish();
    removals_.erase(removals_.begin());
  }
  if (!layers_) layers_ = sys::open_at(folder_->state_fd(), "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  removals_.emplace_back(layers_.get(), std::move(names), user_namespace_.get());
}

// What overlayfs leaves in the work folder of a volatile layer, so that nobody takes the layer for a sound one
// later: this one is thrown away, and now there is time for it.
void PodRunner::drop_overlay_marks(std::size_t index) {
  if (user_namespace_) return;  // they are not ours to remove
  for (const auto& name : layers_of(plan_, static_cast<int>(index), containers_[index].instance)) {
    const std::string work = cat("upper/", name, "/work");
    if (raw::fchmodat(folder_->state_fd(), work.c_str(), 0700) < 0) continue;  // not a work folder
    for (const char* mark : {"/incompat/volatile", "/incompat"}) raw::unlinkat(folder_->state_fd(), (work + mark).c_str(), AT_REMOVEDIR);
  }
}

// Everything of the pod on disk but its record.
void PodRunner::clear_disk() {
  if (!plan_.uses_disk || !folder_->has_state()) return;
  const auto clear = [&] {
    for (auto& removal : removals_) removal.finish();
    removals_.clear();
    if (user_namespace_) return run::Removal(folder_->state_fd(), {"upper", "volumes"}, user_namespace_.get()).finish();
    for (const char* entry : {"upper", "volumes"}) folder_->remove(entry);
  };
  try {
    clear();
  } catch (const SysError&) {
    // A process of the pod may have written while it was being killed: once more, when all have ended.
    removals_.clear();
    sandbox_.reset();
    clear();
  }
}

RunOutcome PodRunner::conclude() {
  end_sandbox();
  for (auto& container : containers_)
    if (container.io) container.io->finish();
  const std::string& code_from = options_.code_from.empty() ? options_.until : options_.code_from;
  exit_ = lifecycle::run_exit(state_, stop_signal_, code_from);
  if (withdrawn_) throw Error({.id = "interrupted", .message = cat("the start of pod '", plan_.pod, "' was interrupted")});
  if (state_.stop && state_.stop->cause == StopCause::kStartFailed) {
    throw Error(start_error_.value_or(ErrorInfo{.id = "start-failed", .message = "the pod could not be started"}));
  }
  // The disk takes its time over the record: what goes is removed by processes of their own meanwhile.
  std::optional<run::Removal> previous = begin_drop_previous(*folder_);
  concluded_ = recorded_;
  const std::optional<ErrorInfo> not_recorded = keep_last_record();
  concluded_ = true;
  clear_disk();
  if (previous) finish_drop_previous(*folder_, *previous);
  if (options_.forget) {
    folder_->remove_state();
    carry_out(lifecycle::Note{"Removed", {}, {}});
  } else {
    forget_oldest(options_.paths, *folder_, options_.keep_finished);
  }
  console_.show_unfinished({}, true);
  say(closing_line(pod_, state_));
  console_.out().flush(kLastWords);
  console_.err().flush(kLastWords);
  sandbox_.reset();
  drop_freezer();
  if (background_) report_end();
  if (!options_.result_file.empty()) write_result(options_.result_file, view::status_json(status_source()));
  if (state_.stop && state_.stop->cause == StopCause::kSandboxDied) throw Error(*start_error_);
  if (not_recorded) throw Error(*not_recorded);
  return {exit_->code, exit_->source, exit_->container};
}

std::string_view PodRunner::after_failure() const { return options_.keep_on_error ? "; its files are kept" : "; nothing was left behind"; }

// A start that failed: everything made so far goes, and the store is as it was before.
void PodRunner::abandon() noexcept {
  if (concluded_) return;  // the pod is over and its record says how; what failed came after that
  try {
    end_sandbox();
    console_.show_unfinished({}, true);
    console_.out().flush(kLastWords);
    console_.err().flush(kLastWords);
    if (sandbox_) sandbox_->undo_host_changes();
    state_.finished = true;
    if (options_.keep_on_error) {
      write_record(state::PodFolder::Durability::kDisk);
    } else {
      clear_disk();
      sandbox_.reset();
      drop_freezer();
      folder_->remove_state();
      folder_->bring_previous_back();
    }
    if (!options_.result_file.empty()) write_result(options_.result_file, view::status_json(status_source()));
  } catch (const Error& error) {
    const std::string text = cat("podctl: warning: ", error.what(), '\n');
    static_cast<void>(raw::write(2, text.data(), text.size()));
  }
}

view::StatusSource PodRunner::status_source() const {
  std::vector<int> pids;
  for (const auto& container : containers_) pids.push_back(container.member && !container.exited ? container.member->process().pid() : 0);
  return {.pod = pod_,
          .state = state_,
          .plan = plan_,
          .clock_offset = clock_offset_,
          .uid = uid_,
          .monitor_pid = ::getpid(),
          .pause_pid = sandbox_ ? sandbox_->pause().pid() : 0,
          .pids = std::move(pids),
          .exit = exit_,
          .keeps_logs = keeps_logs_};
}

// The record of a pod that lives. Once every container has run, it takes the place of the one before for good.
void PodRunner::keep_record() {
  open_control();
  try {
    write_record(state::PodFolder::Durability::kNone);
  } catch (const SysError& error) {
    // The pod does not die of a full disk: the record is tried again, and matters most at the end.
    if (!std::exchange(warned_of_record_, true)) {
      const std::string what = cat("the record of the pod cannot be written: ", error.what());
      warn(what);
      carry_out(lifecycle::Note{"RecordFailed", {}, what, lifecycle::NoteType::kWarning});
    }
    record_due_ = now() + kRecordRetry;
    return;
  }
  warned_of_record_ = false;
  // A pod that is being stopped may turn out not to have started; should it have, its end drops it.
  if (!folder_->has_previous() || !lifecycle::has_run_once(state_) || state_.stop) return;
  if (auto removal = begin_drop_previous(*folder_)) finish_drop_previous(*folder_, *removal);
}

// The record says how the pod ended. On a full disk there may be room once the pod's own files are gone. Where not even
// an earlier one is, nothing of the pod is kept, and it throws.
std::optional<ErrorInfo> PodRunner::keep_last_record() {
  if (options_.forget) return std::nullopt;
  try {
    write_record(state::PodFolder::Durability::kDisk);
    return std::nullopt;
  } catch (const SysError&) {
    clear_disk();
  }
  try {
    write_record(state::PodFolder::Durability::kDisk);
    return std::nullopt;
  } catch (const SysError& error) {
    if (!recorded_) throw;
    ErrorInfo info = error.info();
    info.id = "record-not-written";
    info.message = cat("pod '", plan_.pod, "' has ended, but its record could not be written");
    info.cause = error.what();
    info.pod = plan_.pod;
    return info;
  }
}

// For the next start of the pod.
void PodRunner::keep_secrets() {
  const std::string secrets = secrets_json(objects_);
  if (secrets.empty() || options_.forget) return;
  try {
    static_cast<void>(folder_->keep_secrets(secrets));  // where they cannot be, start says why
  } catch (const SysError& error) {
    warn(cat("the pod's Secrets are not kept, so it cannot be started again: ", error.what()));
  }
}

void PodRunner::write_record(state::PodFolder::Durability durability) {
  record_due_.reset();
  if (!folder_->has_state()) {  // somebody removed it
    folder_->remake_state();
    recorded_ = false;
  }
  if (!recorded_) {
    folder_->write("manifest.json", kept_manifest_json(pod_, objects_, options_.manifest_directory));
    keep_secrets();
  }
  folder_->write("status.json", view::status_json(status_source()), durability);
  recorded_ = true;
  std::string lines;
  for (const auto& [at, note] : notes_) lines += event_line(note, at);
  state::append_events(folder_->state_fd(), lines);
  notes_.clear();
}

}  // namespace podctl::monitor
