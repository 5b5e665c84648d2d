// Where the values of environment variables may come from.
#include "spec/env_file.hpp"
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const std::string kObjects = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"k":"v"},"binaryData":{"b":"AAE="}})"
                             R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"k":"v"},"data":{"nul":"YQBi"}})"
                             R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"other","namespace":"far"},"data":{"k":"v"}})";

std::string env(std::string_view members) { return container_with(cat("\"env\":[{\"name\":\"A\",", members, "}]")) + kObjects; }
std::string from(std::string_view source) { return env(cat("\"valueFrom\":{", source, "}")); }
std::string all_of(std::string_view members) { return container_with(cat("\"envFrom\":[{", members, "}]")) + kObjects; }
std::string field(std::string_view path) { return from(cat("\"fieldRef\":{\"fieldPath\":^\"", path, "\"}")); }
std::string unmarked(const std::string& text) { return take_marks(text).text; }

const std::string kAt = "spec.containers[0].env[0].valueFrom";
const std::string kFrom = "spec.containers[0].envFrom[0]";

}  // namespace

TEST_CASE("a variable has one source", "[spec][environment]") {
  check_rule(
      {env("\"valueFrom\":^{}"), kAt,
       "Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"});
  check_rule({env("\"value\":\"x\",\"valueFrom\":^{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}"), kAt,
              "Invalid value: \"\": may not be specified when `value` is not empty"});
  check_rule({env("\"valueFrom\":^{\"fieldRef\":{\"fieldPath\":\"metadata.name\"},\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}"), kAt,
              "Invalid value: \"\": may not have more than one field specified at a time"});
}

TEST_CASE("fieldRef knows the fields a variable may show", "[spec][environment]") {
  for (const char* path :
       {"metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels['app.io/a']", "metadata.annotations['A/b']",
        "spec.nodeName", "spec.serviceAccountName", "status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs"})
    check_clean({unmarked(field(path))});
  const std::string at = kAt + ".fieldRef.fieldPath";
  for (const char* path : {"spec.x", "metadata.labels['a", "metadata.name['a']", "labels['a']", "metadata.labels[a]"})
    check_rule({field(path), at, cat("Invalid value: \"", path, "\": error converting fieldPath: field label not supported: ", path)});
  check_rule(
      {field("metadata.labels"), at,
       "Unsupported value: \"metadata.labels\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", "
       "\"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\""});
  check_rule({field(""), at, "Required value"});
  check_rule({from("\"fieldRef\":{\"apiVersion\":^\"v2\",\"fieldPath\":\"metadata.name\"}"), kAt + ".fieldRef.apiVersion",
              "Unsupported value: \"v2\": supported values: \"v1\""});
}

TEST_CASE("resourceFieldRef knows resources, containers and divisors", "[spec][environment]") {
  const auto ref = [](std::string_view members) { return from(cat("\"resourceFieldRef\":{", members, "}")); };
  for (const char* good :
       {"\"resource\":\"limits.cpu\"", "\"resource\":\"requests.memory\",\"divisor\":\"1Mi\"",
        "\"resource\":\"limits.cpu\",\"divisor\":\"1m\"", "\"resource\":\"limits.hugepages-2Mi\",\"containerName\":\"c\"",
        "\"resource\":\"limits.ephemeral-storage\",\"divisor\":\"0\"", "\"resource\":\"limits.cpu\",\"divisor\":0.001"})
    check_clean({ref(good)});
  const std::string at = kAt + ".resourceFieldRef.";
  check_rule(
      {ref("\"resource\":^\"limits.gpu\""), at + "resource",
       "Unsupported value: \"limits.gpu\": supported values: limits. or requests. and cpu, memory, ephemeral-storage or hugepages-SIZE"});
  check_rule({ref("\"resource\":^\"\""), at + "resource", "Required value"});
  check_rule({ref("\"resource\":\"limits.cpu\",\"containerName\":^\"d\""), at + "containerName", "Not found: \"d\""});
  check_rule(
      {ref("\"resource\":\"limits.cpu\",\"divisor\":^\"2\""), at + "divisor", "Unsupported value: \"2\": supported values: \"1\", \"1m\""});
  check_rule(
      {ref("\"resource\":\"limits.memory\",\"divisor\":^\"1m\""), at + "divisor",
       "Unsupported value: \"1m\": supported values: \"1\", \"1k\", \"1M\", \"1G\", \"1T\", \"1P\", \"1E\", \"1Ki\", \"1Mi\", \"1Gi\", "
       "\"1Ti\", \"1Pi\", \"1Ei\""});
}

