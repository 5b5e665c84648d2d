// What an input may hold beside a Pod: several of them, Lists, ConfigMaps and Secrets, and kinds
// for a cluster.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const std::string kPod = pod_and("\"hostname\":\"h\"");

std::string object(std::string_view kind, std::string_view members) {
  return cat("{\"apiVersion\":\"v1\",\"kind\":\"", kind, "\",\"metadata\":{\"name\":\"m\"}", members.empty() ? "" : ",", members, "}");
}
std::string named_pod(std::string_view name) {
  return cat("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"", name,
             "\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"command\":[\"x\"]}]}}");
}

DataObject data_of(const std::string& text) {
  const Manifest manifest = parse_manifest(text + kPod);
  for (const auto& line : lines_of(manifest)) FAIL(line);
  REQUIRE(manifest.objects.size() == 1);
  return manifest.objects[0];
}

}  // namespace

TEST_CASE("an object says what it is", "[spec]") {
  CHECK(findings("{}") == Lines{"1:1 kind: Required value: e.g. Pod"});
  CHECK(findings("{\"kind\":\"Pod\"}") == Lines{"1:1 apiVersion: Required value: v1"});
  CHECK(findings("{\"apiVersion\":\"v1\",\"kind\":\"\"}") == Lines{"1:1 kind: Required value: e.g. Pod"});
  check_rule({"{\"apiVersion\":^\"v2\",\"kind\":\"Pod\"}", "apiVersion", "Unsupported value: \"v2\": supported values: \"v1\""});
  check_rule({"{\"apiVersion\":^\"V1\",\"kind\":\"ConfigMap\"}", "apiVersion", "Unsupported value: \"V1\": supported values: \"v1\""});
  check_rule({"{\"apiVersion\":\"v1\",\"kind\":^\"pod\"}", "kind",
              "Unsupported value: \"pod\": supported values: \"ConfigMap\", \"List\", \"PersistentVolumeClaim\", \"Pod\", "
              "\"Secret\"; did you mean \"Pod\"?"});
  check_rule({"{\"apiVersion\":\"v1\",\"kind\":^\"Qqqqqq\"}", "kind",
              "Unsupported value: \"Qqqqqq\": supported values: \"ConfigMap\", \"List\", \"PersistentVolumeClaim\", \"Pod\", "
              "\"Secret\""});
  CHECK(findings("") == Lines{"0:0 : there is no Pod in it"});
  CHECK(findings(" \n ") == Lines{"0:0 : there is no Pod in it"});
  CHECK(findings(object("ConfigMap", "")) == Lines{"0:0 : there is no Pod in it"});
  CHECK(findings("apiVersion: v1") == Lines{"1:1 kind: Required value: e.g. Pod"});
  check_rule({kPod + "\n ^5", "", "Invalid value: must be an object, not a number"});
}

TEST_CASE("kinds for a cluster are a note, workloads an error with the way out", "[spec]") {
  for (const char* kind : {"Service", "ServiceAccount", "Namespace", "NetworkPolicy", "Ingress", "Role", "RoleBinding", "ClusterRole",
                           "ClusterRoleBinding", "PodDisruptionBudget"}) {
    check_rule({cat(kPod, "\n{\"apiVersion\":\"v1\",\"kind\":^\"", kind, "\",\"anything\":1}"), "kind",
                cat("no effect here: podctl runs pods, not ", kind, " objects")},
               {}, "note: ");
    CHECK(findings(object(kind, "")).size() == 2);  // there is no Pod beside it
  }
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"}) {
    const std::string where = kind == std::string_view("CronJob") ? "spec.jobTemplate.spec.template" : "spec.template";
    check_rule({cat("{\"apiVersion\":\"apps/v1\",\"kind\":^\"", kind, "\"}"), "kind",
                cat("Unsupported value: \"", kind, "\": podctl runs one Pod; take its pod from ", where,
                    " and give it apiVersion, kind and metadata.name")});
  }
}

