// Every field of a Pod and of a Container that Kubernetes has, and what podctl does about it: none
// is unknown.
#include "spec/decode.hpp"
#include "spec/fields.hpp"
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;
using spec::Support;

namespace {

struct FieldRow {
  const char* name;
  Support support;
  const char* value;  ///< one that is not the default
};

constexpr Support kYes = Support::kYes, kNone = Support::kNoEffect, kNo = Support::kRejected;

constexpr FieldRow kPodFields[] = {
    {"volumes", kYes, "[]"},
    {"containers", kYes, ""},
    {"initContainers", kYes, "[]"},
    {"ephemeralContainers", kNo, "[{}]"},
    {"restartPolicy", kYes, "\"Never\""},
    {"terminationGracePeriodSeconds", kYes, "1"},
    {"activeDeadlineSeconds", kYes, "1"},
    {"dnsPolicy", kYes, "\"Default\""},
    {"dnsConfig", kYes, "{}"},
    {"nodeName", kNone, "\"n\""},
    {"nodeSelector", kNone, "{\"a\":\"b\"}"},
    {"affinity", kNone, "{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":1}]}}"},
    {"tolerations", kNone, "[{\"operator\":\"Exists\",\"tolerationSeconds\":1}]"},
    {"topologySpreadConstraints", kNone, "[{\"maxSkew\":1,\"labelSelector\":{\"matchLabels\":{\"a\":\"b\"}}}]"},
    {"schedulerName", kNone, "\"mine\""},
    {"schedulingGates", kNone, "[{\"name\":\"g\"}]"},
    {"schedulingGroup", kNone, "{\"podGroupName\":\"g\"}"},
    {"evictionResponders", kNone, "[{}]"},
    {"preemptionPolicy", kNone, "\"Never\""},
    {"overhead", kNone, "{\"cpu\":\"1\"}"},
    {"priorityClassName", kNone, "\"high\""},
    {"priority", kNone, "0"},
    {"serviceAccountName", kNone, "\"me\""},
    {"serviceAccount", kNone, "\"me\""},
    {"imagePullSecrets", kNone, "[{\"name\":\"s\"}]"},
    {"runtimeClassName", kNone, "\"runsc\""},
    {"automountServiceAccountToken", kNone, "true"},
    {"enableServiceLinks", kNone, "false"},
    {"hostNetwork", kYes, "true"},
    {"hostPID", kNo, "true"},
    {"hostIPC", kYes, "true"},
    {"shareProcessNamespace", kYes, "true"},
    {"hostUsers", kYes, "false"},
    {"hostname", kYes, "\"h\""},
    {"subdomain", kYes, "\"s\""},
    {"setHostnameAsFQDN", kNo, "true"},
    {"hostnameOverride", kNo, "\"h\""},
    {"hostAliases", kYes, "[{\"ip\":\"::1\"}]"},
    {"readinessGates", kNone, "[{\"conditionType\":\"a/b\"}]"},
    {"os", kYes, "{\"name\":\"linux\"}"},
    {"resources", kNone, "{\"limits\":{\"cpu\":\"1\"}}"},
    {"resourceClaims", kNo, "[{\"name\":\"c\"}]"},
    {"securityContext", kYes, "{}"},
};

constexpr FieldRow kPodSecurityFields[] = {
    {"runAsUser", kYes, "1"},
    {"runAsGroup", kYes, "1"},
    {"runAsNonRoot", kYes, "false"},
    {"supplementalGroups", kYes, "[1]"},
    {"supplementalGroupsPolicy", kNo, "\"Strict\""},
    {"fsGroup", kNo, "1"},
    {"fsGroupChangePolicy", kNo, "\"OnRootMismatch\""},
    {"sysctls", kNo, "[{\"name\":\"net.a\",\"value\":\"1\"}]"},
    {"seccompProfile", kNo, "{\"type\":\"RuntimeDefault\"}"},
    {"appArmorProfile", kYes, "{\"type\":\"Unconfined\"}"},
    {"seLinuxOptions", kNone, "{\"level\":\"s0\"}"},
    {"seLinuxChangePolicy", kNone, "\"Recursive\""},
    {"windowsOptions", kNo, "{}"},
};

