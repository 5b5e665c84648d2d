// The life of a pod: what starts after what, what restarts, and what the exit code says.
#include <signal.h>

#include <algorithm>
#include <chrono>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

Json with_init(const std::vector<Json>& inits, const std::vector<Json>& containers) {
  Json manifest = pod(containers);
  manifest["spec"]["initContainers"] = inits;
  return manifest;
}

// Gives every container the volume "data" on /data.
Json with_data(Json manifest) {
  for (const char* list : {"initContainers", "containers"})
    if (manifest["spec"].contains(list))
      for (auto& entry : manifest["spec"][list]) entry["volumeMounts"] = {mount("data", "/data")};
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", {{"medium", "Memory"}}}})};
  return manifest;
}

}  // namespace

TEST_CASE("init containers run one after another, each to its end, before the others", "[life]") {
  const World world;
  const std::string slow = "sleep 0.1; echo $0 >> /data/order; sleep 0.1; echo $0 >> /data/order";
  const Json manifest =
      with_data(with_init({container("a", slow), container("b", slow)}, {container("c", "cat /data/order"), container("d", "true")}));
  const Result result = run_pod(world, manifest, {"--log-prefix", "never"});
  INFO(result.err);
  CHECK(result.out == "a\na\nb\nb\n");
  CHECK(result.code == 0);
}

TEST_CASE("a failing init container fails the pod with its code, and nothing after it runs", "[life]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  const Json manifest =
      with_init({container("a", "echo a"), container("b", "exit 9"), container("c", "echo c")}, {container("d", "echo d")});
  const Result result = run_pod(world, manifest, {"--log-prefix", "never", "--result", file});
  CHECK(result.out == "a\n");
  CHECK(result.code == 9);
  const Json status = read_json(file);
  CHECK(status["status"]["phase"] == "Failed");
  CHECK(status["status"]["podctl"]["exit"] == Json{{"code", 9}, {"source", "container"}, {"container", "b"}});
  CHECK(container_status(status, "b")["state"]["terminated"]["exitCode"] == 9);
  CHECK(container_status(status, "d")["state"].contains("waiting"));
}

TEST_CASE("a failing init container is tried again when the policy says so", "[life]") {
  const World world;
  Json manifest = with_data(
      with_init({container("a", "echo x >> /data/tries; [ $(wc -l < /data/tries) = 2 ]")}, {container("b", "wc -l < /data/tries")}));
  manifest["spec"]["restartPolicy"] = "OnFailure";
  const Result result = run_pod(world, manifest, {"--log-prefix", "never"});
  CHECK(result.out == "2\n");
  CHECK(result.code == 0);
}

TEST_CASE("after a failure OnFailure restarts at once, and after a success it does not", "[life]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  Json manifest = with_data(
      pod({container("a", "echo x >> /data/tries; echo run; [ $(wc -l < /data/tries) = 2 ] || exit 4"), container("b", "echo once")}));
  manifest["spec"]["restartPolicy"] = "OnFailure";
  const auto begin = Clock::now();
  const Result result = run_pod(world, manifest, {"--log-prefix", "never", "--result", file});
  CHECK(seconds_since(begin) < 5);
  CHECK(result.code == 0);
  const auto said = lines(result.out);
  CHECK(std::count(said.begin(), said.end(), "run") == 2);
  CHECK(std::count(said.begin(), said.end(), "once") == 1);
  const Json status = read_json(file), a = container_status(status, "a");
  CHECK(a["restartCount"] == 1);
  CHECK(a["lastState"]["terminated"]["exitCode"] == 4);
  CHECK(container_status(status, "b")["restartCount"] == 0);
  CHECK(status["status"]["phase"] == "Succeeded");
}

TEST_CASE("Always restarts after a success too, until the pod is stopped", "[life]") {
  const World world;
  Json manifest =
      with_data(pod({container("a", "echo x >> /data/tries; [ $(wc -l < /data/tries) = 1 ] && exit 0; echo again; exec sleep 60")}));
  manifest["spec"]["restartPolicy"] = "Always";
  LivePod live(world, manifest);
  live.await("again");
  CHECK(live.stop().code == 143);
}

TEST_CASE("a container that crashes again waits, and a stop does not wait for it", "[life]") {
  const World world;
  Json manifest = pod({container("a", "exit 1")});
  manifest["spec"]["restartPolicy"] = "Always";
  const auto begin = Clock::now();
  const Result result = run_pod(world, manifest, {"--timeout", "1500ms", "--result", world.path() + "/result.json"});
  CHECK(result.code == 124);
  CHECK(seconds_since(begin) < 5);
  // One start, one restart at once; the next one would be 10 s later.
  CHECK(container_status(read_json(world.path() + "/result.json"), "a")["restartCount"] == 1);
}

