// Hooks, and how a container is ended: preStop, signal, SIGKILL, within the grace period.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;

namespace {

constexpr HookKind kPost = HookKind::kPostStart, kPre = HookKind::kPreStop;

// Each of these containers has that hook.
std::function<void(PodSpec&)> with_hook(HookKind kind, std::vector<std::string> names) {
  return [kind, names = std::move(names)](PodSpec& spec) {
    for (const auto& name : names) {
      auto& lifecycle = container_of(spec, name).lifecycle;
      (kind == kPost ? lifecycle.post_start : lifecycle.pre_stop) = LifecycleHandler{.exec = ExecAction{{"x"}}};
    }
  };
}

}  // namespace

TEST_CASE("5.1: postStart holds back readiness, started and the next container", "[lifecycle][hook]") {
  Life pod({.apps = {"web", "log", "job"}, .with = with_hook(kPost, {"web"})});
  CHECK(pod.ready() == "start web#0");
  CHECK(pod.started("web") == "postStart web");  // beside the program, which runs
  CHECK(pod.pass(1h).empty());
  CHECK_FALSE(pod.of("web").started);
  CHECK_FALSE(pod.ready_of("web"));
  CHECK_FALSE(pod.state().started_once);
  CHECK(pod.phase() == "Pending");  // log and job have not begun
  CHECK(pod.hook_ends("web", kPost) == "start log#0, start job#0 in turn");
  CHECK(pod.of("web").started);
  CHECK(pod.ready_of("web"));
}

TEST_CASE("5.1: a postStart that fails ends the container with hook and grace, and the next one starts", "[lifecycle][hook]") {
  Life pod({.apps = {"web", "log"}, .grace = 9s, .with = [](PodSpec& spec) {
              with_hook(kPost, {"web"})(spec);
              with_hook(kPre, {"web"})(spec);
            }});
  pod.ready();
  pod.started("web");
  CHECK(pod.hook_fails("web", kPost) == "preStop web");
  CHECK(pod.notes() == std::vector<std::string>{"FailedPostStartHook web: exit code 9"});
  CHECK(pod.hook_ends("web", kPre) == "TERM web");
  CHECK(pod.of("log").instances == 0);
  SECTION("the restart policy then counts, and the reason is told while it waits") {
    CHECK(pod.dies("web", SIGTERM) == "start web#1, start log#0 in turn");
    CHECK(pod.started("web") == "postStart web");
    pod.hook_fails("web", kPost);
    pod.hook_ends("web", kPre);
    CHECK(pod.dies("web", SIGTERM).empty());
    CHECK(pod.of("web").waiting_reason == "PostStartHookError");
    CHECK(pod.of("web").waiting_message == "exit code 9");
    CHECK(pod.pass(10s) == "start web#2");
    CHECK(pod.started("web") == "postStart web");
    CHECK(pod.hook_ends("web", kPost).empty());
    CHECK(pod.exits("web", 1).empty());
    CHECK(pod.of("web").waiting_reason == "CrashLoopBackOff");  // this time it was no hook
  }
  SECTION("it is killed when it does not end in time") {
    CHECK(pod.pass(9s) == "KILL web");
    CHECK(pod.dies("web", SIGKILL) == "start web#1, start log#0 in turn");
  }
}

TEST_CASE("5.1: with restartPolicy Never a failed postStart leaves the container dead", "[lifecycle][hook]") {
  Life pod({.policy = RestartPolicy::kNever, .with = with_hook(kPost, {"app"})});
  pod.ready();
  pod.started("app");
  CHECK(pod.hook_fails("app", kPost) == "TERM app");
  CHECK(pod.dies("app", SIGTERM) == "finish");
  CHECK(pod.phase() == "Failed");
  CHECK(pod.exit() == "143 container app");
}

TEST_CASE("5.1: a container that ends while postStart runs is gone, and so is the hook", "[lifecycle][hook]") {
  Life pod({.apps = {"web", "log"}, .with = with_hook(kPost, {"web"})});
  pod.ready();
  pod.started("web");
  CHECK(pod.exits("web", 1) == "drop postStart web, start web#1, start log#0 in turn");
  CHECK(pod.hook_fails("web", kPost).empty());  // of the new instance none runs yet
  CHECK(pod.tell(lifecycle::HookFinished{0, 0, kPost, false, "late"}).empty());
  CHECK(pod.notes().empty());
}

TEST_CASE("5.5: preStop comes first, then the signal with what is left", "[lifecycle][hook]") {
  struct Row {
    std::chrono::seconds grace;
    Duration hook;
    Duration left;
  };
  // remaining = max(2 s, G - whole seconds used)
  const Row row = GENERATE(Row{10s, 0s, 10s}, Row{10s, 999ms, 10s}, Row{10s, 1s, 9s}, Row{10s, 3700ms, 7s}, Row{10s, 8s, 2s},
                           Row{10s, 9999ms, 2s}, Row{1s, 500ms, 2s});
  CAPTURE(row.hook.count());
  Life pod({.grace = row.grace, .with = with_hook(kPre, {"app"})});
  pod.ready();
  pod.started("app");
  CHECK(pod.stop() == "preStop app");
  CHECK(pod.pass(row.hook).empty());
  CHECK(pod.hook_ends("app", kPre) == "TERM app");
  CHECK(pod.waits() == row.left);
  CHECK(pod.pass(row.left - 1ns).empty());
  CHECK(pod.pass(1ns) == "KILL app");
}

