// What happens to a pod while it lives: signals, ends of processes, time limits; and what is told of its start.
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/text.hpp"
#include "monitor/pod_runner.hpp"
#include "monitor/setup.hpp"
#include "run/descendants.hpp"
#include "state/log_reader.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;
using lifecycle::StopCause;

constexpr std::size_t kMaxFinalMessage = 4096;  // of a container's final message: its last bytes

// Whether a process is on its way out: the flag PF_EXITING (proc(5), include/linux/sched.h), in the seventh
// field after the name.
bool is_exiting(pid_t pid) {
  constexpr unsigned kExiting = 4;
  const std::string stat = sys::try_read_file(cat("/proc/", pid, "/stat"), 4096).value_or("");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  const auto fields = split(std::string_view(stat).substr(name_end + 1), ' ');  // the first is empty
  if (fields.size() < 8) return false;
  return (parse_number<unsigned>(fields[7]).value_or(0) & kExiting) != 0;
}

}  // namespace

void PodRunner::on_signal() {
  signalfd_siginfo info{};
  while (raw::read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int number = static_cast<int>(info.ssi_signo);
    if (number == SIGPIPE) continue;
    if (number == SIGWINCH) {
      const winsize size = terminal_size(0);
      for (auto& container : containers_)
        if (container.io && container.has_input && size.ws_row != 0) container.io->resize(size.ws_row, size.ws_col);
      continue;
    }
    if (stop_signal_ == 0) stop_signal_ = number;
    if (!state_.stop || state_.stop->cause == StopCause::kCompleted) {
      const Duration grace = options_.grace.value_or(state_.grace);
      say(cat("stopping ", pod_.metadata.name, ": SIGTERM sent, up to ",
              std::chrono::ceil<std::chrono::seconds>(std::max<Duration>(grace, state_.timing.least_grace)).count(), " s left; ",
              number == SIGINT ? "Ctrl-C again kills" : "once more kills"));
      feed(lifecycle::StopRequested{StopCause::kUser, options_.grace, {}});
    } else {
      feed(lifecycle::StopRequested{StopCause::kKilled, {}, {}});
    }
  }
}

void PodRunner::on_log_failure(std::size_t index, const Error& error) {
  const std::string what = cat("its output is not kept in its log: ", error.what());
  warn(cat("container '", plan_.members[index].name, "': ", what));
  carry_out(lifecycle::Note{"LogFailed", index, what, lifecycle::NoteType::kWarning});
  if (!record_due_) record_due_ = now() + kRecordRetry;
}

void PodRunner::on_started(std::size_t index) {
  Container& container = containers_[index];
  loop_.remove(container.member->started_fd());
  const auto failure = container.member->take_start_result();
  if (!failure) {
    drop_overlay_marks(index);
    const int first = first_step_of(plan_, static_cast<int>(index));
    explain(first, last_step_of(plan_, static_cast<int>(index)));
    return feed(lifecycle::Started{index});
  }
  loop_.remove(container.member->process().pidfd());
  container.exited = true;
  container.member.reset();
  container.io.reset();
  if (!start_error_ && container.instance == 0) start_error_ = *failure;
  feed(lifecycle::StartFailed{index, failure->run_code == 125 ? 128 : failure->run_code, failure->cause});
}

void PodRunner::on_exit(std::size_t index) {
  Container& container = containers_[index];
  if (container.member->started_fd() >= 0) {  // its start is heard of first
    on_started(index);
    if (!container.member) return;
  }
  loop_.remove(container.member->process().pidfd());
  container.exited = true;
  const ExitStatus status = container.member->process().wait();
  // The death of PID 1 ends every process of the pod, and is itself seen last, once they are all reaped
  // (zap_pid_ns_processes, kernel/pid_namespace.c).
  if (status.signaled && status.value == SIGKILL && !state_.stop && is_exiting(sandbox_->pause().pid())) on_pause_exit();
  const bool last = std::none_of(containers_.begin(), containers_.end(), [](const Container& c) { return c.member && !c.exited; });
  // What the container left running ends before it counts as ended. After the last one the whole pod goes.
  const lifecycle::ContainerRules& rules = state_.rules[index];
  const bool goes_for_good = last && rules.role == lifecycle::Role::kApp && rules.restart_policy == RestartPolicy::kNever &&
                             rules.restart_rules.empty() && !state_.containers[index].restart_asked && !state_.restart_all_at;
  if (!plan_.pid_per_member && !goes_for_good) run::kill_descendants(sandbox_->pause().pid(), container.member->mark());
  container.io->finish();
  if (container.has_input) keys_.reset();
  const std::string message = final_message(index);
  std::string log_tail = lifecycle::wants_log_tail(state_, index, status, message) ? last_words(index) : std::string();
  container.member.reset();
  container.io.reset();
  discard_layer(index);
  const bool was_asked_for = !options_.until.empty() && plan_.members[index].name == options_.until;
  feed(lifecycle::Exited{index, status, message, was_asked_for, false, std::move(log_tail)});
}

