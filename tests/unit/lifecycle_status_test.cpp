// What is said of a pod: container states and reasons, final messages, phases, conditions and the STATUS word.
#include "unit/lifecycle_support.hpp"

using namespace podtest;
using namespace podctl;
using lifecycle::Exited;

namespace {

// The final message after an end with these.
std::string message_after(const std::string& file, const std::string& log, int code, TerminationMessagePolicy policy,
                          const std::vector<std::string>& apps = {"app"}) {
  Life pod({.apps = apps, .policy = RestartPolicy::kNever, .with = [&](PodSpec& spec) {
              spec.containers[0].termination_message_policy = policy;
            }});
  pod.ready();
  pod.started("app");
  pod.tell(Exited{.container = 0, .exit = {false, code}, .message = file, .log_tail = log});
  return pod.of("app").terminated->message;
}

constexpr auto kFile = TerminationMessagePolicy::kFile, kFallback = TerminationMessagePolicy::kFallbackToLogsOnError;

}  // namespace

TEST_CASE("7.1: reasons of ended containers", "[lifecycle][status]") {
  struct Row {
    ExitStatus exit;
    bool oom;
    const char* reason;
    int code;
  };
  const Row row =
      GENERATE(Row{{false, 0}, false, "Completed", 0}, Row{{false, 7}, false, "Error", 7}, Row{{true, SIGKILL}, false, "Error", 137},
               Row{{true, SIGTERM}, false, "Error", 143}, Row{{true, SIGSEGV}, false, "Error", 139},
               Row{{true, SIGKILL}, true, "OOMKilled", 137}, Row{{false, 1}, true, "OOMKilled", 1});
  Life pod({.policy = RestartPolicy::kNever});
  pod.ready();
  pod.started("app");
  pod.tell(Exited{.container = 0, .exit = row.exit, .message = {}, .oom_killed = row.oom});
  CHECK(pod.of("app").terminated->reason == row.reason);
  CHECK(pod.of("app").terminated->exit.code() == row.code);
  CHECK(pod.word() == row.reason);
}

TEST_CASE("7.1: reasons of waiting containers", "[lifecycle][status]") {
  Life plain;
  CHECK(plain.of("app").waiting_reason == "ContainerCreating");
  Life behind({.inits = {"one"}});
  CHECK(behind.of("app").waiting_reason == "PodInitializing");
  CHECK(behind.of("one").waiting_reason == "PodInitializing");
}

TEST_CASE("7.2: the last 4096 bytes of the file are the message, after a success too", "[lifecycle][status]") {
  const int code = GENERATE(0, 1);
  const std::string text = std::string(5000, 'a') + "the end";
  CHECK(message_after("done", "log", code, kFile) == "done");
  CHECK(message_after("done", "log", code, kFallback) == "done");
  CHECK(message_after(text, {}, code, kFile) == text.substr(text.size() - 4096));
  CHECK(message_after({}, "log", code, kFile).empty());
}

TEST_CASE("7.2: FallbackToLogsOnError takes the log's last lines only after a failure and without a message", "[lifecycle][status]") {
  CHECK(message_after({}, "last words\n", 1, kFallback) == "last words\n");
  CHECK(message_after({}, "last words\n", 0, kFallback).empty());
  std::string lines;
  for (int i = 1; i <= 100; ++i) append(lines, i, '\n');
  CHECK(message_after({}, lines, 1, kFallback).substr(0, 6) == "21\n22\n");  // the last 80
  CHECK(message_after({}, std::string(3000, 'x'), 1, kFallback).size() == 2048);
  Life pod({.with = [](PodSpec& spec) { spec.containers[0].termination_message_policy = kFallback; }});
  CHECK(lifecycle::wants_log_tail(pod.state(), 0, {false, 1}, {}));
  CHECK_FALSE(lifecycle::wants_log_tail(pod.state(), 0, {false, 0}, {}));
  CHECK_FALSE(lifecycle::wants_log_tail(pod.state(), 0, {false, 1}, "said"));
  CHECK_FALSE(lifecycle::wants_log_tail(Life().state(), 0, {false, 1}, {}));
}

