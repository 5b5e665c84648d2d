// Sidecars: when the next container may start, what restarts them, and when they go.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

namespace {

void add_startup(PodSpec& spec, const std::string& name) {
  container_of(spec, name).startup_probe = Probe{.exec = ExecAction{{"x"}}, .period_seconds = 2, .failure_threshold = 3};
}
void add_hook(PodSpec& spec, const std::string& name, HookKind kind) {
  auto& lifecycle = container_of(spec, name).lifecycle;
  (kind == HookKind::kPostStart ? lifecycle.post_start : lifecycle.pre_stop) = LifecycleHandler{.exec = ExecAction{{"x"}}};
}

}  // namespace

TEST_CASE("5.1: a sidecar only has to start, not to end", "[lifecycle][sidecar]") {
  Life pod({.inits = {"one"}, .sidecars = {"proxy"}});
  CHECK(pod.ready() == "start proxy#0");
  CHECK(pod.word() == "Init:0/2");
  CHECK(pod.started("proxy") == "start one#0");
  CHECK(pod.word() == "Init:1/2");
  CHECK(pod.phase() == "Pending");
  pod.started("one");
  CHECK(pod.exits("one") == "start app#0");
  pod.started("app");
  CHECK(pod.phase() == "Running");
  CHECK(pod.word() == "Running");
}

TEST_CASE("5.1: a sidecar has started when postStart is over and the startup probe has passed", "[lifecycle][sidecar]") {
  Life pod({.sidecars = {"proxy"}, .with = [](PodSpec& spec) {
              add_startup(spec, "proxy");
              add_hook(spec, "proxy", HookKind::kPostStart);
              container_of(spec, "proxy").readiness_probe = Probe{.exec = ExecAction{{"x"}}};  // does not gate
            }});
  CHECK(pod.ready() == "start proxy#0");
  CHECK(pod.started("proxy") == "postStart proxy");
  CHECK(pod.pass(30s).empty());
  CHECK(pod.hook_ends("proxy", HookKind::kPostStart) == "startup proxy");
  CHECK(pod.word() == "Init:0/1");
  CHECK_FALSE(pod.of("proxy").started);
  CHECK(pod.passes("proxy", ProbeKind::kStartup) == "start app#0, readiness proxy");
  CHECK(pod.of("proxy").started);
  pod.started("app");
  CHECK_FALSE(pod.ready_of("proxy"));
  CHECK(pod.condition("ContainersReady") == "False ContainersNotReady containers with unready status: [proxy]");
  CHECK(pod.word() == "NotReady");
  pod.passes("proxy", ProbeKind::kReadiness);
  CHECK(pod.condition("Ready") == "True");  // sidecar readiness counts for the pod
  CHECK(pod.word() == "Running");
}

TEST_CASE("5.2: a sidecar restarts after any exit, whatever the pod's policy, and restarts nobody else", "[lifecycle][sidecar]") {
  const auto policy = GENERATE(RestartPolicy::kAlways, RestartPolicy::kOnFailure, RestartPolicy::kNever);
  const int code = GENERATE(0, 1);
  Life pod({.policy = policy, .sidecars = {"proxy"}});
  pod.ready();
  pod.started("proxy");
  pod.started("app");
  CHECK(pod.exits("proxy", code) == "start proxy#1");
  pod.started("proxy");
  CHECK(pod.exits("proxy", code).empty());
  CHECK(pod.waits() == 10s);
  CHECK(pod.phase() == "Running");
  CHECK(pod.pass(10s) == "start proxy#2");
  CHECK(pod.of("proxy").restarts == 2);
  CHECK(pod.of("app").restarts == 0);
}

