// What is waited for: read, and judged by what is known of a pod.
#include "podctl/wait.hpp"

#include "podctl/error.hpp"
#include "support/catch.hpp"
#include "unit/summary_support.hpp"

using namespace podctl;
using namespace podtest;
using Answer = Verdict::Answer;

namespace {

std::string verdict(const std::string& condition, const std::optional<PodSummary>& pod) {
  const Verdict verdict = judge(parse_wait_condition(condition), pod);
  switch (verdict.answer) {
    case Answer::kHolds: return "holds";
    case Answer::kNotYet: return "not yet";
    case Answer::kNever: return "never: " + verdict.why;
  }
  return {};
}

PodSummary pod_of(const std::string& policy, const std::string& phase, std::vector<Made> apps, Liveness liveness = Liveness::kRunning,
                  const json& own = json::object()) {
  json record = record_of(phase, {}, apps, own);
  record["spec"]["restartPolicy"] = policy;
  return summary_of(record, liveness);
}

}  // namespace

TEST_CASE("what cannot be waited for is refused", "[wait]") {
  for (const char* wrong : {"", "x", "condition", "condition=", "condition=ready", "phase=Done", "container=app", "container=:running",
                            "container=app:stopped", "container=app:", "terminated=1"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_wait_condition(wrong), Error);
  }
  CHECK(parse_wait_condition("container=app:running").value == "app");
}

TEST_CASE("terminated and removed", "[wait]") {
  const PodSummary live = pod_of("Never", "Running", {{"app", running()}});
  CHECK(verdict("terminated", live) == "not yet");
  CHECK(verdict("terminated", pod_of("Never", "Succeeded", {{"app", terminated(0, "Completed")}}, Liveness::kFinished)) == "holds");
  CHECK(verdict("terminated", pod_of("Never", "Running", {{"app", running()}}, Liveness::kLost)) == "holds");
  CHECK(verdict("terminated", pod_of("Never", "Pending", {{"app", waiting("Created")}}, Liveness::kLost, {{"status", "Created"}})) ==
        "not yet");
  CHECK(verdict("terminated", std::nullopt) == "holds");
  // The last record is there, and the monitor still clears up.
  CHECK(verdict("terminated", pod_of("Never", "Succeeded", {{"app", terminated(0, "Completed")}})) == "not yet");
  CHECK(verdict("removed", live) == "not yet");
  CHECK(verdict("removed", std::nullopt) == "holds");
}

TEST_CASE("Ready", "[wait]") {
  CHECK(verdict("condition=Ready", pod_of("Never", "Running", {{"app", running()}})) == "holds");
  CHECK(verdict("condition=Ready", pod_of("Never", "Running", {{"app", running()}, {"log", waiting("ContainerCreating")}})) == "not yet");
  CHECK(verdict("condition=Ready", summary_of("")) == "not yet");
  CHECK(verdict("condition=Ready", pod_of("Never", "Failed", {{"app", terminated(1, "Error")}}, Liveness::kFinished)) ==
        "never: the pod has ended: Error");
  CHECK(verdict("condition=Ready", pod_of("Never", "Running", {{"app", running()}}, Liveness::kLost)) == "never: the pod has ended: Lost");
  CHECK(verdict("condition=Ready", std::nullopt) == "never: the pod was removed");
  CHECK(verdict("condition=Initialized", summary_of(record_of("Pending", {{"i", running()}}, {{"app", waiting("PodInitializing")}}))) ==
        "not yet");
  CHECK(verdict("condition=Initialized", summary_of(record_of("Running", {{"i", terminated(0, "Completed")}}, {{"app", running()}}))) ==
        "holds");
}

TEST_CASE("phases go one way", "[wait]") {
  const PodSummary live = pod_of("Never", "Running", {{"app", running()}});
  CHECK(verdict("phase=Running", live) == "holds");
  CHECK(verdict("phase=Succeeded", live) == "not yet");
  CHECK(verdict("phase=Unknown", live) == "not yet");
  CHECK(verdict("phase=Pending", live) == "never: its phase is Running already");
  const PodSummary ended = pod_of("Never", "Failed", {{"app", terminated(1, "Error")}}, Liveness::kFinished);
  CHECK(verdict("phase=Failed", ended) == "holds");
  CHECK(verdict("phase=Succeeded", ended) == "never: the pod has ended: Error");
  CHECK(verdict("phase=Unknown", pod_of("Never", "Running", {{"app", running()}}, Liveness::kLost)) == "holds");
}

