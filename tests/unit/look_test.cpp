// Tables of pods and containers, ages, and pods as objects.
#include "podctl/look.hpp"

#include "podctl/text.hpp"
#include "support/catch.hpp"
#include "unit/summary_support.hpp"

using namespace podctl;
using namespace podtest;
using namespace std::chrono_literals;

namespace {

const UnixTime kNow = *parse_time("2026-01-02T03:05:08Z");

PodSummary busy_pod() {
  json record =
      record_of("Running", {{"init", terminated(0, "Completed")}},
                {{"web", running(), {{"image", "host"}}, {{"ports", json::array({{{"containerPort", 80}, {"hostPort", 8080}}})}}},
                 {"log", waiting("CrashLoopBackOff"), {{"image", "rootfs:x"}, {"restartCount", 4}, {"lastState", terminated(3, "Error")}}}},
                {{"pausePid", 10}, {"network", "private"}, {"containerPids", {{"web", 11}}}});
  return summary_of(record);
}

std::string written(const Table& table) { return TableWriter().write(table, Headings::kShow); }

}  // namespace

TEST_CASE("ages are as kubectl has them", "[look]") {
  struct Row {
    std::chrono::seconds age;
    const char* text;
  };
  const Row row =
      GENERATE(Row{0s, "0s"}, Row{-1s, "0s"}, Row{-2s, "<invalid>"}, Row{119s, "119s"}, Row{120s, "2m"}, Row{200s, "3m20s"},
               Row{600s, "10m"}, Row{3599s, "59m"}, Row{10799s, "179m"}, Row{3h, "3h"}, Row{3h + 5min, "3h5m"}, Row{8h, "8h"},
               Row{47h + 59min, "47h"}, Row{48h, "2d"}, Row{50h, "2d2h"}, Row{191h, "7d23h"}, Row{192h, "8d"}, Row{24h * 729, "729d"},
               Row{24h * 730, "2y"}, Row{24h * 731, "2y1d"}, Row{24h * 365 * 8, "8y"}, Row{24h * (365 * 9 + 4), "9y"});
  CHECK(human_duration(row.age) == row.text);
}

TEST_CASE("columns align, and a later row keeps their widths", "[look]") {
  TableWriter writer;
  CHECK(writer.write({{"A", "LONG", "C"}, {{"xyz", "", "é"}, {"", "1", "2"}}}, Headings::kShow) ==
        "A    LONG  C\n"
        "xyz  -     é\n"
        "-    1     2\n");
  CHECK(writer.write({{"A", "LONG", "C"}, {{"1", "wider than before", "3"}}}, Headings::kHide) == "1    wider than before  3\n");
  CHECK(writer.write({{"A", "LONG", "C"}, {{"1", "2", "3"}}}, Headings::kHide) == "1    2                  3\n");
  CHECK(TableWriter(6).write({{"A", "B"}, {{"éé", "éééééé"}}}, Headings::kShow) == "A   B\néé  éé\n");
  CHECK(writer.write({{"A"}, {}}, Headings::kHide).empty());
}

TEST_CASE("no cell moves the cursor of a terminal", "[look]") {
  CHECK(TableWriter().write({{"A"}, {{"\x1b[2Jx\n\xff"}}}, Headings::kHide) == "\\x1b[2Jx\\n\\xff\n");
}

TEST_CASE("a row for each pod", "[look]") {
  const PodSummary busy = busy_pod(), lost = summary_of("", Liveness::kLost);
  CHECK(written(pod_table(std::vector{busy, lost}, Detail::kBrief, kNow, {"/s", "/r", {}})) ==
        "NAME  READY  STATUS            RESTARTS    AGE  CONTAINERS\n"
        "web   1/2    CrashLoopBackOff  4 (8s ago)  68s  web,log\n"
        "web   -      Lost              0           -    -\n");
  CHECK(
      written(pod_table(std::vector{busy, lost}, Detail::kWide, kNow, {"/s", "/r", {}})) ==
      "NAME  READY  STATUS            RESTARTS    AGE  CONTAINERS  PHASE    EXIT  PAUSE-PID  PORTS         ROOTFS         NETWORK  MANIFEST\n"
      "web   1/2    CrashLoopBackOff  4 (8s ago)  68s  web,log     Running  -     10         8080->80/TCP  host,rootfs:x  private  /s/web/manifest.json\n"
      "web   -      Lost              0           -    -           Unknown  -     -          -             -              -        /s/web/manifest.json\n");
}

