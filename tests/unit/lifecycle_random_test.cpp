// Random histories: whatever happens in whatever order, what must hold about a pod's life holds.
#include <array>
#include <deque>

#include "unit/lifecycle_support.hpp"

using namespace podctl;
using namespace podctl::lifecycle;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeed = 20260101;
constexpr std::uint64_t kHistories = 100'000;
constexpr std::array<Duration, 7> kBackOff{0s, 10s, 20s, 40s, 80s, 160s, 300s};
constexpr Duration kLeast = 2s;  // that every stop signal is given

// splitmix64: the same numbers with every library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t count) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % count;
  }
  bool chance(std::uint64_t percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

// What is true of a container outside of the machine, by the actions it was given.
struct Real {
  bool live = false, begun = false, killed = false, kill_asked = false, ends_alone = false;
  std::optional<Time> signaled_at, ending_since;
  std::array<bool, 3> probing{};
  std::array<bool, 2> hooking{}, hooked{};
  unsigned starts = 0;
  std::optional<ExitStatus> end;
  // Since all were last begun anew.
  unsigned starts_since = 0;
  bool lets_next = false;
  // Its back-off by the rule of the reference: which delay comes next, and when that was last raised.
  std::size_t series = 0;
  Time raised_at{0};
  std::optional<Time> due;
  bool kept_down = false, asked_back = false;
};

PodSpec random_spec(Random& random) {
  PodSpec spec;
  const std::array policies{RestartPolicy::kAlways, RestartPolicy::kOnFailure, RestartPolicy::kNever};
  const auto hook = [&] { return random.chance(20) ? std::optional(LifecycleHandler{.sleep = SleepAction{1}}) : std::nullopt; };
  const auto probe = [&](std::uint64_t percent) {
    if (!random.chance(percent)) return std::optional<Probe>();
    Probe made{.initial_delay_seconds = static_cast<std::int32_t>(random.below(4)),
               .period_seconds = 1 + static_cast<int>(random.below(20))};
    made.failure_threshold = 1 + static_cast<int>(random.below(3));
    if (random.chance(30)) made.termination_grace_period_seconds = 1 + static_cast<std::int64_t>(random.below(30));
    return std::optional(made);
  };
  const auto add = [&](std::vector<Container>& list, std::string name, bool has_life) {
    Container& container = list.emplace_back();
    container.name = std::move(name);
    if (random.chance(15)) {
      container.restart_policy = policies[random.below(3)];
      if (random.chance(50))
        container.restart_policy_rules = {
            {.action = random.chance(50) ? RestartRuleAction::kRestart : RestartRuleAction::kRestartAllContainers,
             .exit_codes = ExitCodeRule{ExitCodeOperator::kIn, {3}}}};
    }
    if (!has_life) return;
    container.lifecycle = {.post_start = hook(), .pre_stop = hook()};
    container.startup_probe = probe(15);
    container.liveness_probe = probe(15);
    container.readiness_probe = probe(15);
  };
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    const bool sidecar = random.chance(50);
    add(spec.init_containers, cat("i", i), sidecar);
    if (sidecar) spec.init_containers.back().restart_policy = RestartPolicy::kAlways;
    else if (spec.init_containers.back().restart_policy == RestartPolicy::kAlways) spec.init_containers.back().restart_policy.reset();
  }
  for (std::uint64_t i = 1 + random.below(3); i > 0; --i) add(spec.containers, cat("a", i), true);
  spec.restart_policy = policies[random.below(3)];
  spec.termination_grace_period_seconds = static_cast<std::int64_t>(random.below(40));
  if (random.chance(25)) spec.active_deadline_seconds = static_cast<std::int64_t>(1 + random.below(2000));
  return spec;
}

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed), spec_(random_spec(random_)), state_(make_pod_state(spec_)) {
    for (const Container* container : all_containers(spec_)) specs_.push_back(container);
    inits_ = spec_.init_containers.size();
    if (spec_.active_deadline_seconds) deadline_ = std::chrono::seconds(*spec_.active_deadline_seconds);
    real_.resize(specs_.size());
    most_grace_ = std::chrono::seconds(std::max<std::int64_t>(spec_.termination_grace_period_seconds, 40));
  }

  // What went wrong, or nothing.
  const char* live() {
    began_at_ = now_;
    feed(SandboxReady{});
    for (std::uint64_t events = 5 + random_.below(40); events > 0 && problem_ == nullptr; --events) happen();
    // Then everything ends, by force if need be.
    if (!finished_) stop(StopCause::kKilled, {});
    for (std::size_t i = 0; i < real_.size() && problem_ == nullptr; ++i)
      if (real_[i].live) end(i, {true, SIGKILL});
    require(finished_, "everything has ended, and the pod has not");
    for (int more = 0; more < 3 && problem_ == nullptr; ++more) happen();
    return problem_;
  }

 private:
  void require(bool holds, const char* otherwise) {
    if (!holds && problem_ == nullptr) problem_ = otherwise;
  }
  bool is_sidecar(std::size_t who) const { return who < inits_ && specs_[who]->restart_policy == RestartPolicy::kAlways; }
  bool is_app(std::size_t who) const { return who >= inits_; }

  // --- what happens ---------------------------------------------------------------------------------------

  void happen() {
    const std::size_t who = random_.below(real_.size());
    Real& real = real_[who];
    switch (random_.below(13)) {
      case 0: return pass(std::chrono::milliseconds(random_.below(2000)));
      case 1: return pass(std::chrono::seconds(random_.below(random_.chance(20) ? 700 : 30)));
      case 2: return pass_to_timer();
      case 3: return feed(Tick{});  // one too many does no harm
      case 4:
        if (random_.chance(12))
          stop(static_cast<StopCause>(random_.below(9)),
               random_.chance(50) ? std::optional<Duration>(std::chrono::milliseconds(random_.below(9000))) : std::nullopt);
        return;
      case 5:
        if (random_.chance(30)) ask(who);
        return;
      case 6:
      case 7: return answer(who);
      case 8: return random_.chance(state_.paused ? 60 : 10) ? pause_or_resume() : void();
      default: break;
    }
    if (!real.live) return pass_to_timer();
    if (!real.begun) {
      if (random_.chance(4)) return end(who, {false, 127}, true);
      if (random_.chance(90)) {
        real.begun = true;
        if (!specs_[who]->lifecycle.post_start && !real.signaled_at) let_next(who, !specs_[who]->startup_probe);
        return feed(Started{who});
      }
    }
    if (random_.chance(30)) return answer(who);
    const bool good = random_.chance(40);
    end(who, good                 ? ExitStatus{}
             : random_.chance(50) ? ExitStatus{false, random_.chance(50) ? 1 : 3}
                                  : ExitStatus{true, real.killed ? SIGKILL : SIGSEGV});
  }

  void pause_or_resume() {
    if (paused_) {
      go_on();
      return feed(Resumed{});
    }
    paused_ = !state_.stop;
    feed(Paused{});
  }

  // What became due while the pod was paused is due now, and who is to end has some time for it.
  void go_on() {
    if (!std::exchange(paused_, false)) return;
    for (auto& real : real_) {
      if (real.due) real.due = std::max(*real.due, now_);
      if (real.ending_since) real.ending_since = std::max(*real.ending_since, now_ - most_grace_);
    }
  }

  // Something is asked for by hand.
  void ask(std::size_t who) {
    Real& real = real_[who];
    const auto grace = random_.chance(50) ? std::optional<Duration>(std::chrono::seconds(random_.below(20))) : std::nullopt;
    switch (random_.below(3)) {
      case 0: {
        const ContainerStopRequested event{who, grace};
        if (refusal(state_, event).empty()) {
          go_on();
          real.kept_down = true;
          real.asked_back = false;
          real.due.reset();
          if (!real.live && (is_sidecar(who) || *real.end == ExitStatus{})) real.lets_next = true;
        }
        return feed(event);
      }
      case 1: {
        const ContainerRestartRequested event{who, grace};
        if (refusal(state_, event).empty()) {
          go_on();
          real.kept_down = false;
          real.asked_back = true;
          if (!real.live) real.due = now_;
        }
        return feed(event);
      }
      default: {
        const int number = random_.chance(50) ? SIGKILL : SIGUSR1;
        if (real.live && !real.killed) go_on();
        real.kill_asked = true;
        feed(ContainerSignalRequested{who, number});
        real.kill_asked = false;
        return;
      }
    }
  }

  // One of the answers that are owed, or one that nobody waits for.
  void answer(std::size_t who) {
    Real& real = real_[who];
    const unsigned instance = random_.chance(95) ? real.starts - 1 : real.starts - 2;
    const bool current = real.live && instance + 1 == real.starts;
    if (random_.chance(35)) {
      const auto kind = static_cast<HookKind>(random_.below(2));
      const bool ok = random_.chance(75), owed = current && real.hooking[static_cast<std::size_t>(kind)];
      if (owed) {
        real.hooking[static_cast<std::size_t>(kind)] = false;
        if (ok && kind == HookKind::kPostStart) let_next(who, !specs_[who]->startup_probe);
      }
      return feed(HookFinished{who, instance, kind, ok, {}});
    }
    const auto kind = static_cast<ProbeKind>(random_.below(3));
    const auto outcome = random_.chance(60) ? ProbeOutcome::kSuccess : random_.chance(80) ? ProbeOutcome::kFailure : ProbeOutcome::kError;
    if (current && real.probing[static_cast<std::size_t>(kind)]) {
      real.probing[static_cast<std::size_t>(kind)] = false;
      if (kind == ProbeKind::kStartup && outcome == ProbeOutcome::kSuccess) real.lets_next = true;
    }
    feed(ProbeFinished{who, instance, kind, outcome, {}});
  }

  // A container has come past its postStart hook, or had none.
  void let_next(std::size_t who, bool has_started) {
    if (is_app(who) || (is_sidecar(who) && has_started)) real_[who].lets_next = true;
  }

  // No timer is passed without a Tick at its very time, as the monitor does it.
  void pass(Duration duration) {
    const Time until = now_ + duration;
    for (int rings = 0; problem_ == nullptr; ++rings) {
      const auto timer = next_timer(state_);
      if (!timer || *timer > until) break;
      require(rings < 5000, "a timer rings for ever");
      now_ = *timer;
      feed(Tick{});
    }
    now_ = until;
  }
  void pass_to_timer() {
    if (const auto timer = next_timer(state_)) pass(*timer - now_);
  }

  void end(std::size_t who, ExitStatus exit, bool never_began = false) {
    Real& real = real_[who];
    const bool stopping = state_.stop.has_value();
    const bool before_turn = is_sidecar(who) && !real.signaled_at && !real.killed;
    ended_ = who;
    probing_at_end_ = real.probing;
    hooking_at_end_ = real.hooking;
    real.live = real.begun = real.killed = real.kill_asked = real.ends_alone = false;
    real.signaled_at = real.ending_since = std::nullopt;
    real.probing = {};
    real.hooking = real.hooked = {};
    real.end = exit;
    if (is_app(who)) real.lets_next = true;
    const bool awaited = !never_began && random_.chance(2);  // as --until does
    const bool fatal = awaited || (never_began && real.starts == 1);
    if (now_ - real.raised_at > 600s) real.series = 0;
    real.due.reset();
    const auto after = after_end(who);
    const Duration wait = real.asked_back ? Duration{0} : kBackOff[std::min(real.series, kBackOff.size() - 1)];
    if (stopping) {
      if (before_turn && !real.kept_down) real.due = now_ + wait;  // it may come back, or its turn to go has come
    } else if (!fatal && !state_.restart_all_at) {
      if (after == After::kRestart) real.due = now_ + wait;
      if (after == After::kRestartAll) {
        for (auto& other : real_) other.due.reset();
        restart_all_due_ = now_ + wait;
        restart_all_by_ = who;
      }
      if (after == After::kStay && (is_sidecar(who) || *real.end == ExitStatus{})) real.lets_next = true;
    }
    if (never_began) feed(StartFailed{who, exit.value, {}});
    else feed(Exited{.container = who, .exit = exit, .message = {}, .awaited = awaited});
    ended_.reset();
  }

  enum class After { kStay, kRestart, kRestartAll };
  After after_end(std::size_t who) const {
    const Real& real = real_[who];
    if (real.kept_down) return After::kStay;
    if (real.asked_back) return After::kRestart;
    for (const auto& rule : specs_[who]->restart_policy_rules)
      if (real.end->code() == rule.exit_codes->values[0])
        return rule.action == RestartRuleAction::kRestart ? After::kRestart : After::kRestartAll;
    const bool good = *real.end == ExitStatus{};
    if (is_sidecar(who)) return After::kRestart;
    const RestartPolicy policy = specs_[who]->restart_policy.value_or(spec_.restart_policy);
    if (policy == RestartPolicy::kNever || (good && (!is_app(who) || policy == RestartPolicy::kOnFailure))) return After::kStay;
    return After::kRestart;
  }

  void stop(StopCause cause, std::optional<Duration> grace) {
    const bool at_once =
        cause == StopCause::kKilled || cause == StopCause::kSandboxDied || (cause == StopCause::kStartFailed && !state_.stop);
    forced_ = at_once;
    feed(StopRequested{cause, grace, {}});
    forced_ = false;
  }

  // --- what follows ---------------------------------------------------------------------------------------

  void feed(const Event& event) {
    const bool was_stopping = state_.stop.has_value(), was_finished = finished_;
    const Phase phase = phase_of(state_);
    Advance next = advance(std::move(state_), event, now_);
    state_ = std::move(next.state);
    if (state_.stop && !was_stopping) see_stop(event);
    if (const auto* again = std::get_if<StopRequested>(&event); again != nullptr && was_stopping && again->grace) {
      stop_end_ = std::min(stop_end_, now_ + *again->grace);
      stop_limit_ = std::min(stop_limit_, now_ + *again->grace + kLeast);
    }
    require(!was_finished || next.actions.empty(), "something is to be done after the end");
    for (const auto& action : next.actions) std::visit([&](const auto& a) { check(a); }, action);
    const bool was_over = phase == Phase::kSucceeded || phase == Phase::kFailed;
    require(!was_over || phase_of(state_) == phase, "a final phase has changed");
    require(finished_ == state_.finished, "Finish and the finished state disagree");
    check_end_left_nothing();
    check_standing();
  }

  void see_stop(const Event& event) {
    restart_all_due_.reset();
    go_on();
    const auto* asked = std::get_if<StopRequested>(&event);
    Duration grace = std::chrono::seconds(spec_.termination_grace_period_seconds);
    if (asked != nullptr && asked->grace && state_.stop->cause == asked->cause) grace = *asked->grace;
    if (state_.stop->cause == StopCause::kStartFailed || forced_) grace = Duration{0};
    stop_end_ = now_ + grace;
    stop_limit_ = now_ + grace + kLeast;
    if (state_.stop->cause == StopCause::kDeadline && asked == nullptr)
      require(deadline_ && now_ >= began_at_ + *deadline_, "the deadline came too early");
    if (state_.stop->cause == StopCause::kCompleted)
      for (std::size_t i = inits_; i < real_.size(); ++i) require(!real_[i].live && !real_[i].due, "completed, and a container is not");
    for (std::size_t i = 0; i < real_.size(); ++i)
      if (!is_sidecar(i)) real_[i].due.reset();
  }

  void check(const StartContainer& start) {
    Real& real = real_[start.container];
    require(!real.live, "two instances of one container at once");
    require(!paused_, "a start while the pod is paused");
    require(!finished_ && (!state_.stop || (is_sidecar(start.container) && now_ < stop_end_)), "a start after the stop");
    require(start.instance == real.starts, "instances are not counted one by one");
    if (restart_all_due_) {  // the first start of a new round
      require(now_ >= *restart_all_due_, "all are begun again too early");
      raise(real_[restart_all_by_]);
      restart_all_due_.reset();
      for (auto& other : real_) {
        require(!other.live, "all are begun again while one lives");
        other.starts_since = 0;
        other.lets_next = other.kept_down = false;
      }
    }
    if (real.starts_since > 0) {
      require(real.due == now_, "a restart at the wrong time");
      if (!real.asked_back) raise(real);
    } else {
      for (std::size_t i = 0; i < start.container; ++i)
        require(real_[i].starts_since > 0 && real_[i].lets_next, "a start before those ahead of it have come far enough");
    }
    require(!start.in_turn || (start.container > inits_ && real.starts_since == 0), "a container waits for the turn of none");
    real.live = true;
    real.due.reset();
    real.asked_back = false;
    ++real.starts;
    ++real.starts_since;
    if (is_app(start.container) && !specs_[start.container]->lifecycle.post_start) real.lets_next = true;
  }
  void raise(Real& real) {
    real.series = std::min(real.series + 1, kBackOff.size() - 1);
    real.raised_at = now_;
  }

  void check(const SignalContainer& signal) {
    Real& real = real_[signal.container];
    require(real.live, "a signal to nobody");
    if (real.kill_asked) {  // it may be the one asked for
      real.kill_asked = false;
      if (signal.signal_number == SIGUSR1) return;
    }
    require(!real.signaled_at && !real.killed, "the stop signal twice");
    real.signaled_at = now_;
    if (!real.ending_since) {
      real.ending_since = now_;
      real.ends_alone = !state_.stop;
    }
    if (!state_.stop || !is_sidecar(signal.container) || now_ >= stop_end_) return;
    if (real.ends_alone) return;  // it was being ended alone before, and its own time is up
    for (std::size_t i = 0; i < real_.size(); ++i)
      if ((i > signal.container && is_sidecar(i)) || is_app(i)) require(!real_[i].live, "a sidecar goes before those it serves");
  }

  void check(const KillContainer& kill) {
    Real& real = real_[kill.container];
    require(real.live, "a kill of nobody");
    if (real.kill_asked) {
      real.kill_asked = false;
      return;
    }
    require(!real.killed, "SIGKILL twice");
    const bool at_once = forced_ || restart_all_due_ || (state_.stop && state_.stop->cause == StopCause::kStartFailed);
    require(at_once || (real.signaled_at && now_ >= *real.signaled_at + kLeast), "SIGKILL before its time");
    real.killed = true;
  }

  void check(const RunProbe& probe) {
    Real& real = real_[probe.container];
    const auto kind = static_cast<std::size_t>(probe.kind);
    require(real.live && real.begun && probe.instance + 1 == real.starts, "a probe of an instance that is gone, or not there yet");
    require(!paused_, "a paused pod is probed");
    require(!real.probing[kind], "two attempts of one probe at once");
    require(probe.kind == ProbeKind::kReadiness || (!state_.stop && !real.ending_since), "liveness or startup is asked during an end");
    require(!real.hooking[0], "a probe before postStart is over");
    real.probing[kind] = true;
  }
  void check(const AbandonProbe& probe) {
    const auto kind = static_cast<std::size_t>(probe.kind);
    if (ended_ == probe.container && probing_at_end_[kind]) {
      probing_at_end_[kind] = false;
      return;
    }
    require(real_[probe.container].probing[kind], "a probe is abandoned that does not run");
    real_[probe.container].probing[kind] = false;
  }

  void check(const RunHook& hook) {
    Real& real = real_[hook.container];
    const auto kind = static_cast<std::size_t>(hook.kind);
    require(real.live && real.begun && hook.instance + 1 == real.starts, "a hook of an instance that is gone, or not there yet");
    require(!real.hooked[kind], "a hook twice");
    require(!paused_, "a hook in a paused pod");
    require(hook.kind == HookKind::kPreStop || !real.ending_since, "postStart during an end");
    real.hooking[kind] = real.hooked[kind] = true;
    if (hook.kind == HookKind::kPostStart) return;
    real.ending_since = now_;
    real.ends_alone = !state_.stop;
  }
  void check(const AbandonHook& hook) {
    const auto kind = static_cast<std::size_t>(hook.kind);
    if (ended_ == hook.container && hooking_at_end_[kind]) {
      hooking_at_end_[kind] = false;
      return;
    }
    require(real_[hook.container].hooking[kind], "a hook is abandoned that does not run");
    real_[hook.container].hooking[kind] = false;
  }
  void check(const Note&) {}

  void check(const Finish&) {
    require(!finished_, "Finish twice");
    finished_ = true;
    bool good = true;
    for (std::size_t i = 0; i < real_.size(); ++i) {
      require(!real_[i].live, "Finish while a container lives");
      require(state_.stop || !real_[i].due, "Finish while a container is due");
      if (is_app(i)) good = good && real_[i].end && *real_[i].end == ExitStatus{};
    }
    if (!state_.stop || state_.stop->cause == StopCause::kCompleted)
      require(phase_of(state_) == (good ? Phase::kSucceeded : Phase::kFailed), "the final phase is not that of the exit codes");
  }

  void check_end_left_nothing() {
    for (const bool probing : probing_at_end_) require(!ended_ || !probing, "a probe outlives its container");
    for (const bool hooking : hooking_at_end_) require(!ended_ || !hooking, "a hook outlives its container");
  }

  // What holds between any two events.
  void check_standing() {
    bool any_live = false, may_come = restart_all_due_.has_value();
    for (std::size_t i = 0; i < real_.size(); ++i) {
      const Real& real = real_[i];
      any_live = any_live || real.live;
      require(state_.containers[i].restarts + 1 == std::max(1u, real.starts), "the restart count is wrong");
      if (real.live && state_.stop) require(real.killed || now_ < stop_limit_, "a container outlives its grace period");
      if (real.live && real.ending_since && !paused_)
        require(real.killed || now_ < *real.ending_since + most_grace_ + kLeast, "an end takes too long");
      if (real.due && !state_.stop && !finished_ && !paused_) require(now_ < *real.due, "a restart is overdue");
      may_come = may_come || real.due;
    }
    const auto timer = next_timer(state_);
    require(!timer || *timer > now_, "a timer lies in the past");
    require(any_live || finished_ || paused_ || (timer && may_come), "nothing lives and nothing will come");
    if (deadline_ && !finished_ && !state_.stop) require(now_ < began_at_ + *deadline_, "the deadline has passed unnoticed");
    require(!holds(state_, ConditionType::kReady) || (any_live && phase_of(state_) == Phase::kRunning), "a pod is ready that does not run");
  }

  Random random_;
  PodSpec spec_;
  PodState state_;
  std::vector<const Container*> specs_;
  std::vector<Real> real_;
  std::size_t inits_ = 0;
  std::optional<Duration> deadline_;
  Duration most_grace_{0};
  Time now_{5000s}, began_at_{0}, stop_end_{0}, stop_limit_{0};
  std::optional<Time> restart_all_due_;
  std::size_t restart_all_by_ = 0;
  std::optional<std::size_t> ended_;  // in the event under way
  std::array<bool, 3> probing_at_end_{};
  std::array<bool, 2> hooking_at_end_{};
  bool forced_ = false, finished_ = false, paused_ = false;
  const char* problem_ = nullptr;
};

}  // namespace

TEST_CASE("100,000 random histories of pods", "[lifecycle][random]") {
  for (std::uint64_t i = 0; i < kHistories; ++i) {
    const char* problem = History(kSeed + i).live();
    if (problem != nullptr) FAIL("seed " << kSeed + i << ": " << problem);
  }
}
