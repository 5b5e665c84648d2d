// The wall clock of the machine is set forwards and backwards. Hidden, and only with PODCTL_TESTS_MAY_SET_CLOCK=1: for a machine that
// is thrown away afterwards.
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/time.hpp"
#include "host/detached.hpp"
#include "podctl/text.hpp"
#include "support/catch.hpp"

using namespace podtest;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kDay = 24h;

std::chrono::nanoseconds clock_of(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

// The machine's wall clock, moved; and put right by how much real time has gone.
class WallClock {
 public:
  WallClock() : offset_(clock_of(CLOCK_REALTIME) - clock_of(CLOCK_BOOTTIME)) {}
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;
  ~WallClock() { set(0s); }
  // Its distance from what it should say.
  void move(std::chrono::seconds by) const { REQUIRE(set(by)); }

 private:
  bool set(std::chrono::seconds by) const {
    const std::chrono::nanoseconds to = offset_ + clock_of(CLOCK_BOOTTIME) + by;
    const timespec t{static_cast<time_t>(to.count() / 1'000'000'000), static_cast<long>(to.count() % 1'000'000'000)};
    return ::clock_settime(CLOCK_REALTIME, &t) == 0;
  }
  std::chrono::nanoseconds offset_;
};

std::uintmax_t size_of(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

}  // namespace

TEST_CASE("probes, back-off and time limits go by a clock that nobody sets", "[.clock]") {
  const char* allowed = std::getenv("PODCTL_TESTS_MAY_SET_CLOCK");
  if (allowed == nullptr || std::string(allowed) != "1") FAIL("this test sets the machine's clock: PODCTL_TESTS_MAY_SET_CLOCK=1 allows it");
  const World world;
  const WallClock wall;
  wall.move(0s);  // fails here where it cannot be set
  Json manifest = pod({container("probed", "exec sleep 1000"), container("failing", "echo >> /d/runs; exit 1")});
  manifest["spec"]["restartPolicy"] = "Always";
  manifest["spec"]["volumes"] = {volume("d", {{"emptyDir", Json::object()}})};
  for (auto& entry : manifest["spec"]["containers"]) entry["volumeMounts"] = {mount("d", "/d")};
  manifest["spec"]["containers"][0]["readinessProbe"] = {
      {"exec", {{"command", {"sh", "-c", "echo >> /d/probes"}}}}, {"periodSeconds", 1}, {"timeoutSeconds", 10}};
  const auto began = clock_of(CLOCK_BOOTTIME), began_at = clock_of(CLOCK_REALTIME);
  constexpr auto kLimit = 60s;
  const Detached live(world, manifest, {"--timeout", "60s", "--grace", "1s"});
  const std::string probes = live.folder() + "/volumes/d/probes", runs = live.folder() + "/volumes/d/runs";
  REQUIRE(eventually([&] { return size_of(probes) > 0 && size_of(runs) > 0; }, 30s));
  const auto count_for = [&](std::chrono::seconds time) {
    const auto before = size_of(probes);
    std::this_thread::sleep_for(time);
    return static_cast<int>(size_of(probes) - before);
  };
  // Slow machines probe less often than every second, never more often.
  const int usual = count_for(8s);
  REQUIRE(usual >= 2);
  for (const std::chrono::seconds by : {kDay, -kDay, 0s}) {
    INFO("moved by " << by.count() << " s");
    wall.move(by);
    const int counted = count_for(8s);
    CHECK(counted >= usual / 2);
    CHECK(counted <= 9);
    CHECK(world.podctl({"exec", "test", "-c", "probed", "--", "true"}).code == 0);
    CHECK(live.record()["status"]["phase"] == "Running");
  }
  // Restarted after 10 and 20 s, which have passed by now only in part.
  CHECK(size_of(runs) >= 2);
  CHECK(size_of(runs) <= 4);
  CHECK(eventually([&] { return live.record()["status"]["phase"] != "Running"; }, 90s));
  const auto took = clock_of(CLOCK_BOOTTIME) - began;
  CHECK(took >= kLimit);
  CHECK(took < kLimit + 25s);
  const Json status = live.record();
  CHECK(status["status"]["podctl"]["exit"]["source"] == "timeout");
  const Json ended = container_status(status, "probed")["state"]["terminated"];
  const auto started_at = podctl::parse_time(ended["startedAt"].get<std::string>()),
             finished_at = podctl::parse_time(ended["finishedAt"].get<std::string>());
  REQUIRE(started_at);
  REQUIRE(finished_at);
  CHECK(*started_at - began_at > -2s);
  CHECK(*started_at - began_at < 30s);
  CHECK(*finished_at - *started_at > kLimit - 30s);
  CHECK(*finished_at - *started_at < kLimit + 25s);
}
