// The pod's status as an object, and its events.
#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "unit/lifecycle_support.hpp"
#include "unit/plan_support.hpp"
#include "view/status.hpp"

using namespace podctl;
using namespace podtest;
using nlohmann::json;

namespace {

struct Subject {
  Manifest manifest = manifest_of(R"("restartPolicy":"OnFailure","initContainers":[{"name":"one","command":["a"]}],
                                     "containers":[{"name":"web","command":["a"]},{"name":"app","command":["a"],"image":"rootfs:x"}])");
  Plan plan = plan_of(manifest);
  Life life{{.inits = {"one"}, .apps = {"web", "app"}, .policy = RestartPolicy::kOnFailure}};

  [[nodiscard]] view::StatusSource source() const {
    return {.pod = manifest.pods[0],
            .state = life.state(),
            .plan = plan,
            .clock_offset = 1136214245s - 1000s + 678ms,
            .uid = "u-1",
            .monitor_pid = 7,
            .pause_pid = 8,
            .pids = {0, 9, 0},
            .exit = {}};
  }
  [[nodiscard]] json status() const { return json::parse(view::status_json(source())); }
};

}  // namespace

TEST_CASE("the record is the v1 Pod with a status", "[view]") {
  Subject subject;
  subject.life.ready();
  const json pod = subject.status();
  CHECK(pod.at("apiVersion") == "v1");
  CHECK(pod.at("kind") == "Pod");
  CHECK(pod.at("metadata").at("name") == "web");
  CHECK(pod.at("metadata").at("uid") == "u-1");
  CHECK(pod.at("metadata").at("creationTimestamp") == "2006-01-02T15:04:05Z");
  CHECK(pod.at("spec").at("containers").at(0).at("name") == "web");
  const json& status = pod.at("status");
  CHECK(status.at("phase") == "Pending");
  CHECK(status.at("startTime") == "2006-01-02T15:04:05.678Z");
  CHECK(status.at("podIP") == "10.244.188.240");
  CHECK(status.at("podIPs") == json{{{"ip", "10.244.188.240"}}, {{"ip", "fd00:10:244::bcf0"}}});
  CHECK_FALSE(status.contains("reason"));
  const json& own = status.at("podctl");
  CHECK(own.at("formatVersion") == 1);
  CHECK(own.at("status") == "Init:0/1");
  CHECK(own.at("uidMap") == json{{{"pod", 0}, {"host", 1000}, {"count", 1}}});
  CHECK(own.at("monitorPid") == 7);
  CHECK(own.at("pausePid") == 8);
  CHECK(own.at("containerPids") == json{{"web", 9}});
  CHECK_FALSE(own.contains("exit"));
}

TEST_CASE("a container's state is waiting, running or terminated", "[view]") {
  Subject subject;
  subject.life.ready();
  json status = subject.status().at("status");
  CHECK(status.at("initContainerStatuses").at(0) == json{{"name", "one"},
                                                         {"state", {{"waiting", {{"reason", "PodInitializing"}}}}},
                                                         {"lastState", json::object()},
                                                         {"ready", false},
                                                         {"started", false},
                                                         {"restartCount", 0},
                                                         {"image", "host"},
                                                         {"imageID", ""}});
  subject.life.started("one");
  subject.life.pass(2s);
  subject.life.exits("one");
  subject.life.started("web");
  subject.life.started("app");
  subject.life.pass(1s);
  subject.life.exits("web", 3);
  subject.life.started("web");
  subject.life.exits("web", 4);
  status = subject.status().at("status");
  CHECK(status.at("phase") == "Running");
  const json& one = status.at("initContainerStatuses").at(0);
  CHECK(one.at("ready") == true);
  CHECK(one.at("state") == json{{"terminated",
                                 {{"exitCode", 0},
                                  {"reason", "Completed"},
                                  {"startedAt", "2006-01-02T15:04:05.678Z"},
                                  {"finishedAt", "2006-01-02T15:04:07.678Z"}}}});
  // By name, whatever the manifest's order.
  const json& app = status.at("containerStatuses").at(0);
  const json& web = status.at("containerStatuses").at(1);
  CHECK(app.at("name") == "app");
  CHECK(app.at("image") == "rootfs:x");
  CHECK(app.at("state") == json{{"running", {{"startedAt", "2006-01-02T15:04:07.678Z"}}}});
  CHECK(app.at("ready") == true);
  CHECK(app.at("started") == true);
  CHECK(app.at("containerID") == "podctl://u-1/app/0");
  CHECK(web.at("name") == "web");
  CHECK(web.at("state").at("waiting").at("reason") == "CrashLoopBackOff");
  CHECK(web.at("state").at("waiting").at("message").get<std::string>().find("back-off 10s restarting failed container=web") == 0);
  CHECK(web.at("lastState").at("terminated").at("exitCode") == 4);
  CHECK(web.at("restartCount") == 1);
  CHECK(web.at("containerID") == "podctl://u-1/web/1");
  CHECK(web.at("ready") == false);
}

