// Pods in the background, and what is asked of them through their monitor.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "host/detached.hpp"
#include "support/catch.hpp"

using namespace podtest;
using namespace std::chrono_literals;

namespace {

// A connection to the control socket, which knows nothing of the protocol.
class RawClient {
 public:
  RawClient(const World& world, const std::string& pod) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(world.path() + "/root/run/pods/" + pod);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "control");
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    std::filesystem::current_path(before);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(fd_); }
  bool send(const std::string& text) const {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // All that comes until the other side closes, or a line.
  std::string receive() const {
    std::string text;
    char byte = 0;
    while (::recv(fd_, &byte, 1, 0) == 1 && byte != '\n') text += byte;
    return text;
  }
  [[nodiscard]] bool connected() const { return connected_; }

 private:
  int fd_;
  bool connected_ = false;
};

const std::string kPatient = "trap 'echo stopped; exit 3' TERM; echo ready; while :; do sleep 0.05; done";

}  // namespace

TEST_CASE("run -d returns when the containers run, and stop ends them as a signal would", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("app", kPatient), container("log", kPatient)}));
  CHECK(pod.said() == "pod/test\n");
  CHECK(world.podctl({"ps", "--no-headers", "-o", "name"}).out == "pod/test\n");
  const Json status = pod.record();
  CHECK(status["status"]["phase"] == "Running");
  // Its monitor is nobody's child but init's, or the reaper's that took its place, in a session of its own.
  const int monitor = status["status"]["podctl"]["monitorPid"];
  CHECK(::getsid(monitor) == monitor);
  CHECK(eventually([&] { return contains(world.podctl({"logs", "test/app"}).out, "ready"); }));
  const Result stop = world.podctl({"stop", "test"});
  CHECK(stop.code == 0);
  CHECK(stop.out == "pod/test\n");
  const Json end = pod.record();
  CHECK(end["status"]["phase"] == "Failed");
  CHECK(end["status"]["podctl"]["status"] == "Stopped");
  CHECK(container_status(end, "app")["state"]["terminated"]["exitCode"] == 3);
  CHECK(contains(read_file(pod.folder() + "/logs/log/0.log"), "stopped"));
  CHECK(world.podctl({"stop", "test"}).code == 0);  // as for any finished action
}

TEST_CASE("run -d says why a pod cannot start, and leaves nothing", "[detach]") {
  const World world;
  const Result result = world.podctl({"run", "-d", write_manifest(world, pod({Json{{"name", "main"}, {"command", {"/no/such"}}}}))});
  CHECK(result.code == 127);
  CHECK(contains(result.err, "/no/such"));
  CHECK(result.out == "");
  CHECK_FALSE(exists(world.path() + "/root/state/pods/test"));
}

TEST_CASE("run -d of a pod that is over at once has started it", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("main", "exit 4")}));
  CHECK(pod.said() == "pod/test\n");
  CHECK(eventually([&] { return pod.record()["status"]["phase"] == "Failed"; }));
}

TEST_CASE("run -d says when an init container keeps the pod from starting", "[detach]") {
  const World world;
  Json manifest = pod({container("main", "true")});
  manifest["spec"]["initContainers"] = {container("first", "exit 5")};
  const Result result = world.podctl({"run", "-d", write_manifest(world, manifest)});
  reap_monitors();
  CHECK(result.code == 125);
  CHECK(contains(result.err, "ended before its containers had started"));
}

TEST_CASE("an interrupted run -d undoes the pod", "[detach]") {
  const World world;
  Json manifest = pod({container("main", "true")});
  manifest["spec"]["initContainers"] = {container("slow", "sleep 60")};
  Background run(world.podctl_argv({"run", "-d", write_manifest(world, manifest)}));
  std::this_thread::sleep_for(300ms);
  run.signal(SIGINT);
  const Result result = run.wait();
  CHECK(result.code == 130);
  CHECK(contains(result.err, "nothing was left behind"));
  CHECK_FALSE(exists(world.path() + "/root/state/pods/test"));
}

TEST_CASE("a run -d that is killed while the pod starts takes the pod with it", "[detach]") {
  const World world;
  Json manifest = pod({container("main", "true")});
  manifest["spec"]["initContainers"] = {container("slow", "sleep 60")};
  Background run(world.podctl_argv({"run", "-d", write_manifest(world, manifest)}));
  std::this_thread::sleep_for(300ms);
  run.signal(SIGKILL);
  run.wait();
  CHECK(eventually([&] { return !exists(world.path() + "/root/state/pods/test"); }));
  reap_monitors();
}

