// Random histories: whatever happens in whatever order, what must hold about a pod's life holds.
#include <array>

#include "unit/lifecycle_support.hpp"

using namespace podctl;
using namespace podctl::lifecycle;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeed = 20260101;
constexpr std::uint64_t kHistories = 100'000;
constexpr std::array<Duration, 7> kBackOff{0s, 10s, 20s, 40s, 80s, 160s, 300s};

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
  bool live = false, begun = false, asked = false, killed = false;
  unsigned starts = 0, restarts = 0;
  std::optional<ExitStatus> end;
  Time ended_at{0};
  // Its back-off by the rule of the reference: which delay comes next, and when that was last
  // raised.
  std::size_t series = 0;
  Time raised_at{0};
  std::optional<Time> due;
};

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    podtest::LifeOptions options{.inits = {}, .apps = {}};
    for (std::uint64_t i = random_.below(3); i > 0; --i) options.inits.push_back(cat("i", i));
    for (std::uint64_t i = 1 + random_.below(3); i > 0; --i) options.apps.push_back(cat("a", i));
    options.policy = std::array{RestartPolicy::kAlways, RestartPolicy::kOnFailure, RestartPolicy::kNever}[random_.below(3)];
    options.grace = std::chrono::seconds(random_.below(40));
    if (random_.chance(25)) options.deadline = static_cast<std::int64_t>(1 + random_.below(2000));
    policy_ = options.policy;
    grace_ = options.grace;
    inits_ = options.inits.size();
    state_ = make_pod_state(podtest::life_spec(options));
    if (options.deadline) deadline_ = std::chrono::seconds(*options.deadline);
    real_.resize(state_.rules.size());
  }

  // What went wrong, or nothing.
  const char* live() {
    feed(SandboxReady{});
    began_at_ = now_;
    for (std::uint64_t events = 5 + random_.below(35); events > 0 && problem_ == nullptr; --events) happen();
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

  void happen() {
    const std::size_t who = random_.below(real_.size());
    Real& real = real_[who];
    switch (random_.below(10)) {
      case 0: return pass(std::chrono::milliseconds(random_.below(2000)));
      case 1: return pass(std::chrono::seconds(random_.below(700)));
      case 2: return pass_to_timer();
      case 3: return feed(Tick{});  // one too many does no harm
      case 4:
        if (random_.chance(12))
          stop(static_cast<StopCause>(random_.below(9)),
               random_.chance(50) ? std::optional<Duration>(std::chrono::milliseconds(random_.below(9000))) : std::nullopt);
        return;
      default: break;
    }
    if (!real.live) return pass_to_timer();
    if (!real.begun) {
      if (random_.chance(4)) return end(who, {false, 127}, true);
      if (random_.chance(90)) {
        real.begun = true;
        return feed(Started{who});
      }
    }
    const bool good = random_.chance(40);
    end(who, good ? ExitStatus{} : random_.chance(50) ? ExitStatus{false, 1} : ExitStatus{true, real.killed ? SIGKILL : SIGSEGV});
  }

  // No timer is passed without a Tick at its very time, as the monitor does it.
  void pass(Duration duration) {
    const Time until = now_ + duration;
    for (int rings = 0; problem_ == nullptr; ++rings) {
      const auto timer = next_timer(state_);
      if (!timer || *timer > until) break;
      require(rings < 100, "a timer rings for ever");
      now_ = std::max(now_, *timer);
      feed(Tick{});
    }
    now_ = until;
  }
  void pass_to_timer() {
    if (const auto timer = next_timer(state_)) pass(std::max(Duration{0}, *timer - now_));
  }

  void end(std::size_t who, ExitStatus exit, bool never_began = false) {
    Real& real = real_[who];
    real.live = real.begun = real.asked = real.killed = false;
    real.end = exit;
    real.ended_at = now_;
    const bool stopping = state_.stop.has_value();
    const bool wants = wants_restart(who);
    const bool awaited = !never_began && random_.chance(2);  // as --until does
    const bool fatal = awaited || (never_began && real.starts == 1);
    if (now_ - real.raised_at > 600s) real.series = 0;
    real.due.reset();
    if (wants && !stopping && !fatal) real.due = now_ + kBackOff[std::min(real.series, kBackOff.size() - 1)];
    if (never_began) feed(StartFailed{who, exit.value, {}});
    else feed(Exited{who, exit, {}, awaited});
    if (real.due && *real.due > now_ && !state_.stop)
      require(state_.containers[who].restart_at == real.due, "a restart is not due when it should be");
  }

  bool wants_restart(std::size_t who) const {
    const bool good = *real_[who].end == ExitStatus{};
    if (who < inits_) return !good && policy_ != RestartPolicy::kNever;
    return policy_ == RestartPolicy::kAlways || (policy_ == RestartPolicy::kOnFailure && !good);
  }

  void stop(StopCause cause, std::optional<Duration> grace) {
    if (!state_.stop && !finished_) kill_due_ = now_ + std::max<Duration>(grace.value_or(grace_), 2s);
    if (cause == StopCause::kKilled || cause == StopCause::kSandboxDied || (cause == StopCause::kStartFailed && !state_.stop))
      kill_due_ = now_;
    feed(StopRequested{cause, grace, {}});
  }

  void feed(const Event& event) {
    const bool was_stopping = state_.stop.has_value(), was_finished = finished_;
    const Phase phase = phase_of(state_);
    Advance next = advance(std::move(state_), event, now_);
    state_ = std::move(next.state);
    if (state_.stop && !was_stopping && !std::holds_alternative<StopRequested>(event)) {  // of its own accord
      const bool at_once = state_.stop->cause == StopCause::kStartFailed;
      kill_due_ = at_once ? now_ : now_ + std::max<Duration>(grace_, 2s);
      if (state_.stop->cause == StopCause::kDeadline) require(deadline_ && now_ >= began_at_ + *deadline_, "the deadline came too early");
    }
    require(!was_finished || next.actions.empty(), "something is to be done after the end");
    for (const auto& action : next.actions) {
      if (const auto* start = std::get_if<StartContainer>(&action)) check_start(*start);
      if (const auto* signal = std::get_if<SignalContainer>(&action)) check_signal(*signal);
      if (const auto* kill = std::get_if<KillContainer>(&action)) check_kill(kill->container);
      if (std::holds_alternative<Finish>(action)) check_finish();
    }
    const bool was_over = phase == Phase::kSucceeded || phase == Phase::kFailed;
    require(!was_over || phase_of(state_) == phase, "a final phase has changed");
    require(finished_ == state_.finished, "Finish and the finished state disagree");
    check_standing();
  }

  void check_start(const StartContainer& start) {
    Real& real = real_[start.container];
    require(!real.live, "two instances of one container at once");
    require(!state_.stop && !finished_, "a start after the stop");
    require(start.instance == real.starts, "instances are not counted one by one");
    if (real.starts > 0) {
      require(real.due == now_, "a restart at the wrong time");
      ++real.restarts;
      real.series = std::min(real.series + 1, kBackOff.size() - 1);
      real.raised_at = now_;
    }
    for (std::size_t i = 0; i < std::min(start.container, inits_); ++i)
      require(!real_[i].live && real_[i].end == ExitStatus{}, "a start before the init containers ahead of it have succeeded");
    if (start.container > inits_) require(real_[start.container - 1].starts > 0, "app containers start out of order");
    require(!start.in_turn || (start.container > inits_ && real.starts == 0), "a container waits for the turn of none");
    real.live = true;
    real.begun = real.asked = real.killed = false;
    real.due.reset();
    ++real.starts;
  }

  void check_signal(const SignalContainer& signal) {
    Real& real = real_[signal.container];
    require(state_.stop.has_value(), "a signal without a stop");
    require(real.live, "a signal to nobody");
    require(!real.asked && !real.killed, "the stop signal twice");
    real.asked = true;
  }

  void check_kill(std::size_t who) {
    Real& real = real_[who];
    require(state_.stop.has_value(), "a kill without a stop");
    require(real.live, "a kill of nobody");
    require(!real.killed, "SIGKILL twice");
    require(now_ >= kill_due_, "SIGKILL before its time");
    real.killed = true;
  }

  void check_finish() {
    require(!finished_, "Finish twice");
    finished_ = true;
    for (std::size_t i = 0; i < real_.size(); ++i) {
      require(!real_[i].live, "Finish while a container lives");
      if (state_.stop) continue;
      require(real_[i].end && !wants_restart(i), "Finish while a container is due");
    }
    if (state_.stop) return;
    bool good = true;
    for (std::size_t i = inits_; i < real_.size(); ++i) good = good && *real_[i].end == ExitStatus{};
    require(phase_of(state_) == (good ? Phase::kSucceeded : Phase::kFailed), "the final phase is not that of the exit codes");
  }

  // What holds between any two events.
  void check_standing() {
    bool any_live = false;
    for (std::size_t i = 0; i < real_.size(); ++i) {
      const Real& real = real_[i];
      any_live = any_live || real.live;
      require(state_.containers[i].restarts == real.restarts, "the restart count is wrong");
      if (real.live && state_.stop) {
        require(real.asked || real.killed, "a container was not told of the stop");
        require(real.killed || now_ < kill_due_, "a container outlives its grace period");
      }
      if (real.due && !state_.stop) require(now_ < *real.due, "a restart is overdue");
    }
    require(any_live || finished_ || next_timer(state_), "nothing lives and nothing will come");
    if (deadline_ && !finished_ && !state_.stop)
      require(now_ < began_at_ + *deadline_ || began_at_ == Time{0}, "the deadline has passed unnoticed");
  }

  Random random_;
  PodState state_;
  std::vector<Real> real_;
  std::size_t inits_ = 0;
  RestartPolicy policy_ = RestartPolicy::kAlways;
  Duration grace_{0};
  std::optional<Duration> deadline_;
  Time now_{5000s}, began_at_{0}, kill_due_{0};
  bool finished_ = false;
  const char* problem_ = nullptr;
};

}  // namespace

TEST_CASE("100,000 random histories of pods", "[lifecycle][random]") {
  for (std::uint64_t i = 0; i < kHistories; ++i) {
    const char* problem = History(kSeed + i).live();
    if (problem != nullptr) FAIL("seed " << kSeed + i << ": " << problem);
  }
}
