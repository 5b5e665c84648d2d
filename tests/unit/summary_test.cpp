// What a record means to those who list pods: STATUS, READY, RESTARTS, whatever state the record is in.
#include "podctl/summary.hpp"

#include "podctl/text.hpp"
#include "support/catch.hpp"
#include "unit/summary_support.hpp"

using namespace podctl;
using namespace podtest;
using namespace std::chrono_literals;

namespace {

const json kSidecar{{"restartPolicy", "Always"}};

std::string word(const json& record, Liveness liveness = Liveness::kRunning) { return status_word(summary_of(record, liveness)); }

json with_reason(json record, const std::string& reason) {
  record["status"]["reason"] = reason;
  return record;
}

}  // namespace

TEST_CASE("the word while init containers run", "[summary]") {
  const Made waiting_app{"app", waiting("PodInitializing")};
  const auto init = [&](std::vector<Made> inits) { return word(record_of("Pending", inits, {waiting_app})); };
  CHECK(init({{"a", waiting("PodInitializing")}, {"b", waiting("PodInitializing")}}) == "Init:0/2");
  CHECK(init({{"a", waiting("ContainerCreating")}}) == "Init:0/1");
  CHECK(init({{"a", running()}, {"b", waiting("PodInitializing")}}) == "Init:0/2");
  CHECK(init({{"a", terminated(0, "Completed")}, {"b", running()}}) == "Init:1/2");
  CHECK(init({{"a", terminated(0, "Completed")}, {"b", waiting("CrashLoopBackOff")}}) == "Init:CrashLoopBackOff");
  CHECK(init({{"a", terminated(3, "Error")}, {"b", waiting("PodInitializing")}}) == "Init:Error");
  CHECK(init({{"a", terminated(137, "OOMKilled")}}) == "Init:OOMKilled");
  CHECK(init({{"a", terminated(3, "")}}) == "Init:ExitCode:3");
  json signalled = terminated(137, "");
  signalled["terminated"]["signal"] = 9;
  CHECK(init({{"a", signalled}}) == "Init:Signal:9");
  CHECK(init({{"a", waiting("ErrImageMissing")}}) == "Init:ErrImageMissing");
}

TEST_CASE("a sidecar that has begun is past", "[summary]") {
  CHECK(word(record_of("Pending", {{"side", running(), {}, kSidecar}, {"b", running()}}, {{"app", waiting("PodInitializing")}})) ==
        "Init:1/2");
  CHECK(word(record_of("Running", {{"side", running(), {}, kSidecar}}, {{"app", running()}})) == "Running");
  // It crashes later: once the pod was initialized, the app containers decide.
  json later = record_of("Running", {{"side", waiting("CrashLoopBackOff"), {}, kSidecar}}, {{"app", running()}});
  CHECK(word(later) == "Init:CrashLoopBackOff");
  later["status"]["conditions"] = json::array({{{"type", "Initialized"}, {"status", "True"}}, {{"type", "Ready"}, {"status", "True"}}});
  CHECK(word(later) == "Running");
}

TEST_CASE("the word once app containers run", "[summary]") {
  const auto apps = [&](const std::string& phase, std::vector<Made> made) { return word(record_of(phase, {}, made)); };
  CHECK(apps("Pending", {{"app", waiting("ContainerCreating")}}) == "ContainerCreating");
  CHECK(apps("Pending", {{"app", waiting("ErrImageMissing")}}) == "ErrImageMissing");
  CHECK(apps("Running", {{"app", running()}, {"log", running()}}) == "Running");
  CHECK(apps("Running", {{"app", running(), {{"ready", false}}}}) == "NotReady");
  CHECK(apps("Running", {{"app", running()}, {"log", waiting("CrashLoopBackOff")}}) == "CrashLoopBackOff");
  CHECK(apps("Running", {{"app", waiting("CrashLoopBackOff")}, {"log", running()}}) == "CrashLoopBackOff");
  // One is done while another goes on: not ready, and not completed.
  CHECK(apps("Running", {{"app", terminated(0, "Completed")}, {"log", running()}}) == "NotReady");
  CHECK(apps("Running", {{"app", running()}, {"log", terminated(0, "Completed")}}) == "NotReady");
  CHECK(apps("Running", {{"app", running()}, {"log", terminated(1, "Error")}}) == "Error");
  // The first in the manifest's order has the last word.
  CHECK(apps("Running", {{"app", waiting("CrashLoopBackOff")}, {"log", terminated(1, "Error")}}) == "CrashLoopBackOff");
}

TEST_CASE("the Ready condition counts more than the containers", "[summary]") {
  json record = record_of("Running", {}, {{"app", running()}});
  record["status"]["conditions"] = json::array({{{"type", "Ready"}, {"status", "False"}}});
  CHECK(word(record) == "NotReady");
  record["status"]["conditions"][0]["status"] = "True";
  CHECK(word(record) == "Running");
}