TEST_CASE("5.2: a sidecar that crashes before it has started holds the others back", "[lifecycle][sidecar]") {
  Life pod({.policy = RestartPolicy::kNever, .sidecars = {"proxy"}, .with = [](PodSpec& spec) { add_startup(spec, "proxy"); }});
  pod.ready();
  CHECK(pod.started("proxy") == "startup proxy");
  CHECK(pod.exits("proxy", 1) == "drop startup proxy, start proxy#1");
  CHECK(pod.started("proxy") == "startup proxy");
  CHECK(pod.exits("proxy", 1) == "drop startup proxy");
  CHECK(pod.word() == "Init:CrashLoopBackOff");
  CHECK(pod.phase() == "Pending");
  CHECK(pod.pass(10s) == "start proxy#2");
  pod.started("proxy");
  CHECK(pod.passes("proxy", ProbeKind::kStartup) == "start app#0");
}

TEST_CASE("5.4: when no regular container runs or is due, the sidecars are stopped, the last one first", "[lifecycle][sidecar]") {
  Life pod({.policy = RestartPolicy::kNever, .grace = 7s, .sidecars = {"one", "two"}, .with = [](PodSpec& spec) {
              add_hook(spec, "one", HookKind::kPreStop);
            }});
  pod.ready();
  pod.started("one");
  pod.started("two");
  pod.started("app");
  CHECK(pod.exits("app", 0) == "preStop one, TERM two");
  CHECK(pod.phase() == "Running");  // the sidecars do
  CHECK(pod.word() == "Completed");
  CHECK(pod.hook_ends("one", HookKind::kPreStop).empty());  // and waits for its turn
  CHECK(pod.dies("two", SIGTERM) == "TERM one");
  CHECK(pod.exits("one", 3) == "finish");
  CHECK(pod.phase() == "Succeeded");  // their exit codes count for nothing
  CHECK(pod.word() == "Completed");
  CHECK(pod.exit() == "0 container");
  CHECK(pod.condition("Ready") == "False PodCompleted");
  CHECK(pod.condition("Initialized") == "True PodCompleted");
}

TEST_CASE("5.4: a pod whose sidecar waits to be restarted does not wait for that to end", "[lifecycle][sidecar]") {
  Life pod({.policy = RestartPolicy::kNever, .sidecars = {"proxy"}});
  pod.ready();
  pod.started("proxy");
  pod.started("app");
  pod.exits("proxy", 1);
  pod.started("proxy");
  pod.exits("proxy", 1);
  CHECK(pod.waits() == 10s);
  CHECK(pod.exits("app", 4) == "finish");
  CHECK(pod.phase() == "Failed");
  CHECK(pod.exit() == "4 container app");
}

TEST_CASE("5.5: a sidecar waits for the regular containers and the later sidecars, or until the time is up", "[lifecycle][sidecar]") {
  Life pod({.apps = {"web", "log"}, .grace = 10s, .sidecars = {"one", "two"}});
  pod.ready();
  for (const char* name : {"one", "two", "web", "log"}) pod.started(name);
  CHECK(pod.stop() == "TERM web, TERM log");
  SECTION("in turn") {
    CHECK(pod.dies("log", SIGTERM).empty());
    pod.pass(3500ms);
    CHECK(pod.dies("web", SIGTERM) == "TERM two");
    CHECK(pod.waits() == 6500ms);                        // one waits no longer than to the end of the grace period,
    CHECK(pod.of("two").ending->due == pod.now() + 7s);  // and two has all but the three whole seconds used
    CHECK(pod.dies("two", SIGTERM) == "TERM one");
    CHECK(pod.dies("one", SIGTERM) == "finish");
    CHECK(pod.word() == "Stopped");
  }
  SECTION("the time is up") {
    CHECK(pod.pass(10s) == "TERM one, TERM two, KILL web, KILL log");
    CHECK(pod.waits() == 2s);  // which a stop signal always has
    pod.dies("web", SIGKILL);
    pod.dies("log", SIGKILL);
    CHECK(pod.pass(2s) == "KILL one, KILL two");
    pod.dies("one", SIGKILL);
    CHECK(pod.dies("two", SIGKILL) == "finish");
  }
}