TEST_CASE("the exit code is that of the first container that failed, in the manifest's order", "[life]") {
  const World world;
  CHECK(run_pod(world, pod({container("a", "true"), container("b", "sleep 0.2; exit 5"), container("c", "exit 6")})).code == 5);
  CHECK(run_pod(world, pod({container("a", "kill -SEGV $$")})).code == 139);
  CHECK(run_pod(world, pod({container("a", "kill -KILL $$")})).code == 137);
  CHECK(run_pod(world, pod({container("a", "exit 255")})).code == 255);
}

TEST_CASE("a program that cannot run gives 127 or 126, and stops its siblings", "[life]") {
  const World world;
  const std::string text = world.file("data/plain", "text", 0644);
  const auto run_program = [&](const std::string& program) {
    Json main{{"name", "main"}, {"command", {program}}, {"volumeMounts", {mount("data", "/data")}}};
    Json manifest = pod({container("other", "sleep 60"), main});
    manifest["spec"]["volumes"] = {volume("data", {{"hostPath", {{"path", world.path() + "/data"}}}})};
    return run_pod(world, manifest);
  };
  for (const auto* program : {"no-such-program", "/no/such/program"}) {
    const Result result = run_program(program);
    CHECK(result.code == 127);
    CHECK(contains(result.err, program));
  }
  CHECK(run_program("/data/plain").code == 126);
  CHECK(run_program("/usr").code == 126);
}

TEST_CASE("--timeout and activeDeadlineSeconds end the pod with 124", "[life]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  Json manifest = pod({container("a", "trap 'echo asked; exit 0' TERM; sleep 60 & wait")});
  std::vector<std::string> flags{"--result", file};
  SECTION("flag") { flags.insert(flags.end(), {"--timeout", "0.3"}); }
  SECTION("manifest") { manifest["spec"]["activeDeadlineSeconds"] = 1; }
  const auto begin = Clock::now();
  const Result result = run_pod(world, manifest, flags);
  CHECK(result.code == 124);
  CHECK(result.out == "asked\n");
  CHECK(seconds_since(begin) < 4);
  const Json status = read_json(file)["status"];
  CHECK(status["phase"] == "Failed");
  CHECK(status["reason"] == "DeadlineExceeded");
}

TEST_CASE("--until stops the pod when its container ends, and gives its code", "[life]") {
  const World world;
  const Json manifest = pod({container("server", "exec sleep 60"), container("tests", "sleep 0.1; exit 3")});
  const auto begin = Clock::now();
  CHECK(run_pod(world, manifest, {"--until", "tests"}).code == 3);
  CHECK(seconds_since(begin) < 5);
  CHECK(run_pod(world, pod({container("server", "exec sleep 60"), container("tests", "true")}), {"--until", "tests"}).code == 0);
  CHECK(run_pod(world, manifest, {"--until", "nobody"}).code == 125);
  for (const char* flag : {"--until", "--exit-code-from"})
    CHECK(contains(run_pod(world, manifest, {flag, "tets"}).err,
                   std::string(flag) + " tets: pod 'test' has no such container; did you mean \"tests\"?"));
}

TEST_CASE("--exit-code-from gives the code of its container and stops nothing early", "[life]") {
  const World world;
  const Json manifest = pod({container("a", "exit 7"), container("b", "sleep 0.3; echo whole; exit 8")});
  const Result result = run_pod(world, manifest, {"--exit-code-from", "b", "--log-prefix", "never"});
  CHECK(result.code == 8);
  CHECK(result.out == "whole\n");
}

TEST_CASE("INT, TERM and HUP stop the pod gracefully, with 130, 143 and 129", "[life]") {
  const World world;
  for (const auto& [number, code] : std::vector<std::pair<int, int>>{{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}}) {
    const std::string file = world.path() + "/result.json";
    LivePod live(
        world,
        pod({container("a", "trap 'echo bye; exit 0' TERM; echo ready; sleep 60 & wait"), container("b", "echo ready; exec sleep 60")}),
        {"--result", file});
    live.await("ready", 2);
    live.signal(number);
    const Result result = live.wait();
    INFO("signal " << number << '\n' << result.err);
    CHECK(result.code == code);
    CHECK(contains(result.out, "bye"));
    const Json status = read_json(file);
    CHECK(status["status"]["podctl"]["status"] == "Stopped");
    CHECK(status["status"]["podctl"]["exit"]["source"] == "signal");
    CHECK(container_status(status, "a")["state"]["terminated"]["exitCode"] == 0);
    CHECK(container_status(status, "b")["state"]["terminated"]["exitCode"] == 143);
  }
}

