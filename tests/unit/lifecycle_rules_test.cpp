// Restart rules of containers, RestartAllContainers, and what is asked for by hand.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

namespace {

RestartRule rule(RestartRuleAction action, ExitCodeOperator comparison, std::vector<std::int32_t> values) {
  return {.action = action, .exit_codes = ExitCodeRule{comparison, std::move(values)}};
}
constexpr auto kRestart = RestartRuleAction::kRestart, kAll = RestartRuleAction::kRestartAllContainers;
constexpr auto kIn = ExitCodeOperator::kIn, kNotIn = ExitCodeOperator::kNotIn;

}  // namespace

TEST_CASE("5.2: a container's own restart policy stands over the pod's", "[lifecycle][rules]") {
  struct Row {
    RestartPolicy pod, own;
    int code;
    bool restarts;
  };
  using enum RestartPolicy;
  const Row row = GENERATE(Row{kNever, kAlways, 0, true}, Row{kNever, kOnFailure, 0, false}, Row{kNever, kOnFailure, 1, true},
                           Row{kAlways, kNever, 1, false}, Row{kAlways, kOnFailure, 0, false}, Row{kOnFailure, kNever, 1, false},
                           Row{kOnFailure, kAlways, 0, true});
  Life pod({.apps = {"app", "other"}, .policy = row.pod, .with = [&](PodSpec& spec) { spec.containers[0].restart_policy = row.own; }});
  pod.ready();
  pod.started("app");
  pod.started("other");
  CHECK(pod.exits("app", row.code) == (row.restarts ? "start app#1" : ""));
  CHECK(pod.phase() == "Running");
}

TEST_CASE("5.2: an init container's own policy: Never ends the pod, OnFailure tries again", "[lifecycle][rules]") {
  SECTION("Never in a pod that restarts Always") {
    Life pod({.inits = {"one"}, .with = [](PodSpec& spec) { spec.init_containers[0].restart_policy = RestartPolicy::kNever; }});
    pod.ready();
    pod.started("one");
    CHECK(pod.exits("one", 1) == "finish");
    CHECK(pod.phase() == "Failed");
  }
  SECTION("OnFailure in a pod that Never does") {
    Life pod({.inits = {"one"}, .policy = RestartPolicy::kNever, .with = [](PodSpec& spec) {
                spec.init_containers[0].restart_policy = RestartPolicy::kOnFailure;
              }});
    pod.ready();
    pod.started("one");
    CHECK(pod.exits("one", 1) == "start one#1");
    CHECK(pod.phase() == "Pending");
  }
}

TEST_CASE("7.3: container policies replace the pod's in the phase", "[lifecycle][rules]") {
  Life pod({.policy = RestartPolicy::kNever, .with = [](PodSpec& spec) { spec.containers[0].restart_policy = RestartPolicy::kAlways; }});
  pod.ready();
  for (int i = 0; i < 2; ++i) {
    pod.started("app");
    pod.exits("app", 1);
  }
  CHECK(pod.phase() == "Running");
  CHECK(pod.word() == "CrashLoopBackOff");
}

TEST_CASE("5.2: restart rules: the first match decides, else the container's policy", "[lifecycle][rules]") {
  struct Row {
    RestartPolicy own;
    std::vector<RestartRule> rules;
    int code;
    bool restarts;
  };
  using enum RestartPolicy;
  const std::vector<Row> rows{
      {kNever, {rule(kRestart, kIn, {42})}, 42, true},
      {kNever, {rule(kRestart, kIn, {42})}, 41, false},
      {kNever, {rule(kRestart, kIn, {1, 2, 3})}, 3, true},
      {kNever, {rule(kRestart, kNotIn, {42})}, 42, false},
      {kNever, {rule(kRestart, kNotIn, {42})}, 7, true},
      {kNever, {rule(kRestart, kNotIn, {42})}, 0, true},  // an exit code like any other
      {kNever, {rule(kRestart, kIn, {137})}, 137, true},  // 128 + signal
      {kOnFailure, {rule(kRestart, kIn, {0})}, 0, true},
      {kOnFailure, {rule(kRestart, kIn, {9})}, 1, true},
      {kOnFailure, {}, 0, false},
      {kNever, {rule(kRestart, kIn, {1}), rule(kAll, kIn, {1})}, 1, true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.code);
    Life pod({.apps = {"app", "other"}, .with = [&](PodSpec& spec) {
                spec.containers[0].restart_policy = row.own;
                spec.containers[0].restart_policy_rules = row.rules;
              }});
    pod.ready();
    pod.started("app");
    pod.started("other");
    const std::string next = row.code > 128 ? pod.dies("app", row.code - 128) : pod.exits("app", row.code);
    CHECK(next == (row.restarts ? "start app#1" : ""));
    if (!row.restarts) continue;
    pod.started("app");
    if (row.code > 128) pod.dies("app", row.code - 128);
    else pod.exits("app", row.code);
    CHECK(pod.waits() == 10s);  // with back-off as any other
  }
}

