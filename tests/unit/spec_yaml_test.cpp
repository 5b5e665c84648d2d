// Manifests in YAML: the same pods and the same findings as from JSON.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const std::string kPod =
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata: {name: p}\n"
    "spec:\n"
    "  containers:\n"
    "  - name: c\n"
    "    command: [\"true\"]\n";

}  // namespace

TEST_CASE("the same pod comes out of YAML and of JSON", "[spec][yaml]") {
  const std::string yaml =
      "# a pod\n"
      "apiVersion: v1\n"
      "kind: Pod\n"
      "metadata:\n"
      "  name: web\n"
      "  labels: {app: \"8080\"}\n"
      "spec:\n"
      "  terminationGracePeriodSeconds: 0o12\n"
      "  containers:\n"
      "  - &one\n"
      "    name: one\n"
      "    command: [sh, -c]\n"
      "    args:\n"
      "    - |\n"
      "      echo $HOME\n"
      "      exit 0\n"
      "    resources: {limits: {cpu: 1.5, memory: 64Mi}}\n"
      "  - {<<: *one, name: two}\n"
      "  volumes:\n"
      "  - name: v\n"
      "    configMap: {name: m, defaultMode: 0440}\n"
      "---\n"
      "apiVersion: v1\n"
      "kind: ConfigMap\n"
      "metadata: {name: m}\n"
      "data: {k: v}\n";
  const std::string container =
      R"("command":["sh","-c"],"args":["echo $HOME\nexit 0\n"],"resources":{"limits":{"cpu":1.5,"memory":"64Mi"}})";
  const std::string json = cat(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","labels":{"app":"8080"}},"spec":{"terminationGracePeriodSeconds":10,)",
      R"("containers":[{"name":"one",)", container, R"(},{"name":"two",)", container,
      R"(}],"volumes":[{"name":"v","configMap":{"name":"m","defaultMode":288}}]}})",
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"k":"v"}})");
  const Manifest from_yaml = parse_manifest(yaml), from_json = parse_manifest(json);
  REQUIRE(from_yaml.pods.size() == 1);
  REQUIRE(from_json.pods.size() == 1);
  CHECK_FALSE(from_yaml.has_errors());
  CHECK(manifest_json(from_yaml.pods[0]) == manifest_json(from_json.pods[0]));
  REQUIRE(from_yaml.objects.size() == 1);
  CHECK(from_yaml.objects[0].data == from_json.objects[0].data);
}

TEST_CASE("findings in YAML have their line, column and path", "[spec][yaml]") {
  check_rule(
      {kPod + "    ^imagePullPolcy: Always\n", "spec.containers[0].imagePullPolcy", "unknown field; did you mean \"imagePullPolicy\"?"});
  check_rule({kPod + "    ^name: d\n", "spec.containers[0].name", "duplicate field, first at 6:5"});
  check_rule({kPod + "  restartPolicy: ^Sometimes\n", "spec.restartPolicy",
              "Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\""});
  check_rule({kPod + "    volumeMounts:\n    - {name: ^dat, mountPath: /d}\n  volumes: [{name: data}]\n",
              "spec.containers[0].volumeMounts[0].name", "Not found: \"dat\"; volumes are: data"});
}

TEST_CASE("unquoted values that YAML takes for something else are shown as they are written", "[spec][yaml]") {
  const auto env = [](const char* value) { return cat(kPod, "    env: [{name: A, value: ^", value, "}]\n"); };
  const std::string path = "spec.containers[0].env[0].value";
  for (const char* text : {"yes", "Off", "0644", "8080", "1_000", "0x1F", "true"})
    check_rule({env(text), path, cat("Invalid value: ", text, ": must be a string; write \"", text, "\"")});
  check_clean({take_marks(env("\"yes\"")).text, take_marks(env("y")).text, take_marks(env("12:30")).text, take_marks(env("~")).text});
  check_rule({kPod + "  hostNetwork: ^\"yes\"\n", "spec.hostNetwork", "Invalid value: \"yes\": must be a boolean, not a string"});
}

TEST_CASE("a file may hold several pods in documents and lists, and they keep their order", "[spec][yaml]") {
  const auto pod = [](const char* name) {
    return cat("apiVersion: v1\nkind: Pod\nmetadata: {name: ", name, "}\nspec: {containers: [{name: c, command: [a]}]}\n");
  };
  const std::string item = "spec: {containers: [{name: c, command: [a]}]}";
  const std::string text = cat(pod("a"), "---\n", pod("b"), "---\n---\napiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: c}\n  ",
                               item, "\n- kind: Pod\n  apiVersion: v1\n  metadata: {name: d}\n  ", item, "\n---\n", pod("e"));
  const Manifest manifest = parse_manifest(text);
  CHECK(lines_of(manifest).empty());
  Lines names;
  for (const auto& each : manifest.pods) names.push_back(each.metadata.name);
  CHECK(names == Lines{"a", "b", "c", "d", "e"});
  check_rule({cat(pod("a"), "---\napiVersion: v1\nkind: Pod\nmetadata: {name: ^a}\n", item), "metadata.name", "Duplicate value: \"a\""});
  check_clean({cat(pod("a"), "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: other}\n", item)});
  check_rule({cat(pod("a"), "---\napiVersion: apps/v1\nkind: DeploymentList\nitems:\n- {kind: ^Deployment, apiVersion: apps/v1}\n"), "kind",
              "Unsupported value: \"Deployment\": podctl runs one Pod; take its pod from spec.template and give it apiVersion, kind and "
              "metadata.name"});
}

TEST_CASE("a text that begins with a brace is JSON and nothing else", "[spec][yaml]") {
  const Lines got = findings("{kind: Pod}");
  REQUIRE(got.size() == 1);
  CHECK(got[0].find("syntax error while parsing") != std::string::npos);
  CHECK(findings("- a\n") == Lines{"1:1 : Invalid value: must be an object, not a list"});
  CHECK(findings("just text") == Lines{"1:1 : Invalid value: must be an object, not a string"});
  CHECK(findings("# nothing\n---\n") == Lines{"0:0 : there is no Pod in it"});
}

TEST_CASE("what is wrong in a Secret is not shown from YAML either", "[spec][yaml]") {
  const std::string secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
  for (const char* data : {"stringData: {k: 0644}\n", "stringData: {k: !!int hunter2}\n", "data: {k: yes}\n"})
    for (const auto& line : findings(cat(kPod, secret, data))) {
      INFO(line);
      CHECK(line.find("hunter2") == std::string::npos);
      CHECK(line.find("0644") == std::string::npos);
      CHECK(line.find("420") == std::string::npos);
      CHECK(line.find("yes") == std::string::npos);
    }
}