TEST_CASE("a name in use is a conflict, and --replace takes it", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("main", kPatient)}));
  const int first = pod.record()["status"]["podctl"]["monitorPid"];
  CHECK(world.podctl({"run", "-d", pod.manifest()}).code == 125);
  CHECK(world.podctl({"run", "-d", "--replace", pod.manifest()}).code == 0);
  CHECK(pod.record()["status"]["podctl"]["monitorPid"] != first);
}

TEST_CASE("a pod that was created is started, ends, and is started again", "[detach]") {
  const World world;
  const std::string manifest = write_manifest(world, pod({container("main", kPatient)}));
  CHECK(world.podctl({"create", manifest}).out == "pod/test\n");
  CHECK(contains(world.podctl({"ps"}).out, "Created"));
  const Detached running(world);
  CHECK(world.podctl({"start", "test"}).out == "pod/test\n");
  CHECK(running.record()["status"]["phase"] == "Running");
  CHECK(world.podctl({"start", "test"}).code == 0);  // it runs already
  CHECK(world.podctl({"stop", "test"}).code == 0);
  CHECK(world.podctl({"start", "test"}).code == 0);
  const int before = running.record()["status"]["podctl"]["monitorPid"];
  CHECK(world.podctl({"restart", "test"}).code == 0);
  CHECK(running.record()["status"]["podctl"]["monitorPid"] != before);
  CHECK(world.podctl({"kill", "test"}).code == 0);
  CHECK(container_status(running.record(), "main")["state"]["terminated"]["exitCode"] == 137);
  Json job = pod({container("main", "exit 6")}, "job");
  CHECK(world.podctl({"create", write_manifest(world, job)}).code == 0);
  CHECK(world.podctl({"start", "-a", "job"}).code == 6);
}

TEST_CASE("what a pod was given is there when it is started again, but for secrets where the runtime folder is on a disk", "[detach]") {
  const World world;
  const Json words{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "words"}}}, {"data", {{"key", "spoken\n"}}}};
  const Json hidden{{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "hidden"}}}, {"stringData", {{"key", "kept\n"}}}};
  Json manifest = pod({container("main", "cat /words/key")});
  manifest["spec"]["containers"][0]["volumeMounts"] = {mount("c", "/words")};
  manifest["spec"]["volumes"] = {volume("c", {{"configMap", {{"name", "words"}}}})};
  CHECK(world.podctl({"create", write_manifest(world, manifest, {words})}).code == 0);
  const Result result = world.podctl({"start", "-a", "test"});
  CHECK(result.err == "");
  CHECK(result.out == "spoken\n");

  manifest["spec"]["containers"][0] = container("main", "cat /words/key /hidden/key; " + kPatient);
  manifest["spec"]["containers"][0]["volumeMounts"] = {mount("c", "/words"), mount("s", "/hidden")};
  manifest["spec"]["volumes"].push_back(volume("s", {{"secret", {{"secretName", "hidden"}}}}));
  const std::string with_secret = write_manifest(world, manifest, {words, hidden});
  const Result create = world.podctl({"create", with_secret});
  CHECK(create.code == 5);
  CHECK(contains(create.err, "never kept on disk"));
  const Detached running(world);
  CHECK(world.podctl({"run", "-d", with_secret}).code == 0);
  CHECK(world.podctl({"restart", "--grace", "1s", "test"}).code == 0);  // the monitor still has it
  CHECK(eventually([&] { return world.podctl({"logs", "test"}).out == "spoken\nkept\nready\n"; }));
  CHECK(world.podctl({"kill", "test"}).code == 0);
  const Result start = world.podctl({"start", "test"});
  CHECK(start.code == 5);
  CHECK(contains(start.err, "Secrets are kept in memory alone"));
}

TEST_CASE("rm --force ends what runs, and forgets it", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("main", kPatient)}));
  CHECK(world.podctl({"rm", "test"}).code == 5);
  CHECK(world.podctl({"rm", "--force", "test"}).code == 0);
  CHECK_FALSE(exists(pod.folder()));
  const Detached forgetful(world, podtest::pod({container("main", kPatient)}), {"--rm"});
  CHECK(eventually([&] { return contains(world.podctl({"ps"}).out, "test"); }));
  CHECK(world.podctl({"rm", "-f", "test"}).code == 0);
  CHECK_FALSE(exists(pod.folder()));
}

