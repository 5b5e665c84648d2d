// How text becomes values: unknown and duplicate fields, wrong types, absent ones, and the three
// ways of --validate.
#include <chrono>

#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const ParseOptions kWarn{.validation = Validation::kWarn, .edits = {}};
const ParseOptions kIgnore{.validation = Validation::kIgnore, .edits = {}};

}  // namespace

TEST_CASE("an unknown field is named at its key, with the field that was meant", "[spec]") {
  const Rule rules[] = {
      {container_with("^\"comand\":[]"), "spec.containers[0].comand", "unknown field; did you mean \"command\"?"},
      {container_with("^\"Image\":\"\""), "spec.containers[0].Image", "unknown field; did you mean \"image\"?"},
      {container_with("^\"imagePullPolcy\":\"Never\""), "spec.containers[0].imagePullPolcy",
       "unknown field; did you mean \"imagePullPolicy\"?"},
      {container_with("^\"\":1"), "spec.containers[0].", "unknown field"},
      {container_with("^\"qqqqqqqqqq\":1"), "spec.containers[0].qqqqqqqqqq", "unknown field"},
      {pod_and("^\"Containers\":[]"), "spec.Containers", "unknown field; did you mean \"containers\"?"},
      {pod_and("\"securityContext\":{^\"privileged\":true}"), "spec.securityContext.privileged", "unknown field"},
      {pod_and("\"volumes\":[{\"name\":\"v\",\"emptyDir\":{^\"sizelimit\":1}}]"), "spec.volumes[0].emptyDir.sizelimit",
       "unknown field; did you mean \"sizeLimit\"?"},
      {metadata_with("\"name\":\"p\",^\"label\":{}"), "metadata.label", "unknown field; did you mean \"labels\"?"},
  };
  for (const auto& rule : rules) check_rule(rule);
  // Fields that have no effect are known as deep as they go.
  CHECK(findings(pod_and("\"tolerations\":[{},{\"keyy\":\"x\"}]")).back() ==
        "3:20 spec.tolerations[1].keyy: unknown field; did you mean \"key\"?");
}

TEST_CASE("unknown fields and wrong types are all said, each with its place", "[spec]") {
  CHECK(findings(pod_with("\"containers\":[\n"
                          "{\"name\":7,\"comand\":[],\"command\":\"true\",\"image\":true},\n"
                          "{\"name\":\"d\",\"command\":[\"a\",5,null,{}],\"env\":{}}],\n"
                          "\"hostNetwork\":\"true\",\"hostIPC\":1,\n"
                          "\"terminationGracePeriodSeconds\":\"30\",\"restartPolicy\":\"always\"")) ==
        Lines{"3:9 spec.containers[0].name: Invalid value: 7: must be a string; write \"7\"",
              "3:11 spec.containers[0].comand: unknown field; did you mean \"command\"?",
              "3:33 spec.containers[0].command: Invalid value: \"true\": must be a list, not a string",
              "3:48 spec.containers[0].image: Invalid value: true: must be a string; write \"true\"",
              "4:28 spec.containers[1].command[1]: Invalid value: 5: must be a string; write \"5\"",
              "4:30 spec.containers[1].command[2]: Required value",
              "4:35 spec.containers[1].command[3]: Invalid value: an object: must be a string",
              "4:45 spec.containers[1].env: Invalid value: an object: must be a list",
              "5:15 spec.hostNetwork: Invalid value: \"true\": must be a boolean; write true without "
              "quotes",
              "5:32 spec.hostIPC: Invalid value: 1: must be a boolean, not a number",
              "6:33 spec.terminationGracePeriodSeconds: Invalid value: \"30\": must be an integer, not "
              "a string",
              "6:54 spec.restartPolicy: Unsupported value: \"always\": supported values: \"Always\", "
              "\"OnFailure\", \"Never\""});
}

