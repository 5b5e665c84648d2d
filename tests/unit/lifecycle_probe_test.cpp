// Probes: when they are made, and what their results change.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

namespace {

constexpr ProbeKind kStartup = ProbeKind::kStartup, kLiveness = ProbeKind::kLiveness, kReadiness = ProbeKind::kReadiness;

std::optional<Probe>& probe_of(Container& container, ProbeKind kind) {
  return kind == kStartup ? container.startup_probe : kind == kLiveness ? container.liveness_probe : container.readiness_probe;
}

struct OneProbe {
  ProbeKind kind = kReadiness;
  Probe probe;
};

// An app container with these probes.
LifeOptions probed(std::vector<OneProbe> probes, RestartPolicy policy = RestartPolicy::kAlways) {
  return {.policy = policy, .with = [probes = std::move(probes)](PodSpec& spec) {
            for (const auto& one : probes) probe_of(spec.containers[0], one.kind) = one.probe;
          }};
}

Life running(const LifeOptions& options) {
  Life pod(options);
  pod.ready();
  return pod;
}

}  // namespace

TEST_CASE("6.1: the first attempt comes when it is due, then one every period", "[lifecycle][probe]") {
  const auto kind = GENERATE(kStartup, kLiveness, kReadiness);
  const char* name = kind == kStartup ? "startup app" : kind == kLiveness ? "liveness app" : "readiness app";
  SECTION("without a delay at once") {
    Life pod = running(probed({{kind, {.period_seconds = 7}}}));
    CHECK(pod.started("app") == name);
    pod.fails("app", kind);
    CHECK(pod.pass(7s - 1ns).empty());
    CHECK(pod.pass(1ns) == name);
  }
  SECTION("with initialDelaySeconds from the container's start") {
    Life pod = running(probed({{kind, {.initial_delay_seconds = 5, .period_seconds = 2}}}));
    pod.pass(3s);  // until it is born
    CHECK(pod.started("app").empty());
    CHECK(pod.pass(5s - 1ns).empty());
    CHECK(pod.pass(1ns) == name);
    pod.pass(1500ms);
    CHECK(pod.fails("app", kind).empty());
    CHECK(pod.pass(500ms) == name);  // the period counts from attempt to attempt
  }
  SECTION("defaults: no delay, 10 s, and 1 s for an answer") {
    Life pod = running(probed({{kind, {}}}));
    CHECK(pod.started("app") == name);
    pod.fails("app", kind);
    CHECK(pod.waits() == 10s);
  }
}

TEST_CASE("6.1: one attempt at a time; one that takes longer than a period is followed by the next", "[lifecycle][probe]") {
  Life pod = running(probed({{kReadiness, {.timeout_seconds = 60, .period_seconds = 2}}}));
  CHECK(pod.started("app") == "readiness app");
  CHECK(pod.pass(5s).empty());
  CHECK(pod.passes("app", kReadiness) == "readiness app");
  CHECK(pod.passes("app", kReadiness).empty());  // and not all that were missed
  CHECK(pod.pass(2s) == "readiness app");
}

TEST_CASE("6.3: readiness begins as a failure, flips on its thresholds, and never kills", "[lifecycle][probe]") {
  Life pod = running(probed({{kReadiness, {.period_seconds = 1, .success_threshold = 2, .failure_threshold = 3}}}));
  pod.started("app");
  CHECK_FALSE(pod.ready_of("app"));
  CHECK(pod.of("app").started);
  CHECK(pod.word() == "NotReady");
  const auto round = [&](bool good) {
    if (good) pod.passes("app", kReadiness);
    else pod.fails("app", kReadiness);
    const bool ready = pod.ready_of("app");
    CHECK(pod.pass(1s) == "readiness app");
    return ready;
  };
  CHECK_FALSE(round(true));
  CHECK(round(true));
  CHECK(pod.word() == "Running");
  CHECK(round(false));  // one failure with threshold 3 leaves it ready
  CHECK(round(false));
  CHECK(round(true));  // a differing result starts the count again
  CHECK(round(false));
  CHECK(round(false));
  CHECK_FALSE(round(false));
  CHECK(pod.condition("Ready") == "False ContainersNotReady containers with unready status: [app]");
  CHECK_FALSE(round(true));
  CHECK(round(true));
  CHECK(pod.of("app").restarts == 0);
}

