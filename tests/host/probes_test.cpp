// Probes, hooks and sidecars of real pods, with real seconds.
#include <chrono>
#include <thread>

#include "host/detached.hpp"
#include "support/catch.hpp"

using namespace podtest;
using namespace std::chrono_literals;

namespace {

const std::string kWait = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

bool is_ready(const Json& record) {
  for (const auto& condition : record["status"]["conditions"])
    if (condition["type"] == "Ready") return condition["status"] == "True";
  return false;
}

// Messages of the events with that reason.
std::vector<std::string> messages(const Detached& pod, const std::string& reason) {
  std::vector<std::string> found;
  for (const auto& line : lines(read_file(pod.folder() + "/events.jsonl"))) {
    const Json event = Json::parse(line);
    if (event["reason"] == reason) found.push_back(event.value("message", std::string()));
  }
  return found;
}

Json probe(const std::string& handler, const Json& action) { return {{handler, action}, {"periodSeconds", 1}, {"failureThreshold", 1}}; }

// The host's busybox as a server on all addresses, or on one.
Json server(const std::string& address) {
  Json web = container("web", "");
  web["command"] = {"busybox", "httpd", "-f", "-p", address + "8080", "-h", "/var"};
  return web;
}

}  // namespace

TEST_CASE("a server passes tcp and http probes at the pod's address, and one on the loopback address alone does not", "[probes]") {
  const World world;
  Json open = server(""), hidden = server("127.0.0.1:");
  open["command"] = {"sh", "-c", "echo hello > /tmp/index.html; exec busybox httpd -f -p 8080 -h /tmp"};
  open["startupProbe"] = probe("tcpSocket", {{"port", 8080}});
  open["startupProbe"]["failureThreshold"] = 10;
  open["readinessProbe"] = probe("httpGet", {{"port", "http"}, {"path", "/index.html"}});
  open["ports"] = {{{"name", "http"}, {"containerPort", 8080}}};
  const Detached pod(world, podtest::pod({open}), {"--wait-ready=20s"});
  CHECK(is_ready(pod.record()));
  CHECK(world.podctl({"wait", "test", "--for", "condition=Ready", "--timeout", "5s"}).code == 0);

  hidden["readinessProbe"] = probe("tcpSocket", {{"port", 8080}});
  const Json alone = podtest::pod({hidden}, "alone");
  const Detached other(world, alone);
  REQUIRE(eventually([&] { return !messages(other, "Unhealthy").empty(); }));
  CHECK(contains(messages(other, "Unhealthy").front(), "Readiness probe failed"));
  CHECK_FALSE(is_ready(other.record()));
}

TEST_CASE("--wait-ready gives up in time, and the pod goes on", "[probes]") {
  const World world;
  Json main = container("main", kWait);
  main["readinessProbe"] = probe("exec", {{"command", {"false"}}});
  const Detached pod(world);
  const Result result = world.podctl({"run", "-d", "--wait-ready=1s", write_manifest(world, podtest::pod({main}))});
  CHECK(result.code == 124);
  CHECK(contains(result.err, "not ready in time"));
  CHECK(pod.record()["status"]["phase"] == "Running");
}

TEST_CASE("an exec probe runs in the container as its user, and a failing liveness probe restarts it at once", "[probes]") {
  const World world;
  Json main = container("main", "echo start; touch /tmp/alive; sleep 1.5; rm /tmp/alive; trap 'exit 0' TERM; while :; do sleep 0.05; done");
  main["livenessProbe"] = probe("exec", {{"command", {"sh", "-c", "test -e /tmp/alive || { echo gone, says $HOSTNAME; exit 1; }"}}});
  Json manifest = podtest::pod({main});
  manifest["spec"]["restartPolicy"] = "Always";
  const Detached pod(world, manifest);
  CHECK(eventually([&] { return container_status(pod.record(), "main")["restartCount"] == 1; }));
  REQUIRE(eventually([&] { return !messages(pod, "Unhealthy").empty(); }));  // events are written after the record
  CHECK(messages(pod, "Unhealthy").front() == "Liveness probe failed: gone, says test");
}

