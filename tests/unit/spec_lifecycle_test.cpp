// Rules of probes, hooks, restart rules and stop signals.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

// The first container with these members; "^" marks the value at fault.
void check_rules(std::initializer_list<Rule> rules) {
  for (const auto& rule : rules) check_rule({container_with(rule.text), "spec.containers[0]." + rule.path, rule.message});
}

std::string init_with(std::string_view members) {
  return pod_and(cat("\"initContainers\":[{\"name\":\"i\",\"command\":[\"x\"],", members, "}]"));
}

std::string many(std::size_t count, std::string_view item) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) append(list, i == 0 ? "" : ",", item);
  return list;
}

}  // namespace

TEST_CASE("6.1: a probe is read with its defaults, a 0 standing for one", "[spec][probe]") {
  const Pod pod = parsed(container_with(
      "\"livenessProbe\":{\"exec\":{\"command\":[\"a\",\"b\"]}},"
      "\"startupProbe\":{\"grpc\":{\"port\":90,\"service\":\"s\"},\"timeoutSeconds\":0,\"periodSeconds\":0,\"successThreshold\":0,"
      "\"failureThreshold\":0,\"terminationGracePeriodSeconds\":1},"
      "\"readinessProbe\":{\"httpGet\":{\"port\":\"web\",\"httpHeaders\":[{\"name\":\"X-A\",\"value\":\"b\"}]},\"initialDelaySeconds\":4,"
      "\"timeoutSeconds\":5,\"periodSeconds\":6,\"successThreshold\":7,\"failureThreshold\":8}"));
  const Container& container = pod.spec.containers[0];
  REQUIRE((container.liveness_probe && container.startup_probe && container.readiness_probe));
  for (const Probe* probe : {&*container.liveness_probe, &*container.startup_probe}) {
    CHECK(probe->initial_delay_seconds == 0);
    CHECK(probe->timeout_seconds == 1);
    CHECK(probe->period_seconds == 10);
    CHECK(probe->success_threshold == 1);
    CHECK(probe->failure_threshold == 3);
  }
  CHECK(container.liveness_probe->exec->command == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(container.liveness_probe->termination_grace_period_seconds);
  CHECK(container.startup_probe->termination_grace_period_seconds == 1);
  CHECK(container.startup_probe->grpc->port == 90);
  CHECK(container.startup_probe->grpc->service == "s");
  const Probe& readiness = *container.readiness_probe;
  CHECK(readiness.http_get->path == "/");
  CHECK(readiness.http_get->scheme == UriScheme::kHttp);
  CHECK(readiness.http_get->port == PortReference{0, "web"});
  CHECK(readiness.http_get->http_headers.at(0).name == "X-A");
  CHECK(readiness.initial_delay_seconds == 4);
  CHECK(readiness.timeout_seconds == 5);
  CHECK(readiness.period_seconds == 6);
  CHECK(readiness.success_threshold == 7);
  CHECK(readiness.failure_threshold == 8);
}

TEST_CASE("hooks, restart rules and gates are read, and written as they were", "[spec][probe]") {
  const std::string text = container_with(
      "\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"RestartAllContainers\",\"exitCodes\":{\"operator\":\"NotIn\","
      "\"values\":[0,42]}}],\"lifecycle\":{\"postStart\":{\"tcpSocket\":{\"port\":8080,\"host\":\"h\"}},\"preStop\":{\"sleep\":{\"seconds\":3}}},"
      "\"livenessProbe\":{\"httpGet\":{\"path\":\"/x\",\"port\":80,\"scheme\":\"HTTPS\"}}");
  const Pod pod = parsed(text);
  const Container& container = pod.spec.containers[0];
  CHECK(container.restart_policy == RestartPolicy::kNever);
  REQUIRE(container.restart_policy_rules.size() == 1);
  CHECK(container.restart_policy_rules[0].action == RestartRuleAction::kRestartAllContainers);
  CHECK(container.restart_policy_rules[0].exit_codes->comparison == ExitCodeOperator::kNotIn);
  CHECK(container.restart_policy_rules[0].exit_codes->values == std::vector<std::int32_t>{0, 42});
  CHECK(container.lifecycle.post_start->tcp_socket->port == PortReference{8080, ""});
  CHECK(container.lifecycle.pre_stop->sleep->seconds == 3);
  const std::string written = manifest_json(pod);
  CHECK(manifest_json(parsed(written)) == written);
  const Pod again = parsed(written);
  CHECK(again.spec.containers[0].liveness_probe->http_get->scheme == UriScheme::kHttps);
  CHECK(again.spec.containers[0].restart_policy_rules[0].exit_codes->values == std::vector<std::int32_t>{0, 42});
  CHECK_FALSE(parsed(pod_and("\"hostname\":\"h\"")).spec.containers[0].restart_policy);
}

TEST_CASE("1.5: a probe has exactly one handler, and that is whole", "[spec][probe]") {
  check_rules({
      {"\"livenessProbe\":^{}", "livenessProbe", "Required value: must specify a handler type"},
      {"\"readinessProbe\":{\"exec\":{\"command\":[\"x\"]},\"tcpSocket\":^{\"port\":1}}", "readinessProbe.tcpSocket",
       "Forbidden: may not specify more than 1 handler type"},
      {"\"startupProbe\":{\"exec\":^{}}", "startupProbe.exec.command", "Required value"},
      {"\"livenessProbe\":{\"tcpSocket\":^{}}", "livenessProbe.tcpSocket.port", "Required value"},
      {"\"livenessProbe\":{\"httpGet\":{\"port\":^0}}", "livenessProbe.httpGet.port", "Required value"},
      {"\"livenessProbe\":{\"httpGet\":{\"port\":^65536}}", "livenessProbe.httpGet.port",
       "Invalid value: 65536: must be between 1 and 65535, inclusive"},
      {"\"livenessProbe\":{\"tcpSocket\":{\"port\":^true}}", "livenessProbe.tcpSocket.port",
       "Invalid value: true: must be an integer or a string"},
      {"\"livenessProbe\":{\"tcpSocket\":{\"port\":^\"80\"}}", "livenessProbe.tcpSocket.port",
       "Invalid value: \"80\": must contain at least one letter (a-z)"},
      {"\"livenessProbe\":{\"grpc\":{\"port\":^-1}}", "livenessProbe.grpc.port",
       "Invalid value: -1: must be between 1 and 65535, inclusive"},
      {"\"livenessProbe\":{\"httpGet\":{\"port\":1,\"scheme\":^\"http\"}}", "livenessProbe.httpGet.scheme",
       "Unsupported value: \"http\": supported values: \"HTTP\", \"HTTPS\""},
      {"\"livenessProbe\":{\"httpGet\":{\"port\":1,\"httpHeaders\":[{\"name\":^\"a b\"}]}}", "livenessProbe.httpGet.httpHeaders[0].name",
       "Invalid value: \"a b\": a valid HTTP header must consist of alphanumeric characters or '-'"},
      {"\"livenessProbe\":{\"httpGet\":{\"port\":1,\"httpHeaders\":[{\"name\":\"a\",\"value\":^\"b\\r\\nc: d\"}]}}",
       "livenessProbe.httpGet.httpHeaders[0].value", "Invalid value: \"b\\r\\nc: d\": must be one line"},
  });
}

TEST_CASE("1.5: numbers of probes", "[spec][probe]") {
  check_rules({
      {"\"livenessProbe\":{\"tcpSocket\":{\"port\":1},\"successThreshold\":^2}", "livenessProbe.successThreshold",
       "Invalid value: 2: must be 1"},
      {"\"startupProbe\":{\"tcpSocket\":{\"port\":1},\"successThreshold\":^3}", "startupProbe.successThreshold",
       "Invalid value: 3: must be 1"},
      {"\"readinessProbe\":{\"tcpSocket\":{\"port\":1},\"terminationGracePeriodSeconds\":^5}",
       "readinessProbe.terminationGracePeriodSeconds", "Invalid value: 5: must not be set for readinessProbes"},
      {"\"livenessProbe\":{\"tcpSocket\":{\"port\":1},\"terminationGracePeriodSeconds\":^0}", "livenessProbe.terminationGracePeriodSeconds",
       "Invalid value: 0: must be greater than 0"},
  });
  for (const char* name : {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"})
    check_rules({{cat("\"readinessProbe\":{\"tcpSocket\":{\"port\":1},\"", name, "\":^-1}"), cat("readinessProbe.", name),
                  "Invalid value: -1: must be greater than or equal to 0"}});
  check_clean({container_with("\"readinessProbe\":{\"tcpSocket\":{\"port\":1},\"successThreshold\":2}")});
}

TEST_CASE("1.5: hooks have one handler, and sleep within the grace period", "[spec][probe]") {
  check_rules({
      {"\"lifecycle\":{\"preStop\":^{}}", "lifecycle.preStop", "Required value: must specify a handler type"},
      {"\"lifecycle\":{\"postStart\":{\"exec\":{\"command\":[\"x\"]},\"sleep\":^{\"seconds\":1}}}", "lifecycle.postStart.sleep",
       "Forbidden: may not specify more than 1 handler type"},
      {"\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":^31}}}", "lifecycle.preStop.sleep.seconds",
       "Invalid value: 31: must be between 0 and terminationGracePeriodSeconds (30), inclusive"},
      {"\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":^-1}}}", "lifecycle.preStop.sleep.seconds",
       "Invalid value: -1: must be between 0 and terminationGracePeriodSeconds (30), inclusive"},
  });
  check_clean({container_with("\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":0}}}"),
               container_with("\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":30}}}")});
}