TEST_CASE("keys of objects must be there unless they are optional", "[spec][environment]") {
  const std::string map = kAt + ".configMapKeyRef.", secret = kAt + ".secretKeyRef.";
  check_clean({from("\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"k\"}"), from("\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}"),
               from("\"configMapKeyRef\":{\"name\":\"x\",\"key\":\"k\",\"optional\":true}"),
               from("\"secretKeyRef\":{\"name\":\"s\",\"key\":\"x\",\"optional\":true}"),
               from("\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"b\",\"optional\":true}")});
  check_rule({from("\"configMapKeyRef\":{\"name\":^\"s\",\"key\":\"k\"}"), map + "name",
              "Not found: \"s\": the input holds no ConfigMap of that name"});
  check_rule({from("\"configMapKeyRef\":{\"name\":^\"other\",\"key\":\"k\"}"), map + "name",
              "Not found: \"other\": the input holds no ConfigMap of that name"});
  check_rule(
      {from("\"configMapKeyRef\":{\"name\":\"m\",\"key\":^\"x\"}"), map + "key", "Not found: \"x\": ConfigMap \"m\" has no such key"});
  check_rule({from("\"configMapKeyRef\":{\"name\":\"m\",\"key\":^\"b\"}"), map + "key",
              "Not found: \"b\": ConfigMap \"m\" has it in binaryData, which no variable can hold"});
  check_rule({from("\"secretKeyRef\":{\"name\":\"s\",\"key\":^\"nul\"}"), secret + "key",
              "Invalid value: \"nul\": its value holds a NUL character, which no variable can"});
  check_rule({from("\"secretKeyRef\":^{\"name\":\"s\"}"), secret + "key", "Required value"});
  check_rule({from("\"secretKeyRef\":{\"name\":^\"\",\"key\":\"k\"}"), secret + "name", "Required value"});
}

TEST_CASE("envFrom takes a whole object, with a prefix that may begin a name", "[spec][environment]") {
  check_clean({all_of("\"configMapRef\":{\"name\":\"m\"},\"prefix\":\"A_\""), all_of("\"secretRef\":{\"name\":\"x\",\"optional\":true}")});
  check_rule({all_of("\"secretRef\":{\"name\":^\"s\"}"), kFrom + ".secretRef.name",
              "Invalid value: \"s\": its key \"nul\" holds a NUL character, which no variable can"});
  check_rule(
      {all_of("\"secretRef\":{\"name\":^\"x\"}"), kFrom + ".secretRef.name", "Not found: \"x\": the input holds no Secret of that name"});
  check_rule({all_of("\"configMapRef\":{\"name\":\"m\"},\"prefix\":^\"A=\""), kFrom + ".prefix",
              "Invalid value: \"A=\": must be printable ASCII characters other than '='"});
  check_rule({container_with("\"envFrom\":[^{\"prefix\":\"A\"}]") + kObjects, kFrom,
              "Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`"});
  check_rule(
      {container_with("\"envFrom\":[^{\"configMapRef\":{\"name\":\"m\"},\"secretRef\":{\"name\":\"m\",\"optional\":true}}]") + kObjects,
       kFrom, "Invalid value: \"\": may not have more than one field specified at a time"});
}

