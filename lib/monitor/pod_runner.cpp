#include "monitor/pod_runner.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/errno_text.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "monitor/kept_manifest.hpp"
#include "monitor/setup.hpp"
#include "run/descendants.hpp"
#include "state/log_reader.hpp"
#include "sys/sys.hpp"
#include "view/explain.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;
using namespace std::chrono_literals;
using lifecycle::StopCause;

constexpr std::size_t kMaxFinalMessage = 4096;  // of a container's final message: its last bytes
constexpr Duration kDiskCheck = 10s;            // how often volumes with a limit are measured, as a kubelet does
constexpr auto kLastWords = 2000ms;             // how long the caller's reader has for what is left to show
constexpr std::size_t kMostNotes = 4096;        // that wait to be written: a disk may be full for long
constexpr Duration kRecordRetry = 1s;           // after a record that could not be written
constexpr Duration kRecordDelay = 20ms;         // from a change to its record: several changes, and short lives, cost one write

lifecycle::Timing scaled_timing(double scale) {
  lifecycle::Timing timing;
  for (Duration* duration : {&timing.first_back_off, &timing.most_back_off, &timing.back_off_forgotten, &timing.least_grace})
    *duration = std::chrono::duration_cast<Duration>(*duration * scale);
  return timing;
}

std::vector<std::string> container_names(const PodSpec& spec) {
  std::vector<std::string> names;
  for (const Container* container : all_containers(spec)) names.push_back(container->name);
  return names;
}

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

bool is_there(const std::string& path) {
  struct stat status {};
  return sys::raw::fstatat(AT_FDCWD, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool falls_back_to_logs(const PodSpec& spec) {
  const std::vector<const Container*> all = all_containers(spec);
  return std::any_of(all.begin(), all.end(),
                     [](const Container* c) { return c->termination_message_policy == TerminationMessagePolicy::kFallbackToLogsOnError; });
}

Style style_of(const RunOptions& options, const PodSpec& spec, bool silent) {
  const std::vector<const Container*> all = all_containers(spec);
  const bool passes_through = all.size() == 1 && (!options.terminal || all.front()->tty);
  const bool prefix = options.log_prefix == LogPrefix::kAlways || (options.log_prefix == LogPrefix::kAuto && !passes_through);
  return {
      .prefix = prefix, .color = options.color && prefix, .timestamps = options.timestamps, .terminal = options.terminal, .silent = silent};
}

}  // namespace

PodRunner::PodRunner(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options, std::unique_ptr<state::PodFolder> folder,
                     std::optional<Background> background)
    : pod_(std::move(pod)),
      objects_(objects),
      options_(options),
      folder_(std::move(folder)),
      console_(loop_, style_of(options, pod_.spec, background.has_value()), container_names(pod_.spec)),
      detached_(background.has_value()),
      keeps_logs_(!options.forget || background.has_value() || falls_back_to_logs(pod_.spec)),
      background_(std::move(background)) {}

Duration PodRunner::scaled(Duration real) const {
  return options_.time_scale == 1.0 ? real : std::chrono::duration_cast<Duration>(real * options_.time_scale);
}

PodRunner::~PodRunner() {
  if (signals_) loop_.remove(signals_.get());
  if (background_) loop_.remove(background_->report.get());
}

RunOutcome PodRunner::run() {
  prepare();
  ScopeExit undo{[&]() noexcept { abandon(); }};
  try {
    start_sandbox();
  } catch (Error& error) {
    if (!error.info().message.empty()) error.info().message += after_failure();
    throw;
  }
  loop_until_over();
  RunOutcome outcome = conclude();
  undo.cancel();
  return outcome;
}

// --- start ------------------------------------------------------------------------------------------------

void PodRunner::prepare() {
  uid_ = make_uuid();
  clock_offset_ = std::chrono::system_clock::now().time_since_epoch() - now();
  plan_options_ = {.state_directory = folder_->state(),
                   .volumes_directory = volumes_folder(options_.paths),
                   .manifest_directory = options_.manifest_directory,
                   .start_time = std::chrono::system_clock::now().time_since_epoch(),
                   .pod_uid = uid_,
                   .env_files = {}};
  facts_ = probe_host(questions_for(pod_, plan_options_));
  raise_open_files(facts_);
  plan_ = make_plan(pod_, objects_, facts_, plan_options_);
  if (options_.log)
    for (const auto& step : plan_.steps) options_.log(cat("step ", step.number, ": ", describe(step).what));
  state_ = lifecycle::make_pod_state(pod_.spec, scaled_timing(options_.time_scale));
  state_.pod_key = cat(pod_.metadata.name, '_', pod_.metadata.name_space.empty() ? "default" : pod_.metadata.name_space, '(', uid_, ')');
  for (auto& rules : state_.rules)
    for (auto& probe : rules.probes) {
      if (!probe) continue;
      for (Duration* duration : {&probe->initial_delay, &probe->period, &probe->timeout}) *duration = scaled(*duration);
    }
  state_.start_time = now();
  if (options_.grace) state_.grace = *options_.grace;  // whatever it is that ends the pod
  containers_.resize(plan_.members.size());
  signals_ = block_and_watch_signals();
  loop_.add(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); });
  set_previous_aside(*folder_);
  if (keeps_logs_) folder_->make_state();
  if (background_) {
    if (background_->ready_within) report_until_ = now() + *background_->ready_within;
    // A pipe whose reader has gone says so: who started the pod does not want it any more.
    loop_.add(background_->report.get(), 0, [this](std::uint32_t) {
      withdrawn_ = true;
      loop_.remove(background_->report.get());
      background_.reset();
      feed(lifecycle::StopRequested{StopCause::kKilled, {}, "its start was interrupted"});
    });
  }
  if (options_.quiet) return;
  for (const auto& step : plan_.steps)
    if (const auto* volume = std::get_if<action::HoldVolume>(&step.action); volume != nullptr && !is_there(volume->path))
      console_.err().write(cat("podctl: note: volume ", volume->path, " is new, and stays when the pod has ended\n"));
}

