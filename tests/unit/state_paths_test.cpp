// Where the store is.
#include <map>

#include "podctl/store.hpp"
#include "support/catch.hpp"

using namespace podctl;

namespace {

constexpr std::uint32_t kNobodyHere = 4123456789u;  // no /run/user/UID of that number

std::map<std::string, std::string>& variables() {
  static std::map<std::string, std::string> all;
  return all;
}
StorePaths paths(std::map<std::string, std::string> environment, const std::string& root = {}) {
  variables() = std::move(environment);
  return store_paths(root, kNobodyHere, [](const char* name) { return variables()[name]; });
}

}  // namespace

TEST_CASE("the store follows the XDG environment", "[state]") {
  const StorePaths found = paths({{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}, {"HOME", "/h"}});
  CHECK(found.state == "/s/podctl/pods");
  CHECK(found.runtime == "/r/podctl/pods");
  CHECK(found.note.empty());
  CHECK(paths({{"XDG_RUNTIME_DIR", "/r"}, {"HOME", "/h"}}).state == "/h/.local/state/podctl/pods");
}

TEST_CASE("a folder of XDG that is not absolute counts as unset", "[state]") {
  const StorePaths found = paths({{"XDG_STATE_HOME", "s"}, {"XDG_RUNTIME_DIR", "r"}, {"HOME", "/h"}});
  CHECK(found.state == "/h/.local/state/podctl/pods");
  CHECK(found.runtime == "/tmp/podctl-4123456789/pods");
}

TEST_CASE("without a runtime folder one in /tmp is used, and said", "[state]") {
  const StorePaths found = paths({{"HOME", "/h"}});
  CHECK(found.runtime == "/tmp/podctl-4123456789/pods");
  CHECK(found.note == "XDG_RUNTIME_DIR is not set; using /tmp/podctl-4123456789");
}

TEST_CASE("an account without a home keeps its records with the locks", "[state]") {
  CHECK(paths({}).state == "/tmp/podctl-4123456789/state/pods");
}

TEST_CASE("--root moves both, whatever the environment says", "[state]") {
  const StorePaths found = paths({{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}, {"HOME", "/h"}}, "/w");
  CHECK(found.state == "/w/state/pods");
  CHECK(found.runtime == "/w/run/pods");
  CHECK(found.note.empty());
}
