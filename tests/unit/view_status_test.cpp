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
            .clock_offset = 1136214245s - 1000s,
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
  CHECK(status.at("startTime") == "2006-01-02T15:04:05Z");
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
  CHECK(one.at("state") ==
        json{{"terminated",
              {{"exitCode", 0}, {"reason", "Completed"}, {"startedAt", "2006-01-02T15:04:05Z"}, {"finishedAt", "2006-01-02T15:04:07Z"}}}});
  // By name, whatever the manifest's order.
  const json& app = status.at("containerStatuses").at(0);
  const json& web = status.at("containerStatuses").at(1);
  CHECK(app.at("name") == "app");
  CHECK(app.at("image") == "rootfs:x");
  CHECK(app.at("state") == json{{"running", {{"startedAt", "2006-01-02T15:04:07Z"}}}});
  CHECK(app.at("ready") == true);
  CHECK(web.at("name") == "web");
  CHECK(web.at("state").at("waiting").at("reason") == "CrashLoopBackOff");
  CHECK(web.at("state").at("waiting").at("message").get<std::string>().find("back-off 10s restarting failed container=web") == 0);
  CHECK(web.at("lastState").at("terminated").at("exitCode") == 4);
  CHECK(web.at("restartCount") == 1);
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

TEST_CASE("an event is one line of JSON", "[view]") {
  Subject subject;
  const std::string line = view::event_json(subject.source(), {"Killing", 1, "SIGKILL\nsent"}, 1001s + 5ms);
  CHECK(line ==
        "{\"time\":\"2006-01-02T15:04:06.005Z\",\"type\":\"Normal\",\"pod\":\"web\",\"reason\":\"Killing\","
        "\"container\":\"web\",\"message\":\"SIGKILL\\nsent\"}\n");
  CHECK(view::event_json(subject.source(), {"Created", {}, {}}, 1000s) ==
        "{\"time\":\"2006-01-02T15:04:05.000Z\",\"type\":\"Normal\",\"pod\":\"web\",\"reason\":\"Created\"}\n");
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