constexpr FieldRow kContainerFields[] = {
    {"name", kYes, ""},
    {"image", kYes, "\"host\""},
    {"imagePullPolicy", kNone, "\"Always\""},
    {"command", kYes, ""},
    {"args", kYes, "[\"x\"]"},
    {"workingDir", kYes, "\"/\""},
    {"ports", kYes, "[{\"containerPort\":1}]"},
    {"env", kYes, "[{\"name\":\"A\"}]"},
    {"envFrom", kYes, "[{\"configMapRef\":{\"name\":\"m\",\"optional\":true}}]"},
    {"resources", kYes, "{}"},
    {"resizePolicy", kNone, "[{\"resourceName\":\"cpu\",\"restartPolicy\":\"NotRequired\"}]"},
    {"restartPolicy", kYes, "\"Always\""},
    {"restartPolicyRules", kYes, "[]"},
    {"volumeMounts", kYes, "[]"},
    {"volumeDevices", kNo, "[{}]"},
    {"livenessProbe", kYes, "{\"tcpSocket\":{\"port\":80}}"},
    {"readinessProbe", kYes, "{\"tcpSocket\":{\"port\":80}}"},
    {"startupProbe", kYes, "{\"tcpSocket\":{\"port\":80}}"},
    {"lifecycle", kYes, "{\"preStop\":{\"sleep\":{\"seconds\":1}}}"},
    {"terminationMessagePath", kYes, "\"/m\""},
    {"terminationMessagePolicy", kYes, "\"File\""},
    {"securityContext", kYes, "{}"},
    {"stdin", kYes, "true"},
    {"stdinOnce", kYes, "false"},
    {"tty", kYes, "true"},
};

constexpr FieldRow kContainerSecurityFields[] = {
    {"runAsUser", kYes, "1"},
    {"runAsGroup", kYes, "1"},
    {"runAsNonRoot", kYes, "false"},
    {"capabilities", kYes, "{\"add\":[\"KILL\"]}"},
    {"privileged", kNo, "true"},
    {"allowPrivilegeEscalation", kYes, "true"},
    {"procMount", kNo, "\"Unmasked\""},
    {"readOnlyRootFilesystem", kYes, "true"},
    {"seccompProfile", kNo, "{\"type\":\"Unconfined\"}"},
    {"appArmorProfile", kYes, "{\"type\":\"Unconfined\"}"},
    {"seLinuxOptions", kNone, "{\"user\":\"u\"}"},
    {"windowsOptions", kNo, "{}"},
};

const spec::Field* find_field(const spec::ObjectInfo& info, std::string_view name) {
  for (const auto& field : info.fields)
    if (field.name == name) return &field;
  return nullptr;
}

// The rows are the table, whole; each field says what it is, and why when it means nothing or is
// refused.
void check_table(const spec::ObjectInfo& info, std::span<const FieldRow> rows) {
  CHECK(info.fields.size() == rows.size());
  for (const auto& row : rows) {
    INFO(info.name << "." << row.name);
    const spec::Field* field = find_field(info, row.name);
    REQUIRE(field != nullptr);
    CHECK(field->support == row.support);
    CHECK(field->reason.empty() == (row.support == kYes));
    CHECK((field->read != nullptr) == (field->write != nullptr));
    if (row.support != kNone) CHECK((field->read != nullptr) == (row.support == kYes));  // a few without effect have a value all the same
    CHECK(!field->doc.empty());
    CHECK(field->doc.back() == '.');
  }
}

// What the table says is what a manifest meets.
void check_findings(std::span<const FieldRow> rows, const spec::ObjectInfo& info, const std::string& path,
                    std::string (*text)(const std::string&)) {
  for (const auto& row : rows) {
    if (std::string_view(row.value).empty()) continue;
    INFO(path << row.name);
    const Marked marked = take_marks(text(cat("\"", row.name, "\":^", row.value)));
    const std::string place = cat(marked.places.at(0).line, ':', marked.places.at(0).column, ' ', path, row.name, ": ");
    const std::string reason(find_field(info, row.name)->reason);
    const Lines expected = row.support == kYes    ? Lines{}
                           : row.support == kNone ? Lines{cat("note: ", place, "no effect here: ", reason)}
                                                  : Lines{cat(place, "not supported: ", reason)};
    CHECK(findings(marked.text) == expected);
  }
}

}  // namespace

TEST_CASE("every field of a pod's spec is known", "[spec][fields]") {
  check_table(spec::object_info<PodSpec>(), kPodFields);
  check_findings(kPodFields, spec::object_info<PodSpec>(), "spec.", [](const std::string& member) { return pod_and(member); });
}

