// Network probes from where the monitor will send them: the network namespace of a pod.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/text.hpp"
#include "host/pods.hpp"
#include "net/probe.hpp"
#include "support/catch.hpp"
#include "sys/sys.hpp"

using namespace podtest;
using podctl::net::Outcome;
using ProbeResult = podctl::net::Result;
using namespace std::chrono_literals;

namespace {

// What `probe` finds from within the namespaces of `pid`, as its result's number; 99 when it never got there.
int from_within(int pid, const std::function<Outcome()>& probe) {
  const podctl::UniqueFd pidfd = podctl::sys::open_pidfd(pid);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::setns(pidfd.get(), CLONE_NEWUSER | CLONE_NEWNET) != 0) ::_exit(99);
    ::_exit(static_cast<int>(probe().result));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

constexpr int kSuccess = static_cast<int>(ProbeResult::kSuccess), kFailure = static_cast<int>(ProbeResult::kFailure);

}  // namespace

TEST_CASE("a probe from within the pod reaches the pod's address, and not a server that listens on the loopback alone", "[probe]") {
  const World world;
  const std::string serve = "echo hello > /tmp/index.html; echo ready; exec busybox httpd -f -h /tmp -p ";
  LivePod live(world, pod({container("open", serve + "8080"), container("local", serve + "127.0.0.1:8081")}), {"--log-prefix", "never"});
  live.await("ready", 2);
  std::string address;
  REQUIRE(eventually([&] {
    const std::string record = world.path() + "/root/state/pods/test/status.json";
    if (exists(record)) address = read_json(record)["status"].value("podIP", "");
    return !address.empty();
  }));
  const int member = live.member("open");
  const auto http = [&](const std::string& host, std::uint16_t port, const std::string& path) {
    return from_within(member, [&] { return podctl::net::probe_http({.address = host, .port = port, .path = path, .headers = {}}, 2s); });
  };
  const auto tcp = [&](const std::string& host, std::uint16_t port) {
    return from_within(member, [&] { return podctl::net::probe_tcp({.address = host, .port = port}, 2s); });
  };
  REQUIRE(eventually([&] { return tcp("127.0.0.1", 8081) == kSuccess && tcp(address, 8080) == kSuccess; }));
  CHECK(http(address, 8080, "/index.html") == kSuccess);
  CHECK(http(address, 8080, "/missing") == kFailure);
  CHECK(http("127.0.0.1", 8081, "/index.html") == kSuccess);
  CHECK(http(address, 8081, "/index.html") == kFailure);
  CHECK(tcp(address, 8081) == kFailure);
  live.stop();
}
