// podctl logs on real pods: live ones, ended ones, restarted ones, ones that were killed.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/text.hpp"
#include "host/pods.hpp"
#include "podctl/error.hpp"
#include "state/log_reader.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr long kMostResidentKib = 512 * 1024;  // of which most is the sanitizer's own
#else
constexpr long kMostResidentKib = 24 * 1024;
#endif

std::string logs_of(const World& world, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "logs");
  const Result result = world.podctl(arguments);
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK(result.err.empty());
  return result.out;
}

std::string counted_lines(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) podctl::append(text, i, '\n');
  return text;
}

long peak_kib(int pid) { return std::stol(field(read_file("/proc/" + std::to_string(pid) + "/status"), "VmHWM")); }

}  // namespace

TEST_CASE("the logs of an ended pod are those of all its containers, in the order they spoke", "[logs]") {
  const World world;
  Json manifest = pod({container("a", "echo first >&2; until [ -e /d/b ]; do sleep 0.01; done; echo third"),
                       container("b", "sleep 0.1; echo second; sleep 0.1; touch /d/b")});
  manifest["spec"]["initContainers"] = {container("i", "echo before")};
  manifest["spec"]["volumes"] = {volume("d", {{"emptyDir", Json::object()}})};
  for (auto& entry : manifest["spec"]["containers"]) entry["volumeMounts"] = {mount("d", "/d")};
  REQUIRE(run_pod(world, manifest).code == 0);
  CHECK(logs_of(world, {"test"}) == "[pod/test/i] before\n[pod/test/a] first\n[pod/test/b] second\n[pod/test/a] third\n");
  CHECK(logs_of(world, {"test", "--prefix=false"}) == "before\nfirst\nsecond\nthird\n");
  CHECK(logs_of(world, {"test/a"}) == "first\nthird\n");
  CHECK(logs_of(world, {"pod/test", "-c", "i"}) == "before\n");
  CHECK(logs_of(world, {"test", "--tail", "1"}) == "[pod/test/i] before\n[pod/test/b] second\n[pod/test/a] third\n");
  CHECK(logs_of(world, {"-f", "test/b"}) == "second\n");  // there is nothing to wait for
  const auto stamped = lines(logs_of(world, {"--timestamps", "test/a"}));
  REQUIRE(stamped.size() == 2);
  const std::string time = stamped[1].substr(0, stamped[1].find(' '));
  CHECK(logs_of(world, {"--since", time, "test"}) == "[pod/test/a] third\n");
  CHECK(logs_of(world, {"--until", stamped[0].substr(0, stamped[0].find(' ')), "test", "--prefix=false"}) == "before\nfirst\n");
  CHECK(logs_of(world, {"--since", "1h", "test/a"}) == "first\nthird\n");
  CHECK(logs_of(world, {"--since", "0s", "test"}).empty());
}

TEST_CASE("what a container printed comes back byte for byte", "[logs]") {
  const World world;
  std::string bytes;
  for (std::uint32_t i = 0, x = 2463534242U; i < 2'000'000; ++i) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    bytes += static_cast<char>(x & 0xff);
  }
  const std::string no_lines(300'000, '\0');
  Json manifest = pod({container("a", "cat")});
  manifest["spec"]["containers"][0]["stdin"] = true;
  Options options;
  options.input = bytes + no_lines;
  REQUIRE(run_pod(world, manifest, {}, options).code == 0);
  CHECK((logs_of(world, {"test"}) == bytes + no_lines));
}

TEST_CASE("logs of a restarted container: this instance, and the one before", "[logs]") {
  const World world;
  Json manifest = pod({container("a", "echo >> /d/runs; n=$(wc -l < /d/runs); echo run $n; [ $n -eq 2 ]"), container("b", "echo once")});
  manifest["spec"]["restartPolicy"] = "OnFailure";
  manifest["spec"]["volumes"] = {volume("d", {{"emptyDir", Json::object()}})};
  manifest["spec"]["containers"][0]["volumeMounts"] = {mount("d", "/d")};
  REQUIRE(run_pod(world, manifest).code == 0);
  CHECK(logs_of(world, {"test/a"}) == "run 2\n");
  CHECK(logs_of(world, {"-p", "test/a"}) == "run 1\n");
  CHECK(logs_of(world, {"-p", "test"}) == "run 1\n");  // it alone has one
  CHECK(world.podctl({"logs", "-p", "test/b"}).code == 4);
}