TEST_CASE("a value of the wrong type has one message of its own", "[spec]") {
  const Rule rules[] = {
      {pod_with("\"containers\":^5"), "spec.containers", "Invalid value: 5: must be a list, not a number"},
      {pod_with("\"containers\":^{}"), "spec.containers", "Invalid value: an object: must be a list"},
      {pod_and("\"securityContext\":^[1]"), "spec.securityContext", "Invalid value: a list: must be an object"},
      {pod_and("\"hostname\":^[]"), "spec.hostname", "Invalid value: a list: must be a string"},  // empty lists are absent only where a
                                                                                                  // list belongs
      {pod_and("\"hostNetwork\":^[]"), "spec.hostNetwork", "Invalid value: a list: must be a boolean"},
      {pod_and("\"activeDeadlineSeconds\":^\"60\""), "spec.activeDeadlineSeconds",
       "Invalid value: \"60\": must be an integer, not a string"},
      {pod_and("\"activeDeadlineSeconds\":^1.5"), "spec.activeDeadlineSeconds", "Invalid value: 1.5: must be an integer"},
      {pod_and("\"activeDeadlineSeconds\":^1e2"), "spec.activeDeadlineSeconds", "Invalid value: 1e2: must be an integer"},
      {pod_and("\"activeDeadlineSeconds\":^9223372036854775808"), "spec.activeDeadlineSeconds",
       "Invalid value: 9223372036854775808: must be between -9223372036854775808 and "
       "9223372036854775807"},
      {pod_and("\"activeDeadlineSeconds\":^true"), "spec.activeDeadlineSeconds", "Invalid value: true: must be an integer, not a boolean"},
      {container_with("\"ports\":[{\"containerPort\":^\"80\"}]"), "spec.containers[0].ports[0].containerPort",
       "Invalid value: \"80\": must be an integer, not a string"},
      {container_with("\"ports\":[{\"containerPort\":^4294967376}]"), "spec.containers[0].ports[0].containerPort",
       "Invalid value: 4294967376: must be between -2147483648 and 2147483647"},
      {container_with("\"env\":[{\"name\":\"A\",\"value\":^8080}]"), "spec.containers[0].env[0].value",
       "Invalid value: 8080: must be a string; write \"8080\""},
      {container_with("\"env\":[{\"name\":\"A\",\"value\":^false}]"), "spec.containers[0].env[0].value",
       "Invalid value: false: must be a string; write \"false\""},
      {container_with("\"env\":[{\"name\":\"A\",\"value\":^\"a\\u0000b\"}]"), "spec.containers[0].env[0].value",
       "Invalid value: \"a\\x00b\": must not contain NUL characters"},
      {container_with("\"resources\":{\"limits\":{\"cpu\":^true}}"), "spec.containers[0].resources.limits[cpu]",
       "Invalid value: true: must be a string, not a boolean"},
      {container_with("\"resources\":{\"limits\":{\"cpu\":^\"1K\"}}"), "spec.containers[0].resources.limits[cpu]",
       "Invalid value: \"1K\": unable to parse quantity's suffix"},
      {metadata_with("\"name\":\"p\",\"labels\":{\"a\":^1}"), "metadata.labels[a]", "Invalid value: 1: must be a string; write \"1\""},
      {metadata_with("\"name\":\"p\",\"labels\":^[\"a\"]"), "metadata.labels", "Invalid value: a list: must be an object"},
  };
  for (const auto& rule : rules) check_rule(rule);
  // An amount that cannot be read is nothing to compare with.
  CHECK(findings(container_with("\"resources\":{\"limits\":{\"cpu\":\"x\"},\"requests\":{\"cpu\":\"1\"}}")).size() == 2);  // and the note
}

TEST_CASE("null counts as absent, and so does an empty list", "[spec]") {
  check_clean({pod_and("\"hostname\":null,\"volumes\":null,\"initContainers\":[],\"hostNetwork\":"
                       "null,\"activeDeadlineSeconds\":null,\"dnsConfig\":null,\"os\":null"),
               container_with("\"env\":null,\"ports\":[],\"image\":null,\"securityContext\":null,"
                              "\"livenessProbe\":null,\"envFrom\":[],\"volumeDevices\":[]"),
               metadata_with("\"name\":\"p\",\"labels\":{\"a\":null},\"creationTimestamp\":null,"
                             "\"annotations\":null")});
  CHECK(parsed(metadata_with("\"name\":\"p\",\"labels\":{\"a\":null,\"b\":\"\"}")).metadata.labels == StringMap{{"b", ""}});
  check_rule({pod_with("\"containers\":^[]"), "spec.containers", "Required value"});
  check_rule({pod_with("\"containers\":^null"), "spec.containers", "Required value"});
}

