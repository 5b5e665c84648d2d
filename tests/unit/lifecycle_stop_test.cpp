// How a pod ends: by itself, asked to, or out of time.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

TEST_CASE("5.5: a stop signals every container, waits for the grace period and kills", "[lifecycle]") {
  Life pod({.apps = {"web", "log"}, .grace = 7s});
  pod.ready();
  pod.started("web");
  pod.started("log");
  CHECK(pod.stop() == "TERM web, TERM log");
  CHECK(pod.notes() == std::vector<std::string>{"Killing web: stop signal sent", "Killing log: stop signal sent"});
  CHECK(pod.word() == "Terminating");
  CHECK(pod.waits() == 7s);
  CHECK(pod.pass(1s).empty());
  CHECK(pod.dies("web", SIGTERM).empty());
  CHECK(pod.pass(6s - 1ns).empty());
  CHECK(pod.pass(1ns) == "KILL log");
  CHECK(pod.notes() == std::vector<std::string>{"Killing log: SIGKILL sent"});
  CHECK_FALSE(pod.waits());  // and there is nothing more to wait for than the end itself
  CHECK(pod.pass(1h).empty());
  CHECK(pod.dies("log", SIGKILL) == "finish");
  CHECK(pod.word() == "Stopped");
}

TEST_CASE("events of a pod's end say why it came", "[lifecycle]") {
  Life pod({.deadline = 9});
  pod.ready();
  pod.started("app");
  SECTION("asked for") {
    pod.stop();
    pod.exits("app", 0);
    CHECK(pod.notes() == std::vector<std::string>{"Exited app: code 0", "Stopped: asked for"});
  }
  SECTION("out of time") {
    pod.pass(9s);
    CHECK(pod.notes().front() == "DeadlineExceeded: Pod was active on the node longer than the specified deadline");
  }
  SECTION("over a limit") {
    pod.stop(StopCause::kEvicted);
    CHECK(pod.notes().front() == "Evicted: asked for");
  }
}

TEST_CASE("5.5 grace: it is the stop's own, else the pod's, and never less than two seconds", "[lifecycle]") {
  struct Row {
    std::chrono::seconds pod;
    std::optional<Duration> asked;
    Duration wait;
  };
  const Row row = GENERATE(Row{30s, {}, 30s}, Row{30s, 5s, 5s}, Row{30s, 90s, 90s}, Row{0s, {}, 2s}, Row{1s, {}, 2s}, Row{2s, {}, 2s},
                           Row{30s, 0s, 2s}, Row{30s, 300ms, 2s}, Row{0s, 2500ms, 2500ms});
  Life pod({.grace = row.pod});
  pod.ready();
  pod.started("app");
  CHECK(pod.stop(StopCause::kUser, row.asked) == "TERM app");
  CHECK(pod.waits() == row.wait);
  CHECK(pod.pass(row.wait - 1ns).empty());
  CHECK(pod.pass(1ns) == "KILL app");
}

TEST_CASE("a stop takes a container that is still being started like one that runs", "[lifecycle]") {
  Life pod({.grace = 5s});
  pod.ready();
  CHECK(pod.stop() == "TERM app");
  CHECK(pod.started("app").empty());
  CHECK(pod.pass(5s) == "KILL app");
  CHECK(pod.dies("app", SIGKILL) == "finish");
}

TEST_CASE("a start that fails while the pod is being stopped is not the reason it ends", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.stop();
  CHECK(pod.start_fails("app") == "finish");
  CHECK(pod.state().stop->cause == StopCause::kUser);
}

TEST_CASE("nothing starts any more once a stop has begun", "[lifecycle]") {
  SECTION("not the next init container") {
    Life pod({.inits = {"one", "two"}});
    pod.ready();
    pod.started("one");
    CHECK(pod.stop() == "TERM one");
    CHECK(pod.exits("one", 0) == "finish");
    CHECK(pod.of("two").instances == 0);
    CHECK(pod.phase() == "Failed");
  }
  SECTION("not what waits for its restart: the pod is over at once") {
    Life pod;
    pod.ready();
    pod.started("app");
    pod.exits("app", 1);
    pod.started("app");
    pod.exits("app", 3);
    CHECK(pod.waits() == 10s);
    CHECK(pod.stop() == "finish");
    CHECK_FALSE(pod.waits());
    CHECK(pod.word() == "Stopped");
    CHECK(pod.exit() == "3 container app");
  }
  SECTION("not what would be restarted at once") {
    Life pod({.apps = {"web", "log"}});
    pod.ready();
    pod.started("web");
    pod.started("log");
    pod.stop();
    CHECK(pod.exits("web", 1).empty());
    CHECK(pod.pass(29s).empty());
    CHECK(pod.exits("log", 1) == "finish");
  }
}

TEST_CASE("a stop before the sandbox is there ends the pod as soon as it is", "[lifecycle]") {
  Life pod;
  CHECK(pod.stop().empty());
  CHECK(pod.ready() == "finish");
  CHECK(pod.of("app").instances == 0);
}