// The end of its log, as a final message: at most 80 lines and 2048 bytes.
std::string PodRunner::last_words(std::size_t index) {
  constexpr std::size_t kMostLines = 80, kMostBytes = 2048;
  state::LogReader reader(folder_->state_fd(), plan_.members[index].name, containers_[index].instance,
                          state::LogReader::Reading::kFinished);
  reader.skip_to_last(kMostLines);
  std::string text;
  while (const state::LogRecord* record = reader.next()) append(text, record->text, record->ends ? "\n" : "");
  return text.size() > kMostBytes ? text.substr(text.size() - kMostBytes) : text;
}

void PodRunner::on_pause_exit() {
  loop_.remove(sandbox_->pause().pidfd());
  if (!start_error_) start_error_ = sandbox_->pause_failure();
  feed(lifecycle::StopRequested{StopCause::kSandboxDied, {}, start_error_->cause});
}

void PodRunner::check_time_limit() {
  if (!time_limit_ || state_.stop || now() < *time_limit_) return;
  say(cat("time limit reached: stopping ", pod_.metadata.name));
  feed(lifecycle::StopRequested{StopCause::kTimeLimit, options_.grace, "the time limit was reached"});
}

// Tells who started a detached pod how that went, once it is known.
void PodRunner::check_report() {
  if (!background_) return;
  if (report_until_ && now() >= *report_until_)
    return report(error_message({.id = "not-ready",
                                 .message = cat("pod '", plan_.pod, "' was not ready in time; it goes on running"),
                                 .hint = cat("podctl describe ", plan_.pod),
                                 .run_code = 124,
                                 .pod = plan_.pod}));
  if (state_.stop && state_.stop->cause == StopCause::kStartFailed) return;  // told at the end, by the error itself
  if (!lifecycle::has_run_once(state_) || (background_->ready_within && !lifecycle::holds(state_, lifecycle::ConditionType::kReady)))
    return;
  if (record_due_) keep_record();  // what is asked next finds it
  report({{"pod", plan_.pod}});
}

// The pod is over before that was clear.
void PodRunner::report_end() {
  if (lifecycle::has_run_once(state_) && !background_->ready_within) return report({{"pod", plan_.pod}});
  report(error_message(
      {.id = "ended-early",
       .message = cat("pod '", plan_.pod, "' ended before ", background_->ready_within ? "it was ready" : "its containers had started",
                      ": ", lifecycle::status_word(state_)),
       .hint = options_.forget ? std::string() : cat("podctl logs ", plan_.pod),
       .pod = plan_.pod}));
}

void PodRunner::report(const Message& message) {
  const std::string text = message.dump(-1, ' ', false, Message::error_handler_t::replace) + '\n';
  loop_.remove(background_->report.get());
  static_cast<void>(raw::write(background_->report.get(), text.data(), text.size()));  // a reader that has gone has its answer
  background_.reset();
  report_until_.reset();
}

void PodRunner::check_disk_volumes() {
  if (!next_disk_check_ || state_.stop || now() < *next_disk_check_) return;
  next_disk_check_ = now() + kDiskCheck;
  const std::string problem = volume_over_limit(pod_.spec, folder_->state());
  if (problem.empty()) return;
  say(problem);
  feed(lifecycle::StopRequested{StopCause::kEvicted, options_.grace, problem});
}

// Whether a signal to the container's main process would be thrown away by the kernel: it is PID 1 of its
// namespace and neither handles nor blocks the signal (pid_namespaces(7)).
bool PodRunner::is_deaf(std::size_t index, int signal_number) const {
  if (!plan_.pid_per_member) return false;
  const auto status = sys::try_read_file(cat("/proc/", containers_[index].member->process().pid(), "/status"), 65536);
  if (!status) return false;
  for (const char* set : {"SigCgt:", "SigBlk:"}) {
    const auto at = status->find(set);
    if (at == std::string::npos) return false;
    const auto bits = std::stoull(status->substr(at + 7), nullptr, 16);
    if ((bits >> (signal_number - 1) & 1) != 0) return false;
  }
  return true;
}

std::string PodRunner::final_message(std::size_t index) {
  const std::string& path = plan_.members[index].message_file;
  if (path.empty() || sandbox_->tree() < 0) return {};
  // A member with every capability could have put anything there: resolved in the tree, a plain file only.
  const sys::OpenHow how{.flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW, .resolve = sys::kResolveInRoot | sys::kResolveNoSymlinks};
  const UniqueFd file(raw::openat2(sandbox_->tree(), path.c_str(), how));
  struct stat status {};
  if (!file || raw::fstat(file.get(), &status) < 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return {};
  const off_t from = std::max<off_t>(0, status.st_size - static_cast<off_t>(kMaxFinalMessage));
  std::string text(kMaxFinalMessage, '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace podctl::monitor