TEST_CASE("fileKeyRef names a file of an emptyDir volume", "[spec][environment]") {
  const auto manifest = [](std::string_view ref, std::string_view volume = "\"emptyDir\":{}") {
    return pod_with(cat("\"volumes\":[{\"name\":\"d\",", volume,
                        "}],\"containers\":[{\"name\":\"c\",\"command\":[\"x\"],\"env\":[{\"name\":\"A\",",
                        "\"valueFrom\":{\"fileKeyRef\":", ref, "}}]}]"));
  };
  const std::string good = R"({"volumeName":"d","path":"a/b.env","key":"K"})";
  check_clean({manifest(good), manifest(R"({"volumeName":"d","path":"a","key":"K","optional":true})")});
  const std::string at = kAt + ".fileKeyRef";
  check_rule({manifest(R"({"volumeName":^"x","path":"a","key":"K"})"), at + ".volumeName", "Not found: \"x\""});
  check_rule({manifest(R"({"volumeName":^"d","path":"a","key":"K"})", "\"hostPath\":{\"path\":\"/srv\"}"), at + ".volumeName",
              "Invalid value: \"d\": must be an emptyDir volume"});
  check_rule({manifest(R"({"volumeName":"d","path":^"/a","key":"K"})"), at + ".path", "Invalid value: \"/a\": must be a relative path"});
  check_rule({manifest(R"({"volumeName":"d","path":^"a/../../b","key":"K"})"), at + ".path",
              "Invalid value: \"a/../../b\": must not contain '..'"});
  check_rule({manifest(R"({"volumeName":"d","path":"a","key":^"A=B"})"), at + ".key",
              "Invalid value: \"A=B\": must be printable ASCII characters other than '='"});
  check_rule({manifest(cat(R"({"volumeName":"d","path":"a","key":^")", std::string(129, 'K'), "\"}")), at + ".key",
              cat("Invalid value: \"", std::string(129, 'K'), "\": must be no more than 128 characters")});
  check_rule({manifest(R"(^{"volumeName":"d","key":"K"})"), at + ".path", "Required value"});
}

TEST_CASE("a file of variables holds KEY='value' and nothing else", "[spec][environment]") {
  const auto read = [](std::string_view text) {
    const spec::EnvFileText file = spec::parse_env_file(text);
    INFO(file.problem);
    CHECK(file.problem.empty());
    return file.variables;
  };
  CHECK(read("").empty());
  CHECK(read("\n \t\n# A='1'\n  # more").empty());
  CHECK(read("A='1'") == StringMap{{"A", "1"}});
  CHECK(read("  A='1' \t\r\nB=''\n") == StringMap{{"A", "1"}, {"B", ""}});
  CHECK(read("A='a\n#b\n c=\"$(X)\\'\nB='2'") == StringMap{{"A", "a\n#b\n c=\"$(X)\\"}, {"B", "2"}});
  CHECK(read("A='1'\nA='2'") == StringMap{{"A", "2"}});
  CHECK(read(cat("A='", std::string(32768, 'x'), "'")).at("A").size() == 32768);

  const auto problem = [](std::string_view text) {
    const spec::EnvFileText file = spec::parse_env_file(text);
    CHECK(file.variables.empty());
    return file.problem;
  };
  CHECK(problem("A='1'\nB=2\n") == "line 2: the value of \"B\" must be in single quotes");
  CHECK(problem("A='1\n2'\nB=\"2\"\n") == "line 3: the value of \"B\" must be in single quotes");
  CHECK(problem("A") == "line 1: must be KEY='value'");
  CHECK(problem("A\n='1'") == "line 1: must be KEY='value'");
  CHECK(problem("='1'") == "line 1: the key \"\" must not be empty");
  CHECK(problem("A\1='1'") == "line 1: the key \"A\\x01\" must be printable ASCII characters other than '='");
  CHECK(problem("\n\nA='1") == "line 3: the value of \"A\" has no closing quote");
  CHECK(problem("A='it''s'") == "line 1: something follows the closing quote of \"A\"");
  CHECK(problem("A='1' # no") == "line 1: something follows the closing quote of \"A\"");
  CHECK(problem(std::string_view("A='\0'", 5)) == "line 1: the value of \"A\" holds a NUL character");
  CHECK(problem(cat("A='", std::string(32769, 'x'), "'")) == "line 1: the value of \"A\" is longer than 32768 bytes");
  CHECK(problem(cat(std::string(129, 'A'), "='1'")) == "line 1: the key is longer than 128 characters");
  CHECK(problem(std::string(65537, '\n')) == "is larger than 64 KiB");
}
