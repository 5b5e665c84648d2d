// What is left when podctl is killed, and what many pods do to each other: nothing.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

namespace fs = std::filesystem;

// A pod that leaves as much as a pod can: layers, a disk volume with files, daemons, several containers and,
// where the caller has them, files of other ids.
Json busy_pod(const World& world, bool layers_on_disk = true) {
  const std::string script =
      "mkdir -p /data/$0/deep; echo x > /data/$0/deep/file; (setsid sleep 60 &); echo x > /tmp/file; chmod 700 /data/$0; echo ready; exec sleep 60";
  Json one = container("one", script), two = container("two", script);
  one["image"] = "rootfs:" + world.busybox_root();
  one["volumeMounts"] = two["volumeMounts"] = {mount("data", "/data")};
  if (has_id_range()) two["securityContext"] = {{"runAsUser", 1000}, {"runAsGroup", 1000}};
  Json manifest = pod({one, two});
  if (layers_on_disk) manifest["metadata"]["annotations"] = {{"podctl.dev/layers", "disk"}};
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", Json::object()}})};
  return manifest;
}

// All that podctl started is a child of ours once podctl is gone (PR_SET_CHILD_SUBREAPER, set by World).
bool all_ended_within_a_second() {
  return eventually(
      [] {
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
      },
      std::chrono::seconds(1));
}

std::vector<std::string> files_of(const World& world) {
  std::vector<std::string> all;
  std::error_code none;
  for (const auto* folder : {"/root/state/pods", "/root/run/pods"})
    for (const auto& entry : fs::directory_iterator(world.path() + folder, none)) all.push_back(entry.path());
  return all;
}

