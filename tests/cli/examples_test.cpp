// Every example does what its own first lines say.
#include <nlohmann/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "support/catch.hpp"
#include "support/command.hpp"

using podtest::World;

namespace {

namespace fs = std::filesystem;

fs::path examples() {
  const char* set = std::getenv("PODCTL_EXAMPLES");
  return set != nullptr ? set : PODCTL_EXAMPLES;
}

// A part of the output that shows the promise kept.
const std::map<std::string, std::vector<std::string>> kPromises{
    {"hello", {"Hello from pod hello: I am process ", " as user 0, and PID 1 is podctl-pause."}},
    {"init", {"prepared by first\n", "and by second\n"}},
    {"localhost", {"served by a sibling over localhost\n"}},
    {"namespaces", {"user:[", "cgroup:["}},
    {"redis", {"client was here\n"}},
    {"volume", {"line 1\n", "line 3\n", "read-only for me\n"}},
    {"zombies", {"orphans of PID 1: 1\n", "no zombie is left\n"}},
};

}  // namespace

TEST_CASE("each example keeps the promise of its annotation", "[examples]") {
  std::set<std::string> met;
  for (const auto& entry : fs::directory_iterator(examples())) {
    if (entry.path().extension() != ".json") continue;
    const std::string name = entry.path().stem();
    INFO(name);
    met.insert(name);
    REQUIRE(kPromises.count(name) == 1);
    CHECK(podtest::read_file(entry.path()).find("\"example\": \"") != std::string::npos);
    const World world;
    const auto result = world.podctl({"run", entry.path()});
    INFO(result.out << result.err);
    CHECK(result.code == 0);
    for (const auto& promise : kPromises.at(name)) CHECK(result.out.find(promise) != std::string::npos);
  }
  CHECK(met.size() == kPromises.size());
}

TEST_CASE("the namespaces example shows five that are shared and two that are not", "[examples]") {
  const World world;
  const auto result = world.podctl({"run", examples() / "namespaces.json"});
  std::map<std::string, std::set<std::string>> seen;  // kind -> namespaces
  for (std::size_t at = 0; (at = result.out.find(":[", at)) != std::string::npos; ++at) {
    const std::size_t from = result.out.find_last_of(" \n", at) + 1;
    seen[result.out.substr(from, at - from)].insert(result.out.substr(at, result.out.find(']', at) - at));
  }
  for (const char* kind : {"user", "net", "ipc", "uts", "pid"}) CHECK(seen[kind].size() == 1);
  for (const char* kind : {"mnt", "cgroup"}) CHECK(seen[kind].size() == 2);
}