TEST_CASE("7.2: the messages of a pod are 12 KiB together, and whole characters", "[lifecycle][status]") {
  const std::vector<std::string> four{"app", "b", "c", "d"};
  CHECK(message_after(std::string(9000, 'x'), {}, 0, kFile, four).size() == 12288 / 4);
  std::string wide;
  for (int i = 0; i < 3000; ++i) wide += "\xe2\x82\xac";  // three bytes each: 4096 cuts one
  CHECK(message_after(wide, {}, 0, kFile) == wide.substr(wide.size() - 4095));
}

TEST_CASE("7.3: DeadlineExceeded is Failed from the moment it strikes", "[lifecycle][status]") {
  Life pod({.deadline = 5});
  pod.ready();
  pod.started("app");
  pod.pass(5s - 1ns);
  CHECK(pod.phase() == "Running");
  CHECK(pod.pass(1ns) == "TERM app");
  CHECK(pod.phase() == "Failed");
  CHECK(pod.condition("Ready") == "False PodFailed");
  pod.exits("app", 0);
  CHECK(pod.phase() == "Failed");  // whatever the exit code
}

TEST_CASE("7.3: rules in their order", "[lifecycle][status]") {
  SECTION("2: an init container is pending") {
    Life pod({.inits = {"one"}, .policy = RestartPolicy::kAlways});
    pod.ready();
    pod.started("one");
    pod.exits("one", 1);  // and started again
    CHECK(pod.phase() == "Pending");
  }
  SECTION("3: one that waits for the first time keeps the pod pending, though another runs") {
    Life pod({.apps = {"web", "log"}});
    pod.ready();
    pod.started("log");
    CHECK(pod.phase() == "Pending");
  }
  SECTION("4: one runs") {
    Life pod({.apps = {"web", "log"}, .policy = RestartPolicy::kNever});
    pod.ready();
    pod.started("web");
    pod.started("log");
    pod.exits("web", 1);
    CHECK(pod.phase() == "Running");
  }
  SECTION("5: all have stopped and one will run again") {
    Life pod({.policy = RestartPolicy::kOnFailure});
    pod.ready();
    pod.started("app");
    pod.exits("app", 1);
    pod.started("app");
    pod.exits("app", 1);
    CHECK(pod.phase() == "Running");
  }
}

TEST_CASE("7.4: conditions, their reasons and times", "[lifecycle][status]") {
  Life pod({.inits = {"one"}, .apps = {"web", "log"}, .policy = RestartPolicy::kNever});
  CHECK(pod.condition("PodReadyToStartContainers") == "False");
  pod.ready();
  CHECK(pod.condition("PodScheduled") == "True");
  CHECK(pod.condition("PodReadyToStartContainers") == "True");
  CHECK(pod.condition("Initialized") == "False ContainersNotInitialized containers with incomplete status: [one]");
  CHECK(pod.condition("Ready") == "False ContainersNotReady containers with unready status: [web log]");
  pod.started("one");
  pod.pass(3s);
  pod.exits("one");
  CHECK(pod.condition("Initialized") == "True");
  pod.pass(4s);
  CHECK(pod.condition_age("Initialized") == 4s);
  CHECK(pod.condition_age("PodReadyToStartContainers") == 7s);
  pod.started("web");
  CHECK(pod.condition("ContainersReady") == "False ContainersNotReady containers with unready status: [log]");
  pod.started("log");
  CHECK(pod.notes().back() == "Ready");
  CHECK(pod.condition("ContainersReady") == "True");
  CHECK(pod.condition("Ready") == "True");
  CHECK(pod.condition_age("Ready") == 0s);
  pod.pass(5s);
  pod.exits("web", 0);
  CHECK(pod.condition("Ready") == "False ContainersNotReady containers with unready status: [web]");
  CHECK(pod.condition("Initialized") == "True");
  SECTION("succeeded") {
    pod.exits("log", 0);
    CHECK(pod.condition("Ready") == "False PodCompleted");
    CHECK(pod.condition("ContainersReady") == "False PodCompleted");
    CHECK(pod.condition("Initialized") == "True PodCompleted");
    CHECK(pod.condition("PodReadyToStartContainers") == "False");
  }
  SECTION("failed") {
    pod.exits("log", 1);
    CHECK(pod.condition("Ready") == "False PodFailed");
    CHECK(pod.condition("ContainersReady") == "False PodFailed");
  }
}

