// Volumes that show the pod itself, or several sources at once.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const std::string kObjects = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"k":"v","l":"w"}})"
                             R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"k":"v"}})";

std::string volume(std::string_view source) { return pod_and(cat("\"volumes\":[{\"name\":\"v\",", source, "}]")) + kObjects; }
std::string downward(std::string_view item) { return volume(cat("\"downwardAPI\":{\"items\":[", item, "]}")); }
std::string projected(std::string_view sources) { return volume(cat("\"projected\":{\"sources\":[", sources, "]}")); }

const std::string kItem = "spec.volumes[0].downwardAPI.items[0]";
const std::string kSources = "spec.volumes[0].projected.sources";

}  // namespace

TEST_CASE("a downwardAPI file has a path and one source", "[spec][volumes]") {
  check_clean({downward(R"({"path":"a/labels","fieldRef":{"fieldPath":"metadata.labels"},"mode":256})"),
               downward(R"({"path":"cpu","resourceFieldRef":{"containerName":"c","resource":"limits.cpu"}})")});
  check_rule({downward(R"(^{"path":"a"})"), kItem, "Required value: fieldRef or resourceFieldRef is required"});
  check_rule({downward(R"(^{"fieldRef":{"fieldPath":"metadata.name"}})"), kItem + ".path", "Required value"});
  check_rule({downward(R"({"path":^"../a","fieldRef":{"fieldPath":"metadata.name"}})"), kItem + ".path",
              "Invalid value: \"../a\": must not contain '..'"});
  check_rule({downward(R"({"path":"a","mode":^512,"fieldRef":{"fieldPath":"metadata.name"}})"), kItem + ".mode",
              "Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"});
  check_rule({downward(R"({"path":"a","fieldRef":{"fieldPath":^"status.podIP"}})"), kItem + ".fieldRef.fieldPath",
              "Unsupported value: \"status.podIP\": supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", "
              "\"metadata.namespace\", \"metadata.uid\""});
  check_rule({downward(R"({"path":"a","resourceFieldRef":^{"resource":"limits.cpu"}})"), kItem + ".resourceFieldRef.containerName",
              "Required value"});
  check_rule(
      {downward(
           R"(^{"path":"a","fieldRef":{"fieldPath":"metadata.name"},"resourceFieldRef":{"containerName":"c","resource":"limits.cpu"}})"),
       kItem, "Invalid value: \"\": fieldRef and resourceFieldRef can not be specified simultaneously"});
}

TEST_CASE("each source of a projected volume is one thing that is there", "[spec][volumes]") {
  check_clean(
      {projected(R"({"configMap":{"name":"m"}},{"secret":{"name":"s"}},{"downwardAPI":{}},{"secret":{"name":"x","optional":true}})"),
       projected(R"({"configMap":{"name":"m","items":[{"key":"k","path":"l"}]}},{"configMap":{"name":"m"}})")});
  check_rule({projected("^{}"), kSources + "[0]", "Required value: must specify one of: `configMap`, `secret` or `downwardAPI`"});
  check_rule({projected(R"(^{"configMap":{"name":"m"},"secret":{"name":"s"}})"), kSources + "[0]",
              "Forbidden: may not specify more than 1 volume type per source"});
  check_rule(
      {projected(R"({"secret":{"name":^"m"}})"), kSources + "[0].secret.name", "Not found: \"m\": the input holds no Secret of that name"});
  check_rule({projected(R"({"secret":{"name":"s","items":[{"key":^"x","path":"p"}]}})"), kSources + "[0].secret.items[0].key",
              "Not found: \"x\": Secret \"s\" has no such key"});
  check_rule(
      {projected(
           R"({"secret":{"name":"s","items":[{"key":"k","path":"p"}]}},{"configMap":{"name":"m","items":[{"key":"k","path":^".//p"}]}})"),
       kSources + "[1].configMap.items[0].path", "Duplicate value: \".//p\""});
  check_rule({volume(R"("projected":{"defaultMode":^-1})"), "spec.volumes[0].projected.defaultMode",
              "Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive"});
  const Lines token = findings(projected(R"({"serviceAccountToken":{"path":"t"}})"));
  REQUIRE(token.size() == 2);
  CHECK(token[1].find("serviceAccountToken: not supported: there is no API server") != std::string::npos);
}

TEST_CASE("no name of a volume is a file and a folder", "[spec][volumes]") {
  const std::string words = ": conflicting paths: another file of the volume lies above or below it";
  check_rule({volume(R"("configMap":{"name":"m","items":[{"key":"k","path":"a"},{"key":"l","path":^"a/b"}]})"),
              "spec.volumes[0].configMap.items[1].path", "Invalid value: \"a/b\"" + words});
  check_rule({volume(R"("configMap":{"name":"m","items":[{"key":"k","path":"a/b/c"},{"key":"l","path":^"a/b"}]})"),
              "spec.volumes[0].configMap.items[1].path", "Invalid value: \"a/b\"" + words});
  check_rule({projected(R"({"configMap":{"name":"m"}},{"secret":{"name":"s","items":[{"key":"k","path":^"k/x"}]}})"),
              kSources + "[1].secret.items[0].path", "Invalid value: \"k/x\"" + words});
  check_rule({projected(R"({"secret":{"name":"s","items":[{"key":"k","path":"k/x"}]}},{"configMap":{"name":^"m"}})"),
              kSources + "[1].configMap.name", "Invalid value: \"k\"" + words});
  check_clean({volume(R"("configMap":{"name":"m","items":[{"key":"k","path":"a"},{"key":"l","path":"a.b/c"}]})")});
}
