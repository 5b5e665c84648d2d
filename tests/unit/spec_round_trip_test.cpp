// A pod written as a manifest is the same pod when it is read again.
#include <nlohmann/json.hpp>

#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;
using nlohmann::json;

namespace {

// A pod that sets every field podctl keeps.
constexpr const char* kFull = R"json({"apiVersion": "v1", "kind": "Pod",
 "metadata": {"name": "p", "namespace": "n", "labels": {"a/b": "", "c": "d"}, "annotations": {"x": "ä\n\u0001\"", "podctl.dev/sharing": "kubernetes"},
              "ownerReferences": [{"kind": "X"}], "finalizers": ["f"]},
 "spec": {
  "volumes": [{"name": "e", "emptyDir": {"medium": "Memory", "sizeLimit": "1.5Gi"}}, {"name": "plain", "emptyDir": {}}, {"name": "h", "hostPath": {"path": "/h", "type": "File"}},
              {"name": "m", "configMap": {"name": "m", "optional": true, "defaultMode": 0, "items": [{"key": "k", "path": "a/b", "mode": 0}]}},
              {"name": "s", "secret": {"secretName": "s", "optional": true}}],
  "initContainers": [{"name": "i", "command": ["a"]}],
  "containers": [{"name": "c", "image": "rootfs:/r", "command": ["a", ""], "args": ["$(A)"], "workingDir": "/w",
    "ports": [{"name": "web", "containerPort": 80, "protocol": "UDP", "hostIP": "::1"}],
    "env": [{"name": "A", "value": "$$x"}, {"name": "B"}],
    "resources": {"limits": {"cpu": 1.5, "memory": "64Mi"}, "requests": {"cpu": "0.1m"}},
    "volumeMounts": [{"name": "e", "mountPath": "/e", "subPath": "a", "readOnly": true}],
    "securityContext": {"runAsUser": 0, "runAsGroup": 5, "runAsNonRoot": false, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
      "capabilities": {"add": ["KILL"], "drop": ["ALL"]}, "appArmorProfile": {"type": "Unconfined"}, "seLinuxOptions": {"level": "s0"}},
    "terminationMessagePath": "/m", "terminationMessagePolicy": "FallbackToLogsOnError", "stdin": true, "stdinOnce": true, "imagePullPolicy": "Never"}],
  "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 0, "activeDeadlineSeconds": 9, "dnsPolicy": "None",
  "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["a.b"], "options": [{"name": "ndots", "value": ""}, {"name": "edns0"}]},
  "hostIPC": true, "shareProcessNamespace": false, "os": {"name": "linux"}, "hostname": "h", "subdomain": "s",
  "hostAliases": [{"ip": "::1", "hostnames": ["a"]}], "nodeSelector": {"a": "b"}, "priority": 0, "tolerations": [{"key": "k", "tolerationSeconds": 3}],
  "securityContext": {"runAsUser": 1, "supplementalGroups": [0, 7], "seLinuxChangePolicy": "Recursive"}}})json";

}  // namespace

TEST_CASE("a manifest that was written is read as the same pod", "[spec]") {
  for (const std::string& text : {std::string(kFull), pod_and("\"hostNetwork\":true"), container_with("\"ports\":[{\"containerPort\":80}]"),
                                  metadata_with("\"generateName\":\"g-\"")}) {
    const Pod pod = parsed(text);
    const std::string written = manifest_json(pod);
    INFO(written);
    CHECK(written.back() == '\n');
    const Pod again = parsed(written);
    CHECK(manifest_json(again) == written);
  }
}

TEST_CASE("what was asked for is what is written, and defaults are added", "[spec]") {
  const json asked = json::parse(kFull), written = json::parse(manifest_json(parsed(kFull)));
  json expected = asked;
  expected["spec"]["volumes"][0]["emptyDir"]["sizeLimit"] = "1536Mi";
  expected["spec"]["volumes"][4]["secret"]["defaultMode"] = 420;
  auto& app = expected["spec"]["containers"][0];
  app["resources"] = {{"limits", {{"cpu", "1500m"}, {"memory", "64Mi"}}}, {"requests", {{"cpu", "1m"}, {"memory", "64Mi"}}}};
  expected["spec"]["initContainers"][0]["terminationMessagePath"] = "/dev/termination-log";
  expected["spec"]["initContainers"][0]["terminationMessagePolicy"] = "File";
  CHECK(json::diff(expected, written) == json::array());
}

TEST_CASE("a pod with nothing set is written with its defaults", "[spec]") {
  const json written = json::parse(manifest_json(parsed(container_with("\"ports\":[{\"containerPort\":80}]"))));
  CHECK(written == json::parse(
                       R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
    "spec": {"volumes": [{"name": "v", "emptyDir": {}}],
      "containers": [{"name": "c", "command": ["true"], "ports": [{"containerPort": 80, "protocol": "TCP"}],
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
      "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst"}})"));
}

TEST_CASE("the pod of a command line is written and read again", "[spec]") {
  const Manifest made = make_command_pod({"sh", "-c", "echo '$(x)' \"ä\" \\ \n"});
  const std::string written = manifest_json(only_pod(made));
  CHECK(parsed(written).spec.containers[0].command == made.pods[0].spec.containers[0].command);
  CHECK(manifest_json(parsed(written)) == written);
}
