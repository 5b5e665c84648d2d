// Disks that are full, and folders that nobody may write, under pods that live.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "host/detached.hpp"
#include "host/room.hpp"
#include "support/catch.hpp"

using namespace podtest;
using namespace std::chrono_literals;

namespace {

const std::string kStatus = "state/pods/test/status.json", kLog = "state/pods/test/logs/main/0.log";

// Prints 1, 2, 3, ... and beside them what fills a disk.
Json counting_pod() {
  return pod({container("main", "trap 'echo last; exit 3' TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done")});
}

// Ends the pod of a room, whatever the test made of it.
class InRoom {
 public:
  InRoom(const World& world, const Room& room, const Json& manifest) : room_(room) {
    const Result result = room.podctl({"run", "-d", write_manifest(world, manifest)});
    INFO(result.err);
    REQUIRE(result.code == 0);
  }
  InRoom(const InRoom&) = delete;
  InRoom& operator=(const InRoom&) = delete;
  ~InRoom() {
    room_.podctl({"kill", "test"});
    reap_all_but_the_room();
  }

 private:
  void reap_all_but_the_room() const {
    eventually([&] { return !exists(room_.path("run/pods/test/lock")); });
  }
  const Room& room_;
};

Json status_in(const Room& room) { return read_json(room.path(kStatus)); }
std::string word_in(const Room& room) { return status_in(room)["status"]["podctl"]["status"]; }
int last_number(const Room& room) {
  const auto all = lines(room.podctl({"logs", "test", "--tail", "1"}).out);
  return all.empty() || all[0].find_first_not_of("0123456789") != std::string::npos ? 0 : std::stoi(all[0]);
}

// Every line is whole: numbers that grow, "last", or what says that some are missing. Gives how often that was said.
int check_whole(const std::string& log) {
  int before = 0, said = 0;
  for (const auto& line : lines(log)) {
    INFO(line);
    if (line.rfind("[podctl: up to ", 0) == 0) {
      CHECK(contains(line, "are missing here"));
      ++said;
    } else if (line != "last") {
      REQUIRE(!line.empty());
      REQUIRE(line.find_first_not_of("0123456789") == std::string::npos);
      const int number = std::stoi(line);
      CHECK((number == before + 1 || (said > 0 && number > before)));
      before = number;
    }
  }
  return said;
}

}  // namespace

TEST_CASE("a full disk under a live pod costs it what does not fit, which is said, and nothing else", "[disk]") {
  const World world;
  const Room room(world, "size=512k");
  const InRoom live(world, room, counting_pod());
  REQUIRE(eventually([&] { return last_number(room) > 5; }));
  room.fill();
  // Its log takes what is left of its last page, and then nothing more.
  std::this_thread::sleep_for(2s);
  CHECK(room.podctl({"pause", "test"}).code == 0);  // a change that cannot be recorded
  std::this_thread::sleep_for(200ms);
  CHECK(word_in(room) == "Running");  // the record before it, whole
  CHECK(room.podctl({"unpause", "test"}).code == 0);
  CHECK(room.podctl({"exec", "test", "--", "true"}).code == 0);
  const int stuck = last_number(room);
  std::this_thread::sleep_for(300ms);
  CHECK(last_number(room) == stuck);
  CHECK(room.podctl({"pause", "test"}).code == 0);
  room.free();
  CHECK(eventually([&] { return word_in(room) == "Paused"; }));  // tried again on its own
  CHECK(room.podctl({"unpause", "test"}).code == 0);
  CHECK(eventually([&] { return last_number(room) > stuck + 5; }));
  const std::string events = room.podctl({"events", "test"}).out;
  CHECK(contains(events, "RecordFailed"));
  CHECK(contains(events, "LogFailed"));
  CHECK(contains(events, "No space left on device"));
  CHECK_FALSE(contains(events, "garbled"));
  CHECK(room.podctl({"stop", "test"}).code == 0);
  CHECK(check_whole(room.podctl({"logs", "test"}).out) == 1);
  CHECK(container_status(status_in(room), "main")["state"]["terminated"]["exitCode"] == 3);
  CHECK_FALSE(exists(room.path(kStatus + ".new")));
}

