// -o on the commands that change pods: the objects they changed, as they are then.
#include "host/detached.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

Json one_object(const Result& result) {
  INFO(result.out << result.err);
  REQUIRE(result.code == 0);
  Json object = Json::parse(result.out);
  CHECK(object["kind"] == "Pod");
  CHECK(object["apiVersion"] == "v1");
  return object;
}

std::string word(const Json& object) { return object["status"]["podctl"]["status"]; }

Json sleeper(const std::string& name = "test") { return pod({container("app", "exec sleep 60"), container("log", "exec sleep 60")}, name); }

}  // namespace

TEST_CASE("-o json on what changes a pod prints it as it is after the change", "[detach][output]") {
  const World world;
  const Detached guard(world);
  const auto changed = [&](std::vector<std::string> words) {
    words.insert(words.begin() + 1, {"-o", "json"});
    return one_object(world.podctl(words));
  };
  const std::string manifest = write_manifest(world, sleeper());
  CHECK(word(changed({"create", manifest})) == "Created");
  const Json started = changed({"start", "test"});
  CHECK(word(started) == "Running");
  const int main_process = started["status"]["podctl"]["containerPids"]["app"];
  CHECK(exists("/proc/" + std::to_string(main_process)));
  CHECK(word(changed({"pause", "test"})) == "Paused");
  CHECK(word(changed({"unpause", "test"})) == "Running");
  CHECK(container_status(changed({"stop", "test/app"}), "app")["state"].contains("terminated"));
  CHECK_FALSE(exists("/proc/" + std::to_string(main_process)));
  const Json restarted = changed({"restart", "test/log"});
  CHECK(restarted["status"]["phase"] == "Running");
  CHECK(word(changed({"stop", "test"})) == "Stopped");
  CHECK(word(changed({"run", "-d", manifest})) == "Running");
  CHECK(word(changed({"kill", "test"})) == "Stopped");
  CHECK(word(changed({"rm", "test"})) == "Stopped");  // as it was
  CHECK(world.podctl({"exists", "test"}).code == 1);
}

TEST_CASE("several changed pods are a list, sorted by name, whatever order they were named in", "[detach][output]") {
  const World world;
  const Detached first(world, sleeper("a")), second(world, sleeper("b"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"stop", "-o", "json", "b", "a"}, {"stop", "--all", "-o", "json"}, {"prune", "--yes", "-o", "json"}}) {
    const Result result = world.podctl(words);
    INFO(result.err);
    const Json list = Json::parse(result.out);
    CHECK(list["kind"] == "PodList");
    REQUIRE(list["items"].size() == 2);
    CHECK(list["items"][0]["metadata"]["name"] == "a");
    CHECK(list["items"][1]["metadata"]["name"] == "b");
    CHECK(word(list["items"][1]) == "Stopped");
  }
  CHECK(world.podctl({"prune", "--yes", "-o", "jsonpath={.items}"}).out == "[]\n");
}

TEST_CASE("a mistake in -o is told before anything is changed", "[detach][output]") {
  const World world;
  const Detached live(world, sleeper());
  for (const char* form : {"xml", "wide", "jsonpath"}) {
    const Result result = world.podctl({"stop", "-o", form, "test"});
    CHECK(result.code == 2);
    CHECK(result.out == "");
  }
  CHECK(live.record()["status"]["phase"] == "Running");
  const Result foreground = world.podctl({"run", "-o", "json", live.manifest()});
  CHECK(foreground.code == 125);
  CHECK(contains(foreground.err, "-o needs -d"));
}