TEST_CASE("a finished pod has its exit and no processes", "[view]") {
  Subject subject;
  subject.life.ready();
  subject.life.started("one");
  subject.life.exits("one");
  subject.life.started("web");
  subject.life.started("app");
  subject.life.stop(StopCause::kTimeLimit);
  subject.life.dies("web", SIGTERM);
  subject.life.dies("app", SIGTERM);
  view::StatusSource source = subject.source();
  source.exit = lifecycle::RunExit{124, "timeout", {}};
  const json status = json::parse(view::status_json(source)).at("status");
  CHECK(status.at("phase") == "Failed");
  CHECK(status.at("reason") == "DeadlineExceeded");
  CHECK(status.at("message") == "asked for");
  CHECK(status.at("podctl").at("exit") == json{{"code", 124}, {"source", "timeout"}});
  for (const char* gone : {"monitorPid", "pausePid", "containerPids"}) CHECK_FALSE(status.at("podctl").contains(gone));
  CHECK(status.at("containerStatuses").at(0).at("state").at("terminated").at("exitCode") == 143);
  source.exit = lifecycle::RunExit{3, "container", "web"};
  CHECK(json::parse(view::status_json(source)).at("status").at("podctl").at("exit") ==
        json{{"code", 3}, {"source", "container"}, {"container", "web"}});
}

TEST_CASE("7.1: a sidecar is among the init containers, and ready as it says itself", "[view]") {
  Subject subject;
  subject.life =
      Life({.apps = {"web", "app"}, .sidecars = {"one"}, .with = [](PodSpec& spec) { spec.init_containers[0].readiness_probe = Probe{}; }});
  subject.life.ready();
  const auto sidecar = [&] { return subject.status().at("status").at("initContainerStatuses").at(0); };
  CHECK(sidecar().at("started") == false);
  subject.life.started("one");
  CHECK(sidecar().at("started") == true);
  CHECK(sidecar().at("ready") == false);
  CHECK(sidecar().at("state").contains("running"));
  subject.life.passes("one", ProbeKind::kReadiness);
  CHECK(sidecar().at("ready") == true);
  CHECK(subject.status().at("status").at("containerStatuses").size() == 2);
}

TEST_CASE("7.4: the conditions stand in the status, with the time of their last change", "[view]") {
  Subject subject;
  subject.life.ready();
  const auto condition = [&](const char* type) {
    const json status = subject.status().at("status");
    for (const json& one : status.at("conditions"))
      if (one.at("type") == type) return one;
    return json();
  };
  CHECK(condition("Ready") == json{{"type", "Ready"},
                                   {"status", "False"},
                                   {"lastProbeTime", nullptr},
                                   {"lastTransitionTime", "2006-01-02T15:04:05.678Z"},
                                   {"reason", "ContainersNotReady"},
                                   {"message", "containers with unready status: [web app]"}});
  CHECK(condition("Initialized").at("message") == "containers with incomplete status: [one]");
  CHECK(condition("PodScheduled").at("status") == "True");
  CHECK(condition("PodReadyToStartContainers").at("status") == "True");
  subject.life.started("one");
  subject.life.pass(2s);
  subject.life.exits("one");
  subject.life.started("web");
  subject.life.pass(2s);
  subject.life.started("app");
  CHECK(condition("Initialized") ==
        json{{"type", "Initialized"}, {"status", "True"}, {"lastProbeTime", nullptr}, {"lastTransitionTime", "2006-01-02T15:04:07.678Z"}});
  for (const char* type : {"ContainersReady", "Ready"})
    CHECK(condition(type) ==
          json{{"type", type}, {"status", "True"}, {"lastProbeTime", nullptr}, {"lastTransitionTime", "2006-01-02T15:04:09.678Z"}});
  CHECK(condition("AllContainersRestarting").is_null());
}