TEST_CASE("a pod that ends on a disk that it filled itself has its record and its logs", "[disk]") {
  const World world;
  const Room room(world, "size=1m");
  Json manifest = pod({container("main",
                                 "trap 'exit 3' TERM; echo before; until [ -e /data/go ]; do sleep 0.02; done; cat /dev/zero > /data/fill; "
                                 "while :; do sleep 0.02; done")});
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", Json::object()}})};
  manifest["spec"]["containers"][0]["volumeMounts"] = {mount("data", "/data")};
  const InRoom live(world, room, manifest);
  REQUIRE(eventually([&] { return room.podctl({"logs", "test"}).out == "before\n"; }));
  const std::string root = world.path() + "/root";
  REQUIRE(room.run({"touch", root + "/state/pods/test/volumes/data/go"}).code == 0);
  REQUIRE(eventually([&] { return room.run({"stat", "-f", "-c", "%f", root}).out == "0\n"; }));
  CHECK(room.podctl({"stop", "test"}).code == 0);
  CHECK(container_status(status_in(room), "main")["state"]["terminated"]["exitCode"] == 3);
  CHECK(contains(room.podctl({"logs", "test"}).out, "before\n"));
  CHECK_FALSE(exists(room.path("state/pods/test/volumes")));
}

TEST_CASE("a pod that ends on a full disk keeps its logs, and says that its record is not written", "[disk]") {
  const World world;
  const Room room(world, "size=512k");
  Background run(
      room.inside(world.podctl_argv({"run", write_manifest(world, pod({container("main",
                                                                                 "echo ready; read line < /dev/zero & "
                                                                                 "trap 'exit 3' TERM; while :; do sleep 0.02; done")}))})));
  REQUIRE(eventually([&] { return exists(room.path(kStatus)); }));
  room.fill();
  CHECK(room.podctl({"stop", "test"}).code == 0);
  const Result result = run.wait();
  CHECK(result.code == 125);
  CHECK(contains(result.err, "pod 'test' has ended, but its record could not be written"));
  CHECK(contains(result.err, "No space left on device"));
  CHECK(contains(read_file(room.path(kLog)), "ready"));
  CHECK(read_json(room.path(kStatus))["status"]["phase"] == "Running");  // the last one there was room for, whole
  CHECK(contains(room.podctl({"ps"}).out, "Lost"));
  room.free();
  CHECK(room.podctl({"rm", "test"}).code == 0);
}

TEST_CASE("a store that becomes read-only costs a live pod its records alone, until it is writable again", "[disk]") {
  const World world;
  const Room room(world, "size=1m");
  const std::string state = world.path() + "/root/state";  // a mount of its own: the lock beside it is open for writing
  REQUIRE(room.run({"sh", "-c", "mkdir -m 700 \"$0\" && mount --bind \"$0\" \"$0\"", state}).code == 0);
  const InRoom live(world, room, pod({container("main", "trap 'echo last; exit 3' TERM; while :; do sleep 0.02; done")}));
  REQUIRE(room.run({"mount", "-o", "remount,ro,bind", state}).code == 0);
  CHECK(room.podctl({"pause", "test"}).code == 0);
  std::this_thread::sleep_for(200ms);
  CHECK(word_in(room) == "Running");
  CHECK(room.podctl({"unpause", "test"}).code == 0);
  CHECK(room.podctl({"exec", "test", "--", "true"}).code == 0);
  CHECK(room.podctl({"pause", "test"}).code == 0);
  REQUIRE(room.run({"mount", "-o", "remount,rw,bind", state}).code == 0);
  CHECK(eventually([&] { return word_in(room) == "Paused"; }));
  CHECK(eventually([&] { return contains(room.podctl({"events", "test"}).out, "Read-only file system"); }));
  CHECK(room.podctl({"stop", "test"}).code == 0);
  CHECK(container_status(status_in(room), "main")["state"]["terminated"]["exitCode"] == 3);
  CHECK(room.podctl({"logs", "test"}).out == "last\n");
}

TEST_CASE("a state folder that nobody may write costs a live pod its records alone", "[disk]") {
  if (::geteuid() == 0) return;  // no mode stops it, nor root of a user namespace among its own files: the read-only store is its case
  const World world;
  const Detached live(world, counting_pod());
  REQUIRE(eventually([&] { return contains(world.podctl({"logs", "test"}).out, "2\n"); }));  // its log is open
  REQUIRE(::chmod(live.folder().c_str(), 0500) == 0);
  CHECK(world.podctl({"pause", "test"}).code == 0);
  std::this_thread::sleep_for(200ms);
  CHECK(live.record()["status"]["podctl"]["status"] == "Running");
  REQUIRE(::chmod(live.folder().c_str(), 0700) == 0);
  CHECK(eventually([&] { return live.record()["status"]["podctl"]["status"] == "Paused"; }));
  CHECK(eventually([&] { return contains(world.podctl({"events", "test"}).out, "Permission denied"); }));
  CHECK(world.podctl({"stop", "test"}).code == 0);
  CHECK(container_status(live.record(), "main")["state"]["terminated"]["exitCode"] == 3);
  CHECK(check_whole(world.podctl({"logs", "test"}).out) == 0);
}