TEST_CASE("a row for each container", "[look]") {
  CHECK(written(container_table(std::vector{busy_pod()}, Detail::kWide, kNow)) ==
        "POD  CONTAINER  ROLE  READY  STATE             EXIT  RESTARTS    AGE  PID  PORTS         ROOTFS\n"
        "web  init       init  false  Completed         0     0           63s  -    -             -\n"
        "web  web        app   true   Running           -     0           63s  11   8080->80/TCP  host\n"
        "web  log        app   false  CrashLoopBackOff  3     4 (8s ago)  -    -    -             rootfs:x\n");
  const PodSummary lost = summary_of(record_of("Running", {}, {{"a", running()}, {"b", terminated(1, "Error")}}), Liveness::kLost);
  CHECK(written(container_table(std::vector{lost}, Detail::kBrief, kNow)) ==
        "POD  CONTAINER  ROLE  READY  STATE  EXIT  RESTARTS  AGE\n"
        "web  a          app   false  Lost   -     0         63s\n"
        "web  b          app   false  Error  1     0         63s\n");
}

TEST_CASE("pods are sorted by what a column shows", "[look]") {
  const PodSummary busy = busy_pod(), lost = summary_of("", Liveness::kLost);
  CHECK(sort_value(busy, "restarts") > sort_value(lost, "restarts"));
  CHECK(sort_value(busy, "ready") > sort_value(lost, "ready"));
  CHECK(sort_value(busy, "status") < sort_value(lost, "status"));
  CHECK(sort_value(busy, "phase") < sort_value(lost, "phase"));
  CHECK(sort_value(busy, "age") < sort_value(lost, "age"));
  CHECK(sort_value(busy, "name") == sort_value(lost, "name"));
  PodSummary ended = busy;
  ended.exit = PodExit{.code = 3, .source = {}, .container = {}};
  CHECK(sort_value(ended, "exit") > sort_value(busy, "exit"));
}

TEST_CASE("a pod as an object tells what is known now", "[look]") {
  const std::string text =
      record_of("Running", {}, {{"app", running()}}, {{"pausePid", 10}, {"monitorPid", 9}, {"containerPids", {{"app", 11}}}}).dump();
  const auto object = [&](Liveness liveness, const std::string& status, int monitor) {
    return json::parse(pod_json({.name = "web", .liveness = liveness, .monitor_pid = monitor, .status_json = status, .problem = {}}));
  };
  const json live = object(Liveness::kRunning, text, 7);
  CHECK(live["status"]["phase"] == "Running");
  CHECK(live["status"]["podctl"]["monitorPid"] == 7);
  CHECK(live["status"]["podctl"]["pausePid"] == 10);
  CHECK(live["status"]["podctl"]["status"] == "Running");
  CHECK(live["spec"]["containers"][0]["name"] == "app");
  const json lost = object(Liveness::kLost, text, 0);
  CHECK(lost["status"]["phase"] == "Unknown");
  CHECK(lost["status"]["podctl"]["status"] == "Lost");
  for (const char* gone : {"monitorPid", "pausePid", "containerPids"}) CHECK_FALSE(lost["status"]["podctl"].contains(gone));
  for (const std::string& torn : {std::string(), text.substr(0, 100), std::string(200000, '['), std::string("{\"status\":1}")}) {
    const json stand_in = object(Liveness::kLost, torn, 0);
    CHECK(stand_in["kind"] == "Pod");
    CHECK(stand_in["metadata"]["name"] == "web");
    CHECK(stand_in["status"]["phase"] == "Unknown");
    CHECK(stand_in["status"]["podctl"]["problem"] == (torn.empty() ? "its record is missing or empty" : "its record is torn"));
  }
  const json list = json::parse(pod_list_json({}));
  CHECK(list == json{{"apiVersion", "podctl/v1"}, {"kind", "PodList"}, {"items", json::array()}});
}
