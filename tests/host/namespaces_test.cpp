// Which namespaces a pod's processes are in, as the kernel tells it from outside and from inside.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

const std::vector<std::string> kKinds{"user", "net", "ipc", "uts", "pid", "mnt", "cgroup"};

// Prints its namespaces as it sees them, and stays.
Json telling(const std::string& name) {
  return container(
      name, "for n in user net ipc uts pid mnt cgroup; do echo \"$0=$(readlink /proc/self/ns/$n)\"; done; echo ready; exec sleep 60");
}

void check_inside_agrees(const LivePod& live, const std::string& name) {
  std::set<std::string> inside, outside;
  for (const auto& line : lines(live.out()))
    if (const auto at = line.find(name + '='); at != std::string::npos) inside.insert(line.substr(at + name.size() + 1));
  for (const auto& kind : kKinds) outside.insert(namespace_of(live.member(name), kind));
  INFO(name);
  CHECK(inside == outside);
}

void check_same(const LivePod& live, const std::vector<std::string>& kinds) {
  for (const auto& kind : kinds) {
    INFO(kind);
    CHECK(namespace_of(live.member("one"), kind) == namespace_of(live.pause(), kind));
    CHECK(namespace_of(live.member("two"), kind) == namespace_of(live.pause(), kind));
  }
}

void check_different(const LivePod& live, const std::vector<std::string>& kinds) {
  for (const auto& kind : kinds) {
    const std::set<std::string> all{namespace_of(live.member("one"), kind), namespace_of(live.member("two"), kind),
                                    namespace_of(live.pause(), kind)};
    INFO(kind);
    CHECK(all.size() == 3);
  }
}

void check_not_the_callers(const LivePod& live, const std::vector<std::string>& kinds) {
  for (const auto& kind : kinds)
    for (const auto* name : {"one", "two"}) {
      INFO(kind << " of " << name);
      CHECK(namespace_of(live.member(name), kind) != namespace_of(::getpid(), kind));
    }
}

// Pids of a process in the nested namespaces it is in, seen from ours on.
std::vector<std::string> pids_of(int pid) {
  std::istringstream text(field(read_file("/proc/" + std::to_string(pid) + "/status"), "NSpid"));
  std::vector<std::string> all;
  for (std::string one; text >> one;) all.push_back(one);
  return all;
}

}  // namespace

TEST_CASE("a command runs in a sandbox of the host's own files", "[namespaces]") {
  const World world;
  const auto result = world.podctl({"run", "--", "sh", "-c", "echo hello; exit 7"});
  CHECK(result.out == "hello\n");
  CHECK(result.code == 7);
}

TEST_CASE("members share user, net, ipc, uts and pid; mnt and cgroup are their own; none is the caller's", "[namespaces]") {
  const World world;
  LivePod live(world, pod({telling("one"), telling("two")}));
  live.await("ready", 2);
  check_same(live, {"user", "net", "ipc", "uts", "pid"});
  check_different(live, {"mnt"});
  CHECK(namespace_of(live.member("one"), "cgroup") != namespace_of(live.member("two"), "cgroup"));
  check_not_the_callers(live, kKinds);
  for (const auto* kind : {"user", "net", "ipc", "uts", "pid", "mnt"}) {
    INFO(kind);
    CHECK(namespace_of(live.pause(), kind) != namespace_of(::getpid(), kind));
  }
  check_inside_agrees(live, "one");
  check_inside_agrees(live, "two");
  CHECK(live.stop().code == 143);
}

TEST_CASE("pause is PID 1 of the pod, and the members are further processes of it", "[namespaces]") {
  const World world;
  const std::string script = "echo \"pid=$$\"; echo \"first=$(cat /proc/1/comm)\"; echo \"parent=$PPID\"; echo ready; exec sleep 60";
  LivePod live(world, pod({container("one", script), container("two", script)}));
  live.await("ready", 2);
  CHECK(pids_of(live.pause()).size() == pids_of(::getpid()).size() + 1);
  CHECK(pids_of(live.pause()).back() == "1");
  for (const auto* name : {"one", "two"}) {
    const auto pids = pids_of(live.member(name));
    CHECK(pids.size() == pids_of(::getpid()).size() + 1);
    CHECK(contains(live.out(), "pid=" + pids.back()));
  }
  CHECK(contains(live.out(), "first=podctl-pause"));
  CHECK(contains(live.out(), "parent=0"));  // the monitor, which is outside
  live.stop();
}

TEST_CASE("a member sees the processes of its siblings, and no others", "[namespaces]") {
  const World world;
  Json all =
      pod({container("one", "exec sleep 0.7"), container("two", "sleep 0.2; cd /proc; for p in [0-9]*; do cat $p/comm 2>/dev/null; done")});
  const Result result = run_pod(world, all, {"--log-prefix", "never"});
  const auto seen = lines(result.out);
  CHECK(std::set<std::string>(seen.begin(), seen.end()) == std::set<std::string>{"podctl-pause", "sleep", "sh"});
}

