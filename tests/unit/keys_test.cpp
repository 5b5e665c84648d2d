// Keys that end an attachment.
#include "monitor/terminal.hpp"
#include "podctl/error.hpp"
#include "podctl/text.hpp"
#include "support/catch.hpp"

using namespace podctl;
using monitor::KeySequence;

TEST_CASE("keys are read as the bytes that they send", "[keys]") {
  CHECK(parse_keys("ctrl-],ctrl-]") == "\x1d\x1d");
  CHECK(parse_keys("ctrl-p,q") == "\x10q");
  CHECK(parse_keys("ctrl-@") == std::string(1, '\0'));
  CHECK(parse_keys("ctrl-_") == "\x1f");
  CHECK(parse_keys("") == "");
  for (const char* none : {"ctrl-", "ctrl-1", "ctrl-pq", "ab", "a,,b", ",", "alt-x"}) CHECK_FALSE(parse_keys(none));
  CHECK_THROWS_AS(KeySequence("nokey"), Error);
}

TEST_CASE("what is typed is passed on but for the keys", "[keys]") {
  KeySequence keys("a,a,b");
  CHECK(keys.pass("x") == "x");
  CHECK(keys.pass("a").empty());   // it may be them
  CHECK(keys.pass("c") == "ac");   // it was not
  CHECK(keys.pass("aaa") == "a");  // the last two may be
  CHECK_FALSE(keys.is_complete());
  CHECK(keys.pass("bz").empty());
  CHECK(keys.is_complete());
  KeySequence begun("a,b");
  CHECK(begun.pass("xa") == "x");
  CHECK(begun.take_rest() == "a");  // nothing more was typed
  CHECK(begun.take_rest().empty());
  KeySequence none("");
  CHECK(none.pass("\x1d\x1d") == "\x1d\x1d");
  CHECK_FALSE(none.is_complete());
}