void PodRunner::start_sandbox() {
  std::vector<run::Fault> faults;
  for (const auto& fault : options_.faults) faults.push_back({fault.step, fault.error_number});
  sandbox_ = std::make_unique<run::Sandbox>(plan_, facts_, faults);
  // What else there is to do is done while pause builds the pod tree.
  sandbox_->prepare_members();
  sandbox_->await_ready();
  if (needs_user_namespace(plan_, facts_)) user_namespace_ = sys::open(cat("/proc/", sandbox_->pause().pid(), "/ns/user"), O_RDONLY);
  loop_.add(sandbox_->pause().pidfd(), EPOLLIN, [this](std::uint32_t) { on_pause_exit(); });
  explain(1, sandbox_->last_step());
  if (options_.timeout) time_limit_ = now() + *options_.timeout;
  if (has_limited_disk_volume(pod_.spec)) next_disk_check_ = now() + kDiskCheck;
  say(headline(pod_, plan_));
  feed(lifecycle::SandboxReady{});
}

void PodRunner::explain(int first_step, int last_step) {
  if (options_.explain == Explain::kOff) return;
  console_.err().write(view::explain_steps(
      plan_, first_step, last_step, options_.explain == Explain::kBrief, [&](int step) { return sandbox_->done_at(step); },
      sandbox_->began_at(), sandbox_->pause().pid()));
}

// --- the loop ---------------------------------------------------------------------------------------------

void PodRunner::loop_until_over() {
  while (!over_) {
    loop_.turn(wait_time());
    console_.show_unfinished(std::chrono::steady_clock::now().time_since_epoch(), false);
    for (auto& container : containers_)
      if (container.io) container.io->resume();
    workers_.check(now());
    check_time_limit();
    check_disk_volumes();
    check_report();
    if (record_due_ && now() >= *record_due_) keep_record();
    if (console_.out().is_broken() && !state_.stop) {  // as for any program whose reader has gone
      stop_signal_ = SIGPIPE;
      feed(lifecycle::StopRequested{StopCause::kUser, options_.grace, "nobody reads the output any more"});
    }
    if (const auto timer = lifecycle::next_timer(state_); timer && now() >= *timer) feed(lifecycle::Tick{});
  }
}