TEST_CASE("5.5: preStop of sidecars runs from the beginning of the stop", "[lifecycle][sidecar]") {
  Life pod({.grace = 10s, .sidecars = {"proxy"}, .with = [](PodSpec& spec) { add_hook(spec, "proxy", HookKind::kPreStop); }});
  pod.ready();
  pod.started("proxy");
  pod.started("app");
  CHECK(pod.stop() == "preStop proxy, TERM app");
  CHECK(pod.dies("app", SIGTERM).empty());  // the hook is not over
  CHECK(pod.hook_ends("proxy", HookKind::kPreStop) == "TERM proxy");
}

TEST_CASE("5.5: a sidecar that crashes before its turn is restarted", "[lifecycle][sidecar]") {
  Life pod({.grace = 60s, .sidecars = {"proxy"}});
  pod.ready();
  pod.started("proxy");
  pod.started("app");
  CHECK(pod.stop() == "TERM app");
  CHECK(pod.exits("proxy", 1) == "start proxy#1");
  pod.started("proxy");
  CHECK(pod.exits("proxy", 1).empty());
  CHECK(pod.waits() == 10s);
  SECTION("and goes when its turn has come") {
    CHECK(pod.pass(10s) == "start proxy#2");
    pod.started("proxy");
    CHECK(pod.dies("app", SIGTERM) == "TERM proxy");
    CHECK(pod.exits("proxy", 1) == "finish");  // now it is not restarted
  }
  SECTION("unless its turn comes before its restart") { CHECK(pod.dies("app", SIGTERM) == "finish"); }
  SECTION("unless the time is up") {
    CHECK(pod.pass(10s) == "start proxy#2");
    pod.started("proxy");
    CHECK(pod.pass(50s) == "TERM proxy, KILL app");
    CHECK(pod.exits("proxy", 1).empty());
    CHECK_FALSE(pod.waits());
    CHECK(pod.dies("app", SIGKILL) == "finish");
  }
}

TEST_CASE("5.5: running init containers end without a hook, and the sidecars beside them", "[lifecycle][sidecar]") {
  Life pod({.inits = {"one"}, .grace = 5s, .sidecars = {"proxy"}});
  pod.ready();
  pod.started("proxy");
  pod.started("one");
  CHECK(pod.stop() == "TERM one, TERM proxy");  // no regular container to wait for
  pod.dies("one", SIGTERM);
  CHECK(pod.dies("proxy", SIGTERM) == "finish");
  CHECK(pod.phase() == "Failed");
}

TEST_CASE("5.2: an init container that has failed for good ends the sidecars with it", "[lifecycle][sidecar]") {
  Life pod({.inits = {"one"}, .policy = RestartPolicy::kNever, .sidecars = {"proxy"}});
  pod.ready();
  pod.started("proxy");
  pod.started("one");
  CHECK(pod.exits("one", 3) == "TERM proxy");
  CHECK(pod.phase() == "Failed");  // 7.3 rule 1
  CHECK(pod.word() == "Init:Error");
  CHECK(pod.dies("proxy", SIGTERM) == "finish");
  CHECK(pod.word() == "Init:Error");
  CHECK(pod.exit() == "3 container one");
}

TEST_CASE("a sidecar that goes on failing shows, and the pod runs", "[lifecycle][sidecar]") {
  Life pod({.sidecars = {"proxy"}});
  pod.ready();
  pod.started("proxy");
  pod.started("app");
  pod.exits("proxy", 1);
  pod.started("proxy");
  pod.exits("proxy", 1);
  CHECK(pod.word() == "Init:CrashLoopBackOff");
  CHECK(pod.phase() == "Running");
  CHECK(pod.condition("Ready") == "False ContainersNotReady containers with unready status: [proxy]");
  CHECK(pod.condition("Initialized") == "True");  // it stays so
}