TEST_CASE("pods that run neither count among the finished ones that are kept nor go with them", "[detach]") {
  const World world;
  const std::string config = world.file("config.json", R"({"keepFinished": 2})");
  const auto run = [&](const std::string& name, std::vector<std::string> words) {
    words.insert(words.begin(), {"--config", config, "run", "--name", name, "--cwd", "none"});
    CHECK(world.podctl(words).code == 0);
  };
  for (const char* name : {"r1", "r2", "r3"}) run(name, {"-d", "--", "sleep", "60"});
  run("unrecorded", {"-d", "--rm", "--", "sleep", "60"});
  for (const char* name : {"f1", "f2", "f3", "f4"}) run(name, {"--", "true"});
  CHECK(eventually([&] { return world.podctl({"ps", "-o", "name"}).out == "pod/f3\npod/f4\npod/r1\npod/r2\npod/r3\npod/unrecorded\n"; }));
  CHECK(world.podctl({"rm", "--force", "--all", "--yes"}).code == 0);
}

TEST_CASE("kill, pause and unpause of all pods are about those that run", "[detach]") {
  const World world;
  CHECK(run_pod(world, pod({container("main", "true")}, "a-finished")).code == 0);
  const Detached running(world, pod({container("main", kPatient)}));
  CHECK(world.podctl({"pause", "--all"}).out == "pod/test\n");
  CHECK(world.podctl({"unpause", "--all"}).out == "pod/test\n");
  CHECK(world.podctl({"kill", "--all"}).out == "pod/test\n");
  CHECK(world.podctl({"kill", "--all"}).code == 0);
  CHECK(world.podctl({"kill", "a-finished"}).code == 5);  // it was named
}

TEST_CASE("a container that is stopped can be stopped again", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("main", kPatient), container("other", kPatient)}));
  for (int round = 0; round < 2; ++round) CHECK(world.podctl({"stop", "--grace", "1s", "test/other"}).code == 0);
  CHECK(container_status(pod.record(), "main")["state"].contains("running"));
}

TEST_CASE("a removal is an event for who follows, and for --status-fd", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("main", kPatient)}));
  Background events(world.podctl_argv({"events", "-f", "--no-headers"}));
  CHECK(events.read_until([](const std::string& out) { return contains(out, "Started"); }));
  CHECK(world.podctl({"rm", "--force", "test"}).code == 0);
  CHECK(events.read_until([](const std::string& out) { return contains(out, "Removed"); }));
  events.signal(SIGTERM);
  events.wait();
  const Result result = podtest::run({"sh", "-c", "\"$@\" 3>&1", "sh", podctl_path(), "--root", world.path() + "/root", "run", "--rm",
                                      "--status-fd", "3", "--cwd", "none", "--", "true"});
  CHECK(contains(lines(result.out).back(), "Removed"));
}

TEST_CASE("two who stop, remove and replace at once do not harm each other", "[detach]") {
  const World world;
  for (int round = 0; round < 5; ++round) {
    const Detached pod(world, podtest::pod({container("main", kPatient)}));
    std::vector<std::unique_ptr<Background>> all;
    for (const auto& words : std::vector<std::vector<std::string>>{{"stop", "test"},
                                                                   {"stop", "test"},
                                                                   {"rm", "--force", "test"},
                                                                   {"rm", "-f", "--ignore-not-found", "test"},
                                                                   {"run", "-d", "--replace", pod.manifest()}})
      all.push_back(std::make_unique<Background>(world.podctl_argv(words)));
    for (const auto& one : all) {
      const Result result = one->wait();
      INFO(result.err);
      // Whoever comes too late is told so, in one of these ways and no other.
      CHECK((result.code == 0 || result.code == 4 || result.code == 5 || result.code == 125));
      CHECK_FALSE(contains(result.err, "bug"));
    }
  }
}

TEST_CASE("nonsense on the control socket, stalled clients and long requests harm nobody else", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("main", kPatient)}));
  const RawClient stalled(world, "test"), half(world, "test");
  REQUIRE(stalled.connected());
  CHECK(half.send("{\"do\":"));
  const RawClient garbage(world, "test");
  CHECK(garbage.send("\x01\xff nonsense\n"));
  CHECK(contains(garbage.receive(), "\"error\""));
  const RawClient list(world, "test");
  CHECK(list.send("[1,2]\n"));
  CHECK(contains(list.receive(), "\"error\""));
  const RawClient unknown(world, "test");
  CHECK(unknown.send("{\"do\":\"dance\"}\n{\"do\":7}\n{\"do\":\"exec\"}\n"));
  for (int i = 0; i < 3; ++i) CHECK(contains(unknown.receive(), "\"error\""));
  const RawClient endless(world, "test");
  const std::string block(1 << 16, 'x');
  int sent = 0;
  while (sent < 200 && endless.send(block)) ++sent;
  CHECK(sent < 200);  // it was cut off
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 200; ++i) crowd.push_back(std::make_unique<RawClient>(world, "test"));
  crowd.clear();
  CHECK(eventually([&] { return world.podctl({"exec", "test", "--", "true"}).code == 0; }));
  CHECK(world.podctl({"stop", "test"}).code == 0);
  CHECK(stalled.receive() == "");
}

