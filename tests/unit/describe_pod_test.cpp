// A pod in words.
#include "podctl/describe_pod.hpp"

#include "podctl/text.hpp"
#include "support/catch.hpp"
#include "unit/summary_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const UnixTime kNow = *parse_time("2026-01-02T03:05:08Z");

SeenPod seen(const std::string& text, Liveness liveness) {
  SeenPod pod{.record = {.name = "web",
                         .liveness = liveness,
                         .monitor_pid = liveness == Liveness::kRunning ? 7 : 0,
                         .status_json = text,
                         .problem = {}},
              .summary = {}};
  pod.summary = summarize(pod.record);
  return pod;
}

json busy_record() {
  json record = record_of("Running", {{"init", terminated(0, "Completed")}},
                          {{"web",
                            running(),
                            {{"image", "host"}},
                            {{"command", {"serve", "a b"}},
                             {"volumeMounts", json::array({{{"name", "data"}, {"mountPath", "/data"}, {"readOnly", true}}})},
                             {"env", json::array({{{"name", "PASSWORD"}, {"value", "hunter2"}}})}}},
                           {"log", waiting("CrashLoopBackOff"), {{"restartCount", 4}, {"lastState", terminated(143, "Error")}}}},
                          {{"pausePid", 10}, {"network", "private"}, {"sharing", "pod"}, {"containerPids", {{"web", 11}}}});
  record["metadata"]["labels"] = {{"app", "web"}, {"tier", "front"}};
  record["spec"]["volumes"] =
      json::array({{{"name", "data"}, {"hostPath", {{"path", "/srv"}}}}, {{"name", "tmp"}, {"emptyDir", json::object()}}});
  record["status"]["podIP"] = "10.244.0.1";
  return record;
}

}  // namespace

TEST_CASE("describe tells who, what, how isolated, what happened and what next", "[describe]") {
  PodDescription description{.pod = seen(busy_record().dump(), Liveness::kRunning), .events = {}, .members = {}};
  ProcessFacts facts;
  facts.uid_map = {{0, 1000, 1}};
  facts.gid_map = {{0, 1000, 1}, {1, 100000, 65536}};
  facts.cap_bounding = 3;
  facts.no_new_privileges = true;
  description.members["web"] = facts;
  description.events = {parse_event(R"({"time":"2026-01-02T03:05:00Z","reason":"BackOff","container":"log","message":"back-off"})", "web")};
  CHECK(render_description(description, kNow) ==
        "Name:         web\n"
        "Status:       CrashLoopBackOff (phase Running)\n"
        "Created:      2026-01-02T03:04:00Z (68s ago)\n"
        "Restart:      Always\n"
        "IP:           10.244.0.1\n"
        "Labels:       app=web\n"
        "              tier=front\n"
        "Monitor:      process 7\n"
        "Pause:        process 10\n"
        "Init containers:\n"
        "  init:\n"
        "    State:        Terminated: Completed, exit code 0, 8s ago after 55 s\n"
        "    Ready:        false\n"
        "    Restarts:     0\n"
        "Containers:\n"
        "  web:\n"
        "    Root:         host\n"
        "    Command:      serve a b\n"
        "    State:        Running since 2026-01-02T03:04:05Z (63s ago)\n"
        "    Ready:        true\n"
        "    Restarts:     0\n"
        "    Process:      11\n"
        "    Mounts:       /data from data, read-only\n"
        "  log:\n"
        "    State:        Waiting: CrashLoopBackOff\n"
        "    Last State:   Terminated: Error, exit code 143 (SIGTERM), 8s ago after 55 s\n"
        "    Ready:        false\n"
        "    Restarts:     4\n"
        "Volumes:\n"
        "  data:         hostPath /srv\n"
        "  tmp:          emptyDir\n"
        "Isolation:\n"
        "  Network:      private\n"
        "  Sharing:      pod\n"
        "  User ids:     0 -> 1000 (1 id)\n"
        "  Group ids:    0 -> 1000 (1 id), 1 -> 100000 (65536 ids)\n"
        "  web:          2 capabilities, no new privileges, no seccomp filter\n"
        "Events:\n"
        "  AGE  TYPE     REASON   CONTAINER  MESSAGE\n"
        "  8s   Warning  BackOff  log        back-off\n"
        "Next:         podctl logs -p web -c log        # what it said before its end\n");
}

