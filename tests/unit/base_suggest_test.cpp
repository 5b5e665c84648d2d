// The word that was meant.
#include <array>

#include "podctl/text.hpp"
#include "support/catch.hpp"

using namespace podctl;

namespace {

std::string meant(std::string_view word, std::vector<std::string_view> candidates) { return did_you_mean(word, candidates).value_or("-"); }

}  // namespace

TEST_CASE("the nearest word is suggested when it is near enough", "[base]") {
  const std::vector<std::string_view> fields{"command", "args", "image", "imagePullPolicy", "env", "envFrom", "name", "ports"};
  CHECK(meant("comand", fields) == "command");
  CHECK(meant("commandd", fields) == "command");
  CHECK(meant("cmomand", fields) == "command");  // neighbours swapped
  CHECK(meant("imagePullPolcy", fields) == "imagePullPolicy");
  CHECK(meant("imagepullpolicy", fields) == "imagePullPolicy");
  CHECK(meant("Name", fields) == "name");
  CHECK(meant("arg", fields) == "args");
  CHECK(meant("en", fields) == "env");
  CHECK(meant("completely", fields) == "-");
  CHECK(meant("xyz", fields) == "-");
}

TEST_CASE("a difference in case counts half, and the first of two equals wins", "[base]") {
  CHECK(meant("Port", {"pont", "port"}) == "port");
  CHECK(meant("cat", {"bat", "hat"}) == "bat");
  CHECK(meant("same", {"sane", "same"}) == "same");
}

TEST_CASE("there is nothing to suggest for nothing, or for what is no word", "[base]") {
  CHECK(meant("", {"a"}) == "-");
  CHECK(meant("a", {}) == "-");
  CHECK(meant(std::string(64, 'a'), {std::string_view("b")}) == "-");
  const std::string longest(65, 'a');
  CHECK(meant(longest, {longest}) == "-");  // so long a word costs time and helps nobody
  CHECK(meant("ab", {""}) == "-");
}

TEST_CASE("of a word of one letter only its other case is near", "[base]") {
  constexpr std::array<std::string_view, 2> kOthers{"b", "A"};
  CHECK(did_you_mean("a", kOthers) == "A");
  CHECK_FALSE(did_you_mean("c", kOthers));
}
