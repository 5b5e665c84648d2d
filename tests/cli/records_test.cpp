// Commands that look at pods, on records that a disk, a newer podctl or a stranger left.
#include <fcntl.h>

#include <nlohmann/json.hpp>
#include <filesystem>

#include "podctl/unique_fd.hpp"
#include "support/catch.hpp"
#include "support/command.hpp"

using nlohmann::json;
using podtest::Result;
using podtest::World;

namespace {

const std::string kWhole =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","labels":{"app":"web"},)"
    R"("creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"containers":[{"name":"app"}]},"status":{"phase":"Succeeded",)"
    R"("containerStatuses":[{"name":"app","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}],)"
    R"("podctl":{"formatVersion":1,"exit":{"code":0,"source":"container"}}}})";

void put(const World& world, const std::string& pod, const std::string& record) {
  world.file("root/state/pods/" + pod + "/status.json", record);
}

std::string word(const std::string& row) {
  std::string name, ready, status;
  std::istringstream(row) >> name >> ready >> status;
  return status;
}

}  // namespace

TEST_CASE("a record that is torn at any byte is shown as such by every command that looks", "[records]") {
  const World world;
  for (std::size_t cut = 0; cut < kWhole.size(); cut += cut == 0 ? 1 : 7) {
    INFO(cut);
    put(world, "web", kWhole.substr(0, cut));
    const Result list = world.podctl({"ps", "--no-headers"});
    CHECK(list.code == 0);
    CHECK(word(list.out) == (cut == 0 ? "Lost" : "TornRecord"));
    CHECK(list.err == std::string("podctl: note: pod 'web': its record is ") + (cut == 0 ? "missing or empty\n" : "torn\n"));
    const Result object = world.podctl({"ps", "-q", "-o", "json", "web"});
    CHECK(object.err.empty());
    CHECK(json::parse(object.out)["status"]["phase"] == "Unknown");
  }
  put(world, "web", kWhole);
  const Result list = world.podctl({"ps", "--no-headers"});
  CHECK(word(list.out) == "Completed");
  CHECK(list.err.empty());
}

TEST_CASE("garbage, a newer record and what cannot be read spoil no other pod's row", "[records]") {
  const World world;
  put(world, "a", kWhole);
  put(world, "b", std::string("\0\xff\x1b[2J", 7));
  put(world, "c", std::string(100000, '['));
  put(world, "d", R"({"status":{"podctl":{"formatVersion":99}}})");
  world.folder("root/state/pods/e/status.json");
  world.folder("root/state/pods/f");
  world.file("root/state/pods/stray", "no pod");
  put(world, "z", kWhole);
  const Result list = world.podctl({"ps", "--no-headers"});
  CHECK(list.code == 0);
  std::istringstream rows(list.out);
  std::vector<std::string> words;
  for (std::string row; std::getline(rows, row);) words.push_back(row.substr(0, 1) + ' ' + word(row));
  CHECK(words ==
        std::vector<std::string>{"a Completed", "b TornRecord", "c TornRecord", "d NewerRecord", "e Unreadable", "f Lost", "z Completed"});
  CHECK(list.err.find("pod 'd': its record was written by a newer podctl (format 99)\n") != std::string::npos);
  CHECK(list.err.find("pod 'e': its record cannot be read: ") != std::string::npos);
  const json all = json::parse(world.podctl({"ps", "-o", "json"}).out);
  CHECK(all["kind"] == "PodList");
  CHECK(all["items"].size() == 7);
  for (const auto& pod : all["items"]) CHECK(pod["kind"] == "Pod");
}

TEST_CASE("a name is a pod's and never a path", "[records]") {
  const World world;
  world.file("root/state/secret/status.json", kWhole);
  put(world, "web", kWhole);
  for (const char* name : {"..", ".", ".web.previous", "pod/..", "WEB", "a b", "web."}) {
    INFO(name);
    const Result result = world.podctl({"ps", name});
    CHECK(result.code == 4);
    CHECK(result.out.empty());
  }
}

