// Secrets of pods that are to be started later: kept in memory, with the record and no longer.

#include "host/pods.hpp"
#include "host/room.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

constexpr const char* kWord = "hush hush";

std::string pod_with_secret(const World& world, const std::string& script, const std::string& word = kWord) {
  Json app = container("app", script);
  app["volumeMounts"] = {mount("s", "/hidden")};
  Json manifest = pod({app});
  manifest["spec"]["volumes"] = {volume("s", {{"secret", {{"secretName", "hidden"}}}})};
  const Json secret{{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "hidden"}}}, {"stringData", {{"word", word}}}};
  return write_manifest(world, manifest, {secret});
}

// Which files below --root hold the word, as it is or as a Secret has it.
std::string holders(const Room& room) {
  return room.run({"sh", "-c", "cd \"$0\" && grep -rlE \"$1|aHVzaCBodXNo\" . | sort", room.root(), kWord}).out;
}
std::string kept_mode(const Room& room) { return room.run({"sh", "-c", "stat -c %a \"$0\"/run/pods/test/secrets.json", room.root()}).out; }

constexpr const char* kSecrets = "./run/pods/test/secrets.json\n";

}  // namespace

TEST_CASE("a pod with a Secret is created and started again, and the Secret goes with its record", "[secrets]") {
  const World world;
  const Room room(world, "size=16m");
  REQUIRE(room.podctl({"create", pod_with_secret(world, "cat /hidden/word > /dev/null && echo read")}).code == 0);
  CHECK(holders(room) == kSecrets);
  CHECK(kept_mode(room) == "600\n");
  for (int round = 0; round < 2; ++round) {
    const Result start = room.podctl({"start", "-a", "test"});
    CHECK(start.err == "");
    CHECK(start.out == "read\n");
    CHECK(holders(room) == kSecrets);
  }
  CHECK(room.podctl({"rm", "test"}).code == 0);
  CHECK(room.run({"find", room.root() + "/run/pods", "-mindepth", "1"}).out == "");
}

TEST_CASE("a start that fails leaves the Secret of the pod before it", "[secrets]") {
  const World world;
  const Room room(world, "size=16m");
  const std::string script = "wc -c < /hidden/word";
  REQUIRE(room.podctl({"run", pod_with_secret(world, script)}).out == "9\n");
  CHECK(room.podctl({"run", "--set", "spec.containers[0].command=[\"/none\"]", pod_with_secret(world, script, "other")}).code == 127);
  CHECK(holders(room) == kSecrets);
  CHECK(room.podctl({"start", "-a", "test"}).out == "9\n");
}

TEST_CASE("a pod without Secrets that takes the name of one with them keeps none", "[secrets]") {
  const World world;
  const Room room(world, "size=16m");
  REQUIRE(room.podctl({"run", pod_with_secret(world, "true")}).code == 0);
  CHECK(holders(room) == kSecrets);
  REQUIRE(room.podctl({"run", write_manifest(world, pod({container("app", "true")}))}).code == 0);
  CHECK(holders(room) == "");
  CHECK(room.run({"find", room.root() + "/run/pods", "-mindepth", "1"}).out == "");
}

TEST_CASE("with --rm no Secret is kept, nor when the record was taken away", "[secrets]") {
  const World world;
  const Room room(world, "size=16m");
  REQUIRE(room.podctl({"run", "--rm", pod_with_secret(world, "true")}).code == 0);
  CHECK(holders(room) == "");
  REQUIRE(room.podctl({"run", pod_with_secret(world, "true")}).code == 0);
  room.run({"rm", "-r", room.root() + "/state/pods/test"});
  CHECK(room.podctl({"prune", "--yes"}).code == 0);
  CHECK(holders(room) == "");
  CHECK(room.podctl({"exists", "test"}).code == 1);
}
