// The part of JSONPath that -o jsonpath= takes.
#include <string>

#include "podctl/error.hpp"
#include "podctl/output.hpp"
#include "support/catch.hpp"

using namespace podctl;

namespace {

const std::string kPod = R"({
  "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "shop", "a b": "c", "it's": "so"}},
  "spec": {"containers": [{"name": "app", "ports": [80, 443]}, {"name": "log"}], "hostNetwork": false, "none": null},
  "status": {"phase": "Running", "restarts": 3, "odd": 1.5}
})";

std::string query(const std::string& expression) { return query_jsonpath(kPod, expression); }

ErrorInfo refused(const std::string& expression) {
  try {
    query(expression);
  } catch (const Error& error) {
    return error.info();
  }
  FAIL("no error for " << expression);
  return {};
}

}  // namespace

TEST_CASE("a path finds values: strings bare, the rest as JSON", "[view][jsonpath]") {
  for (const std::string path : {".metadata.name", "{.metadata.name}", "{ .metadata.name }", "$.metadata.name", "{$.metadata.name}",
                                 "['metadata']['name']", "{.metadata['name']}", "{.metadata[\"name\"]}", "{.['metadata'].name}"})
    CHECK(query(path) == "web");
  CHECK(query(".status.restarts") == "3");
  CHECK(query(".status.odd") == "1.5");
  CHECK(query(".spec.hostNetwork") == "false");
  CHECK(query(".spec.none") == "null");
  CHECK(query(".spec.containers[0]") == R"({"name":"app","ports":[80,443]})");
  CHECK(query(".spec.containers[0].ports") == "[80,443]");
  CHECK(query_jsonpath("7", "{.}") == "7");
  CHECK(query_jsonpath("[1,2]", "{$}") == "[1,2]");
  CHECK(query_jsonpath("[1,2]", "[1]") == "2");
}

TEST_CASE("keys may hold dots, blanks and quotes", "[view][jsonpath]") {
  CHECK(query(R"({.metadata.labels.app\.kubernetes\.io/name})") == "shop");
  CHECK(query("{.metadata.labels['app.kubernetes.io/name']}") == "shop");
  CHECK(query("{.metadata.labels['a b']}") == "c");
  CHECK(query(R"({.metadata.labels['it\'s']})") == "so");
  CHECK(query(R"({.metadata.labels["it's"]})") == "so");
}

TEST_CASE("indexes count from both ends, and * means every one", "[view][jsonpath]") {
  CHECK(query(".spec.containers[1].name") == "log");
  CHECK(query(".spec.containers[-1].name") == "log");
  CHECK(query(".spec.containers[-2].name") == "app");
  CHECK(query(".spec.containers[*].name") == "app log");
  CHECK(query(".spec.containers.*.name") == "app log");
  CHECK(query(".spec.containers[*].ports[*]") == "80 443");
  CHECK(query(".metadata.labels[*]") == "shop c so");
}

TEST_CASE("what is not there gives nothing", "[view][jsonpath]") {
  for (const std::string path : {".nope", ".metadata.nope.deeper", ".metadata.name.deeper", ".metadata[0]", ".spec.containers[2]",
                                 ".spec.containers[-3]", ".spec.containers.name", ".spec.containers[9223372036854775807]",
                                 ".spec.containers[-9223372036854775808]", ".status.phase[*]", "['']"})
    CHECK(query(path).empty());
}

TEST_CASE("text around the braces is printed as it stands", "[view][jsonpath]") {
  CHECK(query("pod {.metadata.name}: {.status.phase}!") == "pod web: Running!");
  CHECK(query(R"({.metadata.name}{"\t"}{.status.phase}{"\n"})") == "web\tRunning\n");
  CHECK(query(R"({.metadata.name} {"a \"b\" \\ }{"})") == R"(web a "b" \ }{)");
  CHECK(query("{.metadata.nope}") == "");
  CHECK(query("{.metadata.name}}") == "web}");
}

TEST_CASE("a malformed expression is refused with the place", "[view][jsonpath]") {
  const struct {
    const char* expression;
    const char* cause;
  } kCases[] = {
      {"", "at character 1: it is empty"},
      {"metadata.name", "at character 1: there is no path"},
      {"{\"only text\"}", "at character 1: there is no path"},
      {"{.metadata", "at character 11: '}' is missing"},
      {"é{.metadata", "at character 12: '}' is missing"},
      {"{.metadata name}", "at character 12: unexpected \"n\""},
      {".metadata name", "at character 10: unexpected \" \""},
      {".a[", "at character 4: a number, a key"},
      {".a[x]", "at character 4: a number, a key"},
      {".a[1", "at character 5: ']' is missing"},
      {".a[1x]", "at character 5: ']' is missing"},
      {".a['b]", "at character 7: ' is missing"},
      {".a[99999999999999999999]", "at character 4: a number"},
      {"{..name}", "at character 3: '..' is not supported"},
      {"{.a..b}", "at character 5: '..' is not supported"},
      {"{.a.}", "at character 5: a key is missing"},
      {"{.a[0:2]}", "at character 6: several indexes"},
      {"{.a[0,1]}", "at character 6: several indexes"},
      {"{.a[?(@.b==1)]}", "at character 5: a number"},
      {"{range .items[*]}{.a}{end}", "at character 2: range is not supported"},
      {"{}", "at character 2: a path begins"},
      {"{", "at character 2: a path is missing"},
      {"{\"a}", "at character 5: '\"' is missing"},
      {"{\"\\x\"}", "at character 4: only \\n"},
  };
  for (const auto& row : kCases) {
    const ErrorInfo info = refused(row.expression);
    CAPTURE(row.expression, info.cause);
    CHECK(info.cause.find(row.cause) == 0);
    CHECK(info.error_class == ErrorClass::kUsage);
    CHECK_FALSE(info.hint.empty());
  }
  CHECK_THROWS_AS(query_jsonpath("{", ".a"), Error);
}