TEST_CASE("only the last events are told, and no value of the environment", "[describe]") {
  PodDescription description{.pod = seen(busy_record().dump(), Liveness::kRunning), .events = {}, .members = {}};
  for (int i = 0; i < 25; ++i)
    description.events.push_back(parse_event(R"({"time":"2026-01-02T03:05:00Z","reason":"R)" + std::to_string(i) + "\"}", "web"));
  const std::string text = render_description(description, kNow);
  CHECK(text.find("(5 older: podctl events)") != std::string::npos);
  CHECK(text.find("R4 ") == std::string::npos);
  CHECK(text.find("R5 ") != std::string::npos);
  CHECK(text.find("hunter2") == std::string::npos);
}

TEST_CASE("records that are of no use are described as such, and what they hold moves no cursor", "[describe]") {
  const auto told = [](const std::string& text) {
    return render_description({.pod = seen(text, Liveness::kLost), .events = {}, .members = {}}, kNow);
  };
  CHECK(told("{") ==
        "Name:         web\n"
        "Status:       TornRecord (phase Unknown)\n"
        "Problem:      its record is torn\n"
        "Next:         podctl rm web        # its record is of no use any more\n");
  json record = busy_record();
  record["metadata"]["labels"]["x"] = "\x1b[2J";
  record["spec"]["containers"][0]["command"] = {1, nullptr, "\x1b]0;"};
  record["spec"]["volumes"] = json::array({3, {{"name", "\x1b"}, {"\x1b", 1}}});
  CHECK(told(record.dump()).find('\x1b') == std::string::npos);
  CHECK(told(record.dump()).find("Gone; it ran since") != std::string::npos);
}

TEST_CASE("what to do next", "[describe]") {
  const auto next = [](const json& record, Liveness liveness) { return next_step(summary_of(record, liveness)); };
  const auto is_about = [](const std::string& text, const std::string& part) { return text.rfind(part, 0) == 0; };
  CHECK(next(record_of("Running", {}, {{"app", running()}}), Liveness::kRunning).empty());
  CHECK(next(record_of("Succeeded", {}, {{"app", terminated(0, "Completed")}}), Liveness::kFinished).empty());
  CHECK(is_about(next(record_of("Running", {}, {{"app", running()}}), Liveness::kLost), "podctl rm web"));
  CHECK(is_about(next(record_of("Failed", {}, {{"app", terminated(0, "Completed")}, {"log", terminated(3, "Error")}}), Liveness::kFinished),
                 "podctl logs web -c log"));
  CHECK(is_about(next(record_of("Running", {}, {{"app", running(), {{"ready", false}}}}), Liveness::kRunning), "podctl logs web -c app"));
  const Made sidecar{"proxy", terminated(137, "Error"), json::object(), {{"restartPolicy", "Always"}}};
  const std::vector<Made> apps{{"app", terminated(3, "Error")}, {"log", terminated(4, "Error")}};
  const auto exit_of = [](const char* name) { return json{{"exit", {{"code", 1}, {"source", "container"}, {"container", name}}}}; };
  CHECK(next(record_of("Failed", {sidecar}, apps), Liveness::kFinished) == "podctl logs web -c app");
  CHECK(next(record_of("Failed", {sidecar}, apps, exit_of("app")), Liveness::kFinished) == "podctl logs web -c app");
  CHECK(next(record_of("Failed", {sidecar}, apps, exit_of("log")), Liveness::kFinished) == "podctl logs web -c log");
  CHECK(next(record_of("Failed", {}, {{"app", terminated(143, "Error")}}, {{"status", "Stopped"}}), Liveness::kFinished).empty());
  CHECK(is_about(next(record_of("Running", {}, {{"app", running()}}, {{"formatVersion", 2}}), Liveness::kRunning), "podctl version"));
}
