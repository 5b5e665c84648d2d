// Containers that print more than anybody asked for, and readers that do not read.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "host/detached.hpp"
#include "support/catch.hpp"

using namespace podtest;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMega = 1'000'000;

#ifdef __SANITIZE_ADDRESS__
constexpr long kMostKib = 512L * 1024;  // of which most is the sanitizer's own
#else
constexpr long kMostKib = 12L * 1024;  // a tenth of the smallest flood; a quiet machine shows 1 MiB detached, 3 in the foreground
#endif

bool is_long() {
  const char* set = std::getenv("PODCTL_TESTS_LONG");
  return set != nullptr && std::string(set) == "1";
}

// What a process has to itself, by /proc/PID/smaps_rollup: it comes back when the process ends. 0 when it has gone.
long private_kib(int pid) {
  try {
    return std::stol(field(read_file("/proc/" + std::to_string(pid) + "/smaps_rollup"), "Private_Dirty"));
  } catch (const std::exception&) {
    return 0;
  }
}

// The most that a process has to itself until `done` holds.
long most_private_kib(int pid, const std::function<bool()>& done, std::chrono::seconds limit) {
  long most = 0;
  CHECK(eventually(
      [&] {
        most = std::max(most, private_kib(pid));
        return done();
      },
      limit));
  return most;
}

// As xorshift32 makes them.
std::string random_bytes(std::size_t count) {
  std::string bytes;
  for (std::uint32_t x = 2463534242U; bytes.size() < count;) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    bytes.append(reinterpret_cast<const char*>(&x), 4);
  }
  bytes.resize(count);
  return bytes;
}

int monitor_of(const Detached& pod) { return pod.record()["status"]["podctl"]["monitorPid"]; }

// A command whose output goes into a pipe that is read.
std::vector<std::string> unseen(const World& world, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{"sh", "-c", "exec \"$@\" 2>&1 | cat > /dev/null", "sh"};
  for (const auto& word : world.podctl_argv(arguments)) argv.push_back(word);
  return argv;
}

// A pod of one container that shows the file `data` of its volume.
Json showing_pod(const World& world, const std::string& script) {
  Json manifest = pod({container("main", script)});
  manifest["spec"]["volumes"] = {volume("d", {{"hostPath", {{"path", world.folder("data", 0777)}}}})};
  manifest["spec"]["containers"][0]["volumeMounts"] = {mount("d", "/d")};
  return manifest;
}

}  // namespace

TEST_CASE("8 MB in one line come back byte for byte, from a detached pod and a foreground one", "[flood]") {
  const World world;
  std::string bytes = random_bytes(8 * kMega);
  std::replace(bytes.begin(), bytes.end(), '\n', 'n');
  const Json manifest = showing_pod(world, "cat /d/bytes; touch /d/shown; exec sleep 60");
  world.file("data/bytes", bytes);
  SECTION("detached") {
    const Detached live(world, manifest);
    REQUIRE(eventually([&] { return exists(world.path() + "/data/shown"); }, 30s));
    CHECK(world.podctl({"kill", "test"}).code == 0);
  }
  SECTION("in the foreground, with prefixes") {
    Background run(unseen(world, {"run", "--log-prefix", "always", write_manifest(world, manifest)}));
    REQUIRE(eventually([&] { return exists(world.path() + "/data/shown"); }, 30s));
    CHECK(world.podctl({"kill", "test"}).code == 0);
    run.wait();
  }
  const Result logs = world.podctl({"logs", "test"});
  CHECK(logs.err == "");
  CHECK(logs.out.size() == bytes.size());
  CHECK((logs.out == bytes));
}

TEST_CASE("what a container prints without end of line or sense takes no memory of its monitor", "[flood]") {
  const World world;
  const std::size_t zeros = is_long() ? 1000 : 100, noise = is_long() ? 200 : 50;
  const std::string script = podctl::cat("head -c ", zeros * kMega, " /dev/zero; head -c ", noise * kMega / 2, " /dev/urandom; head -c ",
                                         noise * kMega / 2, " /dev/zero; touch /d/shown; exec sleep 60");
  const auto is_shown = [&] { return exists(world.path() + "/data/shown"); };
  const std::chrono::seconds limit(is_long() ? 300 : 60);
  SECTION("detached") {
    const Detached live(world, showing_pod(world, script));
    CHECK(most_private_kib(monitor_of(live), is_shown, limit) < kMostKib);
  }
  SECTION("in the foreground, with prefixes, into a pipe that is read") {
    Background run(unseen(world, {"run", "--log-prefix", "always", write_manifest(world, showing_pod(world, script))}));
    const Detached live(world);
    REQUIRE(eventually([&] { return exists(live.folder() + "/status.json"); }));
    CHECK(most_private_kib(monitor_of(live), is_shown, limit) < kMostKib);
    CHECK(world.podctl({"kill", "test"}).code == 0);
    run.wait();
  }
  // Three files of 10 MiB at most, each with one batch more than that.
  std::uintmax_t kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(world.path() + "/root/state/pods/test/logs/main")) kept += entry.file_size();
  CHECK(kept > (20U << 20));
  CHECK(kept < (34U << 20));
}

TEST_CASE("a reader of logs -f that stops reading holds up nobody, and misses nothing when it goes on", "[flood]") {
  const World world;
  constexpr int kLast = 150'000;  // with their times 7 MiB: far more than a pipe holds, less than a file
  const Detached live(world, showing_pod(world, podctl::cat("echo ready; until [ -e /d/go ]; do sleep 0.02; done; seq ", kLast,
                                                            "; touch /d/shown; exec sleep 60")));
  Background reader(world.podctl_argv({"logs", "-f", "test"}));
  CHECK(reader.read_until([](const std::string& out) { return out == "ready\n"; }));
  reader.signal(SIGSTOP);
  world.file("data/go", "");
  CHECK(eventually([&] { return exists(world.path() + "/data/shown"); }));
  CHECK(private_kib(monitor_of(live)) < kMostKib);
  std::string all = "ready\n";
  for (int i = 1; i <= kLast; ++i) podctl::append(all, i, '\n');
  CHECK(eventually([&] { return world.podctl({"logs", "test"}).out == all; }));  // the last of it may still be in the pipe
  CHECK(world.podctl({"exec", "test", "--", "true"}).code == 0);
  reader.signal(SIGCONT);
  CHECK(reader.read_until([&](const std::string& out) { return out.size() == all.size(); }));
  CHECK((reader.out() == all));
  CHECK(world.podctl({"kill", "test"}).code == 0);
  CHECK(reader.wait().code == 0);
}