int PodRunner::wait_time() const {
  std::optional<Duration> wait;
  const auto consider = [&](Duration d) { wait = std::max(Duration{0}, wait ? std::min(*wait, d) : d); };
  const Time moment = now();
  if (const auto timer = lifecycle::next_timer(state_)) consider(*timer - moment);
  if (time_limit_ && !state_.stop) consider(*time_limit_ - moment);
  if (next_disk_check_ && !state_.stop) consider(*next_disk_check_ - moment);
  if (record_due_) consider(*record_due_ - moment);
  if (report_until_) consider(*report_until_ - moment);
  if (const auto due = workers_.next_due()) consider(*due - moment);
  if (const auto due = console_.next_due(); due.count() != 0) consider(due - std::chrono::steady_clock::now().time_since_epoch());
  if (!wait) return -1;
  return static_cast<int>(std::min<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(*wait).count(), 3'600'000));
}

void PodRunner::feed(const lifecycle::Event& event) {
  pending_.push_back(event);
  if (feeding_) return;  // an action of the event under way met this one
  feeding_ = true;
  const ScopeExit done{[&]() noexcept { feeding_ = false; }};
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    lifecycle::Advance next = lifecycle::advance(std::move(state_), pending_[i], now());
    state_ = std::move(next.state);
    if (state_.stop) thaw();  // nobody who stands still could end by himself
    for (const auto& action : next.actions) std::visit([&](const auto& a) { carry_out(a); }, action);
    if (!starts_.empty()) start_pending();
  }
  pending_.clear();
  if (!record_due_) record_due_ = now() + kRecordDelay;
}

void PodRunner::carry_out(const lifecycle::StartContainer& action) {
  Container& container = containers_[action.container];
  const PlannedMember& planned = plan_.members[action.container];
  container.exited = false;
  container.instance = action.instance;
  try {
    read_environment(action.container);
  } catch (const Error& error) {
    return start_failed(action.container, error.info());
  }
  std::optional<state::LogFile> log;
  if (keeps_logs_) log.emplace(folder_->state_fd(), planned.name, action.instance, options_.log_limits);
  container.io = std::make_unique<ContainerIo>(loop_, console_, action.container, planned.is_init, std::move(log),
                                               [this, index = action.container](const Error& error) { on_log_failure(index, error); });
  // The caller has one standard input, and the first container that asks for one gets it.
  const bool callers_input = planned.stdin_open && !input_given_ && !planned.is_init && !detached_;
  container.has_input = callers_input;
  input_given_ = input_given_ || callers_input;
  // A terminal of the container's takes every key of the caller's, Ctrl-C too.
  const winsize size = callers_input && planned.terminal ? terminal_size(0) : winsize{};
  if (callers_input && planned.terminal) keys_.emplace(0);
  starts_.push_back({.member = static_cast<int>(action.container),
                     .options = {action.instance, action.in_turn},
                     .streams = container.io->make_streams({.input = planned.stdin_open && (callers_input || detached_),
                                                            .terminal = planned.terminal,
                                                            .rows = size.ws_row,
                                                            .columns = size.ws_col})});
}

// What its variables take from files of the pod is read anew for each start.
void PodRunner::read_environment(std::size_t index) {
  const std::vector<EnvFile> files = env_files_of(pod_, static_cast<int>(index));
  if (files.empty()) return;
  plan_options_.env_files.clear();
  for (const auto& file : files)
    if (auto variables = read_env_file(sandbox_->tree(), file)) plan_options_.env_files[file] = std::move(*variables);
  complete_environment(plan_, static_cast<int>(index), pod_, objects_, facts_, plan_options_);
}

void PodRunner::start_failed(std::size_t index, const ErrorInfo& why) {
  Container& container = containers_[index];
  if (!start_error_ && container.instance == 0) start_error_ = why;
  container.io.reset();
  feed(lifecycle::StartFailed{index, 128, why.cause});
}