TEST_CASE("run -d starts every pod of a file, create keeps them, and apply -f is both -d and --replace", "[detach]") {
  const World world;
  const std::string file =
      world.file("two.yaml",
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: a, command: [sleep, '60']}]}\n---\n"
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: two}\nspec: {containers: [{name: a, command: [sleep, '60']}]}\n");
  CHECK(world.podctl({"create", file}).out == "pod/one\npod/two\n");
  const Detached one(world, std::string("one")), two(world, std::string("two"));
  CHECK(world.podctl({"run", "-d", file}).out == "pod/one\npod/two\n");
  CHECK(world.podctl({"run", "-d", "--name", "x", file}).code == 125);
  CHECK(world.podctl({"run", file}).code == 125);
  const int before = one.record()["status"]["podctl"]["monitorPid"];
  CHECK(world.podctl({"apply", "-f", file}).out == "pod/one\npod/two\n");
  CHECK(one.record()["status"]["podctl"]["monitorPid"] != before);
}

TEST_CASE("a pod whose folder is taken away goes on, and says how it ended", "[detach]") {
  const World world;
  const Detached pod(world, podtest::pod({container("main", "trap 'exit 3' TERM; while :; do echo tick; sleep 0.05; done")}));
  std::filesystem::rename(pod.folder(), world.path() + "/away");
  std::this_thread::sleep_for(200ms);
  CHECK(world.podctl({"exec", "test", "--", "true"}).code == 0);
  CHECK(world.podctl({"stop", "test"}).code == 0);
  CHECK(container_status(pod.record(), "main")["state"]["terminated"]["exitCode"] == 3);
}

TEST_CASE("a pod that is killed with its monitor is lost, and its name free", "[detach]") {
  const World world;
  for (int round = 0; round < 10; ++round) {
    const Detached pod(world, podtest::pod({container("app", kPatient), container("log", kPatient)}));
    const int monitor = pod.record()["status"]["podctl"]["monitorPid"];
    std::this_thread::sleep_for(std::chrono::milliseconds(7 * round));
    REQUIRE(::kill(monitor, SIGKILL) == 0);
    CHECK(reap_monitors());  // all that was in it has ended with it
    CHECK(contains(world.podctl({"ps"}).out, "Lost"));
    CHECK(world.podctl({"exec", "test", "--", "true"}).code == 125);
    CHECK(world.podctl({"stop", "test"}).code == 0);
    CHECK(world.podctl({"rm", "test"}).code == 0);
  }
}

TEST_CASE("one container is stopped, restarted and killed while the others go on", "[detach]") {
  const World world;
  Json manifest = pod({container("app", kPatient), container("log", kPatient)});
  manifest["spec"]["restartPolicy"] = "Always";
  const Detached pod(world, manifest);
  const auto status = [&](const char* name) { return container_status(pod.record(), name); };
  const auto pid = [&](const char* name) { return pod.record()["status"]["podctl"]["containerPids"].value(name, 0); };
  const int log = pid("log"), app = pid("app");
  CHECK(world.podctl({"stop", "test", "-c", "app"}).out == "pod/test/app\n");
  CHECK(eventually([&] { return status("app")["state"].contains("terminated"); }));
  CHECK(status("app")["state"]["terminated"]["exitCode"] == 3);
  CHECK(world.podctl({"restart", "test/app"}).code == 0);  // whatever its policy, at once
  CHECK(eventually([&] { return status("app")["state"].contains("running") && pid("app") != app; }));
  CHECK(world.podctl({"kill", "-c", "app", "-s", "KILL", "test"}).code == 0);
  CHECK(eventually(
      [&] { return status("app")["lastState"].contains("terminated") && status("app")["lastState"]["terminated"]["exitCode"] == 137; }));
  CHECK(world.podctl({"stop", "test", "-c", "nope"}).code == 4);
  CHECK(pid("log") == log);
  CHECK(status("log")["restartCount"] == 0);
}

TEST_CASE("a create that is refused leaves the record of the pod before it", "[detach]") {
  const World world;
  CHECK(run_pod(world, pod({container("main", "exit 3")})).code == 3);
  const std::string record = world.path() + "/root/state/pods/test/status.json", before = read_file(record);
  Json manifest = pod({container("main", "true")});
  manifest["spec"]["volumes"] = {volume("s", {{"secret", {{"secretName", "hidden"}}}})};
  const Json hidden{{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "hidden"}}}, {"stringData", {{"key", "kept"}}}};
  CHECK(world.podctl({"create", write_manifest(world, manifest, {hidden})}).code == 5);
  CHECK(read_file(record) == before);
}