TEST_CASE("an input may hold several pods, in a row and in Lists", "[spec]") {
  const auto names = [](const std::string& text) {
    const Manifest manifest = parse_manifest(text);
    Lines out = lines_of(manifest);
    for (const auto& pod : manifest.pods) out.push_back(pod.metadata.name);
    return out;
  };
  const auto list = [](std::string_view kind, std::string_view items) {
    return cat("{\"apiVersion\":\"v1\",\"kind\":\"", kind, "\",\"metadata\":{},\"items\":[", items, "]}");
  };
  CHECK(names(named_pod("a") + "\n" + named_pod("b")) == Lines{"a", "b"});
  CHECK(names(list("List", named_pod("a") + "," + list("PodList", named_pod("b") + "," + object("ConfigMap", "")) + "," +
                               named_pod("c"))) == Lines{"a", "b", "c"});
  CHECK(names(list("List", "")) == Lines{"0:0 : there is no Pod in it"});
  CHECK(names("{\"apiVersion\":\"v1\",\"kind\":\"List\"}") == Lines{"1:1 items: Required value: a list of objects"});
  CHECK(names("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":{}}") == Lines{"1:1 items: Required value: a list of objects"});
  check_rule({cat("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[", named_pod("a"), ",\n ^null]}"), "",
              "Invalid value: must be an object, not null"});
  // Problems of each have their own place, though the path is the same.
  CHECK(names(named_pod("A") + "\n" + named_pod("B")).size() == 4);
}

TEST_CASE("a ConfigMap holds text and base64", "[spec]") {
  const DataObject map = data_of(object("ConfigMap",
                                        "\"data\":{\"a\":\"x\\ny\",\"b\":\"\"},\"binaryData\":{"
                                        "\"c\":\"AP8=\",\"d\":\"\"},\"immutable\":false"));
  CHECK(map.kind == DataObject::Kind::kConfigMap);
  CHECK(map.name == "m");
  CHECK(map.name_space == "default");
  CHECK(map.data == std::map<std::string, std::string>{{"a", "x\ny"}, {"b", ""}, {"c", std::string("\0\xff", 2)}, {"d", ""}});
}

TEST_CASE("a Secret holds base64, and stringData wins", "[spec]") {
  const DataObject secret = data_of(object("Secret",
                                           "\"type\":\"Opaque\",\"data\":{\"a\":\"b2xk\",\"b\":"
                                           "\"YQ==\"},\"stringData\":{\"a\":\"new\"}"));
  CHECK(secret.kind == DataObject::Kind::kSecret);
  CHECK(secret.data == std::map<std::string, std::string>{{"a", "new"}, {"b", "a"}});
}

TEST_CASE("rules of ConfigMaps and Secrets", "[spec]") {
  const std::string key_rule = "must be letters, digits, '-', '_' and '.'";
  const Rule rules[] = {
      {object("ConfigMap", "\"data\":{\"a\":^1}"), "data[a]", "Invalid value: 1: must be a string; write \"1\""},
      {object("ConfigMap", "\"data\":{\"a/b\":^\"\"}"), "data[a/b]", "Invalid value: \"a/b\": " + key_rule},
      {object("ConfigMap", "\"binaryData\":{\"a b\":^\"\"}"), "binaryData[a b]", "Invalid value: \"a b\": " + key_rule},
      {object("Secret", "\"stringData\":{\"..a\":^\"\"}"), "stringData[..a]", "Invalid value: \"..a\": must not be '.' or start with '..'"},
      {object("ConfigMap", "\"data\":{\"a\":\"\"},\"binaryData\":{\"a\":^\"\"}"), "binaryData[a]", "Invalid value: also in data"},
      {object("ConfigMap", "\"binaryData\":{\"a\":^\"?\"}"), "binaryData[a]", "Invalid value: must be base64"},
      {object("Secret", "\"data\":{\"a\":^\"YQ\"}"), "data[a]", "Invalid value: must be base64"},
      {object("Secret", "\"data\":{\"a\":^\"YQ=\"}"), "data[a]", "Invalid value: must be base64"},
      {object("Secret", "\"data\":{\"a\":^\"YQ==YQ==\"}"), "data[a]", "Invalid value: must be base64"},
      {object("Secret", "\"binaryData\":^{\"a\":\"\"}"), "binaryData", "Forbidden: a Secret has data and stringData only"},
      {object("ConfigMap", "\"stringData\":^{\"a\":\"\"}"), "stringData", "Forbidden: a ConfigMap has data and binaryData only"},
      {object("ConfigMap", "^\"dat\":{}"), "dat", "unknown field; did you mean \"data\"?"},
      {"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":^\"A\"}}", "metadata.name",
       "Invalid value: \"A\": must be a DNS name: lower-case letters, digits, '-' and '.', with a "
       "letter or digit at both ends of each part"},
      {"^{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}", "metadata.name", "Required value"},
      {object("ConfigMap", "") + "\n{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":^\"m\"}}", "metadata.name",
       "Duplicate value: \"m\""},
  };
  for (const auto& rule : rules) check_rule({rule.text + kPod, rule.path, rule.message});
  check_clean({object("ConfigMap", "") + object("Secret", "") + kPod,  // one of each kind, and one in each namespace
               object("ConfigMap", "") +
                   "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\","
                   "\"namespace\":\"n\"}}" +
                   kPod});
  check_rule({object("Secret", "\"immutable\":^true") + kPod, "immutable", "no effect here: the input is read once"}, {}, "note: ");
}

TEST_CASE("a payload is at most one MiB", "[spec]") {
  const std::string half(std::size_t{1} << 19, 'x');
  const std::string whole = cat("\"data\":{\"a\":\"", half, "\",\"b\":\"", half, "\"}");
  CHECK(data_of(object("ConfigMap", whole)).data.size() == 2);
  const std::string more = cat("\"data\":{\"a\":\"", half, "\",\"b\":\"", half, "\",\"c\":\"x\"}");
  CHECK(findings(object("ConfigMap", more) + kPod) == Lines{"1:70 data: Too long: may not be more than 1048576 bytes"});
  CHECK(findings(object("Secret", cat("\"stringData\":{\"a\":\"", half, "\",\"b\":\"", half, "x\"}")) + kPod)
            .at(0)
            .find("data: Too long: may not be more than 1048576 bytes") != std::string::npos);
}

TEST_CASE("what a Secret holds is never shown", "[spec]") {
  for (const char* members :
       {"\"stringData\":{\"pin\":4711}", "\"data\":{\"pin\":\"4711\"}x", "\"data\":{\"pin\":4711}", "\"data\":\"4711\"",
        "\"stringData\":{\"pin\":[4711]}", "\"data\":{\"pin\":\"4711?\"}", "\"stringData\":{\"pin\":\"4711\\u0000\"}"}) {
    std::string text = object("Secret", members);
    INFO(text);
    const Lines lines = findings(text + kPod);
    REQUIRE(!lines.empty());
    for (const auto& line : lines) CHECK(line.find("4711") == std::string::npos);
  }
}