TEST_CASE("a probe that hangs is ended in time and counts as failed", "[probes]") {
  const World world;
  Json main = container("main", kWait);
  main["readinessProbe"] = probe("exec", {{"command", {"sleep", "4711"}}});
  const Detached pod(world, podtest::pod({main}));
  CHECK(eventually([&] { return !messages(pod, "Unhealthy").empty(); }));
  CHECK(contains(messages(pod, "Unhealthy").front(), "took too long"));
  CHECK(world
            .podctl({"exec", "test", "--", "sh", "-c",
                     "n=0; for f in /proc/[0-9]*/cmdline; do grep -q 471[1] $f 2>/dev/null && n=$((n+1)); done; exit $n"})
            .code <= 1);
}

TEST_CASE("hooks run beside the program: postStart before the next container, preStop before the stop signal", "[probes]") {
  const World world;
  Json first = container("first", "trap 'cat /data/stopping && echo signal; exit 0' TERM; while :; do sleep 0.05; done");
  first["lifecycle"] = {{"postStart", {{"exec", {{"command", {"sh", "-c", "sleep 0.5; echo started > /data/started"}}}}}},
                        {"preStop", {{"exec", {{"command", {"sh", "-c", "sleep 0.3; echo stopping > /data/stopping"}}}}}}};
  Json second = container("second", "cat /data/started; " + kWait);
  first["volumeMounts"] = second["volumeMounts"] = {mount("data", "/data")};
  Json manifest = podtest::pod({first, second});
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", Json::object()}})};
  const Detached pod(world, manifest);
  CHECK(eventually([&] { return world.podctl({"logs", "test", "-c", "second"}).out == "started\n"; }));
  CHECK(world.podctl({"stop", "test"}).code == 0);
  CHECK(world.podctl({"logs", "test", "-c", "first"}).out == "stopping\nsignal\n");
}

TEST_CASE("a postStart hook that fails ends its container", "[probes]") {
  const World world;
  Json main = container("main", kWait);
  main["lifecycle"] = {{"postStart", {{"exec", {{"command", {"false"}}}}}}};
  const Detached pod(world, podtest::pod({main}));
  CHECK(eventually([&] { return pod.record()["status"]["phase"] != "Running"; }));
  CHECK(eventually([&] { return messages(pod, "FailedPostStartHook").size() == 1; }));
}

TEST_CASE("a sidecar starts before the containers, is restarted when it ends, and goes when they have ended", "[probes]") {
  const World world;
  Json side = container(
      "side", "echo up; trap 'echo down; exit 0' TERM; [ -e /data/once ] || { touch /data/once; exit 1; }; while :; do sleep 0.05; done");
  side["restartPolicy"] = "Always";
  Json main = container("main", "sleep 1; exit 4");
  side["volumeMounts"] = {mount("data", "/data")};
  Json manifest = podtest::pod({main});
  manifest["spec"]["initContainers"] = {side};
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", Json::object()}})};
  const Result result = run_pod(world, manifest, {"--log-prefix", "never"});
  CHECK(result.code == 4);
  CHECK(result.out == "up\nup\ndown\n");
  const Json status = read_json(world.path() + "/root/state/pods/test/status.json");
  CHECK(container_status(status, "side")["restartCount"] == 1);
  CHECK(status["status"]["phase"] == "Failed");
}

TEST_CASE("the end of the log is the final message of a container that failed without one", "[probes]") {
  const World world;
  Json main = container("main", "echo one; echo two >&2; exit 3");
  main["terminationMessagePolicy"] = "FallbackToLogsOnError";
  run_pod(world, podtest::pod({main}));
  const std::string message =
      container_status(read_json(world.path() + "/root/state/pods/test/status.json"), "main")["state"]["terminated"]["message"];
  CHECK(contains(message, "one\n"));
  CHECK(contains(message, "two\n"));
}
