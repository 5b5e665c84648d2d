#include "base/text.hpp"

#include "support/catch.hpp"

using namespace podctl;

TEST_CASE("numbers are read whole or not at all", "[text]") {
  CHECK(parse_number<int>("42") == 42);
  for (const char* wrong : {"", " 1", "1 ", "1x", "99999999999", "+1"}) CHECK_FALSE(parse_number<int>(wrong));
}