TEST_CASE("5.5: a preStop that runs still at G is abandoned, and two seconds are left", "[lifecycle][hook]") {
  Life pod({.grace = 10s, .with = with_hook(kPre, {"app"})});
  pod.ready();
  pod.started("app");
  pod.stop();
  CHECK(pod.pass(10s - 1ns).empty());
  CHECK(pod.pass(1ns) == "drop preStop app, TERM app");
  CHECK(pod.notes().front() == "FailedPreStopHook app: the preStop hook was not over within the grace period");
  CHECK(pod.hook_ends("app", kPre).empty());  // too late
  CHECK(pod.pass(2s) == "KILL app");          // G + 2 s is the worst case
}

TEST_CASE("5.5: a preStop that fails is told, and the container ends all the same", "[lifecycle][hook]") {
  Life pod({.with = with_hook(kPre, {"app"})});
  pod.ready();
  pod.started("app");
  pod.stop();
  CHECK(pod.hook_fails("app", kPre) == "TERM app");
  CHECK(pod.notes().front() == "FailedPreStopHook app: exit code 9");
}

TEST_CASE("5.5: G = 0 runs no preStop and leaves the two seconds", "[lifecycle][hook]") {
  const bool by_flag = GENERATE(false, true);
  Life pod({.grace = by_flag ? 30s : 0s, .with = with_hook(kPre, {"app"})});
  pod.ready();
  pod.started("app");
  CHECK(pod.stop(StopCause::kUser, by_flag ? std::optional<Duration>(0s) : std::nullopt) == "TERM app");
  CHECK(pod.waits() == 2s);
}

TEST_CASE("5.5: forced deletion is immediate, whatever is under way", "[lifecycle][hook]") {
  Life pod({.with = with_hook(kPre, {"app"})});
  pod.ready();
  pod.started("app");
  SECTION("from the first") { CHECK(pod.stop(StopCause::kKilled) == "KILL app"); }
  SECTION("during the hook") {
    CHECK(pod.stop() == "preStop app");
    CHECK(pod.stop(StopCause::kKilled) == "drop preStop app, KILL app");
  }
  CHECK(pod.dies("app", SIGKILL) == "finish");
}

TEST_CASE("5.5: preStop never runs when the process exits by itself", "[lifecycle][hook]") {
  Life pod({.policy = RestartPolicy::kNever, .with = with_hook(kPre, {"app"})});
  pod.ready();
  pod.started("app");
  SECTION("before a stop") { CHECK(pod.exits("app", 0) == "finish"); }
  SECTION("during it the hook goes with it") {
    pod.stop();
    CHECK(pod.exits("app", 0) == "drop preStop app, finish");
  }
}

TEST_CASE("5.5: all containers are handled in parallel", "[lifecycle][hook]") {
  Life pod({.apps = {"web", "log"}, .with = with_hook(kPre, {"web"})});
  pod.ready();
  pod.started("web");
  pod.started("log");
  CHECK(pod.stop() == "preStop web, TERM log");
}

TEST_CASE("5.5: a stop ends a postStart that runs, and a container without a program gets no preStop", "[lifecycle][hook]") {
  Life pod({.with = [](PodSpec& spec) {
    with_hook(kPost, {"app"})(spec);
    with_hook(kPre, {"app"})(spec);
  }});
  pod.ready();
  SECTION("it is being started") {
    CHECK(pod.stop() == "TERM app");
    CHECK(pod.started("app").empty());  // and postStart does not run any more
  }
  SECTION("postStart runs") {
    pod.started("app");
    CHECK(pod.stop() == "drop postStart app, preStop app");
  }
}

TEST_CASE("5.5: lifecycle.stopSignal is what is sent", "[lifecycle][hook]") {
  struct Row {
    const char* name;
    const char* sent;
  };
  const Row row = GENERATE(Row{"SIGUSR1", "USR1 app"}, Row{"SIGINT", "INT app"}, Row{"SIGRTMIN+3", "37 app"}, Row{"", "TERM app"});
  Life pod({.with = [&](PodSpec& spec) { container_of(spec, "app").lifecycle.stop_signal = row.name; }});
  pod.ready();
  pod.started("app");
  CHECK(pod.stop() == row.sent);
}

TEST_CASE("5.5: a second stop with a shorter grace period hurries the first", "[lifecycle][hook]") {
  Life pod({.apps = {"web", "log"}, .grace = 60s, .with = with_hook(kPre, {"web"})});
  pod.ready();
  pod.started("web");
  pod.started("log");
  pod.stop();
  pod.pass(10s);
  CHECK(pod.stop(StopCause::kUser, 90s).empty());
  CHECK(pod.waits() == 50s);
  CHECK(pod.stop(StopCause::kUser, 5s).empty());
  CHECK(pod.pass(5s) == "drop preStop web, TERM web, KILL log");
  CHECK(pod.pass(2s) == "KILL web");
}
