#include "spec/names.hpp"

#include "base/text.hpp"
#include "support/catch.hpp"

using namespace podctl;
using namespace podctl::spec;

namespace {

std::string many(std::size_t count, char c = 'a') { return std::string(count, c); }

// Each of `good` passes and each of `bad` fails with exactly `rule`.
void check_names(std::string (*check)(std::string_view), const std::vector<std::string>& good, const std::vector<std::string>& bad,
                 const std::string& rule) {
  for (const auto& text : good) {
    INFO(quote(text));
    CHECK(check(text).empty());
  }
  for (const auto& text : bad) {
    INFO(quote(text));
    CHECK(check(text) == rule);
  }
}

const std::string kNul("a\0b", 3);

}  // namespace

TEST_CASE("DNS labels", "[names]") {
  check_names(check_dns_label, {"a", "0", "a-b", "a--b", "123", many(63)},
              {"", "A", "a.b", "-a", "a-", "-", "a_b", "a b", "ä", "a\n", " a", "a/b", "..", kNul},
              "must be a DNS label: lower-case letters, digits and '-', with a letter or digit at "
              "both ends");
  CHECK(check_dns_label(many(64)) == "must be no more than 63 characters");
}

TEST_CASE("DNS subdomains", "[names]") {
  const std::string longest = many(63) + "." + many(63) + "." + many(63) + "." + many(61);
  REQUIRE(longest.size() == 253);
  check_names(check_dns_subdomain, {"a", "a.b", "a-1.b-2.c", "1.2.3", longest, many(253)},
              {"", ".", "a.", ".a", "a..b", "A.b", "a.-b", "a-.b", "a_b", "a b", "ä", kNul},
              "must be a DNS name: lower-case letters, digits, '-' and '.', with a letter or digit "
              "at both ends of each part");
  CHECK(check_dns_subdomain(many(254)) == "must be no more than 253 characters");
}

TEST_CASE("keys of labels and annotations", "[names]") {
  check_names(check_qualified_name, {"a", "A.b_c-D", "1", "example.com/a", "a/B", many(63), many(253) + "/" + many(63)},
              {"", "-a", "a-", "_", ".a", "a b", "ä", "a/", "a/b/c", "a/-b", kNul},
              "must be a name of letters, digits, '-', '_' and '.', with a letter or digit at both "
              "ends, and optionally a DNS name "
              "and '/' before it");
  CHECK(check_qualified_name(many(64)) == "the name part must be no more than 63 characters");
  CHECK(check_qualified_name("a/" + many(64)) == "the name part must be no more than 63 characters");
  CHECK(check_qualified_name(many(254) + "/a") == "the part before '/' must be no more than 253 characters");
  for (const char* bad : {"/a", "A/a", "a_b/c", "-/c"})
    CHECK(check_qualified_name(bad) ==
          "the part before '/' must be a DNS name: lower-case letters, digits, '-' and '.', with a "
          "letter or digit at both ends of each part");
}

TEST_CASE("values of labels", "[names]") {
  check_names(check_label_value, {"", "a", "A.b_c-D", "1", many(63)}, {"-a", "a-", "_", "a/b", "a b", "ä", " ", kNul},
              "must be empty, or letters, digits, '-', '_' and '.' with a letter or digit at both ends");
  CHECK(check_label_value(many(64)) == "must be no more than 63 characters");
}

TEST_CASE("names of ports", "[names]") {
  check_names(check_port_name, {"a", "http", "8-a", "a1", "x-1-y", many(15)}, {"", "-a", "a-", "a--b", "A", "a_b", "a.b", "ä", kNul},
              "must be lower-case letters, digits and single '-' between them");
  check_names(check_port_name, {}, {"1", "80", "8-0"}, "must contain at least one letter (a-z)");
  CHECK(check_port_name(many(16)) == "must be no more than 15 characters");
}

TEST_CASE("keys of ConfigMaps and Secrets", "[names]") {
  check_names(check_data_key, {"a", "A.b_c-D", "-", "_", ".a", "a..b", "a..", many(253)}, {"", "a/b", "a b", "ä", "a\n", kNul},
              "must be letters, digits, '-', '_' and '.'");
  check_names(check_data_key, {}, {".", "..", "..a", "...", "..data"}, "must not be '.' or start with '..'");
  CHECK(check_data_key(many(254)) == "must be no more than 253 characters");
}

TEST_CASE("names of environment variables", "[names]") {
  check_names(check_env_name, {"A", "a.b", "a-b", "1", " ", "a b", "$", "~", many(10000)}, {"=", "A=B", "ä", "a\n", "\x7f", kNul},
              "must be printable ASCII characters other than '='");
  CHECK(check_env_name("") == "must not be empty");
}

TEST_CASE("paths that stay where they start", "[names]") {
  check_names(check_local_path, {"", "a", "a/b", "./a", "a/", "..a", "a..", "a/..b", "...", "a//b"}, {"/", "/a", "//a", "/.."},
              "must be a relative path");
  check_names(check_local_path, {}, {"..", "../a", "a/..", "a/../b", "a/b/..", "..//"}, "must not contain '..'");
}
