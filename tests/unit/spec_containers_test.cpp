// Rules of containers: names, images, commands, environment, resources, identity.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const std::string kLabelRule = "must be a DNS label: lower-case letters, digits and '-', with a letter or digit at both ends";

std::string rule_of(std::string_view quoted, std::string_view rule) { return cat("Invalid value: ", quoted, ": ", rule); }

void check_container_rules(std::initializer_list<Rule> rules, std::string_view severity = "") {
  for (const auto& rule : rules) check_rule({container_with(rule.text), "spec.containers[0]." + rule.path, rule.message}, {}, severity);
}

}  // namespace

TEST_CASE("names of containers are labels, unique in the pod", "[spec]") {
  const Rule rules[] = {
      {pod_with("\"containers\":[{\"name\":^\"C\",\"command\":[\"x\"]}]"), "spec.containers[0].name", rule_of("\"C\"", kLabelRule)},
      {pod_with("\"containers\":[{\"name\":^\"a.b\",\"command\":[\"x\"]}]"), "spec.containers[0].name", rule_of("\"a.b\"", kLabelRule)},
      {pod_with("\"containers\":[{\"name\":^\"\",\"command\":[\"x\"]}]"), "spec.containers[0].name", "Required value"},
      {pod_with("\"containers\":[{\"name\":\"a\",\"command\":[\"x\"]},\n{\"name\":^\"a\","
                "\"command\":[\"x\"]}]"),
       "spec.containers[1].name", "Duplicate value: \"a\""},
      // A clash of the two lists is the init container's.
      {pod_with("\"initContainers\":[{\"name\":^\"a\",\"command\":[\"x\"]}],\n\"containers\":[{"
                "\"name\":\"a\",\"command\":[\"x\"]}]"),
       "spec.initContainers[0].name", "Duplicate value: \"a\""},
      {pod_and("\"initContainers\":[{\"name\":\"i\",\"command\":[\"x\"]},{\"name\":^\"i\","
               "\"command\":[\"x\"]}]"),
       "spec.initContainers[1].name", "Duplicate value: \"i\""},
      {pod_and("\"initContainers\":[{\"name\":^\"_\",\"command\":[\"x\"]}]"), "spec.initContainers[0].name", rule_of("\"_\"", kLabelRule)},
  };
  for (const auto& rule : rules) check_rule(rule);
  const std::string longest(63, 'a');
  check_clean({pod_with(cat("\"containers\":[{\"name\":\"", longest, "\",\"command\":[\"x\"]}]"))});
  check_rule({pod_with(cat("\"containers\":[{\"name\":^\"", longest, "a\",\"command\":[\"x\"]}]")), "spec.containers[0].name",
              rule_of(cat("\"", longest, "a\""), "must be no more than 63 characters")});
}

TEST_CASE("an image is absent, host, or a folder", "[spec]") {
  check_clean({container_with("\"image\":\"\""), container_with("\"image\":\"host\""), container_with("\"image\":\"rootfs:/srv/root\""),
               container_with("\"image\":\"rootfs:root\"")});
  check_container_rules({
      {"\"image\":^\" x\"", "image", "Invalid value: \" x\": must not have leading or trailing whitespace"},
      {"\"image\":^\"host\\n\"", "image", "Invalid value: \"host\\n\": must not have leading or trailing whitespace"},
      {"\"image\":^\" \"", "image", "Invalid value: \" \": must not have leading or trailing whitespace"},
      {"\"image\":^\"rootfs:\"", "image", "Invalid value: \"rootfs:\": must name a folder after rootfs:"},
      {"\"image\":^\"nginx:1.25\"", "image",
       "not supported: \"nginx:1.25\": images are not read yet; use rootfs:DIR, or podctl run "
       "--rootfs host for the host's own files"},
  });
}

TEST_CASE("a container has a command or arguments", "[spec]") {
  check_clean({pod_with("\"containers\":[{\"name\":\"c\",\"args\":[\"x\"]}]")});
  check_rule({pod_with("\"containers\":[^{\"name\":\"c\"}]"), "spec.containers[0].command",
              "Required value: a root file system without an image has no default command"});
  check_rule({pod_with("\"containers\":[{\"name\":\"c\",\"command\":^[]}]"), "spec.containers[0].command",
              "Required value: a root file system without an image has no default command"});
}