TEST_CASE("a container that waits in back-off shows what it said before", "[logs]") {
  const World world;
  Json manifest = pod({container("a", "echo run; exit 1"), container("b", "echo ready; exec sleep 60")});
  manifest["spec"]["restartPolicy"] = "Always";
  LivePod live(world, manifest);
  live.await("run", 2);
  const auto waits = [&] {
    const std::string record = world.path() + "/root/state/pods/test/status.json";
    const Json status = exists(record) ? read_json(record) : Json();
    return !status.is_null() && container_status(status, "a")["state"].contains("waiting") &&
           container_status(status, "a")["restartCount"] == 1;
  };
  REQUIRE(eventually(waits));
  CHECK(logs_of(world, {"test/a"}) == "run\n");
  CHECK(logs_of(world, {"-p", "test/a"}) == "run\n");
  live.stop();
}

TEST_CASE("a container that has not run yet has no logs, and it is said why", "[logs]") {
  const World world;
  Json manifest = pod({container("a", "echo late")});
  manifest["spec"]["initContainers"] = {container("i", "echo early; exec sleep 60")};
  LivePod live(world, manifest);
  live.await("early");
  const Result refused = world.podctl({"logs", "test/a"});
  CHECK(refused.code == 5);
  CHECK(contains(refused.err, "container \"a\" in pod \"test\" is waiting to start"));
  CHECK(logs_of(world, {"test", "--prefix=false"}) == "early\n");
  live.stop();
}

