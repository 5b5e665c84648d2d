// Every step of a plan fails once: the error names that step, and nothing is left of those before it.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "host/pods.hpp"
#include "podctl/manifest.hpp"
#include "podctl/plan.hpp"
#include "podctl/run.hpp"
#include "support/catch.hpp"
#include "support/command.hpp"

using namespace podtest;

namespace {

struct Failure {
  int code = 0;         // of the child: 0 the pod ran, 1 an error, else a bug
  std::string message;  // of the error
};

// In a process of its own: run_pod changes its caller (signals, limits, descriptors).
Failure run_with_fault(const podctl::Manifest& manifest, const podctl::StorePaths& paths, int step) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    int code = 2;
    std::string message;
    const int kept = ::dup2(ends[1], 1);  // run_pod passes nothing above 2 on
    try {
      podctl::RunOptions options{.paths = paths, .manifest_directory = "/", .quiet = true};
      options.faults = {{step, EIO}};
      options.log_prefix = podctl::LogPrefix::kNever;
      code = podctl::run_pod(manifest.pods.front(), manifest.objects, options).code == 0 ? 0 : 3;
    } catch (const podctl::Error& error) {
      code = 1;
      message = error.info().message + " | " + error.info().cause;
    }
    static_cast<void>(!::write(kept, message.data(), message.size()));
    ::_exit(code);
  }
  ::close(ends[1]);
  Failure failure;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) failure.message.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  failure.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return failure;
}

void fail_every_step(const World& world, const std::string& text) {
  const podctl::Manifest manifest = podctl::parse_manifest(text);
  REQUIRE_FALSE(manifest.has_errors());
  const podctl::StorePaths paths{world.path() + "/root/state/pods", world.path() + "/root/run/pods", {}};
  const podctl::PlanOptions options{
      .state_directory = paths.state + "/test", .manifest_directory = "/", .start_time = std::chrono::seconds(1), .pod_uid = "uid"};
  const podctl::Plan plan = podctl::make_plan(manifest.pods.front(), manifest.objects,
                                              podctl::probe_host(podctl::questions_for(manifest.pods.front(), options)), options);
  REQUIRE(plan.steps.size() > 30);
  for (const auto& step : plan.steps) {
    INFO("step " << step.number << ": " << podctl::describe(step).what);
    // Nothing is carried out by this one when the container before it was begun at another time.
    const bool conditional = std::holds_alternative<podctl::action::AwaitTurn>(step.action);
    // What has a system call of its own only in another process is not passed: the id map that helpers write.
    const Failure failure = run_with_fault(manifest, paths, step.number);
    INFO(failure.message);
    if (conditional && failure.code == 0) continue;
    CHECK(failure.code == 1);
    CHECK(failure.message.find("step " + std::to_string(step.number) + " of " + std::to_string(plan.steps.size())) != std::string::npos);
    CHECK(failure.message.find("EIO") != std::string::npos);
    CHECK_FALSE(exists(paths.state + "/test"));
    CHECK_FALSE(exists(paths.runtime + "/test"));
  }
}

}  // namespace

TEST_CASE("a fault at any step of a pod on the host's files is told and undone", "[fault]") {
  const World world;
  fail_every_step(world, R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"test"},"spec":{"restartPolicy":"Never",
    "volumes":[{"name":"disk","emptyDir":{}},{"name":"memory","emptyDir":{"medium":"Memory"}},{"name":"host","hostPath":{"path":")" +
                             world.path() +
                             R"(/made","type":"DirectoryOrCreate"}}],
    "initContainers":[{"name":"first","command":["true"]}],
    "containers":[{"name":"one","command":["true"],"volumeMounts":[{"name":"disk","mountPath":"/disk"},{"name":"host","mountPath":"/host"}],
                   "securityContext":{"readOnlyRootFilesystem":true}},
                  {"name":"two","command":["true"],"volumeMounts":[{"name":"memory","mountPath":"/memory","subPath":"deep"}]}]}})");
  CHECK_FALSE(exists(world.path() + "/made"));
}

TEST_CASE("a fault at any step of a pod with writable layers is told and undone", "[fault]") {
  const World world;
  const std::string place = GENERATE("", R"("podctl.dev/layers":"disk")");
  fail_every_step(world, R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"test","annotations":{)" + place +
                             R"(}},"spec":{"restartPolicy":"Never","shareProcessNamespace":false,
    "containers":[{"name":"one","image":"rootfs:)" +
                             world.busybox_root() + R"(","command":["true"]}]}})");
}
