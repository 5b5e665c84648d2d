// The small files about ids: subuid, passwd, id maps.
#include "host/accounts.hpp"
#include "podctl/plan.hpp"
#include "support/catch.hpp"

using namespace podctl;

namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "# a comment\n"
    "www-data:x:33:34:www-data:/var/www:/usr/sbin/nologin\n"
    "short:x:40\n"
    "nogroup:x:41:x:c:/h:/s\n"
    "relative:x:42:42:c:home/r:/s\n"
    "control:x:43:43:c:/a\tb:/s\n"
    "homeless:x:44:44:c::/s\n"
    "noshell:x:45:46:c:/n\n"
    "first:x:50:51:c:/first:/s\n"
    "second:x:50:52:c:/second:/s\n"
    "big:x:4294967295:4294967295:c:/b:/s\n"
    "last:x:60:60:c:/l:/s";  // no line break at the end

}  // namespace

TEST_CASE("accounts are found by number, the first line of it", "[host]") {
  CHECK(account_name(kPasswd, 0) == "root");
  CHECK(account_name(kPasswd, 50) == "first");
  CHECK(account_name(kPasswd, 60) == "last");
  CHECK(account_name(kPasswd, 4294967295u) == "big");
  for (const std::uint32_t none : {1u, 3u, 40u, 41u}) CHECK(account_name(kPasswd, none).empty());
  CHECK(account_name("", 0).empty());
}

TEST_CASE("an account has a group and a home", "[host]") {
  const auto www = find_account(kPasswd, 33);
  REQUIRE(www);
  CHECK(www->group == 34);
  CHECK(www->home == "/var/www");
  CHECK(find_account(kPasswd, 45)->home == "/n");
  CHECK_FALSE(find_account(kPasswd, 40));
  CHECK_FALSE(find_account(kPasswd, 41));
  CHECK_FALSE(find_account(kPasswd, 99));
}

TEST_CASE("a home that is no plain absolute path is /", "[host]") {
  for (const std::uint32_t uid : {42u, 43u, 44u}) {
    CAPTURE(uid);
    REQUIRE(find_account(kPasswd, uid));
    CHECK(find_account(kPasswd, uid)->home == "/");
    CHECK(find_account(kPasswd, uid)->group == uid);
  }
  CHECK(find_account("u:x:7:7:c:/" + std::string(4095, 'a') + ":/s\n", 7)->home == "/");
}

TEST_CASE("subordinate ranges belong to a user by name or by number", "[host]") {
  constexpr std::string_view text =
      "alice:100000:65536\n"
      "bob:200000:65536\n"
      "1000:300000:10\n"
      "  alice:400000:5  \n"
      "alicea:500000:5\n"
      "#alice:600000:5\n"
      "alice:700000\n"
      "alice:800000:5:9\n"
      "alice:x:5\n"
      "alice:-1:5\n"
      "alice:900000:0\n"
      "alice:4294967290:6\n"
      "alice:4294967290:5";
  using Spans = std::vector<IdSpan>;
  CHECK(parse_subids(text, "alice", 1000) == Spans{{100000, 65536}, {300000, 10}, {400000, 5}, {4294967290u, 5}});
  CHECK(parse_subids(text, "bob", 1001) == Spans{{200000, 65536}});
  CHECK(parse_subids(text, "carol", 1002).empty());
  CHECK(parse_subids(text, "", 1000) == Spans{{300000, 10}});  // an account without a name
  CHECK(parse_subids(":1:2\n", "", 5).empty());                // which is not the name of a nameless line
  CHECK(parse_subids("", "alice", 1000).empty());
}

TEST_CASE("an id map lists the ids that exist inside", "[host]") {
  using Spans = std::vector<IdSpan>;
  CHECK(parse_id_map("         0          0 4294967295\n") == Spans{{0, 4294967295u}});
  CHECK(parse_id_map("         0       1000          1\n         1     100000      65536\n") == Spans{{0, 1}, {1, 65536}});
  CHECK(parse_id_map("").empty());
  CHECK(parse_id_map("0 1\n0 1 2 3\nx y z\n").empty());
}

TEST_CASE("what getsubids prints is read line by line", "[host]") {
  CHECK(parse_getsubids("0: alice 100000 65536\n1: alice 300000 10\n") == std::vector<IdSpan>{{100000, 65536}, {300000, 10}});
  for (const char* wrong :
       {"", "Error fetching ranges\n", "0 alice 1 2\n", "0: alice 1\n", "0: alice -1 2\n", "0: alice 1 0\n", "0: alice 4294967295 2\n"}) {
    INFO(wrong);
    CHECK(parse_getsubids(wrong).empty());
  }
}
