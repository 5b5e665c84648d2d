// Rules of the pod as a whole and of its metadata, and every default that is filled in.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

TEST_CASE("a pod has a name or makes one", "[spec]") {
  const std::string rule =
      "must be a DNS name: lower-case letters, digits, '-' and '.', with a letter or digit at both "
      "ends of each part";
  const Rule rules[] = {
      {metadata_with("\"name\":^\"\""), "metadata.name", "Required value: name or generateName is required"},
      {metadata_with("\"name\":^\"Web\""), "metadata.name", "Invalid value: \"Web\": " + rule},
      {metadata_with("\"name\":^\"../up\""), "metadata.name", "Invalid value: \"../up\": " + rule},
      {metadata_with("\"name\":^\"a\\u001b[2J\""), "metadata.name", "Invalid value: \"a\\x1b[2J\": " + rule},
      {metadata_with(cat("\"name\":^\"", std::string(254, 'a'), "\"")), "metadata.name",
       cat("Invalid value: \"", std::string(254, 'a'), "\": must be no more than 253 characters")},
      {metadata_with("\"generateName\":^\"A\""), "metadata.generateName", "Invalid value: \"A\": " + rule},
      {metadata_with("\"generateName\":^\"-\""), "metadata.generateName", "Invalid value: \"-\": " + rule},
      {metadata_with("\"name\":\"p\",\"namespace\":^\"a.b\""), "metadata.namespace",
       "Invalid value: \"a.b\": must be a DNS label: lower-case letters, digits and '-', with a "
       "letter or digit at both ends"},
  };
  for (const auto& row : rules) check_rule(row);
  CHECK(findings(metadata_with("")) == Lines{"2:12 metadata.name: Required value: name or generateName is required"});
  check_clean({metadata_with("\"name\":\"a.b-c.1\""), metadata_with(cat("\"name\":\"", std::string(253, 'a'), "\""))});
  CHECK(parsed(metadata_with("\"name\":\"p\",\"namespace\":\"\"")).metadata.name_space == "default");
  const Pod made = parsed(metadata_with("\"generateName\":\"job-\""));
  CHECK(made.metadata.generate_name == "job-");
  CHECK(made.metadata.name.empty());
}

TEST_CASE("labels and annotations keep to their syntax", "[spec]") {
  const std::string value = "must be empty, or letters, digits, '-', '_' and '.' with a letter or digit at both ends";
  const std::string key =
      "must be a name of letters, digits, '-', '_' and '.', with a letter or digit at both ends, "
      "and optionally a DNS name and '/' before it";
  const Rule rules[] = {
      {metadata_with("\"name\":\"p\",\"labels\":{\"a\":^\"-\"}"), "metadata.labels[a]", "Invalid value: \"-\": " + value},
      {metadata_with("\"name\":\"p\",\"labels\":^{\"a b\":\"\"}"), "metadata.labels", "Invalid value: \"a b\": " + key},
      {metadata_with("\"name\":\"p\",\"annotations\":^{\"a b\":\"\"}"), "metadata.annotations", "Invalid value: \"a b\": " + key},
      {metadata_with(cat("\"name\":\"p\",\"annotations\":^{\"a\":\"", std::string(262144, 'x'), "\"}")), "metadata.annotations",
       "Too long: may not be more than 262144 bytes"},
  };
  for (const auto& row : rules) check_rule(row);
  check_clean({metadata_with("\"name\":\"p\",\"labels\":{\"example.com/"
                             "A\":\"\",\"b\":\"1.x_Y\"},\"annotations\":{\"Example.com/A\":\"ä\\n\\u0001\"}"),
               metadata_with(cat("\"name\":\"p\",\"annotations\":{\"a\":\"", std::string(262143, 'x'), "\"}"))});
}