TEST_CASE("5.2: RestartAllContainers kills all, without grace and hooks, and begins with the first init container", "[lifecycle][rules]") {
  Life pod({.inits = {"one"}, .apps = {"web", "log"}, .policy = RestartPolicy::kNever, .sidecars = {"proxy"}, .with = [](PodSpec& spec) {
              container_of(spec, "web").restart_policy = RestartPolicy::kNever;
              container_of(spec, "web").restart_policy_rules = {rule(kAll, kIn, {42})};
              container_of(spec, "log").lifecycle.pre_stop = LifecycleHandler{.sleep = SleepAction{1}};
            }});
  const auto come_up = [&] {
    CHECK(pod.started("proxy") == cat("start one#", pod.of("proxy").instances - 1));
    pod.started("one");
    pod.exits("one");
    pod.started("web");
    pod.started("log");
  };
  pod.ready();
  come_up();
  CHECK(pod.condition("AllContainersRestarting") == "none");
  CHECK(pod.exits("web", 42) == "KILL proxy, KILL log");
  CHECK(pod.condition("AllContainersRestarting") == "True");
  CHECK(pod.phase() == "Running");
  pod.dies("proxy", SIGKILL);
  CHECK(pod.dies("log", SIGKILL) == "start proxy#1");
  CHECK(pod.condition("AllContainersRestarting") == "True");
  CHECK(pod.phase() == "Pending");
  CHECK(pod.word() == "Init:0/2");
  CHECK(pod.condition("Initialized") == "False ContainersNotInitialized containers with incomplete status: [proxy one]");
  CHECK(pod.of("web").last->exit.code() == 42);
  CHECK(pod.of("log").last->exit.code() == 137);
  come_up();
  CHECK(pod.condition("AllContainersRestarting") == "False");
  CHECK(pod.phase() == "Running");
  for (const char* name : {"proxy", "one", "web", "log"}) CHECK(pod.of(name).restarts == 1);
  SECTION("again: it waits as one that crashes does") {
    pod.exits("web", 42);
    pod.dies("proxy", SIGKILL);
    CHECK(pod.dies("log", SIGKILL).empty());
    CHECK(pod.phase() == "Pending");
    CHECK(pod.waits() == 10s);
    CHECK(pod.pass(10s) == "start proxy#2");
  }
  SECTION("a stop meanwhile ends the pod") {
    pod.exits("web", 42);
    pod.dies("proxy", SIGKILL);
    CHECK(pod.stop().empty());
    CHECK(pod.dies("log", SIGKILL) == "finish");
  }
  SECTION("another exit code goes by the policy") {
    CHECK(pod.exits("web", 1).empty());
    CHECK(pod.exits("log", 0) == "TERM proxy");
    CHECK(pod.dies("proxy", SIGTERM) == "finish");
    CHECK(pod.exit() == "1 container web");
  }
}

TEST_CASE("5.2: RestartAllContainers of a pod's only container, and of an init container", "[lifecycle][rules]") {
  SECTION("app") {
    Life pod({.policy = RestartPolicy::kNever, .with = [](PodSpec& spec) {
                spec.containers[0].restart_policy = RestartPolicy::kNever;
                spec.containers[0].restart_policy_rules = {rule(kAll, kNotIn, {0})};
              }});
    pod.ready();
    pod.started("app");
    CHECK(pod.exits("app", 3) == "start app#1");
    pod.started("app");
    CHECK(pod.exits("app", 0) == "finish");
    CHECK(pod.phase() == "Succeeded");
  }
  SECTION("init") {
    Life pod({.inits = {"one", "two"}, .with = [](PodSpec& spec) {
                spec.init_containers[1].restart_policy = RestartPolicy::kNever;
                spec.init_containers[1].restart_policy_rules = {rule(kAll, kIn, {5})};
              }});
    pod.ready();
    pod.started("one");
    pod.exits("one");
    pod.started("two");
    CHECK(pod.exits("two", 5) == "start one#1");
    CHECK(pod.phase() == "Pending");
  }
}

TEST_CASE("stop -c ends one container for good; the pod is over when no other runs", "[lifecycle][rules]") {
  Life pod({.apps = {"web", "log"}, .grace = 9s, .with = [](PodSpec& spec) {
              container_of(spec, "web").lifecycle.pre_stop = LifecycleHandler{.sleep = SleepAction{1}};
            }});
  pod.ready();
  pod.started("web");
  pod.started("log");
  CHECK(pod.stop_one("web") == "preStop web");
  CHECK(pod.hook_ends("web", HookKind::kPreStop) == "TERM web");
  CHECK(pod.dies("web", SIGTERM).empty());
  CHECK(pod.phase() == "Running");
  CHECK(lifecycle::refusal(pod.state(), lifecycle::ContainerStopRequested{pod.index("web"), {}}).empty());
  CHECK(pod.stop_one("web").empty());  // once more changes nothing
  SECTION("the rest ends") { CHECK((pod.stop_one("log", 0s) == "TERM log" && pod.dies("log", SIGTERM) == "finish")); }
  SECTION("it is asked back") {
    CHECK(pod.restart_one("web") == "start web#1");
    pod.started("web");
    CHECK(pod.of("web").restarts == 1);
    CHECK(pod.exits("web", 1) == "start web#2");  // and its policy counts again
  }
}

