// JSON printed as YAML.
#include <string>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/output.hpp"
#include "support/catch.hpp"

using namespace podctl;

namespace {

// What stands after "k: " when `value` is the value of k.
std::string printed(const std::string& value) { return json_to_yaml("{\"k\":" + value + "}"); }

}  // namespace

TEST_CASE("objects and lists become blocks, keys in their order", "[view][yaml]") {
  CHECK(json_to_yaml(R"({"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"name":"a","args":["x","-v"]},{"name":"b"}],"none":{}}})") ==
        "kind: Pod\n"
        "apiVersion: v1\n"
        "spec:\n"
        "  containers:\n"
        "  - name: a\n"
        "    args:\n"
        "    - x\n"
        "    - \"-v\"\n"
        "  - name: b\n"
        "  none: {}\n");
  CHECK(json_to_yaml("[[1,[2]],[],{\"a\":null}]") == "- - 1\n  - - 2\n- []\n- a: null\n");
  CHECK(json_to_yaml("[]") == "[]\n");
  CHECK(json_to_yaml("\"text\"") == "text\n");
  CHECK(json_to_yaml(" true ") == "true\n");
}

TEST_CASE("a string stands without quotes only where every YAML takes it for that string", "[view][yaml]") {
  const std::vector<std::string> plain{"web",       "a b c",     "/usr/bin/env", "64Mi",      "100m", "rootfs:./alpine",
                                       "v1",        "_x",        "it's",         "http://x/", "a=b",  "Running",
                                       "container", "nullable!", "yes-no",       "e5",        "x\\y "};
  for (const auto& text : plain) {
    if (text.back() == ' ') continue;
    CHECK(printed('"' + text + '"') == "k: " + text + '\n');
  }
  for (const std::string text : {"yes",  "No",       "ON",       "off",  "y",    "N",   "true",       "False",
                                 "null", "NULL",     "~",        "",     " ",    "a ",  " a",         "1",
                                 "0644", "0o17",     "0x1F",     "1e5",  "1_0",  "-1",  "+1",         ".5",
                                 "1.5",  "10.1.2.3", "12:30:45", ".inf", ".NaN", "1:2", "2026-11-25", "2026-11-25T18:00:00Z",
                                 "<<",   "=",        "-",        "- a",  "? a",  ": a", "a: b",       "a:",
                                 "a #b", "#a",       "&a",       "*a",   "!a",   "|",   ">",          "%a",
                                 "@a",   "`a`",      "[a]",      "{a}",  "'a'",  "---", "...",        "a{b",
                                 "0b11", "1E",       "0x",       "12ab"})
    CHECK(printed('"' + text + '"') == "k: \"" + text + "\"\n");
  CHECK(json_to_yaml(R"({"yes":1,"a: b":2,"8080":3,"app.kubernetes.io/name":4,"<<":5})") ==
        "\"yes\": 1\n\"a: b\": 2\n\"8080\": 3\napp.kubernetes.io/name: 4\n\"<<\": 5\n");
}

TEST_CASE("several lines become a literal block that keeps its end", "[view][yaml]") {
  CHECK(printed(R"("a\nb")") == "k: |-\n  a\n  b\n");
  CHECK(printed(R"("a\nb\n")") == "k: |\n  a\n  b\n");
  CHECK(printed(R"("a\n\n")") == "k: |+\n  a\n\n");
  CHECK(printed(R"("\n\na: b # c\n  d\n\te")") == "k: |-\n\n\n  a: b # c\n    d\n  \te\n");
  CHECK(json_to_yaml(R"([["a\nb"]])") == "- - |-\n    a\n    b\n");
  // What readers do not agree on is quoted.
  for (const std::string text : {R"("\n")", R"("\n\n")", R"(" a\nb")", R"("\n a\nb")", R"("\ta\nb")", R"("a\n  \nb")", R"("a\n ")"})
    CHECK(printed(text).find("k: \"") == 0);
  CHECK(printed(R"("a\r\nb")") == "k: \"a\\x0d\\nb\"\n");
}

TEST_CASE("characters that a YAML text may not hold are escaped, all others are kept", "[view][yaml]") {
  CHECK(printed(R"("\u0000\u0007\u001b[31m\t\"\\")") == "k: \"\\x00\\x07\\x1b[31m\\t\\\"\\\\\"\n");
  CHECK(printed("\"a\x7f\"") == "k: \"a\\x7f\"\n");
  CHECK(printed(R"("a\u0085\u2028\u2029\ufeff\ufffe\uffff")") == "k: \"a\\x85\\u2028\\u2029\\ufeff\\ufffe\\uffff\"\n");
  CHECK(printed(R"("a\nb\u0085")") == "k: \"a\\nb\\x85\"\n");
  CHECK(printed(R"("käse \ud83d\ude00")") == "k: \"käse \xf0\x9f\x98\x80\"\n");
}

TEST_CASE("numbers read as numbers in YAML 1.1 as well", "[view][yaml]") {
  CHECK(printed("-9223372036854775808") == "k: -9223372036854775808\n");
  CHECK(printed("18446744073709551615") == "k: 18446744073709551615\n");
  CHECK(printed("1.5") == "k: 1.5\n");
  CHECK(printed("1e300") == "k: 1.0e+300\n");
  CHECK(printed("1.5E-9") == "k: 1.5e-09\n");
}

TEST_CASE("a key too long for a line of its own has the form for that", "[view][yaml]") {
  const std::string key(2000, 'k');
  CHECK(json_to_yaml("{\"" + key + "\":[1,{\"a\":\"b\"}],\"c\":{\"" + key + "\":\"x\\ny\"}}") ==
        "? \"" + key + "\"\n:\n  - 1\n  - a: b\nc:\n  ? \"" + key + "\"\n  : |-\n    x\n    y\n");
}

TEST_CASE("what is not one JSON value is an error, and so is one that is nested too deeply", "[view][yaml]") {
  for (const std::string text : {"", "{", "{} {}", "nope", "\"\xff\"", "\"\\ud800\""}) CHECK_THROWS_AS(json_to_yaml(text), Error);
  CHECK_THROWS_AS(json_to_yaml(std::string(100000, '[')), Error);
  CHECK_THROWS_AS(json_to_yaml(std::string(101, '[') + std::string(101, ']')), Error);
  CHECK(json_to_yaml(std::string(100, '[') + std::string(100, ']')).find("[]") != std::string::npos);
}