namespace {

// On a terminal of its own (script(1)), which is given this input.
Result on_terminal(const World& world, const std::string& arguments, const std::string& input) {
  const std::string command = podtest::podctl_path() + " --root " + world.path() + "/root " + arguments;
  return podtest::run({"script", "-qec", command, "/dev/null"}, {.input = input});
}

}  // namespace

TEST_CASE("ps -w has no row for a pod without a record, whoever holds it", "[records]") {
  const World world;
  for (const bool held : {false, true}) {
    INFO(held);
    put(world, "old", "");
    podtest::Background rows(world.podctl_argv({"ps", "-w", "--no-headers"}));
    podtest::Background objects(world.podctl_argv({"ps", "-w", "-o", "json"}));
    const auto says = [](podtest::Background& watch, const std::string& part, std::size_t times) {
      return watch.read_until([&](const std::string& text) {
        std::size_t found = 0;
        for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
        return found >= times;
      });
    };
    // What is changed before a pod is made has been seen when that pod is told of.
    std::size_t told = 0;
    const auto put_and_see = [&](const std::string& pod) {
      put(world, pod, kWhole);
      CHECK(says(rows, pod + "  ", 1));
      CHECK(says(objects, R"("phase": "Succeeded")", ++told));
    };
    put_and_see("z");
    const std::string lock = world.file("root/run/pods/web/lock", "");
    const podctl::UniqueFd own(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
    struct flock whole {};
    whole.l_type = F_WRLCK;
    if (held) REQUIRE(::fcntl(own.get(), F_SETLK, &whole) == 0);
    world.folder("root/state/pods/web");
    put_and_see("a");
    put_and_see("web");
    std::filesystem::remove(world.path() + "/root/state/pods/web/status.json");
    put_and_see("b");
    for (const char* folder : {"/root/state/pods/web", "/root/run/pods/web"}) std::filesystem::remove_all(world.path() + folder);
    CHECK(says(rows, "Removed", 1));
    std::vector<std::string> words;
    std::istringstream out(rows.out());
    for (std::string row; std::getline(out, row);)
      if (row.rfind("web", 0) == 0 || row.rfind("old", 0) == 0) words.push_back(word(row));
    CHECK(words == std::vector<std::string>{"Completed", "Removed"});
    for (const char* phase : {"Unknown", "Pending"}) CHECK(objects.out().find(phase) == std::string::npos);
    std::filesystem::remove_all(world.path() + "/root/state/pods");
  }
}

TEST_CASE("on a terminal the only pod need not be named, and the choice is told", "[records]") {
  const World world;
  CHECK(on_terminal(world, "describe", "").out.find("which pod? there is none") != std::string::npos);
  put(world, "web", kWhole);
  const Result one = on_terminal(world, "describe", "");
  CHECK(one.code == 0);
  CHECK(one.out.find("podctl: note: pod web\r\n") != std::string::npos);
  CHECK(one.out.find("Status:       Completed") != std::string::npos);
  CHECK(on_terminal(world, "inspect -q", "").out.rfind("{", 0) == 0);
  CHECK(world.podctl({"describe"}).code == 2);  // a script names it
  put(world, "db", kWhole);
  CHECK(on_terminal(world, "describe", "").out.find("which pod? there are 2") != std::string::npos);
}

TEST_CASE("prune and rm --all ask on a terminal, and anything but yes is no", "[records]") {
  const World world;
  put(world, "web", kWhole);
  for (const char* command : {"prune", "rm --all"}) {
    INFO(command);
    const Result no = on_terminal(world, command, "n\n");
    CHECK(no.code == 1);
    CHECK(no.out.find("forget 1 pod") != std::string::npos);
    CHECK(on_terminal(world, command, "\n").code == 1);
    CHECK(podtest::exists(world.path() + "/root/state/pods/web"));
  }
  CHECK(on_terminal(world, "prune", "y\n").code == 0);
  CHECK_FALSE(podtest::exists(world.path() + "/root/state/pods/web"));
  put(world, "web", kWhole);
  CHECK(on_terminal(world, "rm --all", "yes\n").code == 0);
  CHECK_FALSE(podtest::exists(world.path() + "/root/state/pods/web"));
}