TEST_CASE("stop -c of what waits to be restarted, and of an init container", "[lifecycle][rules]") {
  SECTION("waiting") {
    Life pod({.apps = {"web", "log"}});
    pod.ready();
    for (int i = 0; i < 2; ++i) {
      pod.started("web");
      pod.exits("web", 1);
    }
    pod.started("log");
    CHECK(pod.waits() == 10s);
    CHECK(pod.stop_one("web").empty());
    CHECK_FALSE(pod.waits());
    CHECK(pod.of("web").status == lifecycle::ContainerState::Status::kTerminated);
  }
  SECTION("an init container that has not succeeded cannot be done without") {
    Life pod({.inits = {"one"}});
    pod.ready();
    pod.started("one");
    pod.stop_one("one");
    CHECK(pod.dies("one", SIGTERM) == "finish");
    CHECK(pod.phase() == "Failed");
  }
  SECTION("a sidecar that has not started can") {
    Life pod({.sidecars = {"proxy"}, .with = [](PodSpec& spec) { spec.init_containers[0].startup_probe = Probe{}; }});
    pod.ready();
    pod.started("proxy");
    CHECK(pod.stop_one("proxy") == "drop startup proxy, TERM proxy");
    CHECK(pod.dies("proxy", SIGTERM) == "start app#0");
  }
}

TEST_CASE("restart -c begins again at once, whatever the policy, and raises no back-off", "[lifecycle][rules]") {
  Life pod({.apps = {"web", "log"}, .policy = RestartPolicy::kNever});
  pod.ready();
  pod.started("web");
  pod.started("log");
  for (unsigned i = 1; i < 4; ++i) {
    CHECK(pod.restart_one("web") == "TERM web");
    CHECK(pod.exits("web", 0) == cat("start web#", i));
    pod.started("web");
  }
  CHECK(pod.of("web").restarts == 3);
  CHECK(pod.of("web").next_back_off == 0s);
  CHECK(pod.exits("web", 0).empty());
}

TEST_CASE("restart -c ends a back-off", "[lifecycle][rules]") {
  Life pod;
  pod.ready();
  for (int i = 0; i < 2; ++i) {
    pod.started("app");
    pod.exits("app", 1);
  }
  CHECK(pod.waits() == 10s);
  CHECK(pod.restart_one("app") == "start app#2");
}

TEST_CASE("kill sends one signal and leaves the rest to the container and its policy", "[lifecycle][rules]") {
  Life pod;
  pod.ready();
  pod.started("app");
  CHECK(pod.signal_one("app", SIGUSR1) == "USR1 app");
  CHECK_FALSE(pod.waits());
  CHECK(pod.signal_one("app", SIGKILL) == "KILL app");
  CHECK(pod.dies("app", SIGKILL) == "start app#1");
}

TEST_CASE("requests about one container are refused with a reason, and change nothing", "[lifecycle][rules]") {
  using namespace lifecycle;
  Life pod({.inits = {"one"}, .policy = RestartPolicy::kNever});
  const auto refused = [&](const Event& event) {
    const std::string why(refusal(pod.state(), event));
    CHECK(pod.tell(event).empty());
    return why;
  };
  pod.ready();
  const std::size_t one = pod.index("one"), app = pod.index("app");
  CHECK(refused(ContainerStopRequested{app, {}}) == "the container has not begun yet");
  CHECK(refused(ContainerRestartRequested{app, {}}) == "the container has not begun yet");
  CHECK(refused(ContainerSignalRequested{app, SIGTERM}) == "the container does not run");
  pod.started("one");
  pod.exits("one");
  CHECK(refused(ContainerRestartRequested{one, {}}) == "the init container has done its work");
  CHECK(refused(ContainerStopRequested{one, {}}).empty());  // what has ended is stopped
  pod.started("app");
  pod.stop();
  CHECK(refused(ContainerStopRequested{app, {}}) == "the pod is being stopped");
  CHECK(refused(ContainerRestartRequested{app, {}}) == "the pod is being stopped");
  CHECK(refusal(pod.state(), ContainerSignalRequested{app, SIGUSR1}).empty());
  pod.dies("app", SIGTERM);
  CHECK(refused(ContainerSignalRequested{app, SIGUSR1}) == "the pod has ended");
}