TEST_CASE("every field of a pod's security context is known", "[spec][fields]") {
  check_table(spec::object_info<PodSecurityContext>(), kPodSecurityFields);
  check_findings(kPodSecurityFields, spec::object_info<PodSecurityContext>(), "spec.securityContext.",
                 [](const std::string& member) { return pod_and(cat("\"securityContext\":{", member, "}")); });
}

TEST_CASE("every field of a container is known", "[spec][fields]") {
  check_table(spec::object_info<Container>(), kContainerFields);
  check_findings(kContainerFields, spec::object_info<Container>(), "spec.containers[0].",
                 [](const std::string& member) { return container_with(member); });
}

TEST_CASE("every field of a container's security context is known", "[spec][fields]") {
  check_table(spec::object_info<SecurityContext>(), kContainerSecurityFields);
  check_findings(kContainerSecurityFields, spec::object_info<SecurityContext>(), "spec.containers[0].securityContext.",
                 [](const std::string& member) { return container_with(cat("\"securityContext\":{", member, "}")); });
}

TEST_CASE("fields without effect say nothing when they hold their default", "[spec][fields]") {
  check_clean({pod_and("\"nodeSelector\":{},\"affinity\":{},\"tolerations\":[],\"schedulerName\":"
                       "\"default-scheduler\",\"nodeName\":\"\",\"overhead\":{}"),
               pod_and("\"serviceAccountName\":\"default\",\"serviceAccount\":\"\","
                       "\"automountServiceAccountToken\":false,\"enableServiceLinks\":true"),
               pod_and("\"preemptionPolicy\":\"PreemptLowerPriority\",\"priorityClassName\":\"\","
                       "\"imagePullSecrets\":[],\"readinessGates\":[],\"schedulingGroup\":{}"),
               container_with("\"imagePullPolicy\":\"\",\"resizePolicy\":[],\"securityContext\":{"
                              "\"seLinuxOptions\":{}}")});
}

TEST_CASE("the syntax of fields without effect is checked all the same", "[spec][fields]") {
  const Rule rules[] = {
      {pod_and("\"nodeName\":^5"), "spec.nodeName", "Invalid value: 5: must be a string; write \"5\""},
      {pod_and("\"priority\":^\"high\""), "spec.priority", "Invalid value: \"high\": must be an integer, not a string"},
      {pod_and("\"tolerations\":^{\"key\":\"a\"}"), "spec.tolerations", "Invalid value: an object: must be a list"},
      {pod_and("\"overhead\":{\"cpu\":^\"1x\"}"), "spec.overhead[cpu]", ""},
      {pod_and("\"affinity\":{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":["
               "{^\"topologyKe\":\"a\"}]}}"),
       "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKe",
       "unknown field; did you mean \"topologyKey\"?"},
      {pod_and("\"nodeSelector\":{\"a\":\"b\",^\"a\":\"c\"}"), "spec.nodeSelector[a]", "duplicate field, first at 3:17"},
  };
  for (const auto& rule : rules) {
    const Marked marked = take_marks(rule.text);
    INFO(marked.text);
    const std::string start = cat(marked.places.at(0).line, ':', marked.places.at(0).column, ' ', rule.path, ": ", rule.message);
    const Lines lines = findings(marked.text);
    CHECK(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) { return line.substr(0, start.size()) == start; }) == 1);
    CHECK(lines.size() == 2);  // and the note
  }
}

TEST_CASE("what an API server or a kubelet fills in is dropped without a word", "[spec][fields]") {
  const std::string text =
      "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"uid\":\"u\","
      "\"resourceVersion\":\"1\",\"creationTimestamp\":\"2020-01-01T00:00:00Z\",\"generation\":1,"
      "\"managedFields\":[{\"manager\":\"m\"}],\"selfLink\":\"/"
      "x\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"command\":[\"x\"]}]},\"status\":{\"phase\":"
      "\"Running\",\"any\":[1]}}";
  check_clean({text});
  CHECK(manifest_json(parsed(text)).find("status") == std::string::npos);
  for (const char* member : {"\"ownerReferences\":[{}]", "\"finalizers\":[\"a\"]"}) {
    const Lines lines = findings(metadata_with(cat("\"name\":\"p\",", member)));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("note: 2:") == 0);
  }
}