TEST_CASE("an event is one line of JSON", "[view]") {
  Subject subject;
  const std::string line =
      view::event_json("web", "web", {"Killing", 1, "SIGKILL\nsent", lifecycle::NoteType::kWarning}, 1136214246s + 5ms);
  CHECK(line ==
        "{\"time\":\"2006-01-02T15:04:06.005Z\",\"pod\":\"web\",\"type\":\"Warning\",\"reason\":\"Killing\","
        "\"container\":\"web\",\"message\":\"SIGKILL\\nsent\"}\n");
  CHECK(view::event_json("web", "", {"Created", {}, {}}, 1136214245s) ==
        "{\"time\":\"2006-01-02T15:04:05.000Z\",\"pod\":\"web\",\"type\":\"Normal\",\"reason\":\"Created\"}\n");
}

TEST_CASE("a record read back is final, or unfinished, or says what is wrong with it", "[status]") {
  using view::check_record;
  const std::string whole =
      R"({"kind":"Pod","metadata":{"labels":{"exit":"1"}},"status":{"podctl":{"formatVersion":1,"exit":{"code":0}}}})";
  CHECK(check_record(whole).is_final);
  CHECK(check_record(whole).problem.empty());
  const std::string live = R"({"metadata":{"labels":{"exit":"1"}},"status":{"podctl":{"formatVersion":1}}})";
  CHECK_FALSE(check_record(live).is_final);
  CHECK(check_record(live).problem.empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    const auto cut = check_record(std::string_view(whole).substr(0, size));
    CHECK_FALSE(cut.is_final);
    CHECK_FALSE(cut.problem.empty());
  }
  CHECK(check_record(R"({"status":{"podctl":{"formatVersion":2,"exit":{}}}})").problem ==
        "its record was written by a newer podctl (format 2)");
  for (const char* torn :
       {"[]", "1", "null", R"({"status":1})", R"({"status":{"podctl":[]}})", R"({"status":{"podctl":{"formatVersion":"1"}}})"}) {
    INFO(torn);
    CHECK(check_record(torn).problem == "its record is torn");
  }
}

TEST_CASE("a record tells which instance of a container runs and which ran before", "[view]") {
  Subject subject;
  const auto recorded = [&] { return view::recorded_containers(view::status_json(subject.source())); };
  subject.life.ready();
  const auto fresh = recorded();
  REQUIRE(fresh.size() == 3);
  CHECK(fresh[0].name == "one");
  CHECK(fresh[1].name == "web");
  CHECK(fresh[2].name == "app");
  for (const auto& container : fresh) {
    CHECK_FALSE(container.current);
    CHECK_FALSE(container.previous);
    CHECK_FALSE(container.waiting_reason.empty());
  }
  // kubectl's rules: while a container waits to be started again, the instance that crashed is its log and its last one.
  const auto one = [](const std::string& status) {
    return view::recorded_containers(R"({"spec":{"containers":[{"name":"c"}]},"status":{"containerStatuses":[{"name":"c",)" + status +
                                     "}]}}")
        .at(0);
  };
  const auto running = one(R"("restartCount":0,"state":{"running":{}},"lastState":{})");
  CHECK(running.current == 0U);
  CHECK_FALSE(running.previous);
  CHECK(running.waiting_reason.empty());
  const auto restarted = one(R"("restartCount":3,"state":{"terminated":{}},"lastState":{"terminated":{}})");
  CHECK(restarted.current == 3U);
  CHECK(restarted.previous == 2U);
  const auto waiting = one(R"("restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{}})");
  CHECK(waiting.current == 3U);
  CHECK(waiting.previous == 3U);
  CHECK(waiting.waiting_reason == "CrashLoopBackOff");
}

TEST_CASE("a torn record tells of no containers", "[view]") {
  Subject subject;
  subject.life.ready();
  const std::string whole = view::status_json(subject.source());
  for (std::size_t size = 0; size + 2 < whole.size(); size += 7) CHECK(view::recorded_containers(whole.substr(0, size)).empty());
  for (const char* odd : {"[]", "1", "{}", R"({"spec":1,"status":2})", R"({"spec":{"containers":{}},"status":{}})",
                          R"({"spec":{"containers":[1]},"status":{}})", R"({"spec":{"containers":[{"name":1}]},"status":{}})",
                          R"({"spec":{"containers":[{"name":"a"}]},"status":{"containerStatuses":[1]}})"}) {
    CAPTURE(odd);
    CHECK(view::recorded_containers(odd).empty());
  }
}