TEST_CASE("podctl's own annotations are known with their values", "[spec]") {
  const auto annotation = [](std::string_view key, std::string_view value) {
    return metadata_with(cat("\"name\":\"p\",\"annotations\":{\"podctl.dev/", key, "\":^\"", value, "\"}"));
  };
  const struct {
    const char* key;
    std::vector<const char*> good;
    const char* supported;
  } rows[] = {{"sharing", {"pod", "kubernetes"}, "\"pod\", \"kubernetes\""},
              {"share-mounts", {"true", "false"}, "\"true\", \"false\""},
              {"overlay", {"true", "false"}, "\"true\", \"false\""},
              {"network", {"private", "host", "none"}, "\"private\", \"host\", \"none\""}};
  for (const auto& row : rows) {
    for (const char* value : row.good) check_clean({take_marks(annotation(row.key, value)).text});
    check_rule({annotation(row.key, "x"), cat("metadata.annotations[podctl.dev/", row.key, "]"),
                cat("Unsupported value: \"x\": supported values: ", row.supported)});
  }
  check_rule({annotation("network", "pasta"), "metadata.annotations[podctl.dev/network]",
              "not supported: outbound network is not carried out yet"});
  check_rule({annotation("shraing", "pod"), "metadata.annotations[podctl.dev/shraing]",
              "unknown podctl annotation; did you mean \"podctl.dev/sharing\"?"});
}

TEST_CASE("one mount namespace for all needs one root for all", "[spec]") {
  const auto pod = [](std::string_view images) {
    return cat(
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"annotations\":{"
        "\"podctl.dev/share-mounts\":^\"true\"}},\"spec\":{\"containers\":[",
        images, "]}}");
  };
  const std::string host = "{\"name\":\"a\",\"command\":[\"x\"]}", named = "{\"name\":\"b\",\"image\":\"host\",\"command\":[\"x\"]}",
                    other = "{\"name\":\"c\",\"image\":\"rootfs:/r\",\"command\":[\"x\"]}";
  check_clean({take_marks(pod(host + "," + named)).text, take_marks(pod(other)).text});
  check_rule({pod(host + "," + other), "metadata.annotations[podctl.dev/share-mounts]",
              "Forbidden: the containers name different root file systems: \"host\" and \"rootfs:/r\""});
}

TEST_CASE("times of a pod are in range", "[spec]") {
  check_rule({pod_and("\"terminationGracePeriodSeconds\":^-1"), "spec.terminationGracePeriodSeconds",
              "Invalid value: -1: must be greater than or equal to 0"});
  for (const char* seconds : {"0", "-1", "2147483648"})
    check_rule({pod_and(cat("\"activeDeadlineSeconds\":^", seconds)), "spec.activeDeadlineSeconds",
                cat("Invalid value: ", seconds, ": must be between 1 and 2147483647, inclusive")});
  check_clean({pod_and("\"terminationGracePeriodSeconds\":0"), pod_and("\"activeDeadlineSeconds\":1"),
               pod_and("\"activeDeadlineSeconds\":2147483647")});
}

TEST_CASE("a pod is for Linux", "[spec]") {
  check_clean({pod_and("\"os\":{\"name\":\"linux\"}")});
  check_rule({pod_and("\"os\":{\"name\":^\"windows\"}"), "spec.os.name", "Unsupported value: \"windows\": supported values: \"linux\""});
  check_rule({pod_and("\"os\":^{}"), "spec.os.name", "Required value"});
}

