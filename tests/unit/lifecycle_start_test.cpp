// What starts when: init containers one after another, then every app container in the manifest's
// order.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

TEST_CASE("nothing starts before the sandbox is there", "[lifecycle]") {
  Life pod;
  CHECK(pod.tick().empty());
  CHECK_FALSE(pod.waits());
  CHECK(pod.phase() == "Pending");
  CHECK(pod.word() == "ContainerCreating");
  CHECK(pod.ready() == "start app#0");
  CHECK(pod.notes() == std::vector<std::string>{"Created: sandbox ready"});
}

TEST_CASE("5.1: app containers start in the manifest's order, each in its turn", "[lifecycle]") {
  Life pod({.apps = {"web", "log", "job"}});
  CHECK(pod.ready() == "start web#0, start log#0 in turn, start job#0 in turn");
  CHECK(pod.state().started_once);
  CHECK(pod.started("web").empty());
  CHECK(pod.notes() == std::vector<std::string>{"Started web"});
  CHECK(pod.of("web").started_at == pod.now());
}

TEST_CASE("5.1: init containers run one after another, each to its end", "[lifecycle]") {
  Life pod({.inits = {"one", "two"}, .apps = {"web", "log"}});
  CHECK(pod.word() == "Init:0/2");
  CHECK(pod.of("web").waiting_reason == "PodInitializing");
  CHECK(pod.of("two").waiting_reason == "PodInitializing");
  CHECK(pod.ready() == "start one#0");
  CHECK(pod.started("one").empty());
  CHECK(pod.pass(1h).empty());  // however long it takes
  CHECK(pod.phase() == "Pending");
  CHECK(pod.exits("one") == "start two#0");
  CHECK(pod.word() == "Init:1/2");
  CHECK_FALSE(pod.state().started_once);
  CHECK(pod.started("two").empty());
  CHECK(pod.exits("two") == "start web#0, start log#0 in turn");
  CHECK(pod.of("one").terminated->reason == "Completed");
  CHECK(pod.state().started_once);
}

TEST_CASE("5.2 normal init: one that failed is run again, and nothing else until it succeeds", "[lifecycle]") {
  const auto policy = GENERATE(RestartPolicy::kAlways, RestartPolicy::kOnFailure);
  Life pod({.inits = {"one", "two"}, .policy = policy});
  pod.ready();
  pod.started("one");
  CHECK(pod.exits("one", 3) == "start one#1");  // the first failure is answered at once
  pod.started("one");
  CHECK(pod.exits("one", 3).empty());
  CHECK(pod.word() == "Init:CrashLoopBackOff");
  CHECK(pod.phase() == "Pending");
  CHECK(pod.pass(10s) == "start one#2");
  CHECK(pod.word() == "Init:0/2");
  pod.started("one");
  CHECK(pod.exits("one", 0) == "start two#0");
  CHECK(pod.of("one").restarts == 2);
}

TEST_CASE("5.2 normal init: one that ended well is never run again, whatever the policy", "[lifecycle]") {
  Life pod({.inits = {"one"}, .policy = RestartPolicy::kAlways});
  pod.ready();
  pod.started("one");
  pod.exits("one");
  pod.started("app");
  CHECK(pod.exits("app", 1) == "start app#1");  // and not one#1
  CHECK(pod.of("one").instances == 1);
}

TEST_CASE("5.2 normal init: with Never a failure ends the pod", "[lifecycle]") {
  Life pod({.inits = {"one", "two"}, .policy = RestartPolicy::kNever});
  pod.ready();
  pod.started("one");
  CHECK(pod.exits("one", 7) == "finish");
  CHECK(pod.phase() == "Failed");
  CHECK(pod.word() == "Init:Error");
  CHECK(pod.exit() == "7 container one");
  CHECK(pod.state().stop->message == "init container one failed");
  CHECK(pod.of("two").instances == 0);
}

TEST_CASE("a container that cannot be started at all ends the pod at once", "[lifecycle]") {
  const auto policy = GENERATE(RestartPolicy::kAlways, RestartPolicy::kOnFailure, RestartPolicy::kNever);
  SECTION("an app container: the others are killed, without grace") {
    Life pod({.apps = {"web", "log"}, .policy = policy});
    pod.ready();
    pod.started("web");
    CHECK(pod.start_fails("log", 127) == "KILL web");
    CHECK(pod.of("log").terminated->reason == "StartError");
    CHECK(pod.of("log").terminated->exit.code() == 127);
    CHECK(pod.dies("web", SIGKILL) == "finish");
    CHECK(pod.state().stop->cause == StopCause::kStartFailed);
    CHECK(pod.phase() == "Failed");
    CHECK(pod.word() == "StartError");
    CHECK(pod.exit() == "125 podctl");
  }
  SECTION("an init container, by the same rule") {
    Life pod({.inits = {"one"}, .policy = policy});
    pod.ready();
    CHECK(pod.start_fails("one", 126) == "finish");
    CHECK(pod.state().stop->cause == StopCause::kStartFailed);
    CHECK(pod.word() == "StartError");
    CHECK(pod.state().stop->message == "no such thing");
  }
}

TEST_CASE("a container that cannot be started again waits like one that crashed", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  CHECK(pod.exits("app", 1) == "start app#1");
  CHECK(pod.start_fails("app", 128).empty());
  CHECK_FALSE(pod.state().stop);
  CHECK(pod.of("app").terminated->reason == "StartError");
  CHECK(pod.waits() == 10s);
  CHECK(pod.pass(10s) == "start app#2");
}

TEST_CASE("what is said about an instance that is gone changes nothing", "[lifecycle]") {
  Life pod({.policy = RestartPolicy::kNever, .grace = 30s});
  pod.ready();
  pod.started("app");
  CHECK(pod.exits("app", 4) == "finish");
  CHECK(pod.exits("app", 5).empty());
  CHECK(pod.started("app").empty());
  CHECK(pod.start_fails("app").empty());
  CHECK(pod.of("app").terminated->exit.code() == 4);
  CHECK(pod.exit() == "4 container app");
}

TEST_CASE("an end that is heard of before the start counts from its own moment", "[lifecycle]") {
  Life pod({.policy = RestartPolicy::kNever});
  pod.ready();
  pod.pass(3s);
  CHECK(pod.exits("app", 2) == "finish");
  CHECK(pod.of("app").terminated->started_at == pod.now());
  CHECK(pod.of("app").terminated->finished_at == pod.now());
}
