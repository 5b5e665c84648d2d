// What restarts on what, and after how long.
#include <map>

#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

namespace {

struct Row {
  RestartPolicy policy;
  int code;
  int signal;
  bool restarts;
};

}  // namespace

TEST_CASE("5.2 regular: the restart policy decides after every end", "[lifecycle]") {
  const Row row = GENERATE(Row{RestartPolicy::kAlways, 0, 0, true}, Row{RestartPolicy::kAlways, 1, 0, true},
                           Row{RestartPolicy::kAlways, 0, SIGSEGV, true}, Row{RestartPolicy::kOnFailure, 0, 0, false},
                           Row{RestartPolicy::kOnFailure, 1, 0, true}, Row{RestartPolicy::kOnFailure, 255, 0, true},
                           Row{RestartPolicy::kOnFailure, 0, SIGTERM, true}, Row{RestartPolicy::kNever, 0, 0, false},
                           Row{RestartPolicy::kNever, 1, 0, false}, Row{RestartPolicy::kNever, 0, SIGKILL, false});
  CAPTURE(static_cast<int>(row.policy), row.code, row.signal);
  Life pod({.apps = {"app", "other"}, .policy = row.policy});
  pod.ready();
  pod.started("app");
  pod.started("other");
  const std::string next = row.signal != 0 ? pod.dies("app", row.signal) : pod.exits("app", row.code);
  CHECK(next == (row.restarts ? "start app#1" : ""));
  CHECK(pod.of("app").restarts == (row.restarts ? 1u : 0u));
  CHECK(pod.of("other").restarts == 0);
  // What ended is the last state once a new instance is on its way, and the state itself otherwise.
  const auto& end = row.restarts ? pod.of("app").last : pod.of("app").terminated;
  REQUIRE(end);
  CHECK(end->exit.code() == (row.signal != 0 ? 128 + row.signal : row.code));
  CHECK(end->reason == (row.signal == 0 && row.code == 0 ? "Completed" : "Error"));
}

TEST_CASE("5.3: back-off is none at first, then 10, 20, 40, 80, 160 and 300 seconds for good", "[lifecycle]") {
  const int code = GENERATE(1, 0);  // an exit 0 under Always backs off as well
  Life pod;
  pod.ready();
  unsigned instance = 0;
  const std::map<std::chrono::seconds, std::string> words{{10s, "10s"},   {20s, "20s"},    {40s, "40s"},
                                                          {80s, "1m20s"}, {160s, "2m40s"}, {300s, "5m0s"}};
  for (const auto delay : {0s, 10s, 20s, 40s, 80s, 160s, 300s, 300s, 300s, 300s}) {
    CAPTURE(instance);
    pod.started("app");
    pod.pass(1s);
    const Time exit = pod.now();
    const std::string at_once = pod.exits("app", code);
    ++instance;
    const std::string start = cat("start app#", instance);
    if (delay == 0s) {
      CHECK(at_once == start);
      continue;
    }
    CHECK(at_once.empty());
    CHECK(pod.of("app").waiting_reason == "CrashLoopBackOff");
    CHECK(pod.of("app").waiting_message == cat("back-off ", words.at(delay), " restarting failed container=app pod=web_default(u-1)"));
    CHECK(pod.notes().back() == cat("BackOff app: ", pod.of("app").waiting_message));
    CHECK(pod.waits() == Duration(delay));
    CHECK(pod.pass(delay - 1ns).empty());
    CHECK(pod.pass(1ns) == start);
    CHECK(pod.now() == exit + delay);  // counted from the exit
    CHECK(pod.of("app").restarts == instance);
  }
}

TEST_CASE("5.3: the series starts over when a crash comes more than 600 s after the last restart", "[lifecycle]") {
  Life pod;
  pod.ready();
  const auto crash = [&] {
    pod.started("app");
    return pod.exits("app", 1);
  };
  crash();
  crash();
  pod.pass(10s);
  crash();
  CHECK(pod.waits() == 20s);
  CHECK(pod.pass(20s) == "start app#3");
  pod.started("app");
  SECTION("exactly 600 s later it goes on") {
    pod.pass(600s);
    CHECK(pod.exits("app", 1).empty());
    CHECK(pod.waits() == 40s);
  }
  SECTION("and one moment later it does not") {
    pod.pass(600s + 1ns);
    CHECK(pod.exits("app", 1) == "start app#4");
    CHECK(crash().empty());
    CHECK(pod.waits() == 10s);
    CHECK(pod.of("app").restarts == 4);  // which is not forgotten
  }
}

TEST_CASE("5.3: every container has a back-off of its own", "[lifecycle]") {
  Life pod({.apps = {"web", "log"}});
  pod.ready();
  pod.started("web");
  pod.started("log");
  pod.exits("web", 1);
  pod.started("web");
  pod.exits("web", 1);
  CHECK(pod.waits() == 10s);
  pod.pass(4s);
  CHECK(pod.exits("log", 1) == "start log#1");
  pod.started("log");
  pod.pass(1s);
  CHECK(pod.exits("log", 1).empty());
  CHECK(pod.waits() == 5s);
  CHECK(pod.pass(5s) == "start web#2");
  CHECK(pod.pass(5s) == "start log#2");
}