TEST_CASE("a second stop changes neither the reason nor the time", "[lifecycle]") {
  Life pod({.grace = 10s});
  pod.ready();
  pod.started("app");
  pod.stop(StopCause::kUser);
  pod.pass(4s);
  CHECK(pod.stop(StopCause::kTimeLimit, 100s).empty());
  CHECK(pod.state().stop->cause == StopCause::kUser);
  CHECK(pod.waits() == 6s);
}

TEST_CASE("kill ends everything without grace, once", "[lifecycle]") {
  SECTION("from the first") {
    Life pod({.apps = {"web", "log"}});
    pod.ready();
    pod.started("web");
    CHECK(pod.stop(StopCause::kKilled) == "KILL web, KILL log");
    CHECK_FALSE(pod.waits());
    CHECK(pod.stop(StopCause::kKilled).empty());
    pod.dies("web", SIGKILL);
    CHECK(pod.dies("log", SIGKILL) == "finish");
  }
  SECTION("or during a stop; the reason stays") {
    Life pod({.apps = {"web", "log"}});
    pod.ready();
    pod.started("web");
    pod.started("log");
    pod.stop(StopCause::kUser);
    pod.dies("web", SIGTERM);
    CHECK(pod.stop(StopCause::kKilled) == "KILL log");
    CHECK(pod.pass(1h).empty());  // no second SIGKILL when the grace period would have ended
    CHECK(pod.dies("log", SIGKILL) == "finish");
    CHECK(pod.exit(SIGINT) == "130 signal");
  }
}

TEST_CASE("a sandbox that dies takes everything with it", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  CHECK(pod.stop(StopCause::kSandboxDied) == "KILL app");
  CHECK(pod.dies("app", SIGKILL) == "finish");
  CHECK(pod.phase() == "Failed");
  CHECK(pod.word() == "Error");
  CHECK(pod.exit() == "125 podctl");
}

TEST_CASE("5.4: a pod ends by itself when no app container runs or is due", "[lifecycle]") {
  Life pod({.apps = {"web", "job"}, .policy = RestartPolicy::kOnFailure});
  pod.ready();
  pod.started("web");
  pod.started("job");
  CHECK(pod.exits("job", 0).empty());
  CHECK(pod.exits("web", 1) == "start web#1");
  pod.started("web");
  CHECK(pod.exits("web", 1).empty());
  CHECK_FALSE(pod.state().finished);
  CHECK(pod.pass(10s) == "start web#2");
  pod.started("web");
  CHECK(pod.exits("web", 0) == "finish");
  CHECK(pod.phase() == "Succeeded");
  CHECK(pod.exit() == "0 container");
}

TEST_CASE("7.3: activeDeadlineSeconds counts from the start, init containers included", "[lifecycle]") {
  Life pod({.inits = {"one"}, .grace = 3s, .deadline = 60});
  pod.ready();
  pod.started("one");
  pod.pass(50s);
  CHECK(pod.exits("one") == "start app#0");
  pod.started("app");
  CHECK(pod.waits() == 10s);
  CHECK(pod.pass(10s - 1ns).empty());
  CHECK(pod.pass(1ns) == "TERM app");
  CHECK(pod.word() == "DeadlineExceeded");
  CHECK(pod.state().stop->message == "Pod was active on the node longer than the specified deadline");
  CHECK(pod.pass(3s) == "KILL app");  // with the normal grace
  CHECK(pod.dies("app", SIGKILL) == "finish");
  CHECK(pod.phase() == "Failed");
  CHECK(pod.exit() == "124 timeout");
}

TEST_CASE("7.3: activeDeadlineSeconds ends a pod that only waits to be restarted", "[lifecycle]") {
  Life pod({.deadline = 5});
  pod.ready();
  pod.started("app");
  pod.exits("app", 1);
  pod.started("app");
  pod.exits("app", 1);
  CHECK(pod.waits() == 5s);
  CHECK(pod.pass(5s) == "finish");
  CHECK(pod.exit() == "124 timeout");
}

TEST_CASE("7.3: a finished pod stays as it is, whatever is still said about it", "[lifecycle]") {
  const auto late = GENERATE(StopCause::kUser, StopCause::kKilled, StopCause::kTimeLimit, StopCause::kDeadline, StopCause::kEvicted,
                             StopCause::kSandboxDied, StopCause::kUntil);
  CAPTURE(static_cast<int>(late));
  Life pod({.policy = RestartPolicy::kNever, .deadline = 10});
  pod.ready();
  pod.started("app");
  CHECK(pod.exits("app", 0) == "finish");
  CHECK_FALSE(pod.waits());
  CHECK(pod.stop(late).empty());
  CHECK(pod.notes().empty());
  CHECK(pod.ready().empty());
  CHECK(pod.pass(1h).empty());
  CHECK(pod.tick().empty());
  CHECK(pod.phase() == "Succeeded");
  CHECK(pod.word() == "Completed");
  CHECK(pod.exit(SIGTERM) == "0 container");
}