TEST_CASE("sharing kubernetes gives each member a pid namespace of its own", "[namespaces]") {
  const World world;
  Json manifest = pod({telling("one"), telling("two")});
  std::vector<std::string> flags;
  SECTION("by annotation") { manifest["metadata"]["annotations"]["podctl.dev/sharing"] = "kubernetes"; }
  SECTION("by flag") { flags = {"--sharing", "kubernetes"}; }
  SECTION("by shareProcessNamespace") { manifest["spec"]["shareProcessNamespace"] = false; }
  LivePod live(world, manifest, flags);
  live.await("ready", 2);
  check_same(live, {"user", "net", "ipc", "uts"});
  check_different(live, {"mnt", "pid"});
  check_not_the_callers(live, kKinds);
  for (const auto* name : {"one", "two"}) {
    CHECK(pids_of(live.member(name)).back() == "1");
    CHECK(pids_of(live.member(name)).size() == pids_of(::getpid()).size() + 2);  // in the pod's, which is in ours
  }
  CHECK(live.stop().code == 143);
}

TEST_CASE("with a pid namespace of its own a member sees only itself in /proc", "[namespaces]") {
  const World world;
  Json all = pod({container("one", "exec sleep 0.6"),
                  container("two", "sleep 0.2; cd /proc; echo $$; for p in [0-9]*; do cat $p/comm 2>/dev/null; done")});
  const Result result = run_pod(world, all, {"--log-prefix", "never", "--sharing", "kubernetes"});
  const auto seen = lines(result.out);
  CHECK(std::set<std::string>(seen.begin(), seen.end()) == std::set<std::string>{"1", "sh"});
}

TEST_CASE("what the manifest says of pid namespaces wins over the flag", "[namespaces]") {
  const World world;
  Json manifest = pod({telling("one"), telling("two")});
  manifest["spec"]["shareProcessNamespace"] = true;
  LivePod live(world, manifest, {"--sharing", "kubernetes"});
  live.await("ready", 2);
  check_same(live, {"user", "net", "ipc", "uts", "pid"});
  live.stop();
}

TEST_CASE("share-mounts puts all members into the pod's one mount namespace", "[namespaces]") {
  const World world;
  Json manifest = pod({telling("one"), telling("two")});
  manifest["metadata"]["annotations"]["podctl.dev/share-mounts"] = "true";
  LivePod live(world, manifest);
  live.await("ready", 2);
  check_same(live, {"user", "net", "ipc", "uts", "pid", "mnt"});
  CHECK(namespace_of(live.member("one"), "cgroup") != namespace_of(live.member("two"), "cgroup"));
  check_not_the_callers(live, kKinds);
  live.stop();
}

TEST_CASE("hostNetwork keeps the caller's net namespace, and nothing else of it", "[namespaces]") {
  const World world;
  Json manifest = pod({telling("one"), telling("two")});
  manifest["spec"]["hostNetwork"] = true;
  LivePod live(world, manifest);
  live.await("ready", 2);
  check_same(live, {"user", "ipc", "uts", "pid", "net"});
  CHECK(namespace_of(live.member("one"), "net") == namespace_of(::getpid(), "net"));
  check_not_the_callers(live, {"user", "ipc", "uts", "pid", "mnt", "cgroup"});
  live.stop();
}

TEST_CASE("hostIPC keeps the caller's ipc namespace and its /dev/shm", "[namespaces]") {
  const World world;
  Json manifest = pod({telling("one"), container("two", "ls /dev/shm; echo ready; exec sleep 60")});
  manifest["spec"]["hostIPC"] = true;
  const std::string name = "/dev/shm/podctl-test." + std::to_string(::getpid());
  std::ofstream(name) << "mine";
  LivePod live(world, manifest);
  live.await("ready", 2);
  std::remove(name.c_str());
  CHECK(namespace_of(live.member("one"), "ipc") == namespace_of(::getpid(), "ipc"));
  CHECK(contains(live.out(), name.substr(9)));
  check_not_the_callers(live, {"user", "net", "uts", "pid", "mnt", "cgroup"});
  live.stop();
}

TEST_CASE("the host name inside is the pod's, and the caller keeps its own", "[namespaces]") {
  const World world;
  const std::string before = read_file("/proc/sys/kernel/hostname");
  CHECK(output_of(world, "cat /proc/sys/kernel/hostname; hostname") == "test\ntest\n");
  Json manifest = pod({container("main", "cat /proc/sys/kernel/hostname; echo $HOSTNAME; cat /etc/hostname")});
  manifest["spec"]["hostname"] = "other";
  CHECK(run_pod(world, manifest).out == "other\nother\nother\n");
  manifest["spec"].erase("hostname");
  manifest["spec"]["hostNetwork"] = true;
  CHECK(lines(run_pod(world, manifest).out).front() + '\n' == before);
  CHECK(read_file("/proc/sys/kernel/hostname") == before);
}
