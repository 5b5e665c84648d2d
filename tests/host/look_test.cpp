// Commands that look at living pods, compared with what the kernel says.
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <thread>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

Json two_containers() {
  return pod({container("app", "echo ready; exec sleep 300"), container("log", "(sleep 0 & exec sleep 301) & echo ready; exec sleep 302")},
             "web");
}

// The state podctl shows, asked until it is what the test waits for: a record is written a moment after a change.
bool shows(const World& world, const std::string& word) {
  return eventually([&] { return contains(world.podctl({"ps", "--no-headers"}).out, word); });
}

std::uint64_t inode(int pid, const std::string& kind) {
  struct stat status {};
  REQUIRE(::stat(("/proc/" + std::to_string(pid) + "/ns/" + kind).c_str(), &status) == 0);
  return status.st_ino;
}

}  // namespace

TEST_CASE("ps, top and inspect show a living pod as the kernel does", "[look]") {
  const World world;
  LivePod live(world, two_containers());
  live.await("ready", 2);
  REQUIRE(shows(world, "Running"));
  CHECK(contains(world.podctl({"ps"}).out, "web   2/2    Running  0"));

  const Json list = Json::parse(world.podctl({"top", "--all", "-o", "json", "web"}).out)["items"];
  CHECK(list[0]["pause"] == true);
  CHECK(list[0]["hostPid"] == live.pause());
  std::map<int, std::string> by_pid;
  int zombies = 0;
  for (const auto& process : list) {
    const int pid = process["hostPid"];
    by_pid[pid] = process.value("container", "");
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
    CHECK(lines(field(status, "NSpid")).front().find(std::to_string(process["pid"].get<int>())) != std::string::npos);
    zombies += process["zombie"] == true ? 1 : 0;
    if (process["zombie"] == true) CHECK(field(status, "State") == "Z (zombie)");
  }
  CHECK(by_pid[live.member("app")] == "app");
  CHECK(by_pid[live.member("log")] == "log");
  CHECK(zombies == 1);
  CHECK(by_pid.size() == 5);
  CHECK(contains(world.podctl({"top", "web/log"}).out, "[sleep] <defunct>"));
  CHECK_FALSE(contains(world.podctl({"top", "web/log"}).out, "sleep 300"));

  const Json own = Json::parse(world.podctl({"inspect", "web"}).out)["status"]["podctl"];
  CHECK(own["pause"]["got"]["pid"] == live.pause());
  for (const char* name : {"app", "log"}) {
    const Json& got = own["containers"][name]["got"];
    const int pid = live.member(name);
    const std::string folder = "/proc/" + std::to_string(pid);
    CHECK(got["pid"] == pid);
    for (const char* kind : {"user", "mnt", "net", "ipc", "uts", "pid", "cgroup"}) CHECK(got["namespaces"][kind] == inode(pid, kind));
    CHECK(got["uidMap"].size() == read_map(folder + "/uid_map").size());
    CHECK(got["uidMap"][0]["host"] == read_map(folder + "/uid_map")[0].host);
    CHECK(got["noNewPrivileges"] == (field(read_file(folder + "/status"), "NoNewPrivs") == "1"));
    CHECK(got["mounts"].size() == lines(read_file(folder + "/mountinfo")).size());
    CHECK(contains(read_file(folder + "/cgroup"), "0::" + got["cgroup"].get<std::string>() + "\n"));
  }
  live.stop();
  CHECK(world.podctl({"top", "web"}).code == 5);
  CHECK_FALSE(Json::parse(world.podctl({"inspect", "web"}).out)["status"]["podctl"].contains("pause"));
}