TEST_CASE("what is missing is asked for once, at what it is missing from", "[spec]") {
  CHECK(findings("{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}") == Lines{"1:1 spec: Required value",
                                                                      "1:1 metadata.name: Required value: name or generateName is required",
                                                                      "1:1 spec.containers: Required value"});
  CHECK(findings(container_with("\"env\":[{}],\"volumeMounts\":[{}]")) ==
        Lines{"4:8 spec.containers[0].env[0].name: Required value", "4:28 spec.containers[0].volumeMounts[0].name: Required value",
              "4:28 spec.containers[0].volumeMounts[0].mountPath: Required value"});
  CHECK(findings(pod_with("\"containers\":[{},{\"command\":[\"x\"]},{\"name\":\"\",\"args\":[\"x\"]"
                          "},{\"name\":\"\",\"args\":[\"x\"]}]")) ==
        Lines{"2:15 spec.containers[0].name: Required value",
              "2:15 spec.containers[0].command: Required value: a root file system without an "
              "image has no default command",
              "2:18 spec.containers[1].name: Required value", "2:44 spec.containers[2].name: Required value",
              "2:69 spec.containers[3].name: Required value"});
  CHECK(findings(pod_with("\"containers\":[null]")) ==
        Lines{"2:15 spec.containers[0]: Required value", "2:15 spec.containers[0].name: Required value",
              "2:15 spec.containers[0].command: Required value: a root file system without an "
              "image has no default command"});
}

TEST_CASE("a duplicate field is named at its second key; the last value counts", "[spec]") {
  check_rule({pod_and("\"hostname\":\"a\",\n^\"hostname\":\"b\""), "spec.hostname", "duplicate field, first at 3:1"});
  check_rule(
      {metadata_with("\"name\":\"p\",\"labels\":{\"a\":\"1\",^\"a\":\"2\"}"), "metadata.labels[a]", "duplicate field, first at 2:34"});
  check_rule(
      {"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\"},^\"kind\":\"Pod\","
       "\"spec\":{\"containers\":[{\"name\":\"c\",\"command\":[\"x\"]}]}}",
       "kind", "duplicate field, first at 1:2"});
  CHECK(findings(pod_and("\"hostname\":\"a\",\"hostname\":\"b\",\"hostname\":\"c\"")) ==
        Lines{"3:16 spec.hostname: duplicate field, first at 3:1", "3:31 spec.hostname: duplicate field, first at 3:1"});
  CHECK(parsed(pod_and("\"hostname\":\"a\",\"hostname\":\"b\""), kWarn).spec.hostname == "b");
  // An invalid value that does not count is not validated; the one that does is, at its own place.
  CHECK(findings(pod_and("\"hostname\":\"-\",\"hostname\":\"b\""), kIgnore).empty());
  CHECK(findings(pod_and("\"hostname\":\"a\",\"hostname\":\"-\""), kIgnore).at(0).substr(0, 5) == "3:27 ");
}

TEST_CASE("--validate takes unknown, duplicate and unsupported fields in three ways", "[spec]") {
  const std::string unknown = pod_and("\"hostNam\":\"x\""), twice = pod_and("\"hostname\":\"a\",\"hostname\":\"b\""),
                    unsupported = container_with("\"volumeDevices\":[{}]"), wrong = pod_and("\"hostname\":5"),
                    cluster = pod_and("\"nodeName\":\"n\"");
  CHECK(findings(unknown) == Lines{"3:1 spec.hostNam: unknown field; did you mean \"hostname\"?"});
  CHECK(findings(unknown, kWarn) == Lines{"warning: 3:1 spec.hostNam: unknown field; did you mean \"hostname\"?"});
  CHECK(findings(unknown, kIgnore).empty());
  CHECK(findings(twice, kWarn) == Lines{"warning: 3:16 spec.hostname: duplicate field, first at 3:1"});
  CHECK(findings(twice, kIgnore).empty());
  // What podctl knows and cannot do is never dropped in silence.
  CHECK(findings(unsupported) == Lines{"4:17 spec.containers[0].volumeDevices: not supported: there are no block volumes on one machine"});
  CHECK(findings(unsupported, kWarn) == Lines{"warning: 4:17 spec.containers[0].volumeDevices: not supported: "
                                              "there are no block volumes on one machine"});
  CHECK(findings(unsupported, kIgnore) == Lines{"warning: 4:17 spec.containers[0].volumeDevices: not "
                                                "supported: there are no block volumes on one machine"});
  for (const auto* options : {&kWarn, &kIgnore}) {
    CHECK_FALSE(parse_manifest(unknown, *options).has_errors());
    CHECK(parse_manifest(wrong, *options).has_errors());  // a wrong type is wrong however it is asked
    CHECK(findings(cluster, *options).size() == 1);       // and a note stays a note
  }
}