TEST_CASE("7.4: a readiness gate that nobody opens keeps the pod from being Ready", "[lifecycle][status]") {
  Life pod({.with = [](PodSpec& spec) { spec.readiness_gates = {{"example.com/lb"}}; }});
  pod.ready();
  pod.started("app");
  CHECK(pod.condition("ContainersReady") == "True");
  CHECK(pod.condition("Ready") == "False ReadinessGatesNotReady nobody has set the condition example.com/lb");
}

TEST_CASE("7.5: the first init container that is not finished decides the word", "[lifecycle][status]") {
  Life pod({.inits = {"one", "two"}, .sidecars = {"proxy"}});
  CHECK(pod.word() == "Init:0/3");
  pod.ready();
  pod.started("proxy");
  CHECK(pod.word() == "Init:1/3");
  pod.started("one");
  pod.exits("one");
  CHECK(pod.word() == "Init:2/3");
  pod.started("two");
  pod.exits("two", 1);
  pod.started("two");
  pod.exits("two", 1);
  CHECK(pod.word() == "Init:CrashLoopBackOff");
  pod.pass(10s);
  pod.started("two");
  pod.exits("two");
  CHECK(pod.word() == "PodInitializing");
}

TEST_CASE("7.5: a failed init container is named with its reason", "[lifecycle][status]") {
  Life pod({.inits = {"one"}, .policy = RestartPolicy::kNever});
  pod.ready();
  pod.started("one");
  pod.tell(Exited{.container = 0, .exit = {true, SIGKILL}, .message = {}, .oom_killed = true});
  CHECK(pod.word() == "Init:OOMKilled");
}

TEST_CASE("7.5: from the last container to the first, a reason replaces the phase", "[lifecycle][status]") {
  Life pod({.apps = {"web", "log", "job"}, .policy = RestartPolicy::kNever});
  pod.ready();
  for (const char* name : {"web", "log", "job"}) pod.started(name);
  CHECK(pod.word() == "Running");
  pod.exits("job", 1);
  CHECK(pod.word() == "Error");
  pod.exits("web", 0);
  CHECK(pod.word() == "NotReady");  // Completed, with another running
  pod.exits("log", 0);
  CHECK(pod.phase() == "Failed");
  CHECK(pod.word() == "Error");  // a failed pod says what failed
}

TEST_CASE("7.5: deletion in progress is Terminating, an ended pod Stopped", "[lifecycle][status]") {
  Life pod({.sidecars = {"proxy"}});
  pod.ready();
  pod.started("proxy");
  pod.started("app");
  pod.stop();
  CHECK(pod.word() == "Terminating");
  pod.exits("app", 0);
  CHECK(pod.word() == "Terminating");
  pod.exits("proxy", 0);
  CHECK(pod.word() == "Stopped");
  CHECK(pod.phase() == "Succeeded");
}

TEST_CASE("7.6: sidecars never count for the exit code", "[lifecycle][status]") {
  Life pod({.apps = {"web", "log"}, .policy = RestartPolicy::kNever, .sidecars = {"proxy"}});
  pod.ready();
  for (const char* name : {"proxy", "web", "log"}) pod.started(name);
  pod.exits("log", 6);
  pod.exits("web", 0);
  pod.exits("proxy", 77);
  CHECK(pod.exit() == "6 container log");
  CHECK(pod.exit(0, "proxy") == "77 container proxy");  // unless it is asked for
}
