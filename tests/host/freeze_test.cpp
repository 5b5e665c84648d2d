// pause and unpause: whichever way this machine has, the kernel is asked whether everybody stands still.
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "host/detached.hpp"
#include "support/catch.hpp"

using namespace podtest;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

// Where the freezer must be used, and nothing for where it must not: our own cgroup in a pure v2 hierarchy mounted at the usual
// place, when it is not the root and belongs to us. To the machine's root it does when it is marked as delegated, or is a container's.
std::string delegated_folder() {
  const auto groups = lines(read_file("/proc/self/cgroup"));
  if (groups.size() != 1 || groups[0].rfind("0::/", 0) != 0) return {};
  std::string folder = "/sys/fs/cgroup" + groups[0].substr(3);
  char mark = 0;
  struct stat status {};
  if (!exists(folder + "/cgroup.freeze") || ::stat((folder + "/cgroup.procs").c_str(), &status) != 0) return {};
  const bool marked = ::getxattr(folder.c_str(), "user.delegate", &mark, 1) == 1 && mark == '1';
  const bool is_container = groups[0] == "0::/" && namespace_of(::getpid(), "cgroup") != "cgroup:[4026531835]";
  if (is_container && ::access(folder.c_str(), W_OK) == 0) return folder;
  return marked || (caller() != Caller::kMachineRoot && status.st_uid == ::geteuid()) ? folder : std::string();
}

std::vector<std::string> cgroups_below(const std::string& folder) {
  std::vector<std::string> found;
  if (folder.empty()) return found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory() && entry.path().filename().string().rfind("podctl-", 0) == 0) found.push_back(entry.path());
  return found;
}

int pid_in(const Detached& pod, const std::string& name) { return pod.record()["status"]["podctl"]["containerPids"].value(name, 0); }

// As in /proc/PID/status; 0 when it is gone.
char state_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.empty() ? '\0' : field(text, "State")[0];
}

// Whether it stands still. One that waits for the program of a child that does (vfork(2)) stands as still as that, and one
// that was at its end has ended.
bool is_stopped(int pid) {
  const char state = state_of(pid);
  return state == 'T' || state == 'D' || state == 'Z' || state == 0;
}
bool is_frozen(int pid) {
  const std::string place = read_file("/proc/" + std::to_string(pid) + "/wchan");
  return place == "do_freezer_trap" || place == "get_signal" || state_of(pid) == 'D';  // by whether the compiler kept the former
}

// All that are in the user namespace of the pod but pause, and have not ended.
std::vector<int> processes_of(int pause) {
  const std::string space = namespace_of(pause, "user");
  std::vector<int> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::error_code gone;
    const auto link = fs::read_symlink(entry.path() / "ns/user", gone);
    if (!gone && link == space && std::stoi(name) != pause && state_of(std::stoi(name)) != 'Z') pids.push_back(std::stoi(name));
  }
  return pids;
}

// A pod, what it writes at every turn of a loop, and how it is held.
class Ticking {
 public:
  explicit Ticking(const World& world, const std::string& more = "") : world_(world), pod_(world, manifest(more)) {
    REQUIRE(eventually([&] { return ticks() > 3; }));
  }
  [[nodiscard]] const Detached& pod() const { return pod_; }
  [[nodiscard]] int pause() const { return pod_.record()["status"]["podctl"]["pausePid"]; }
  [[nodiscard]] int monitor() const { return pod_.record()["status"]["podctl"]["monitorPid"]; }
  [[nodiscard]] std::uintmax_t ticks() const {
    std::error_code none;
    const auto size = fs::file_size(pod_.folder() + "/volumes/t/count", none);
    return none ? 0 : size;
  }
  // podctl pause, and what it says of the way.
  void hold() const {
    const Result result = world_.podctl({"pause", "test"});
    INFO(result.err);
    REQUIRE(result.code == 0);
    CHECK(result.out == "pod/test\n");
    CHECK(contains(result.err, delegated_folder().empty() ? "SIGSTOP" : "by the cgroup freezer"));
    check_still();
  }
  void check_still() const {
    const auto groups = cgroups_below(delegated_folder());
    if (delegated_folder().empty()) {
      CHECK(groups.empty());
      for (const int pid : processes_of(pause())) {
        INFO("process " << pid);
        CHECK(eventually([&] { return is_stopped(pid); }));
      }
    } else {
      REQUIRE(groups.size() == 1);
      CHECK(contains(read_file(groups[0] + "/cgroup.events"), "frozen 1"));
      const auto inside = lines(read_file(groups[0] + "/cgroup.procs"));
      for (const int pid : processes_of(pause())) {
        INFO("process " << pid);
        CHECK(std::count(inside.begin(), inside.end(), std::to_string(pid)) == 1);
        CHECK(is_frozen(pid));
        CHECK(state_of(pid) != 'T');  // nobody notices
      }
      CHECK(std::count(inside.begin(), inside.end(), std::to_string(pause())) == 1);
      CHECK(std::count(inside.begin(), inside.end(), std::to_string(monitor())) == 0);
    }
    const auto before = ticks();
    std::this_thread::sleep_for(300ms);
    CHECK(ticks() == before);
  }
  void check_runs() const {
    const auto before = ticks();
    CHECK(eventually([&] { return ticks() > before; }));
  }