TEST_CASE("a second signal kills at once", "[life]") {
  const World world;
  LivePod live(world, pod({container("a", "trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done")}));
  live.await("ready");
  live.signal(SIGINT);
  live.await("asked");
  const auto begin = Clock::now();
  live.signal(SIGINT);
  CHECK(live.wait().code == 130);
  CHECK(seconds_since(begin) < 1);
}

TEST_CASE("a caller that ignores a signal is left alone by it", "[life]") {
  const World world;
  std::vector<std::string> argv{"sh", "-c", "trap '' HUP; exec \"$@\"", "sh"};
  for (const auto& word : world.podctl_argv({"run", write_manifest(world, pod({container("a", "echo ready; exec sleep 0.5")}))}))
    argv.push_back(word);
  Background run(argv);
  REQUIRE(run.read_until([](const std::string& out) { return contains(out, "ready"); }));
  run.signal(SIGHUP);
  CHECK(run.wait().code == 0);
}

TEST_CASE("who ignores the stop signal is killed after the grace, which is two seconds at least", "[life]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  double least = 0, most = 0;
  std::vector<std::string> flags{"--result", file};
  Json manifest = pod({container("a", "trap '' TERM; echo ready; while :; do sleep 0.05; done")});
  SECTION("none") {
    flags.insert(flags.end(), {"--grace", "0"});
    least = 1.9, most = 3;
  }
  SECTION("flag") {
    flags.insert(flags.end(), {"--grace", "3s"});
    least = 2.9, most = 4;
  }
  SECTION("manifest") {
    manifest["spec"]["terminationGracePeriodSeconds"] = 3;
    least = 2.9, most = 4;
  }
  LivePod live(world, manifest, flags);
  live.await("ready");
  const auto begin = Clock::now();
  CHECK(live.stop().code == 143);
  CHECK(seconds_since(begin) >= least);
  CHECK(seconds_since(begin) < most);
  CHECK(container_status(read_json(file), "a")["state"]["terminated"]["exitCode"] == 137);
}

TEST_CASE("PID 1 of its own namespace that would not hear the signal is killed at once, unless told to wait", "[life]") {
  const World world;
  std::vector<std::string> flags{"--sharing", "kubernetes", "--grace", "3s"};
  const bool strict = GENERATE(false, true);
  if (strict) flags.push_back("--strict-grace");
  LivePod live(world, pod({container("a", "echo ready; exec sleep 60")}), flags);
  live.await("ready");
  const std::string name = "/proc/" + std::to_string(live.member("a")) + "/comm";
  REQUIRE(eventually([&] { return read_file(name) == "sleep\n"; }));
  const auto begin = Clock::now();
  CHECK(live.stop().code == 143);
  CHECK(seconds_since(begin) >= (strict ? 2.9 : 0));
  CHECK(seconds_since(begin) < (strict ? 4.5 : 1.5));
}

TEST_CASE("orphans are reaped by pause: no zombie stays", "[life]") {
  const World world;
  const std::string script =
      "for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'exit 7' &); done; sleep 0.3; "
      "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null; cat /proc/1/task/1/children; echo; (setsid sleep 60 &); sleep 0.1; wc -w < /proc/1/task/1/children";
  CHECK(output_of(world, script) == "\n1\n");
}

TEST_CASE("what a finished container left running ends with it, while its siblings live", "[life]") {
  const World world;
  LivePod live(
      world,
      pod({container("a",
                     "(setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.05; done' &); (setsid sleep 61 &); sleep 0.2; echo started"),
           container("b", "(setsid sleep 62 &); echo ready; exec sleep 63")}));
  live.await("ready");
  live.await("started");
  // Of pause's children in the pod only that of "b" is left.
  const int pause = live.pause();
  CHECK(eventually([&] { return children_of(pause).size() == 1; }, std::chrono::seconds(3)));
  const auto left = children_of(pause);
  REQUIRE(left.size() == 1);
  CHECK(contains(read_file("/proc/" + std::to_string(left[0]) + "/cmdline"), "62"));
  CHECK(namespace_of(live.member("b"), "cgroup") == namespace_of(left[0], "cgroup"));
  CHECK(live.stop().code == 143);
}

TEST_CASE("a daemon that keeps the output open does not hold the pod", "[life]") {
  const World world;
  const auto begin = Clock::now();
  const Result result = run_pod(world, pod({container("a", "(setsid sleep 60 &); echo done")}));
  CHECK(result.out == "done\n");
  CHECK(result.code == 0);
  CHECK(seconds_since(begin) < 5);
}
