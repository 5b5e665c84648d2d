// What a pod's state means: phase, the word of the STATUS column, and the exit code of a foreground
// run.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

TEST_CASE("7.3: a pod is pending until every app container has begun once", "[lifecycle]") {
  Life pod({.apps = {"web", "log"}});
  CHECK(pod.phase() == "Pending");
  pod.ready();
  CHECK(pod.phase() == "Pending");
  CHECK(pod.word() == "ContainerCreating");
  pod.started("web");
  CHECK(pod.phase() == "Pending");
  pod.started("log");
  CHECK(pod.phase() == "Running");
  CHECK(pod.word() == "Running");
}

TEST_CASE("a pod has run once when the last of its containers has begun", "[lifecycle]") {
  Life pod({.inits = {"one"}, .apps = {"web", "log"}});
  CHECK_FALSE(lifecycle::has_run_once(pod.state()));
  pod.ready();
  pod.started("one");
  pod.exits("one");
  pod.started("log");
  CHECK_FALSE(lifecycle::has_run_once(pod.state()));
  pod.started("web");
  CHECK(lifecycle::has_run_once(pod.state()));
}

TEST_CASE("7.5: a pod with init containers says so until its own containers run", "[lifecycle]") {
  Life pod({.inits = {"one"}});
  pod.ready();
  CHECK(pod.word() == "Init:0/1");
  pod.started("one");
  CHECK(pod.word() == "Init:0/1");
  pod.exits("one");
  CHECK(pod.word() == "PodInitializing");
  CHECK(pod.phase() == "Pending");
  pod.started("app");
  CHECK(pod.word() == "Running");
  CHECK(pod.phase() == "Running");
}

TEST_CASE("7.3: a pod that is restarting a container goes on running", "[lifecycle]") {
  const auto policy = GENERATE(RestartPolicy::kAlways, RestartPolicy::kOnFailure);
  Life pod({.policy = policy});
  pod.ready();
  pod.started("app");
  CHECK(pod.exits("app", 1) == "start app#1");
  CHECK(pod.phase() == "Running");
  pod.started("app");
  CHECK(pod.exits("app", 1).empty());
  CHECK(pod.phase() == "Running");
  pod.pass(10s);
  CHECK(pod.phase() == "Running");
}

TEST_CASE("phase and word of a pod that ended by itself", "[lifecycle]") {
  struct Row {
    RestartPolicy policy;
    int first, second;
    const char *phase, *word, *exit;
  };
  const Row row = GENERATE(Row{RestartPolicy::kNever, 0, 0, "Succeeded", "Completed", "0 container"},
                           Row{RestartPolicy::kOnFailure, 0, 0, "Succeeded", "Completed", "0 container"},
                           Row{RestartPolicy::kNever, 0, 5, "Failed", "Completed", "5 container log"},
                           Row{RestartPolicy::kNever, 4, 0, "Failed", "Error", "4 container web"},
                           Row{RestartPolicy::kNever, 4, 5, "Failed", "Error", "4 container web"});
  CAPTURE(row.first, row.second);
  Life pod({.apps = {"web", "log"}, .policy = row.policy});
  pod.ready();
  pod.started("web");
  pod.started("log");
  CHECK(pod.exits("log", row.second).empty());
  CHECK(pod.exits("web", row.first) == "finish");
  CHECK(pod.phase() == row.phase);
  CHECK(pod.exit() == row.exit);
  if (row.first != 0 || row.second == 0) CHECK(pod.word() == row.word);
}

TEST_CASE("7.5: the word is the reason of the first container that has one", "[lifecycle]") {
  Life pod({.apps = {"web", "log", "job"}, .policy = RestartPolicy::kNever});
  pod.ready();
  for (const char* name : {"web", "log", "job"}) pod.started(name);
  pod.exits("job", 0);
  CHECK(pod.word() == "NotReady");  // Completed, others run, and the one that has ended is not ready
  pod.exits("log", 1);
  CHECK(pod.word() == "Error");
  CHECK(pod.phase() == "Running");
  pod.exits("web", 0);
  CHECK(pod.phase() == "Failed");
}

TEST_CASE("a pod that was stopped keeps the phase its exit codes give it", "[lifecycle]") {
  Life pod({.apps = {"web", "log"}});
  pod.ready();
  pod.started("web");
  pod.started("log");
  pod.stop();
  CHECK(pod.phase() == "Running");
  CHECK(pod.word() == "Terminating");
  pod.exits("web", 0);
  SECTION("all ended with 0") {
    pod.exits("log", 0);
    CHECK(pod.phase() == "Succeeded");
    CHECK(pod.exit() == "0 container");
  }
  SECTION("one did not") {
    pod.dies("log", SIGTERM);
    CHECK(pod.phase() == "Failed");
    CHECK(pod.exit() == "143 container log");
  }
  CHECK(pod.word() == "Stopped");
}