TEST_CASE("1.5: only a sidecar among the init containers has hooks and probes", "[spec][probe]") {
  const std::string words = "Forbidden: may not be set for init containers without restartPolicy=Always";
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"})
    check_rule({init_with(cat("\"", probe, "\":^{\"tcpSocket\":{\"port\":1}}")), cat("spec.initContainers[0].", probe), words});
  check_rule({init_with("\"restartPolicy\":\"OnFailure\",\"lifecycle\":^{\"preStop\":{\"sleep\":{\"seconds\":1}}}"),
              "spec.initContainers[0].lifecycle", words});
  check_clean(
      {init_with("\"restartPolicy\":\"Always\",\"startupProbe\":{\"tcpSocket\":{\"port\":1}},"
                 "\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":1}}}")});
}

TEST_CASE("1.5: restart rules want a policy beside them, and are not too many", "[spec][probe]") {
  const std::string rule = "{\"action\":\"Restart\",\"exitCodes\":{\"operator\":\"In\",\"values\":[1]}}";
  check_rule({pod_with(cat("\"containers\":[^{\"name\":\"c\",\"command\":[\"x\"],\"restartPolicyRules\":[", rule, "]}]")),
              "spec.containers[0].restartPolicy", "Required value: must specify restartPolicy when restart rules are used"});
  check_rules({
      {cat("\"restartPolicy\":\"Never\",\"restartPolicyRules\":^[", many(21, rule), "]"), "restartPolicyRules",
       "Too many: 21: must have at most 20 items"},
      {cat("\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Restart\",\"exitCodes\":{\"operator\":\"In\",\"values\":^[",
           many(256, "1"), "]}}]"),
       "restartPolicyRules[0].exitCodes.values", "Too many: 256: must have at most 255 items"},
      {"\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Restart\",\"exitCodes\":{\"operator\":^\"Is\"}}]",
       "restartPolicyRules[0].exitCodes.operator", "Unsupported value: \"Is\": supported values: \"In\", \"NotIn\""},
      {"\"restartPolicy\":\"Never\",\"restartPolicyRules\":[^{\"action\":\"Restart\"}]", "restartPolicyRules[0].exitCodes",
       "Required value"},
      {"\"restartPolicy\":^\"Sometimes\"", "restartPolicy",
       "Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\""},
  });
  check_clean({container_with(cat("\"restartPolicy\":\"Never\",\"restartPolicyRules\":[", many(20, rule), "]"))});
}

TEST_CASE("1.5: a stop signal is one, and Kubernetes wants spec.os.name with it", "[spec][probe]") {
  check_rules({
      {"\"lifecycle\":{\"stopSignal\":^\"SIGNONE\"}", "lifecycle.stopSignal",
       "Invalid value: \"SIGNONE\": must be the name of a signal, such as SIGTERM or SIGRTMIN+3; see signal(7)"},
      {"\"lifecycle\":{\"stopSignal\":^\"TERM\"}", "lifecycle.stopSignal",
       "Invalid value: \"TERM\": must be the name of a signal, such as SIGTERM or SIGRTMIN+3; see signal(7)"},
  });
  check_rule({container_with("\"lifecycle\":{\"stopSignal\":^\"SIGUSR1\"}"), "spec.containers[0].lifecycle.stopSignal",
              "Kubernetes takes it only together with spec.os.name"},
             {}, "note: ");
  check_clean(
      {pod_with("\"os\":{\"name\":\"linux\"},\"containers\":[{\"name\":\"c\",\"command\":[\"x\"],"
                "\"lifecycle\":{\"stopSignal\":\"SIGRTMIN+3\"}}]")});
}