TEST_CASE("what an ended container keeps from coming true", "[wait]") {
  const std::string failed = "never: container \"b\" has ended with 3 and is not started again";
  const std::string done = "never: container \"b\" has ended with 0 and is not started again";
  const auto told = [](const std::string& condition, const std::string& policy, int code, const json& spec = json::object(),
                       const json& other = json::object()) {
    return verdict(condition, pod_of(policy, "Running", {{"a", running(), json::object(), other}, {"b", terminated(code, ""), {}, spec}}));
  };
  const json never{{"restartPolicy", "Never"}}, always{{"restartPolicy", "Always"}};
  json rules = never;
  rules["restartPolicyRules"] = json::array({{{"action", "Restart"}, {"exitCodes", {{"operator", "In"}, {"values", {42}}}}}});
  for (const char* condition : {"phase=Succeeded", "condition=Ready"}) {
    INFO(condition);
    CHECK(told(condition, "Never", 3) == failed);
    CHECK(told(condition, "OnFailure", 3) == "not yet");
    CHECK(told(condition, "Always", 3) == "not yet");
    CHECK(told(condition, "Always", 3, never) == failed);
    CHECK(told(condition, "Never", 3, always) == "not yet");
    CHECK(told(condition, "Never", 3, rules) == "not yet");
    CHECK(told(condition, "Never", 3, json::object(), rules) == "not yet");  // its rule may restart all
    rules["restartPolicyRules"] = json::array();
    CHECK(told(condition, "Always", 3, rules) == failed);
    rules["restartPolicyRules"] = json::array({{{"action", "RestartAllContainers"}}});
  }
  CHECK(told("condition=Ready", "Never", 0) == done);
  CHECK(told("condition=Ready", "OnFailure", 0) == done);
  CHECK(told("condition=Ready", "Always", 0) == "not yet");
  CHECK(told("phase=Succeeded", "Never", 0) == "not yet");
  for (const char* condition : {"phase=Failed", "phase=Unknown", "terminated", "removed"}) CHECK(told(condition, "Never", 3) == "not yet");

  const std::vector<Made> apps{{"a", running()}, {"b", terminated(3, "Error")}};
  CHECK(verdict("condition=Ready", pod_of("Never", "Running", apps, Liveness::kRunning, {{"status", "Terminating"}})) == "not yet");

  const auto with_init = [](const char* condition, const json& state, const json& spec) {
    json record = record_of("Pending", {{"b", state, {}, spec}}, {{"app", waiting("PodInitializing")}});
    record["spec"]["restartPolicy"] = "Never";
    return verdict(condition, summary_of(record));
  };
  for (const char* condition : {"phase=Succeeded", "condition=Ready", "condition=Initialized"}) {
    INFO(condition);
    CHECK(with_init(condition, terminated(3, "Error"), json::object()) == failed);
    CHECK(with_init(condition, terminated(0, "Completed"), json::object()).starts_with("never") == false);
    CHECK(with_init(condition, terminated(3, "Error"), always) == "not yet");  // a sidecar
  }
}

TEST_CASE("containers", "[wait]") {
  const std::vector<Made> apps{
      {"app", running()}, {"done", terminated(0, "Completed")}, {"bad", terminated(3, "Error")}, {"late", waiting("x")}};
  const PodSummary never = pod_of("Never", "Running", apps), on_failure = pod_of("OnFailure", "Running", apps),
                   always = pod_of("Always", "Running", apps);
  CHECK(verdict("container=app:running", never) == "holds");
  CHECK(verdict("container=late:running", never) == "not yet");
  CHECK(verdict("container=done:running", never) == "never: it has ended with 0 and is not started again");
  CHECK(verdict("container=done:running", on_failure) == "never: it has ended with 0 and is not started again");
  CHECK(verdict("container=bad:running", never) == "never: it has ended with 3 and is not started again");
  CHECK(verdict("container=bad:running", on_failure) == "not yet");
  CHECK(verdict("container=done:running", always) == "not yet");
  CHECK(verdict("container=app:terminated", never) == "not yet");
  CHECK(verdict("container=late:terminated", never) == "not yet");
  CHECK(verdict("container=done:terminated", never) == "holds");
  const PodSummary lost = pod_of("Never", "Running", apps, Liveness::kLost);
  CHECK(verdict("container=app:terminated", lost) == "holds");
  CHECK(verdict("container=late:terminated", lost) == "never: it never ran; the pod has ended: Lost");
  CHECK(verdict("container=app:running", lost) == "never: the pod has ended: Lost");
  CHECK(verdict("container=app:running", summary_of("")) == "not yet");
  CHECK(verdict("container=app:terminated", std::nullopt) == "holds");
  CHECK(verdict("container=app:running", std::nullopt) == "never: the pod was removed");
}