TEST_CASE("7.6: exit code of a foreground run: signals and time limits come before the pod's own", "[lifecycle]") {
  struct Row {
    StopCause cause;
    int signal;
    const char* exit;
  };
  const Row row = GENERATE(Row{StopCause::kUser, SIGINT, "130 signal"}, Row{StopCause::kUser, SIGTERM, "143 signal"},
                           Row{StopCause::kUser, SIGHUP, "129 signal"}, Row{StopCause::kKilled, SIGINT, "130 signal"},
                           Row{StopCause::kUser, 0, "3 container app"}, Row{StopCause::kTimeLimit, 0, "124 timeout"},
                           Row{StopCause::kDeadline, 0, "124 timeout"}, Row{StopCause::kTimeLimit, SIGINT, "124 timeout"},
                           Row{StopCause::kEvicted, 0, "125 podctl"}, Row{StopCause::kSandboxDied, 0, "125 podctl"});
  Life pod;
  pod.ready();
  pod.started("app");
  pod.stop(row.cause);
  CHECK(pod.exits("app", 3) == "finish");
  CHECK(pod.exit(row.signal) == row.exit);
}

TEST_CASE(
    "7.6: exit code of a foreground run: the first container in manifest order whose last exit was not "
    "0",
    "[lifecycle]") {
  SECTION("init containers come first") {
    Life pod({.inits = {"one", "two"}, .policy = RestartPolicy::kNever});
    pod.ready();
    pod.started("one");
    pod.exits("one");
    pod.started("two");
    CHECK(pod.dies("two", SIGSEGV) == "finish");
    CHECK(pod.exit() == "139 container two");
  }
  SECTION("an init container that succeeded in the end does not count") {
    Life pod({.inits = {"one"}, .policy = RestartPolicy::kOnFailure});
    pod.ready();
    pod.started("one");
    pod.exits("one", 9);
    pod.started("one");
    pod.exits("one", 0);
    pod.started("app");
    CHECK(pod.exits("app", 0) == "finish");
    CHECK(pod.phase() == "Succeeded");
    CHECK(pod.exit() == "0 container");
  }
  SECTION("codes of podctl's own are passed on as well") {
    for (const int code : {124, 125, 126, 127}) {
      Life pod({.policy = RestartPolicy::kNever});
      pod.ready();
      pod.started("app");
      pod.exits("app", code);
      CHECK(pod.exit() == cat(code, " container app"));
    }
  }
}

TEST_CASE("the end that --until waits for ends the pod, whatever the restart policy", "[lifecycle]") {
  const auto policy = GENERATE(RestartPolicy::kAlways, RestartPolicy::kOnFailure, RestartPolicy::kNever);
  const int code = GENERATE(0, 6);
  Life pod({.apps = {"server", "tests"}, .policy = policy, .grace = 8s});
  pod.ready();
  pod.started("server");
  pod.started("tests");
  CHECK(pod.awaited_exits("tests", code) == "TERM server");  // and no second run of the tests
  CHECK(pod.waits() == 8s);
  CHECK(pod.word() == "Terminating");
  CHECK(pod.dies("server", SIGTERM) == "finish");
  CHECK(pod.exit(0, "tests") == cat(code, " container tests"));
  CHECK(pod.of("tests").instances == 1);
}

TEST_CASE("7.6: a time limit and a signal come before the code of a named container", "[lifecycle]") {
  const auto cause = GENERATE(StopCause::kTimeLimit, StopCause::kUser);
  Life pod({.apps = {"server", "tests"}, .policy = RestartPolicy::kNever});
  pod.ready();
  pod.started("server");
  pod.started("tests");
  pod.exits("tests", 0);
  pod.stop(cause);
  CHECK(pod.dies("server", SIGTERM) == "finish");
  CHECK(pod.exit(cause == StopCause::kUser ? SIGINT : 0, "tests") == (cause == StopCause::kUser ? "130 signal" : "124 timeout"));
}

TEST_CASE("7.6: exit code of a foreground run: the code of a named container", "[lifecycle]") {
  Life pod({.apps = {"server", "tests"}, .policy = RestartPolicy::kNever});
  pod.ready();
  pod.started("server");
  pod.started("tests");
  pod.exits("tests", 0);
  CHECK(pod.exits("server", 1) == "finish");
  CHECK(pod.exit(0, "tests") == "0 container tests");
  CHECK(pod.exit(0, "server") == "1 container server");
  CHECK(pod.exit(0, "") == "1 container server");
}

TEST_CASE("the names of the phases are the Kubernetes ones", "[lifecycle]") {
  using lifecycle::Phase;
  CHECK(lifecycle::phase_name(Phase::kPending) == "Pending");
  CHECK(lifecycle::phase_name(Phase::kRunning) == "Running");
  CHECK(lifecycle::phase_name(Phase::kSucceeded) == "Succeeded");
  CHECK(lifecycle::phase_name(Phase::kFailed) == "Failed");
}