TEST_CASE("the word of a pod that has ended", "[summary]") {
  const auto ended = [&](const std::string& phase, std::vector<Made> made) {
    return word(record_of(phase, {}, made), Liveness::kFinished);
  };
  CHECK(ended("Succeeded", {{"app", terminated(0, "Completed")}}) == "Completed");
  CHECK(ended("Failed", {{"app", terminated(1, "Error")}}) == "Error");
  CHECK(ended("Failed", {{"app", terminated(137, "OOMKilled")}}) == "OOMKilled");
  CHECK(ended("Failed", {{"app", terminated(128, "StartError")}}) == "StartError");
  CHECK(ended("Failed", {{"app", terminated(0, "Completed")}, {"log", terminated(1, "Error")}}) == "Error");
  CHECK(ended("Failed", {{"app", terminated(1, "")}}) == "ExitCode:1");
  CHECK(word(with_reason(record_of("Failed", {}, {{"app", terminated(143, "Error")}}), "DeadlineExceeded"), Liveness::kFinished) ==
        "DeadlineExceeded");
  CHECK(word(with_reason(record_of("Failed", {}, {{"app", terminated(143, "Error")}}), "Evicted"), Liveness::kFinished) == "Evicted");
  CHECK(word(record_of("Failed", {{"a", terminated(3, "Error")}}, {{"app", waiting("PodInitializing")}}), Liveness::kFinished) ==
        "Init:Error");
}

TEST_CASE("what a kubelet has no word for", "[summary]") {
  const auto own = [](const std::string& status, Liveness liveness, const std::string& phase = "Running") {
    return word(record_of(phase, {}, {{"app", running()}}, {{"status", status}}), liveness);
  };
  CHECK(own("Terminating", Liveness::kRunning) == "Terminating");
  CHECK(own("Paused", Liveness::kRunning) == "Paused");
  CHECK(own("Stopped", Liveness::kFinished, "Failed") == "Stopped");
  CHECK(own("Stopped", Liveness::kFinished, "Succeeded") == "Stopped");
  CHECK(own("Created", Liveness::kLost, "Pending") == "Created");
  CHECK(own("Running", Liveness::kLost) == "Lost");
  CHECK(own("Terminating", Liveness::kLost) == "Lost");
  CHECK(summary_of(record_of("Running", {}, {{"app", running()}}), Liveness::kLost).phase == "Unknown");
  CHECK(summary_of(record_of("Pending", {}, {{"app", running()}}, {{"status", "Created"}}), Liveness::kLost).phase == "Pending");
}

TEST_CASE("a pod that has only just begun has no record yet", "[summary]") {
  const PodSummary pod = summary_of("", Liveness::kRunning);
  CHECK(status_word(pod) == "ContainerCreating");
  CHECK(pod.phase == "Pending");
  CHECK(pod.problem.empty());
  CHECK(pod.monitor_pid == 7);
}

TEST_CASE("records that cannot be relied on are shown as what they are", "[summary]") {
  const std::string whole = record_of("Succeeded", {}, {{"app", terminated(0, "Completed")}}, {{"exit", {{"code", 0}}}}).dump();
  CHECK(summary_of(whole, Liveness::kFinished).fault == PodSummary::Fault::kNone);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const PodSummary pod = summary_of(whole.substr(0, size), Liveness::kLost);
    INFO(size);
    CHECK(status_word(pod) == "TornRecord");
    CHECK(pod.phase == "Unknown");
    CHECK(pod.problem == "its record is torn");
  }
  CHECK(status_word(summary_of("", Liveness::kLost)) == "Lost");
  CHECK(summary_of("", Liveness::kLost).problem == "its record is missing or empty");
  const PodSummary newer = summary_of(record_of("Running", {}, {{"app", running()}}, {{"formatVersion", 2}}));
  CHECK(status_word(newer) == "NewerRecord");
  CHECK(newer.phase == "Unknown");
  CHECK(newer.problem == "its record was written by a newer podctl (format 2)");
  CHECK(status_word(summarize({.name = "x",
                               .liveness = Liveness::kLost,
                               .status_json = {},
                               .problem = "its record cannot be read: open x: Permission denied (EACCES)",
                               .is_unreadable = true})) == "Unreadable");
}

TEST_CASE("a record of strange types is read as far as it makes sense", "[summary]") {
  for (const char* strange :
       {"[]", "[[1]]", "\"x\"", "{\"status\":{\"podctl\":[]}}", "{\"status\":{\"containerStatuses\":{\"state\":{\"running\":{}}}}}",
        "{\"metadata\":[{\"labels\":1}],\"spec\":{\"containers\":[[{\"name\":\"a\"}],1,null,\"x\"]}}",
        "{\"status\":{\"containerStatuses\":[{\"state\":{\"terminated\":[]},\"lastState\":{\"terminated\":5}}]}}",
        "{\"spec\":{\"containers\":[{\"ports\":[1,{\"containerPort\":\"x\"}]}]}}"}) {
    INFO(strange);
    CHECK(status_word(summary_of(strange, Liveness::kLost)) == "TornRecord");
  }
  json record = record_of("Running", {}, {{"app", running()}});
  record["metadata"]["labels"] = {{"a", "b"}, {"n", 1}};
  record["status"]["containerStatuses"][0]["restartCount"] = "many";
  record["status"]["podctl"]["pausePid"] = 99999999999;
  record["metadata"]["creationTimestamp"] = "long ago";
  const PodSummary pod = summary_of(record);
  CHECK(pod.labels.at("a") == "b");
  CHECK(pod.containers.at(0).restarts == 0);
  CHECK(pod.pause_pid == 0);
  CHECK_FALSE(pod.created_at);
  CHECK(status_word(pod) == "Running");
}