TEST_CASE("6.3: liveness begins as a success, and kills at its threshold", "[lifecycle][probe]") {
  Life pod = running(probed({{kLiveness, {.period_seconds = 1, .failure_threshold = 3}}}));
  pod.started("app");
  CHECK(pod.ready_of("app"));  // no readiness probe: ready once started
  pod.fails("app", kLiveness);
  CHECK(pod.notes() == std::vector<std::string>{"Unhealthy app: Liveness probe failed: no"});
  pod.pass(1s);
  pod.fails("app", kLiveness);
  pod.pass(1s);
  pod.passes("app", kLiveness);  // consecutive ones count
  for (int i = 0; i < 2; ++i) {
    CHECK(pod.pass(1s) == "liveness app");
    CHECK(pod.fails("app", kLiveness).empty());
  }
  CHECK(pod.pass(1s) == "liveness app");
  CHECK(pod.fails("app", kLiveness) == "TERM app");
  CHECK(pod.notes() == std::vector<std::string>{"Unhealthy app: Liveness probe failed: no", "Killing app: it failed its liveness probe",
                                                "Killing app: stop signal sent"});
  CHECK(pod.pass(30s) == "KILL app");  // and no probing meanwhile
  CHECK(pod.dies("app", SIGKILL) == "start app#1");
  CHECK(pod.started("app") == "liveness app");  // the new instance is asked again
}

TEST_CASE("6.3: after the kill the restart policy decides", "[lifecycle][probe]") {
  struct Row {
    RestartPolicy policy;
    int exit;
    const char* next;
  };
  const Row row = GENERATE(Row{RestartPolicy::kAlways, 0, "start app#1"}, Row{RestartPolicy::kOnFailure, 1, "start app#1"},
                           Row{RestartPolicy::kOnFailure, 0, "finish"}, Row{RestartPolicy::kNever, 1, "finish"});
  const auto kind = GENERATE(kStartup, kLiveness);
  Life pod = running(probed({{kind, {.failure_threshold = 1}}}, row.policy));
  pod.started("app");
  CHECK(pod.fails("app", kind) == "TERM app");
  CHECK(pod.exits("app", row.exit) == row.next);
}

TEST_CASE("5.5 grace: liveness and startup bring their own, else the pod's", "[lifecycle][probe]") {
  const auto kind = GENERATE(kStartup, kLiveness);
  const auto own = GENERATE(std::optional<std::int64_t>{}, std::optional<std::int64_t>{4}, std::optional<std::int64_t>{90});
  Life pod = running(probed({{kind, {.failure_threshold = 1, .termination_grace_period_seconds = own}}}));
  pod.started("app");
  CHECK(pod.fails("app", kind) == "TERM app");
  CHECK(pod.waits() == std::chrono::seconds(own.value_or(30)));
  SECTION("a stop of the pod meanwhile shortens it, and never lengthens it") {
    pod.pass(1s);
    CHECK(pod.stop(StopCause::kUser, 10s).empty());
    CHECK(pod.waits() == (own == 4 ? 3s : 10s));
  }
}

TEST_CASE("6.3: a startup probe blocks the other two, passes once, and is then left alone", "[lifecycle][probe]") {
  Life pod = running(probed({{kStartup, {.period_seconds = 3, .failure_threshold = 9}},
                             {kLiveness, {.period_seconds = 1}},
                             {kReadiness, {.period_seconds = 1}}}));
  CHECK(pod.started("app") == "startup app");
  CHECK_FALSE(pod.of("app").started);
  CHECK(pod.fails("app", kStartup).empty());
  CHECK(pod.pass(3s) == "startup app");
  CHECK(pod.passes("app", kStartup) == "liveness app, readiness app");  // readiness is triggered at once
  CHECK(pod.of("app").started);
  pod.passes("app", kLiveness);
  pod.passes("app", kReadiness);
  CHECK(pod.ready_of("app"));
  CHECK(pod.pass(3s) == "liveness app, readiness app");
  CHECK(pod.waits() == 4s);  // nothing of startup any more; these two have their answers to come
  SECTION("a restart begins with it again") {
    CHECK(pod.exits("app", 1) == "drop liveness app, drop readiness app, start app#1");
    CHECK_FALSE(pod.of("app").started);
    CHECK(pod.started("app") == "startup app");
    CHECK_FALSE(pod.ready_of("app"));
  }
}

TEST_CASE("6.3: a startup probe that fails ends the container", "[lifecycle][probe]") {
  Life pod = running(probed({{kStartup, {.period_seconds = 1, .failure_threshold = 2}}, {kLiveness, {}}}));
  pod.started("app");
  pod.fails("app", kStartup);
  CHECK(pod.pass(1s) == "startup app");
  CHECK(pod.fails("app", kStartup) == "TERM app");
  CHECK(pod.dies("app", SIGTERM) == "start app#1");
}

TEST_CASE("6.3: initial delays count from the container's start, not from startup success", "[lifecycle][probe]") {
  Life pod = running(probed(
      {{kStartup, {.initial_delay_seconds = 4}}, {kLiveness, {.initial_delay_seconds = 3}}, {kReadiness, {.initial_delay_seconds = 10}}}));
  pod.started("app");
  CHECK(pod.pass(4s) == "startup app");
  CHECK(pod.passes("app", kStartup) == "liveness app");  // its delay has passed long ago
  pod.passes("app", kLiveness);
  CHECK(pod.pass(6s) == "readiness app");
}