TEST_CASE("defaults of a pod", "[spec]") {
  const Pod pod = parsed(pod_and("\"volumes\":[{\"name\":\"v\"}]"));
  CHECK(pod.api_version == "v1");
  CHECK(pod.kind == "Pod");
  CHECK(pod.metadata.name_space == "default");
  CHECK(pod.spec.restart_policy == RestartPolicy::kAlways);
  CHECK(pod.spec.dns_policy == DnsPolicy::kClusterFirst);
  CHECK(pod.spec.termination_grace_period_seconds == 30);
  CHECK_FALSE(pod.spec.active_deadline_seconds);
  CHECK_FALSE(pod.spec.share_process_namespace);
  CHECK_FALSE(pod.spec.host_users);
  CHECK_FALSE(pod.spec.host_network);
  CHECK_FALSE(pod.spec.host_ipc);
  REQUIRE(pod.spec.volumes[0].empty_dir);  // a volume without a source
  CHECK(pod.spec.volumes[0].empty_dir->medium == StorageMedium::kDisk);
  const Container& container = pod.spec.containers[0];
  CHECK(container.termination_message_path == "/dev/termination-log");
  CHECK(container.termination_message_policy == TerminationMessagePolicy::kFile);
  CHECK_FALSE(container.stdin_open);
  CHECK_FALSE(container.security_context.run_as_user);
  CHECK_FALSE(container.security_context.allow_privilege_escalation);
}

TEST_CASE("defaults of volumes and ports", "[spec]") {
  const Pod pod =
      parsed(pod_and("\"volumes\":[{\"name\":\"h\",\"hostPath\":{\"path\":\"/"
                     "h\"}},{\"name\":\"m\",\"configMap\":{\"name\":\"m\",\"optional\":true}},"
                     "{\"name\":\"s\",\"secret\":{\"secretName\":\"s\",\"optional\":true}}]"));
  CHECK(pod.spec.volumes[0].host_path->type == HostPathType::kAny);
  CHECK(pod.spec.volumes[1].config_map->default_mode == 0644);
  CHECK(pod.spec.volumes[2].secret->default_mode == 0644);
  CHECK_FALSE(pod.spec.volumes[0].empty_dir);
  const Pod zero =
      parsed(pod_and("\"terminationGracePeriodSeconds\":0,\"volumes\":[{\"name\":\"m\","
                     "\"configMap\":{\"name\":\"m\",\"optional\":true,\"defaultMode\":0}}]"));
  CHECK(zero.spec.volumes[0].config_map->default_mode == 0);  // 0 is a value
  CHECK(zero.spec.termination_grace_period_seconds == 0);

  const Pod ports =
      parsed(pod_with("\"hostNetwork\":true,\"initContainers\":[{\"name\":\"i\",\"command\":[\"x\"],\"ports\":[{"
                      "\"containerPort\":81}]}],"
                      "\"containers\":[{\"name\":\"c\",\"command\":[\"x\"],\"ports\":[{\"containerPort\":80}]}]"));
  CHECK(ports.spec.containers[0].ports[0].protocol == Protocol::kTcp);
  CHECK(ports.spec.containers[0].ports[0].host_port == 80);
  CHECK(ports.spec.init_containers[0].ports[0].host_port == 81);
  CHECK_FALSE(parsed(container_with("\"ports\":[{\"containerPort\":80}]")).spec.containers[0].ports[0].host_port);
}

TEST_CASE("a limit is the request that is missing, and amounts are in thousandths", "[spec]") {
  const std::string resources =
      "\"resources\":{\"limits\":{\"cpu\":\"1.0001\",\"memory\":\"64Mi\"},\"requests\":{\"cpu\":0,"
      "\"ephemeral-storage\":\"0.1m\"}}";
  const Pod pod = parsed(pod_with(cat("\"initContainers\":[{\"name\":\"i\",\"command\":[\"x\"],", resources,
                                      "}],\"containers\":[{\"name\":\"c\",\"command\":[\"x\"],", resources, "}]")));
  for (const Container* container : all_containers(pod.spec)) {
    const auto& [limits, requests] = container->resources;
    CHECK(limits.at("cpu").text == "1001m");
    CHECK(limits.at("memory").value == 64 << 20);
    CHECK(requests.at("memory") == limits.at("memory"));
    CHECK(requests.at("cpu").text == "0");  // an explicit 0 stays
    CHECK(requests.at("ephemeral-storage").text == "1m");
    CHECK(limits.count("ephemeral-storage") == 0);
  }
}
