#include <sstream>

#include "support/catch.hpp"
#include "support/command.hpp"

using podtest::World;

TEST_CASE("a command runs in a sandbox of the host's own files", "[run]") {
  const World world;
  const auto result = world.podctl({"run", "--", "sh", "-c", "echo hello; exit 7"});
  CHECK(result.out == "hello\n");
  CHECK(result.code == 7);
}