TEST_CASE("6.2: a probe that cannot be made is tried three times more and then let pass", "[lifecycle][probe]") {
  Life pod = running(probed({{kLiveness, {.period_seconds = 5, .failure_threshold = 1}}}));
  pod.started("app");
  for (int i = 0; i < 3; ++i) CHECK(pod.errs("app", kLiveness) == "liveness app");
  CHECK(pod.errs("app", kLiveness).empty());
  CHECK(pod.notes() == std::vector<std::string>{"Unhealthy app: Liveness probe errored: no fork"});
  CHECK(pod.waits() == 5s);
  CHECK(pod.pass(5s) == "liveness app");
  CHECK(pod.errs("app", kLiveness) == "liveness app");
  CHECK(pod.fails("app", kLiveness) == "TERM app");  // an answer is one, after errors too
}

TEST_CASE("an answer that never comes is a failure, and wedges nothing", "[lifecycle][probe]") {
  Life pod = running(probed({{kLiveness, {.timeout_seconds = 2, .period_seconds = 10, .failure_threshold = 2}}}));
  pod.started("app");
  CHECK(pod.pass(7s - 1ns).empty());  // its timeout, and five seconds
  CHECK(pod.pass(1ns) == "drop liveness app");
  CHECK(pod.notes() == std::vector<std::string>{"Unhealthy app: Liveness probe failed: no answer within its timeout"});
  CHECK(pod.passes("app", kLiveness).empty());  // too late
  CHECK(pod.pass(3s) == "liveness app");
  CHECK(pod.pass(7s) == "drop liveness app, TERM app");
}

TEST_CASE("answers about an instance that is gone change nothing", "[lifecycle][probe]") {
  Life pod = running(probed({{kLiveness, {.failure_threshold = 1}}}));
  pod.started("app");
  pod.exits("app", 1);
  CHECK(pod.tell(lifecycle::ProbeFinished{0, 0, kLiveness, ProbeOutcome::kFailure, "old"}).empty());
  pod.started("app");
  CHECK(pod.tell(lifecycle::ProbeFinished{0, 0, kLiveness, ProbeOutcome::kFailure, "old"}).empty());
  CHECK(pod.notes().empty());
  CHECK(pod.fails("app", kLiveness) == "TERM app");
}

TEST_CASE("5.5: liveness and startup probing stop with the pod, readiness goes on", "[lifecycle][probe]") {
  SECTION("liveness and readiness") {
    Life pod = running(probed({{kLiveness, {.period_seconds = 1}}, {kReadiness, {.period_seconds = 1, .failure_threshold = 1}}}));
    CHECK(pod.started("app") == "liveness app, readiness app");
    pod.passes("app", kReadiness);
    CHECK(pod.stop() == "drop liveness app, TERM app");
    CHECK(pod.fails("app", kLiveness).empty());
    CHECK(pod.pass(1s) == "readiness app");
    CHECK(pod.ready_of("app"));
    pod.fails("app", kReadiness);
    CHECK_FALSE(pod.ready_of("app"));
    CHECK(pod.pass(1s) == "readiness app");
    CHECK(pod.dies("app", SIGTERM) == "drop readiness app, finish");
  }
  SECTION("startup") {
    Life pod = running(probed({{kStartup, {}}, {kReadiness, {}}}));
    pod.started("app");
    CHECK(pod.stop() == "drop startup app, TERM app");
    CHECK(pod.passes("app", kStartup).empty());
    CHECK(pod.waits() == 30s);
  }
}

TEST_CASE("no probe is made before postStart is over", "[lifecycle][probe]") {
  Life pod({.with = [](PodSpec& spec) {
    spec.containers[0].lifecycle.post_start = LifecycleHandler{.sleep = SleepAction{1}};
    spec.containers[0].readiness_probe = Probe{.initial_delay_seconds = 2};
  }});
  pod.ready();
  pod.started("app");
  CHECK(pod.pass(5s).empty());
  CHECK(pod.hook_ends("app", HookKind::kPostStart) == "readiness app");
}

TEST_CASE("a paused pod is not asked, and what was asked when it was paused does not count", "[lifecycle][probe]") {
  Life pod = running(probed({{kLiveness, {.period_seconds = 10, .failure_threshold = 1}}}));
  CHECK(pod.started("app") == "liveness app");
  CHECK(pod.tell(lifecycle::Paused{}) == "drop liveness app");
  CHECK(pod.fails("app", kLiveness).empty());  // too late
  CHECK(pod.pass(100s).empty());
  CHECK(pod.tell(lifecycle::Resumed{}) == "liveness app");
  CHECK(pod.passes("app", kLiveness).empty());
  CHECK(pod.waits() == 10s);
}