TEST_CASE("environment variables have printable names without '='", "[spec]") {
  check_clean(
      {container_with("\"env\":[{\"name\":\"a.b "
                      "c\",\"value\":\"\"},{\"name\":\"A\"},{\"name\":\"A\",\"value\":\"twice: the "
                      "last wins\"}]")});
  check_container_rules({
      {"\"env\":[{\"name\":^\"A=B\"}]", "env[0].name", "Invalid value: \"A=B\": must be printable ASCII characters other than '='"},
      {"\"env\":[{\"name\":\"A\"},{\"name\":^\"\\u00e4\"}]", "env[1].name",
       "Invalid value: \"ä\": must be printable ASCII characters other than '='"},
      {"\"env\":[{\"name\":^\"\"}]", "env[0].name", "Required value"},
      {"\"env\":[^{\"value\":\"x\"}]", "env[0].name", "Required value"},
  });
}

TEST_CASE("requests stay within limits", "[spec]") {
  const auto resources = [](std::string_view limits, std::string_view requests) {
    return cat("\"resources\":{\"limits\":{", limits, "},\"requests\":{", requests, "}}");
  };
  const std::string note =
      "note: 4:13 spec.containers[0].resources: no effect here: resource limits are not enforced "
      "yet";
  const auto found = [&](std::string_view limits, std::string_view requests) {
    Lines lines = findings(container_with(resources(limits, requests)));
    REQUIRE(!lines.empty());
    CHECK(std::count(lines.begin(), lines.end(), note) == 1);
    lines.erase(std::find(lines.begin(), lines.end(), note));
    return lines;
  };
  CHECK(found("\"cpu\":\"1\",\"memory\":\"64Mi\",\"ephemeral-storage\":\"1G\",\"hugepages-2Mi\":"
              "\"4Mi\"",
              "\"cpu\":1,\"memory\":0")
            .empty());
  CHECK(found("", "\"cpu\":\"250m\"").empty());
  CHECK(found("\"cpu\":\"1\"", "\"cpu\":\"2\"") ==
        Lines{"4:53 spec.containers[0].resources.requests[cpu]: Invalid value: \"2\": must be less "
              "than or equal to cpu limit of 1"});
  CHECK(found("\"cpu\":\"100m\"", "\"cpu\":\"100.1m\"") ==
        Lines{"4:56 spec.containers[0].resources.requests[cpu]: Invalid value: \"101m\": must be "
              "less than or equal to cpu limit of 100m"});
  CHECK(found("\"memory\":\"64Mi\"", "\"memory\":\"64.5Mi\"") ==
        Lines{"4:62 spec.containers[0].resources.requests[memory]: Invalid value: \"66048Ki\": "
              "must be less than or equal to memory limit of 64Mi"});
  CHECK(found("\"hugepages-2Mi\":\"4Mi\"", "\"hugepages-2Mi\":\"2Mi\"") ==
        Lines{"4:75 spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"2Mi\": "
              "must be equal to hugepages-2Mi limit of 4Mi"});
  CHECK(found("", "\"cpu\":\"-1\"") == Lines{"4:44 spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be "
                                             "greater than or equal to 0"});
  CHECK(found("", "\"vendor.com/gpu\":1") == Lines{"4:55 spec.containers[0].resources.requests[vendor.com/gpu]: not supported: there is "
                                                   "no device that provides \"vendor.com/gpu\""});
  CHECK(found("\"memory\":\"128m\"", "") == Lines{"warning: 4:33 spec.containers[0].resources.limits[memory]: fractional byte value "
                                                  "\"128m\" is rounded up; m means thousandths"});
}

TEST_CASE("ids are numbers the kernel has", "[spec]") {
  for (const char* field : {"runAsUser", "runAsGroup"}) {
    check_clean({container_with(cat("\"securityContext\":{\"", field, "\":0}")),
                 container_with(cat("\"securityContext\":{\"", field, "\":2147483647}"))});
    for (const char* id : {"-1", "2147483648"}) {
      const std::string message = cat("Invalid value: ", id, ": must be between 0 and 2147483647, inclusive");
      check_rule({container_with(cat("\"securityContext\":{\"", field, "\":^", id, "}")), cat("spec.containers[0].securityContext.", field),
                  message});
      check_rule({pod_and(cat("\"securityContext\":{\"", field, "\":^", id, "}")), cat("spec.securityContext.", field), message});
    }
  }
  check_rule({pod_and("\"securityContext\":{\"supplementalGroups\":[0,^-1]}"), "spec.securityContext.supplementalGroups[1]",
              "Invalid value: -1: must be between 0 and 2147483647, inclusive"});
}

TEST_CASE("runAsNonRoot needs a user other than 0", "[spec]") {
  const std::string message = "container has runAsNonRoot and image will run as root; set runAsUser";
  const std::string path = "spec.containers[0].securityContext.runAsNonRoot";
  check_rule({container_with("\"securityContext\":{\"runAsNonRoot\":^true}"), path, message});
  check_rule({container_with("\"securityContext\":{\"runAsUser\":0,\"runAsNonRoot\":^true}"), path, message});
  // The pod's values count where the container has none.
  CHECK(findings(pod_and("\"securityContext\":{\"runAsNonRoot\":true}")) == Lines{cat("2:15 ", path, ": ", message)});
  check_clean({container_with("\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":1}"),
               pod_and("\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":1}"),
               container_with("\"securityContext\":{\"runAsNonRoot\":false}")});
}