// All of them side by side: while one is born the other already works.
void PodRunner::start_pending() {
  const std::vector<run::StartRequest> requests = std::exchange(starts_, {});
  std::vector<run::StartResult> results = sandbox_->start(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto index = static_cast<std::size_t>(requests[i].member);
    Container& container = containers_[index];
    container.io->start_finished();
    if (!results[i].member) {
      start_failed(index, *results[i].failure);
      continue;
    }
    container.member = std::move(results[i].member);
    if (container.has_input) container.io->pump_input(0);
    loop_.add(container.member->started_fd(), EPOLLIN, [this, index](std::uint32_t) { on_started(index); });
    loop_.add(container.member->process().pidfd(), EPOLLIN, [this, index](std::uint32_t) { on_exit(index); });
  }
}

void PodRunner::carry_out(const lifecycle::SignalContainer& action) {
  const Container& container = containers_[action.container];
  if (!container.member || container.exited) return;
  int number = action.signal_number;
  if (!options_.strict_grace && is_deaf(action.container, number)) {
    say(cat(plan_.members[action.container].name, " is PID 1 of its own namespace and has no handler for ", signal_name(number),
            ": the kernel drops it, so it is killed at once"));
    number = SIGKILL;
  }
  container.member->process().signal(number);
}

// What the container left running is ended when its main process is seen to have ended.
void PodRunner::carry_out(const lifecycle::KillContainer& action) {
  const Container& container = containers_[action.container];
  if (container.member && !container.exited) container.member->process().signal(SIGKILL);
}

void PodRunner::carry_out(const lifecycle::Finish&) { over_ = true; }

void PodRunner::carry_out(const lifecycle::Note& note) {
  // Put in words when they are written: a start has better things to do.
  if (notes_.size() < kMostNotes) notes_.emplace_back(now(), note);
  if (options_.log)
    options_.log(cat(note.reason, note.container ? cat(" ", state_.rules[*note.container].name) : "",
                     note.message.empty() ? "" : cat(": ", note.message)));
  if (options_.status_fd >= 0) {
    const std::string line = event_line(note, now());
    static_cast<void>(raw::write(options_.status_fd, line.data(), line.size()));
  }
  if (note.reason == "BackOff" && note.container) say(cat(state_.rules[*note.container].name, ": ", note.message));
}

std::string PodRunner::event_line(const lifecycle::Note& note, Time at) const {
  const std::string_view container = note.container ? std::string_view(state_.rules[*note.container].name) : "";
  return view::event_json(pod_.metadata.name, container, note, at + clock_offset_);
}

// --- what happens -----------------------------------------------------------------------------------------

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

// --- end --------------------------------------------------------------------------------------------------

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
    ErrorInfo info = start_error_.value_or(ErrorInfo{.id = "start-failed", .message = "the pod could not be started"});
    info.message += after_failure();
    throw Error(info);
  }
  // The disk takes its time over the record: what goes is removed by processes of their own meanwhile.
  std::optional<run::Removal> previous = begin_drop_previous(*folder_);
  concluded_ = recorded_;
  const std::optional<ErrorInfo> not_recorded = keep_last_record();
  concluded_ = true;
  clear_disk();
  if (previous) finish_drop_previous(*folder_, *previous);
  if (options_.forget) folder_->remove_state();
  else forget_oldest(options_.paths, *folder_);
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
    if (options_.keep_on_error) return;
    clear_disk();
    sandbox_.reset();
    drop_freezer();
    folder_->remove_state();
    folder_->bring_previous_back();
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
          .paused = held_.has_value(),
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

void PodRunner::write_record(state::PodFolder::Durability durability) {
  record_due_.reset();
  if (!folder_->has_state()) {  // somebody removed it
    folder_->remake_state();
    recorded_ = false;
  }
  if (!recorded_) folder_->write("manifest.json", kept_manifest_json(pod_, objects_, options_.manifest_directory, Secrets::kLeftOut));
  folder_->write("status.json", view::status_json(status_source()), durability);
  recorded_ = true;
  std::string lines;
  for (const auto& [at, note] : notes_) lines += event_line(note, at);
  state::append_events(folder_->state_fd(), lines);
  notes_.clear();
}

}  // namespace podctl::monitor