TEST_CASE("a restart is not held back by the container before it", "[lifecycle]") {
  Life pod({.apps = {"web", "log"}});
  CHECK(pod.ready() == "start web#0, start log#0 in turn");
  pod.started("web");
  pod.started("log");
  CHECK(pod.exits("log", 1) == "start log#1");
  CHECK(pod.exits("web", 1) == "start web#1");
}

TEST_CASE("7.3: CrashLoopBackOff keeps the pod running, and its last end in sight", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  pod.exits("app", 1);
  pod.started("app");
  pod.exits("app", 9);
  CHECK(pod.phase() == "Running");
  CHECK(pod.word() == "CrashLoopBackOff");
  CHECK(pod.of("app").terminated->exit.code() == 9);
  CHECK(pod.of("app").last->exit.code() == 1);
  pod.pass(10s);
  pod.started("app");
  CHECK(pod.word() == "Running");
  CHECK_FALSE(pod.of("app").terminated);
  CHECK(pod.of("app").last->exit.code() == 9);
}

TEST_CASE("the scale of the numbers is the caller's, the shape is not", "[lifecycle]") {
  lifecycle::Timing timing;
  timing.first_back_off = 10ms;
  timing.most_back_off = 25ms;
  Life pod({}, timing);
  pod.ready();
  for (const auto delay : {0ms, 10ms, 20ms, 25ms, 25ms}) {
    pod.started("app");
    pod.exits("app", 1);
    if (delay != 0ms) CHECK(pod.waits() == Duration(delay));
    pod.pass(delay);
  }
}

TEST_CASE("nothing is begun in a paused pod, and what became due meanwhile is begun when it goes on", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  CHECK(pod.exits("app", 1) == "start app#1");
  pod.started("app");
  CHECK(pod.exits("app", 1).empty());  // 10 s
  pod.pass(4s);
  CHECK(pod.tell(lifecycle::Paused{}).empty());
  CHECK_FALSE(pod.waits());
  CHECK(pod.pass(60s).empty());
  CHECK(pod.tick().empty());
  CHECK(pod.tell(lifecycle::Resumed{}) == "start app#2");
}

TEST_CASE("a back-off that is longer than the pause goes on", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  pod.exits("app", 1);
  pod.started("app");
  pod.exits("app", 1);
  pod.tell(lifecycle::Paused{});
  pod.pass(4s);
  CHECK(pod.tell(lifecycle::Resumed{}).empty());
  CHECK(pod.waits() == 6s);
  CHECK(pod.pass(6s) == "start app#2");
}

TEST_CASE("a container that ends in a paused pod is restarted when it goes on", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  pod.tell(lifecycle::Paused{});
  CHECK(pod.dies("app", SIGKILL).empty());
  CHECK(pod.tell(lifecycle::Resumed{}) == "start app#1");
}

TEST_CASE("a stop ends a pause", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  pod.tell(lifecycle::Paused{});
  CHECK(pod.stop() == "TERM app");
  CHECK_FALSE(pod.state().paused);
  CHECK(pod.tell(lifecycle::Paused{}).empty());
  CHECK_FALSE(pod.state().paused);
  CHECK(pod.exits("app") == "finish");
}

TEST_CASE("a pod that ends while it is paused is not paused afterwards", "[lifecycle]") {
  Life pod({.policy = RestartPolicy::kNever});
  pod.ready();
  pod.started("app");
  pod.tell(lifecycle::Paused{});
  CHECK(pod.dies("app", SIGKILL) == "finish");
  CHECK_FALSE(pod.state().paused);
}

TEST_CASE("what is asked of one container of a paused pod lets the pod go on", "[lifecycle]") {
  const bool restarts = GENERATE(false, true);
  Life pod({.apps = {"app", "log"}});
  pod.ready();
  pod.started("app");
  pod.started("log");
  pod.tell(lifecycle::Paused{});
  CHECK(pod.dies("app", SIGKILL).empty());
  CHECK((restarts ? pod.restart_one("app") : pod.stop_one("app")) == (restarts ? "start app#1" : ""));
  CHECK_FALSE(pod.state().paused);
}

TEST_CASE("a hook that is due in a paused pod begins when it goes on", "[lifecycle]") {
  Life pod({.with = [](PodSpec& spec) { spec.containers[0].lifecycle.post_start = LifecycleHandler{.sleep = SleepAction{1}}; }});
  pod.ready();
  pod.tell(lifecycle::Paused{});
  CHECK(pod.started("app").empty());
  CHECK(pod.tell(lifecycle::Resumed{}) == "postStart app");
  CHECK(pod.hook_ends("app", HookKind::kPostStart).empty());
}

TEST_CASE("who was told to end before a pause is given the least grace after it", "[lifecycle]") {
  Life pod;
  pod.ready();
  pod.started("app");
  CHECK(pod.restart_one("app", 5s) == "TERM app");
  pod.tell(lifecycle::Paused{});
  CHECK(pod.pass(60s).empty());
  CHECK(pod.tell(lifecycle::Resumed{}).empty());
  CHECK(pod.waits() == 2s);
  CHECK(pod.pass(2s) == "KILL app");
}