TEST_CASE("capabilities exist, and SYS_ADMIN escalates", "[spec]") {
  check_clean({container_with("\"securityContext\":{\"capabilities\":{\"add\":[\"NET_ADMIN\",\"CAP_"
                              "CHOWN\",\"ALL\"],\"drop\":[\"ALL\",\"KILL\"]}}"),
               container_with("\"securityContext\":{\"allowPrivilegeEscalation\":true,"
                              "\"capabilities\":{\"add\":[\"SYS_ADMIN\"]}}")});
  check_container_rules({
      {"\"securityContext\":{\"capabilities\":{\"add\":[\"CHOWN\",^\"FLY\"]}}", "securityContext.capabilities.add[1]",
       "Invalid value: \"FLY\": is no capability; see capabilities(7)"},
      {"\"securityContext\":{\"capabilities\":{\"drop\":[^\"chown\"]}}", "securityContext.capabilities.drop[0]",
       "Invalid value: \"chown\": is no capability; see capabilities(7)"},
      {"\"securityContext\":{\"capabilities\":{\"add\":[^\"\"]}}", "securityContext.capabilities.add[0]",
       "Invalid value: \"\": is no capability; see capabilities(7)"},
      {"\"securityContext\":{\"capabilities\":{\"add\":[^\"CAP_CAP_CHOWN\"]}}", "securityContext.capabilities.add[0]",
       "Invalid value: \"CAP_CAP_CHOWN\": is no capability; see capabilities(7)"},
      {"\"securityContext\":^{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"add\":[\"SYS_"
       "ADMIN\"]}}",
       "securityContext",
       "Invalid value: cannot set `allowPrivilegeEscalation` to false and `capabilities.add` "
       "CAP_SYS_ADMIN"},
      {"\"securityContext\":^{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"add\":[\"CAP_"
       "SYS_ADMIN\"]}}",
       "securityContext",
       "Invalid value: cannot set `allowPrivilegeEscalation` to false and `capabilities.add` "
       "CAP_SYS_ADMIN"},
  });
}

TEST_CASE("AppArmor profiles that podctl cannot give are not passed over", "[spec]") {
  const auto profile = [](std::string_view type) { return cat("\"securityContext\":{\"appArmorProfile\":^{\"type\":\"", type, "\"}}"); };
  check_clean({take_marks(container_with(profile("Unconfined"))).text});
  check_rule({container_with(profile("Localhost")), "spec.containers[0].securityContext.appArmorProfile",
              "not supported: podctl does not switch AppArmor profiles yet"});
  check_rule({pod_and(profile("Localhost")), "spec.securityContext.appArmorProfile",
              "not supported: podctl does not switch AppArmor profiles yet"});
  check_rule({container_with(profile("RuntimeDefault")), "spec.containers[0].securityContext.appArmorProfile",
              "no effect here: the profile of the user's own processes stays in force"},
             {}, "note: ");
  check_rule({container_with("\"securityContext\":{\"appArmorProfile\":{\"type\":^\"None\"}}"),
              "spec.containers[0].securityContext.appArmorProfile.type",
              "Unsupported value: \"None\": supported values: \"Unconfined\", \"RuntimeDefault\", "
              "\"Localhost\""});
  check_rule({container_with("\"securityContext\":{\"appArmorProfile\":^{}}"), "spec.containers[0].securityContext.appArmorProfile.type",
              "Required value"});
}

TEST_CASE("the final message is a file that is podctl's to make", "[spec]") {
  check_clean(
      {container_with("\"terminationMessagePath\":\"/tmp/"
                      "last\",\"terminationMessagePolicy\":\"FallbackToLogsOnError\"")});
  for (const char* path : {"/", "/proc/x", "/sys", "/tmp/../proc/1/mem", "//proc"})
    check_container_rules({{cat("\"terminationMessagePath\":^\"", path, "\""), "terminationMessagePath",
                            cat("Invalid value: \"", path, "\": must be a file outside /proc and /sys")}});
  check_container_rules({{"\"terminationMessagePolicy\":^\"Log\"", "terminationMessagePolicy",
                          "Unsupported value: \"Log\": supported values: \"File\", \"FallbackToLogsOnError\""}});
}

TEST_CASE("stdinOnce alone is nothing", "[spec]") {
  check_container_rules({{"\"stdinOnce\":^true", "stdinOnce", "has no effect without stdin"}}, "warning: ");
  check_clean({container_with("\"stdin\":true,\"stdinOnce\":true")});
}