TEST_CASE("the order of keys means nothing, the manifest's order of containers does", "[summary]") {
  const std::string text =
      R"({"status":{"podctl":{"containerPids":{"b":12,"a":11},"formatVersion":1,"pausePid":10},
          "containerStatuses":[{"state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}},"name":"a","ready":true},
                               {"state":{"waiting":{"message":"m","reason":"r"}},"name":"b"}],"phase":"Running"},
          "spec":{"containers":[{"ports":[{"containerPort":80},{"hostPort":8053,"containerPort":53,"protocol":"UDP"}],"name":"b"},{"name":"a"}],
                  "initContainers":[{"name":"i"}]},
          "metadata":{"annotations":{"kubectl.kubernetes.io/default-container":"a"}}})";
  const PodSummary pod = summary_of(text);
  REQUIRE(pod.containers.size() == 3);
  CHECK(pod.containers[0].name == "i");
  CHECK(pod.containers[0].role == ContainerSummary::Role::kInit);
  CHECK(pod.containers[1].name == "b");
  CHECK(pod.containers[1].reason == "r");
  CHECK(pod.containers[1].message == "m");
  CHECK(pod.containers[1].pid == 12);
  CHECK(pod.containers[1].ports == std::vector<std::string>{"80/TCP", "8053->53/UDP"});
  CHECK(pod.containers[2].name == "a");
  CHECK(pod.containers[2].started_at == parse_time("2026-01-02T03:04:05Z"));
  CHECK(pod.containers[2].pid == 11);
  CHECK(pod.pause_pid == 10);
  CHECK(default_container(pod) == "a");
}

TEST_CASE("process numbers of a pod that has ended are nobody's", "[summary]") {
  const json record = record_of("Running", {}, {{"app", running()}}, {{"pausePid", 10}, {"containerPids", {{"app", 11}}}});
  CHECK(summary_of(record).containers.at(0).pid == 11);
  const PodSummary lost = summary_of(record, Liveness::kLost);
  CHECK(lost.pause_pid == 0);
  CHECK(lost.containers.at(0).pid == 0);
  CHECK(readiness(lost).ready == 0);
}

TEST_CASE("READY counts app containers and sidecars", "[summary]") {
  const PodSummary pod =
      summary_of(record_of("Running", {{"i", terminated(0, "Completed"), {{"ready", true}}}, {"side", running(), {}, kSidecar}},
                           {{"app", running()}, {"log", waiting("CrashLoopBackOff")}}));
  CHECK(readiness(pod).ready == 2);
  CHECK(readiness(pod).total == 3);
}

TEST_CASE("RESTARTS is the sum, and when the last one ended", "[summary]") {
  const auto restarted = [](int count, const std::string& at) {
    return json{{"restartCount", count}, {"lastState", terminated(1, "Error", at)}};
  };
  PodSummary pod = summary_of(record_of("Running", {{"i", terminated(0, "Completed"), restarted(5, "2026-01-02T09:00:00Z")}},
                                        {{"app", running(), restarted(1, "2026-01-02T03:05:00Z")},
                                         {"log", waiting("CrashLoopBackOff"), restarted(3, "2026-01-02T03:06:00Z")}}));
  CHECK(restarts(pod).count == 4);
  CHECK(restarts(pod).last == parse_time("2026-01-02T03:06:00Z"));
  pod = summary_of(record_of("Pending", {{"i", waiting("CrashLoopBackOff"), restarted(2, "2026-01-02T03:05:00Z")}},
                             {{"app", waiting("PodInitializing")}}));
  CHECK(restarts(pod).count == 2);
  CHECK(restarts(summary_of(record_of("Running", {}, {{"app", running()}}))).count == 0);
  CHECK_FALSE(restarts(summary_of(record_of("Running", {}, {{"app", running()}}))).last);
}

TEST_CASE("the default container is the annotation's, if there is one of that name", "[summary]") {
  json record = record_of("Running", {{"i", terminated(0, "Completed")}}, {{"app", running()}, {"log", running()}});
  CHECK(default_container(summary_of(record)) == "app");
  record["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "log";
  CHECK(default_container(summary_of(record)) == "log");
  record["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "gone";
  CHECK(default_container(summary_of(record)) == "app");
  CHECK(default_container(summary_of("", Liveness::kRunning)).empty());
}