TEST_CASE("following shows lines as they come and ends with the pod", "[logs]") {
  const World world;
  LivePod live(world,
               pod({container("a", "trap 'echo last; exit 0' TERM; echo one; echo ready; while :; do sleep 0.05; done"),
                    container("b", "trap : TERM; sleep 0.3; echo two >&2; while :; do sleep 0.05; done")}),
               {"--grace", "1s"});
  live.await("ready");
  Background follower(world.podctl_argv({"logs", "-f", "test", "--prefix=false"}));
  CHECK(follower.read_until([](const std::string& out) { return out == "one\nready\ntwo\n"; }));
  Background late(world.podctl_argv({"logs", "-f", "--tail", "0", "test/a"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  live.stop();
  const Result ended = follower.wait(std::chrono::seconds(5));
  CHECK(ended.code == 0);
  CHECK(ended.out == "one\nready\ntwo\nlast\n");
  CHECK(late.wait(std::chrono::seconds(5)).out == "last\n");
}

TEST_CASE("following goes on through restarts", "[logs]") {
  const World world;
  Json manifest =
      pod({container("a", "echo >> /d/runs; n=$(wc -l < /d/runs); echo run $n; [ $n -eq 2 ] && sleep 0.5 && exit 0; sleep 0.3; exit 1")});
  manifest["spec"]["restartPolicy"] = "OnFailure";
  manifest["spec"]["volumes"] = {volume("d", {{"emptyDir", Json::object()}})};
  manifest["spec"]["containers"][0]["volumeMounts"] = {mount("d", "/d")};
  LivePod live(world, manifest);
  live.await("run 1");
  Background follower(world.podctl_argv({"logs", "-f", "test"}));
  CHECK(live.wait().code == 0);
  CHECK(follower.wait(std::chrono::seconds(5)).out == "run 1\nrun 2\n");
}

TEST_CASE("following goes through rotations, and a reader that sleeps delays nobody", "[logs]") {
  const World world;
  constexpr int kLast = 250'000;  // with their times 12 MiB: a file and a part of the next
  LivePod live(world, pod({container("a", podctl::cat("echo ready; sleep 0.5; seq ", kLast, "; sleep 0.2"))}), {"--log-prefix", "never"});
  live.await("ready");
  Background follower(world.podctl_argv({"logs", "-f", "test"})), sleeper(world.podctl_argv({"logs", "-f", "test"}));
  CHECK(sleeper.read_until([](const std::string& out) { return out == "ready\n"; }));
  sleeper.signal(SIGSTOP);
  std::thread reader([&] { follower.read_until([&](const std::string& out) { return contains(out, podctl::cat('\n', kLast, '\n')); }); });
  const Result ended = live.wait(std::chrono::seconds(20));
  reader.join();
  CHECK(ended.code == 0);
  CHECK(std::filesystem::exists(world.path() + "/root/state/pods/test/logs/a/0.log.1"));
  CHECK((follower.wait().out == "ready\n" + counted_lines(1, kLast)));
  sleeper.signal(SIGCONT);
  CHECK((sleeper.wait().out == "ready\n" + counted_lines(1, kLast)));  // there was room for all of it
  CHECK((logs_of(world, {"test"}) == "ready\n" + counted_lines(1, kLast)));
  CHECK(logs_of(world, {"test", "--tail", "2"}) == counted_lines(kLast - 1, kLast));
}

TEST_CASE("a line without end needs no more memory than any other, written or read", "[logs]") {
  const World world;
  const std::string manifest =
      write_manifest(world, pod({container("a", "sleep 0.3; head -c 200000000 /dev/zero; echo; echo end >&2; exec sleep 60")}));
  const auto unseen = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> argv{"sh", "-c", "exec \"$@\" > /dev/null 2>&1", "sh"};
    for (const auto& word : world.podctl_argv(arguments)) argv.push_back(word);
    return argv;
  };
  Background live(unseen({"run", manifest}));
  REQUIRE(eventually([&] { return exists(world.path() + "/root/state/pods/test/status.json"); }));
  Background follower(unseen({"logs", "-f", "test"}));
  REQUIRE(eventually([&] { return contains(world.podctl({"logs", "test", "--tail", "1"}).out, "end"); }, std::chrono::seconds(30)));
  CHECK(peak_kib(live.pid()) < kMostResidentKib);
  CHECK(peak_kib(follower.pid()) < kMostResidentKib);
  live.signal(SIGTERM);
  live.wait();
  CHECK(follower.wait(std::chrono::seconds(10)).code == 0);
}

TEST_CASE("the logs of a pod whose podctl was killed are whole", "[logs]") {
  const World world;
  {
    LivePod live(world, pod({container("a", "exec seq 100000000")}), {"--log-prefix", "never"});
    live.await("1000\n");
    live.signal(SIGKILL);
    live.wait();
  }
  const auto shown = lines(logs_of(world, {"test"}));
  REQUIRE(shown.size() > 1000);
  const int first = std::stoi(shown.front());
  for (std::size_t i = 0; i + 1 < shown.size(); ++i) REQUIRE(shown[i] == std::to_string(first + static_cast<int>(i)));
  CHECK(world.podctl({"rm", "test"}).code == 0);
}

TEST_CASE("a pod that is forgotten at its end keeps no logs", "[logs]") {
  const World world;
  LivePod live(world, pod({container("a", "echo ready; exec sleep 60")}), {"--rm"});
  live.await("ready");
  for (int round = 0; round < 2; ++round) {  // before it has a record, and with one
    const Result refused = world.podctl({"logs", "test"});
    CHECK(refused.code == 5);
    CHECK(contains(refused.err, "pod 'test' keeps no logs"));
    CHECK(eventually([&] { return exists(world.path() + "/root/state/pods/test/status.json"); }));
  }
  live.stop();
}

TEST_CASE("a follower whose reader has gone ends, though the pod says nothing more", "[logs]") {
  const World world;
  LivePod live(world, pod({container("a", "echo ready; exec sleep 60")}));
  live.await("ready");
  std::vector<std::string> argv{"sh", "-c", "\"$@\" | head -n 1", "sh"};
  for (const auto& word : world.podctl_argv({"logs", "-f", "test"})) argv.push_back(word);
  Options options;
  options.limit = std::chrono::seconds(10);
  CHECK(run(argv, options).out == "ready\n");
  live.stop();
}

TEST_CASE("a full disk costs the log what does not fit, and a rotation that does not fit costs it nothing", "[logs]") {
  const World world;
  const std::string folder = world.folder("disk");
  const std::string options = GENERATE(std::string("size=64k"), std::string("size=8m,nr_inodes=6"));
  const pid_t child = ::fork();  // which changes its namespaces
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto check = [](bool holds, int code) {
      if (!holds) ::_exit(code);
    };
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    const auto write_map = [](const char* file, const std::string& text) {
      const podctl::UniqueFd out(::open(file, O_WRONLY | O_CLOEXEC));
      return ::write(out.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    };
    check(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_map("/proc/self/setgroups", "deny"), 8);
    check(write_map("/proc/self/uid_map", podctl::cat("0 ", uid, " 1")) && write_map("/proc/self/gid_map", podctl::cat("0 ", gid, " 1")),
          9);
    check(::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) == 0, 10);
    const podctl::UniqueFd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    constexpr std::uint64_t kSize = 8000;
    podctl::state::LogFile log(dir.get(), "app", 0, {.size = kSize, .files = 100});
    int written = 0, failed = 0;
    try {
      for (;; ++written) log.write(podctl::state::Stream::kOut, podctl::cat(written + 1, '\n'), std::chrono::seconds(1));
    } catch (const podctl::SysError& error) {
      failed = error.code();
    }
    check(failed == ENOSPC, 11);
    podctl::state::LogReader reader(dir.get(), "app", 0, podctl::state::LogReader::Reading::kFinished);
    int read = 0;
    while (const auto* record = reader.next()) check(record->ends && !record->stamp.empty() && record->text == std::to_string(++read), 12);
    check(read == written, 13);
    // Three folders and three files, of which the last one had to do for two.
    if (options != "size=64k") check(written * 44 > static_cast<int>(3 * kSize) && exists(folder + "/logs/app/0.log.2"), 14);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