 private:
  static Json manifest(const std::string& more) {
    const std::string tick = "while :; do echo >> /t/count; sleep 0.02; done";
    Json manifest = podtest::pod({container("one", "(setsid sh -c '" + tick + "' &); (setsid sleep 60 &); " + more +
                                                       "trap 'exit 3' TERM; " + "while :; do sleep 0.02; done"),
                                  container("two", "trap 'exit 4' TERM; " + tick)});
    manifest["spec"]["volumes"] = {volume("t", {{"emptyDir", Json::object()}})};
    for (auto& entry : manifest["spec"]["containers"]) entry["volumeMounts"] = {mount("t", "/t")};
    return manifest;
  }

  const World& world_;
  Detached pod_;
};

void check_nothing_left(const World& world) {
  CHECK(cgroups_below(delegated_folder()).empty());
  CHECK_FALSE(exists(world.path() + "/root/run/pods/test"));
}

}  // namespace

TEST_CASE("pause holds every process of a pod, those of exec too, and unpause lets them go on", "[freeze]") {
  const World world;
  {
    const Ticking pod(world);
    Background exec(
        world.podctl_argv({"exec", "test", "-c", "one", "--", "sh", "-c", "echo in; while :; do echo >> /t/count; sleep 0.02; done"}));
    CHECK(exec.read_until([](const std::string& out) { return out == "in\n"; }));
    for (int round = 0; round < 3; ++round) {
      pod.hold();
      CHECK(eventually([&] { return contains(world.podctl({"ps"}).out, "Paused"); }));
      CHECK(contains(world.podctl({"top", "test"}).out, "sleep"));
      CHECK(world.podctl({"pause", "test"}).code == 0);
      pod.check_still();
      CHECK(world.podctl({"unpause", "test"}).code == 0);
      pod.check_runs();
      CHECK(eventually([&] { return contains(world.podctl({"ps"}).out, "Running"); }));
    }
    const Result again = world.podctl({"unpause", "test"});
    CHECK(again.code == 0);
    CHECK(again.err == "");  // it was not held
    CHECK(world.podctl({"stop", "test"}).code == 0);
    CHECK(exec.wait().code == 137);
  }
  check_nothing_left(world);
}

TEST_CASE("a paused pod is stopped, killed and removed as any other", "[freeze]") {
  const World world;
  {
    const Ticking pod(world);
    pod.hold();
    CHECK(world.podctl({"stop", "test"}).code == 0);
    CHECK(container_status(pod.pod().record(), "one")["state"]["terminated"]["exitCode"] == 3);
    CHECK(container_status(pod.pod().record(), "two")["state"]["terminated"]["exitCode"] == 4);
  }
  check_nothing_left(world);
  {
    const Ticking pod(world);
    pod.hold();
    CHECK(world.podctl({"kill", "test"}).code == 0);
    CHECK(container_status(pod.pod().record(), "one")["state"]["terminated"]["exitCode"] == 137);
  }
  check_nothing_left(world);
  {
    const Ticking pod(world);
    pod.hold();
    CHECK(world.podctl({"rm", "--force", "test"}).code == 0);
  }
  check_nothing_left(world);
}

TEST_CASE("a paused pod whose podctl gets a signal stops as it would", "[freeze]") {
  const World world;
  const Ticking pod(world);
  pod.hold();
  REQUIRE(::kill(pod.monitor(), SIGTERM) == 0);
  CHECK(reap_monitors());
  CHECK(container_status(pod.pod().record(), "one")["state"]["terminated"]["exitCode"] == 3);
  check_nothing_left(world);
}

TEST_CASE("a container of a paused pod that is killed from outside has ended, and the pod stays paused", "[freeze]") {
  const World world;
  const Ticking pod(world);
  pod.hold();
  REQUIRE(::kill(pid_in(pod.pod(), "two"), SIGKILL) == 0);
  CHECK(eventually([&] { return container_status(pod.pod().record(), "two")["state"].contains("terminated"); }));
  CHECK(container_status(pod.pod().record(), "two")["state"]["terminated"]["exitCode"] == 137);
  pod.check_still();
}

