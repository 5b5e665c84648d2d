// Environment variables whose values come from the pod, its objects and the machine.
#include <map>

#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const std::string kObjects =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"k":"$(X) map","both":"map"},"binaryData":{"b":"AAE="}})"
    R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"word":"sesame","both":"secret"}})";

HostFacts node_facts() {
  HostFacts facts = user_facts();
  facts.addresses = {"192.0.2.7", "2001:db8::7"};
  facts.cpus = 4;
  facts.memory_bytes = 8'000'000'001;
  facts.disk_bytes = 1000;
  return facts;
}

Plan plan_with(const std::string& container, const std::string& pod = {}) {
  const std::string spec =
      cat(R"j("containers":[{"name":"app","command":["a","$(SECRET)"],)j", container, R"(},{"name":"other","command":["b"],)",
          R"("resources":{"limits":{"cpu":"250m","memory":"100Mi"},"requests":{"memory":"1"}}}])", pod);
  return plan_of(manifest_of(spec, R"("note.io/a":"an \"annotation\"\nof two lines")", kObjects), node_facts());
}

std::map<std::string, std::string> variables(const Plan& plan) {
  std::map<std::string, std::string> all;
  const auto exec = podtest::all_of<action::ExecProgram>(plan).at(0);
  for (const auto& entry : exec.environment) all[entry.substr(0, entry.find('='))] = entry.substr(entry.find('=') + 1);
  return all;
}

// The value that one such source gives.
std::string value_from(const std::string& source, const std::string& pod = {}) {
  return variables(plan_with(cat(R"("env":[{"name":"V","valueFrom":{)", source, "}}]"), pod)).at("V");
}
std::string field(const std::string& path, const std::string& pod = {}) {
  return value_from(cat(R"("fieldRef":{"fieldPath":")", path, "\"}"), pod);
}
std::string resource(const std::string& path, const std::string& more = {}) {
  return value_from(cat(R"("resourceFieldRef":{"containerName":"other","resource":")", path, '"', more, '}'));
}

}  // namespace

TEST_CASE("fieldRef shows the pod and the machine", "[plan][environment]") {
  CHECK(field("metadata.name") == "web");
  CHECK(field("metadata.namespace") == "default");
  CHECK(field("metadata.uid") == "uid");
  CHECK(field("metadata.annotations['note.io/a']") == "an \"annotation\"\nof two lines");
  CHECK(field("metadata.labels['none']").empty());  // set, and empty
  CHECK(field("spec.nodeName") == "box");
  CHECK(field("spec.serviceAccountName") == "default");
  CHECK(field("spec.serviceAccountName", R"(,"serviceAccountName":"robot")") == "robot");
  CHECK(field("status.hostIP") == "192.0.2.7");
  CHECK(field("status.hostIPs") == "192.0.2.7,2001:db8::7");
  const Plan plan = plan_with(R"("env":[])");
  CHECK(field("status.podIP") == plan.ipv4);
  CHECK(field("status.podIPs") == plan.ipv4 + ',' + plan.ipv6);
  CHECK(field("status.podIP", R"(,"hostNetwork":true)") == "192.0.2.7");
}

TEST_CASE("resourceFieldRef is rounded up to whole units", "[plan][environment]") {
  CHECK(resource("limits.cpu") == "1");
  CHECK(resource("limits.cpu", R"(,"divisor":"1m")") == "250");
  CHECK(resource("limits.memory") == "104857600");
  CHECK(resource("limits.memory", R"(,"divisor":"1Mi")") == "100");
  CHECK(resource("limits.memory", R"(,"divisor":"1M")") == "105");
  CHECK(resource("limits.memory", R"(,"divisor":"1Gi")") == "1");
  CHECK(resource("requests.memory") == "1");
  CHECK(resource("requests.cpu", R"(,"divisor":"1m")") == "250");  // a request that is missing is the limit
  CHECK(resource("limits.ephemeral-storage") == "1000");           // without a limit, what the machine has
  CHECK(resource("requests.ephemeral-storage") == "0");
  CHECK(resource("limits.hugepages-2Mi") == "0");
  CHECK(value_from(R"("resourceFieldRef":{"resource":"limits.cpu","divisor":"1m"})") == "4000");  // its own container, without limits
  CHECK(value_from(R"("resourceFieldRef":{"resource":"limits.memory","divisor":"1k"})") == "8000001");
}