void check_cleared(const World& world) {
  const Result prune = world.podctl({"prune", "--yes"});
  INFO(prune.err);
  CHECK(prune.code == 0);
  CHECK(files_of(world) == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("kill -9 at any moment leaves no process, and what lies on disk goes with the next run or prune", "[kill]") {
  const World world;
  const Json on_disk = busy_pod(world), anywhere = busy_pod(world, false);
  std::mt19937 random(20260101);
  for (int round = 0; round < 30; ++round) {
    // Two thirds while it starts, which takes some tens of milliseconds; the others while it runs.
    const int delay_us = static_cast<int>(random() % (round % 3 == 2 ? 250'000 : 40'000));
    INFO("round " << round << ", killed after " << delay_us << " us");
    {
      LivePod live(world, round / 2 % 2 == 0 ? on_disk : anywhere);
      std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
      live.signal(SIGKILL);
      CHECK(live.wait(std::chrono::seconds(5)).code == 137);
    }
    CHECK(all_ended_within_a_second());
    if (round % 2 == 0) {
      const Result again = run_pod(world, pod({container("main", "echo again")}));
      CHECK(again.err == "");
      CHECK(again.out == "again\n");
      CHECK(again.code == 0);
      CHECK_FALSE(exists(world.path() + "/root/state/pods/test/volumes"));
      CHECK_FALSE(exists(world.path() + "/root/state/pods/test/upper"));
      CHECK_FALSE(exists(world.path() + "/root/state/pods/.test.previous"));
    }
    if (round % 4 != 0) check_cleared(world);  // now and then the next round finds what this one left
  }
  check_cleared(world);
}

TEST_CASE("kill -9 of a pod that runs shows it as lost until it is cleared", "[kill]") {
  const World world;
  LivePod live(world, busy_pod(world));
  live.await("ready", 2);
  live.signal(SIGKILL);
  live.wait();
  CHECK(all_ended_within_a_second());
  CHECK(exists(world.path() + "/root/state/pods/test/volumes"));
  const Result prune = world.podctl({"prune", "--yes"});
  CHECK(prune.out.rfind("pod/test (lost): ", 0) == 0);
  CHECK(files_of(world).empty());
}

TEST_CASE("a lost pod goes with rm", "[kill]") {
  const World world;
  LivePod live(world, busy_pod(world));
  live.await("ready", 2);
  live.signal(SIGKILL);
  live.wait();
  CHECK(world.podctl({"rm", "test"}).code == 0);
  CHECK(files_of(world).empty());
}

TEST_CASE("when pause is killed the pod ends, and podctl says so", "[kill]") {
  const World world;
  LivePod live(world, busy_pod(world));
  live.await("ready", 2);
  REQUIRE(::kill(live.pause(), SIGKILL) == 0);
  const Result result = live.wait();
  CHECK(result.code == 125);
  CHECK(contains(result.err, "PID 1 of the pod was killed from outside"));
  CHECK(all_ended_within_a_second());
}

TEST_CASE("when a container's process is killed from outside it ends as by any signal", "[kill]") {
  const World world;
  LivePod live(world, pod({container("one", "echo ready; exec sleep 60"), container("two", "echo ready; sleep 0.5")}));
  live.await("ready", 2);
  REQUIRE(::kill(live.member("one"), SIGKILL) == 0);
  CHECK(live.wait().code == 137);
}

TEST_CASE("a name that is taken by a live pod is refused, and prune leaves the live pod alone", "[kill]") {
  const World world;
  const Json manifest = pod({container("main", "echo ready; exec sleep 60")});
  LivePod live(world, manifest);
  live.await("ready");
  const Result second = run_pod(world, manifest);
  CHECK(second.code == 125);
  CHECK(contains(second.err, "already exists"));
  CHECK(contains(second.err, std::to_string(live.monitor())));
  CHECK(world.podctl({"prune", "--yes"}).out == "");
  CHECK(world.podctl({"rm", "test"}).code != 0);
  CHECK(live.stop().code == 143);
  CHECK(world.podctl({"rm", "test"}).code == 0);
}

TEST_CASE("a start that fails leaves the record of the pod before it", "[kill]") {
  const World world;
  CHECK(run_pod(world, pod({container("main", "exit 3")})).code == 3);
  const std::string record = world.path() + "/root/state/pods/test/status.json", before = read_file(record);
  CHECK(world.podctl({"run", write_manifest(world, pod({Json{{"name", "main"}, {"command", {"/no/such"}}}}))}).code == 127);
  Json broken = pod({container("main", "true")});
  broken["spec"]["containers"][0]["image"] = "rootfs:" + world.path() + "/nowhere";
  CHECK(run_pod(world, broken).code == 125);
  CHECK(read_file(record) == before);
  CHECK_FALSE(exists(world.path() + "/root/state/pods/.test.previous"));
}

TEST_CASE("twenty pods at once do not disturb each other", "[kill]") {
  const World world;
  std::vector<std::unique_ptr<Background>> pods;
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    Json manifest = busy_pod(world);
    manifest["metadata"]["name"] = "pod" + number;
    for (auto& entry : manifest["spec"]["containers"])
      entry["command"][2] =
          "echo " + number + " > /data/$0; sleep 0.2; cat /data/$0; [ \"$(cat /proc/sys/kernel/hostname)\" = pod" + number + " ]";
    pods.push_back(std::make_unique<Background>(world.podctl_argv({"run", "--log-prefix", "never", write_manifest(world, manifest)})));
  }
  for (int i = 0; i < 20; ++i) {
    const Result result = pods[static_cast<std::size_t>(i)]->wait(std::chrono::seconds(60));
    INFO("pod " << i << '\n' << result.err);
    CHECK(result.code == 0);
    CHECK(result.out == std::to_string(i) + '\n' + std::to_string(i) + '\n');
  }
  pods.clear();
  CHECK(all_ended_within_a_second());
}

TEST_CASE("pods of one command with the same name take the next free one", "[kill]") {
  const World world;
  std::vector<std::unique_ptr<Background>> pods;
  for (int i = 0; i < 5; ++i)
    pods.push_back(std::make_unique<Background>(world.podctl_argv({"run", "--", "sh", "-c", "hostname; sleep 0.5"})));
  std::vector<std::string> names;
  for (auto& one : pods) names.push_back(one->wait().out);
  std::sort(names.begin(), names.end());
  CHECK(std::unique(names.begin(), names.end()) == names.end());
}

TEST_CASE("one pod after another leaves nothing behind", "[kill]") {
  const World world;
  const char* set = std::getenv("PODCTL_TESTS_LONG");
  const int count = set != nullptr && std::string(set) == "1" ? 200 : 20;
  Json manifest = busy_pod(world);
  for (auto& entry : manifest["spec"]["containers"]) entry["command"][2] = "(setsid sleep 60 &); echo x > /data/$0; echo $0";
  for (int i = 0; i < count; ++i) {
    manifest["metadata"]["name"] = "pod" + std::to_string(i);
    const Result result = run_pod(world, manifest, {"--rm", "--log-prefix", "never"});
    INFO(i << ' ' << result.err);
    REQUIRE(result.code == 0);
    REQUIRE(result.out.size() == 8);
    REQUIRE(::waitpid(-1, nullptr, WNOHANG) < 0);
  }
  CHECK(files_of(world).empty());
}