TEST_CASE("a container whose restart is due in a paused pod is begun when the pod goes on", "[freeze]") {
  const World world;
  Json manifest = podtest::pod({container("one", "while :; do sleep 0.02; done"), container("two", "while :; do sleep 0.02; done")});
  manifest["spec"]["restartPolicy"] = "Always";
  const Detached pod(world, manifest);
  REQUIRE(world.podctl({"pause", "test"}).code == 0);
  REQUIRE(::kill(pid_in(pod, "two"), SIGKILL) == 0);
  CHECK(eventually([&] { return container_status(pod.record(), "two")["state"].contains("terminated"); }));
  std::this_thread::sleep_for(300ms);
  CHECK(container_status(pod.record(), "two")["restartCount"] == 0);
  CHECK(container_status(pod.record(), "two")["state"].contains("terminated"));
  REQUIRE(world.podctl({"unpause", "test"}).code == 0);
  CHECK(eventually([&] { return container_status(pod.record(), "two")["restartCount"] == 1; }));
  CHECK(eventually([&] { return container_status(pod.record(), "two")["state"].contains("running"); }));
}

TEST_CASE("nothing is begun in a paused pod", "[freeze]") {
  const World world;
  const Ticking pod(world);
  pod.hold();
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"exec", "test", "--", "true"}, {"exec", "-u", "0", "test", "--", "true"}}) {
    const Result exec = world.podctl(words);
    CHECK(exec.code == 125);
    CHECK(contains(exec.err, "pod 'test' is paused"));
    CHECK(contains(exec.err, "podctl unpause test"));
  }
  CHECK(world.podctl({"unpause", "test"}).code == 0);
  CHECK(world.podctl({"exec", "test", "--", "true"}).code == 0);
}

TEST_CASE("kill -9 of the monitor of a paused pod ends the pod, and the next of its name, rm and prune find what is left", "[freeze]") {
  const World world;
  const std::string next = world.file("next.json", pod({container("main", "true")}).dump());
  for (const auto& words : std::vector<std::vector<std::string>>{{"run", next}, {"rm", "test"}, {"prune", "--yes"}}) {
    INFO(words[0]);
    {
      const Ticking pod(world);
      pod.hold();
      REQUIRE(::kill(pod.monitor(), SIGKILL) == 0);
      CHECK(reap_monitors());  // all that was in it has ended with it
      CHECK(cgroups_below(delegated_folder()).size() == (delegated_folder().empty() ? 0 : 1));
      CHECK(contains(world.podctl({"ps"}).out, "Lost"));
      const Result result = world.podctl(words);
      INFO(result.err);
      CHECK(result.code == 0);
    }
    check_nothing_left(world);
  }
}

TEST_CASE("processes that multiply are held as well", "[freeze]") {
  const World world;
  // Each of the twenty forks and waits as fast as it can, so there is always somebody who was not there a moment ago.
  const Ticking pod(world, "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do (while :; do /bin/true; done) & done; ");
  for (int round = 0; round < 3; ++round) {
    pod.hold();
    CHECK(world.podctl({"unpause", "test"}).code == 0);
    pod.check_runs();
  }
}

TEST_CASE("pods with a pid namespace for each container, and with shared mounts, are held too", "[freeze]") {
  const World world;
  const std::string annotation = GENERATE(as<std::string>(), "podctl.dev/sharing", "podctl.dev/share-mounts");
  Json manifest = pod({container("main", "(setsid sleep 60 &); trap 'exit 3' TERM; echo ready; while :; do sleep 0.02; done")});
  manifest["metadata"]["annotations"] = {{annotation, annotation == "podctl.dev/sharing" ? "kubernetes" : "true"}};
  const Detached live(world, manifest);
  REQUIRE(eventually([&] { return world.podctl({"logs", "test"}).out == "ready\n"; }));
  const int pause = live.record()["status"]["podctl"]["pausePid"];
  const Result held = world.podctl({"pause", "test"});
  CHECK(contains(held.err, delegated_folder().empty() ? "SIGSTOP" : "by the cgroup freezer"));
  for (const int pid : processes_of(pause))
    CHECK(eventually([&] { return delegated_folder().empty() ? is_stopped(pid) : is_frozen(pid); }));
  CHECK(world.podctl({"unpause", "test"}).code == 0);
  CHECK(world.podctl({"stop", "test"}).code == 0);
  CHECK(container_status(live.record(), "main")["state"]["terminated"]["exitCode"] == 3);
}