TEST_CASE("values of objects are taken as they are, and later ones win", "[plan][environment]") {
  const auto all = variables(plan_with(
      R"j("envFrom":[{"configMapRef":{"name":"m"}},{"secretRef":{"name":"s"}},{"prefix":"P_","configMapRef":{"name":"m"}},
      {"configMapRef":{"name":"none","optional":true}}],
      "env":[{"name":"X","value":"x"},{"name":"KEY","valueFrom":{"configMapKeyRef":{"name":"m","key":"k"}}},{"name":"REF","value":"<$(KEY)|$(word)|$(k)>"},
      {"name":"word","value":"own"},{"name":"GONE","valueFrom":{"secretKeyRef":{"name":"s","key":"none","optional":true}}},
      {"name":"BINARY","valueFrom":{"configMapKeyRef":{"name":"m","key":"b","optional":true}}}])j"));
  CHECK(all.at("k") == "$(X) map");
  CHECK(all.at("P_k") == "$(X) map");
  CHECK(all.at("both") == "secret");
  CHECK(all.at("P_both") == "map");
  CHECK(all.at("KEY") == "$(X) map");
  CHECK(all.at("REF") == "<$(X) map|sesame|$(X) map>");
  CHECK(all.at("word") == "own");
  for (const char* absent : {"GONE", "BINARY", "b", "P_b"}) CHECK(all.count(absent) == 0);
}

TEST_CASE("a Secret's value reaches the program and no words about it", "[plan][environment]") {
  const Plan plan = plan_with(R"("env":[{"name":"SECRET","valueFrom":{"secretKeyRef":{"name":"s","key":"word"}}}])");
  CHECK(podtest::all_of<action::ExecProgram>(plan).at(0).argv == std::vector<std::string>{"a", "sesame"});
  for (const std::string& text : {render_plan_text(plan), render_plan_json(plan)}) CHECK(text.find("sesame") == std::string::npos);
  CHECK(render_plan_text(plan_with(R"("env":[{"name":"SECRET","value":"told"}])")).find("told") != std::string::npos);
}

TEST_CASE("subPathExpr is a path made of variables, all of which must have a value", "[plan][environment]") {
  const auto plan = [](const std::string& expression) {
    return plan_with(
        cat(R"("env":[{"name":"A","value":"a/b"},{"name":"EMPTY","value":""},{"name":"UP","value":".."},{"name":"ABS","value":"/x"}],
      "volumeMounts":[{"name":"v","mountPath":"/d","subPathExpr":")",
            expression, "\"}]"),
        R"(,"volumes":[{"name":"v"}])");
  };
  const auto sub_path = [&](const std::string& expression) {
    for (const auto& bind : podtest::all_of<action::BindInto>(plan(expression)))
      if (bind.target == "/d") return bind.sub_path;
    return std::string("none");
  };
  CHECK(sub_path("x/$(A)/$$(A)") == "x/a/b/$(A)");
  CHECK(sub_path("plain") == "plain");
  const auto refusal = [&](const std::string& expression) {
    try {
      static_cast<void>(plan(expression));
    } catch (const Error& error) {
      CHECK(error.info().path == "spec.containers[0].volumeMounts[0].subPathExpr");
      CHECK(error.info().error_class == ErrorClass::kInvalid);
      return error.info().cause;
    }
    return std::string("none");
  };
  CHECK(refusal("$(NONE)") == "missing value for \"NONE\": the variable is empty, or the manifest does not define it");
  CHECK(refusal("x/$(EMPTY)").substr(0, 25) == "missing value for \"EMPTY\"");
  CHECK(refusal("x/$(UP)") == "\"x/$(UP)\" expanded must not contain '..'");
  CHECK(refusal("$(ABS)") == "\"$(ABS)\" expanded must be a relative path");
}

TEST_CASE("the machine is asked about itself only by pods that show it", "[plan][environment]") {
  const auto asks = [](const std::string& source) {
    return questions_for(manifest_of(one_container(cat(R"("env":[{"name":"V",)", source, "}]"))).pods[0], plan_options()).node;
  };
  CHECK_FALSE(asks(R"("value":"x")"));
  CHECK_FALSE(asks(R"("valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}})"));
  CHECK(asks(R"("valueFrom":{"fieldRef":{"fieldPath":"status.hostIPs"}})"));
  CHECK(asks(R"("valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}})"));
}