TEST_CASE("what an unsupported field says that holds anyway is accepted", "[spec]") {
  check_clean({container_with("\"tty\":false,\"securityContext\":{\"privileged\":"
                              "false,\"procMount\":\"Default\"}"),
               container_with("\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/"
                              "v\",\"mountPropagation\":\"None\",\"recursiveReadOnly\":\"Disabled\","
                              "\"subPathExpr\":\"\"}]"),
               pod_and("\"hostPID\":false,\"setHostnameAsFQDN\":false,\"resourceClaims\":[],"
                       "\"securityContext\":{\"supplementalGroupsPolicy\":\"Merge\",\"sysctls\":[]}")});
}

TEST_CASE("findings stand in the order of the text, however they were found", "[spec]") {
  const Manifest manifest =
      parse_manifest(pod_with("\"hostname\":\"-\",\n\"x\":1,\n\"containers\":[{\"name\":\"C\","
                              "\"command\":[\"x\"],\"y\":1}],\n\"nodeName\":\"n\""));
  int line = 0;
  for (const auto& d : manifest.diagnostics) {
    CHECK(d.line >= line);
    line = d.line;
  }
  CHECK(manifest.diagnostics.size() == 5);
}

TEST_CASE("in a map of many keys the last of equal ones counts too", "[spec]") {
  std::string labels;
  for (int i = 0; i < 200; ++i) append(labels, "\"l", i, "\":\"-\",\n");
  const Lines lines = findings(metadata_with(cat("\"name\":\"p\",\"labels\":{\n", labels, "\"l7\":\"_\"}")), kIgnore);
  CHECK(lines.size() == 200);
  CHECK(lines.back().find("203:6 metadata.labels[l7]: Invalid value: \"_\": ") == 0);
}

TEST_CASE("a manifest of many faults is read in good time", "[spec]") {
  std::string labels, mounts, volumes;
  for (int i = 0; i < 150000; ++i) append(labels, i == 0 ? "" : ",", "\"l", i, "\":\"-\"");
  for (int i = 0; i < 20000; ++i) {
    append(volumes, i == 0 ? "" : ",", "{\"name\":\"v", i, "\"}");
    append(mounts, i == 0 ? "" : ",", "{\"name\":\"w", i, "\",\"mountPath\":\"/m", i, "\"}");
  }
  const auto start = std::chrono::steady_clock::now();
  const Manifest of_labels = parse_manifest(metadata_with(cat("\"name\":\"p\",\"labels\":{", labels, "}")));
  CHECK(of_labels.diagnostics.size() == 150000);
  const Manifest of_mounts = parse_manifest(
      pod_with(cat("\"volumes\":[", volumes, "],\"containers\":[{\"name\":\"c\",\"command\":[\"x\"],\"volumeMounts\":[", mounts, "]}]")));
  CHECK(of_mounts.diagnostics.size() == 20000);
  CHECK(of_mounts.diagnostics[0].message == "Not found: \"w0\"; volumes are: v0, v1, v2, v3, v4, v5, v6, v7, v8, v9 and 19990 more");
  // A search per fault from end to end took half a minute; an index takes a second.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(15));
}

TEST_CASE("a misspelt field is not missing as well", "[spec]") {
  const Manifest manifest = parse_manifest(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"nmae":"a","comand":["true"]},{"name":"b"}]}})");
  std::vector<std::string> paths;
  for (const auto& d : manifest.diagnostics) paths.push_back(d.path);
  CHECK(paths == std::vector<std::string>{"spec.containers[0].nmae", "spec.containers[0].comand", "spec.containers[1].command"});
}
