#include "monitor/pod_runner.hpp"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/errno_text.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "monitor/setup.hpp"
#include "sys/sys.hpp"
#include "view/explain.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;
using namespace std::chrono_literals;
using lifecycle::StopCause;

constexpr std::size_t kMostNotes = 4096;  // that wait to be written: a disk may be full for long
constexpr Duration kRecordDelay = 20ms;   // from a change to its record: several changes, and short lives, cost one write

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
    loop_until_over();
    RunOutcome outcome = conclude();
    undo.cancel();
    return outcome;
  } catch (Error& error) {
    if (!concluded_) {
      if (!error.info().message.empty()) error.info().message += after_failure();
      exit_ = {error.info().run_code, "podctl", {}};
      if (!state_.stop)
        state_.stop = lifecycle::Stop{.cause = lifecycle::StopCause::kStartFailed, .at = now(), .message = error.info().cause};
    }
    throw;
  }
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
    if (held_ && !state_.paused) thaw_to_end();  // nobody who stands still could end by himself
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
  if (!start_error_ && container.instance == 0) {
    start_error_ = why;
    if (why.message.empty())
      start_error_->message = cat("cannot start pod '", plan_.pod, "' (container '", plan_.members[index].name, "')");
  }
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

}  // namespace podctl::monitor