TEST_CASE("wait sees a pod become ready, end, and be removed", "[look]") {
  const World world;
  LivePod live(world, pod({container("app", "echo ready; trap 'exit 7' TERM; while :; do sleep 0.05; done")}, "web"));
  live.await("ready");
  CHECK(world.podctl({"exists", "web"}).code == 0);
  CHECK(world.podctl({"wait", "--for", "condition=Ready", "--timeout", "20s", "web"}).code == 0);
  CHECK(world.podctl({"wait", "--for", "container=app:running", "--timeout", "20s", "web"}).code == 0);
  CHECK(world.podctl({"wait", "--timeout", "100ms", "web"}).code == 124);
  const auto never = world.podctl({"wait", "--for", "phase=Pending", "--timeout", "20s", "web"});
  CHECK(never.code == 1);
  CHECK(contains(never.err, "its phase is Running already"));
  Background ended(world.podctl_argv({"wait", "--exit-code", "web"}));
  Background removed(world.podctl_argv({"wait", "--for", "removed", "web"}));
  Background impossible(world.podctl_argv({"wait", "--for", "phase=Succeeded", "web"}));
  live.stop();
  CHECK(ended.wait().code == 143);
  CHECK(impossible.wait().code == 1);
  CHECK(world.podctl({"rm", "web"}).code == 0);
  CHECK(removed.wait().code == 0);
  CHECK(world.podctl({"exists", "web"}).code == 1);
}

TEST_CASE("wait and ps see a monitor that is killed", "[look]") {
  const World world;
  LivePod live(world, pod({container("app", "echo ready; exec sleep 300")}, "web"));
  live.await("ready");
  REQUIRE(shows(world, "Running"));
  Background watch(world.podctl_argv({"ps", "-w"}));
  REQUIRE(watch.read_until([](const std::string& out) { return contains(out, "Running"); }));
  Background ended(world.podctl_argv({"wait", "web"}));
  Background ready(world.podctl_argv({"wait", "--for", "container=app:running", "web"}));
  CHECK(ready.wait().code == 0);
  live.signal(SIGKILL);
  CHECK(ended.wait().code == 0);
  CHECK(watch.read_until([](const std::string& out) { return contains(out, "Lost"); }));
  CHECK(world.podctl({"rm", "web"}).code == 0);
  CHECK(watch.read_until([](const std::string& out) { return contains(out, "Removed"); }));
  watch.signal(SIGTERM);
  CHECK(watch.wait().code == 143);
  live.wait();
}

TEST_CASE("ps -w prints a row for each change and none for time passing", "[look]") {
  const World world;
  Background watch(world.podctl_argv({"ps", "-w", "-q"}));
  Background rows(world.podctl_argv({"ps", "-w", "--no-headers"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));  // past the look for folders that are not there yet
  LivePod live(world, pod({container("app", "echo ready; exec sleep 300")}, "web"));
  live.await("ready");
  REQUIRE(rows.read_until([](const std::string& out) { return contains(out, "Running"); }));
  const std::size_t before = lines(rows.out()).size();
  CHECK_FALSE(rows.read_until([&](const std::string& out) { return lines(out).size() > before; }, std::chrono::seconds(2)));
  live.stop();
  CHECK(rows.read_until([](const std::string& out) { return contains(out, "Stopped"); }));
  CHECK(watch.read_until([](const std::string& out) { return contains(out, "pod/web\n"); }));
}

TEST_CASE("events -f tells what is added, and ends with its pod", "[look]") {
  const World world;
  LivePod live(world, pod({container("app", "echo ready; exec sleep 300")}, "web"));
  live.await("ready");
  REQUIRE(shows(world, "Running"));
  Background follow(world.podctl_argv({"events", "-f", "-o", "json", "web"}));
  const std::string file = world.path() + "/root/state/pods/web/events.jsonl";
  std::ofstream(file, std::ios::app) << R"({"time":"2026-01-02T03:04:05.000Z","type":"Normal","reason":"First"})" << '\n';
  CHECK(follow.read_until([](const std::string& out) { return contains(out, "First"); }));
  // Half a line is no event yet.
  std::ofstream(file, std::ios::app) << R"({"time":"2026-01-02T03:04:06.000Z",)";
  CHECK_FALSE(follow.read_until([](const std::string& out) { return contains(out, "garbled"); }, std::chrono::seconds(1)));
  std::ofstream(file, std::ios::app) << R"("type":"Normal","reason":"Second"})" << '\n';
  CHECK(follow.read_until([](const std::string& out) { return contains(out, "Second"); }));
  live.stop();
  const Result result = follow.wait();
  CHECK(result.code == 0);
  CHECK_FALSE(contains(result.out, "garbled"));
}
