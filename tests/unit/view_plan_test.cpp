// A plan and its steps, as they are shown.
#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "unit/plan_support.hpp"
#include "view/explain.hpp"

using namespace podctl;
using namespace podtest;
using nlohmann::json;

TEST_CASE("the table of a plan has one row a step, and marks what weakens", "[view]") {
  const Plan plan = plan_of(cat(R"("hostNetwork":true,)", one_container()));
  const std::string text = render_plan_text(plan);
  const auto rows = split(text, '\n');
  REQUIRE(rows.size() == plan.steps.size() + 1);
  CHECK(rows[0] ==
        "! sandbox   1  new user, mnt, ipc, uts, pid namespaces  weakens: hostNetwork: the pod "
        "reaches all that this user reaches");
  CHECK(rows[1].substr(0, 13) == "  userns    2");
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    CAPTURE(rows[i]);
    CHECK((rows[i][0] == '!') == !plan.steps[i].weakens.empty());
    CHECK(rows[i].find(cat(' ', plan.steps[i].number, "  ")) != std::string::npos);
    CHECK(rows[i].find(describe(plan.steps[i]).what) != std::string::npos);
    CHECK(rows[i].find(plan.steps[i].weakens.empty() ? cat("why: ", plan.steps[i].why) : cat("weakens: ", plan.steps[i].weakens)) !=
          std::string::npos);
  }
  CHECK(rows.back().empty());
}

TEST_CASE("the notes of a plan follow its steps", "[view]") {
  Plan plan = plan_of(one_container());
  plan.notes = {"one", "two"};
  const std::string text = render_plan_text(plan), notes = "  note: one\n  note: two\n";
  REQUIRE(text.size() > notes.size());
  CHECK(text.substr(text.size() - notes.size()) == notes);
}

TEST_CASE("the JSON form of a plan says the same as its steps", "[view]") {
  const Plan plan = plan_of(cat(R"("hostIPC":true,)", one_container()));
  const json all = json::parse(render_plan_json(plan));
  CHECK(all.at("apiVersion") == "podctl/v1");
  CHECK(all.at("kind") == "Plan");
  CHECK(all.at("pod") == "web");
  CHECK(all.at("hostname") == "web");
  CHECK(all.at("network") == "private");
  CHECK(all.at("sharing") == "pod");
  CHECK(all.at("podIP") == "10.244.188.240");
  REQUIRE(all.at("steps").size() == plan.steps.size());
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    const StepText text = describe(step);
    const json& row = all.at("steps").at(i);
    CHECK(row.at("number") == step.number);
    CHECK(row.at("stage") == std::string(stage_name(step.stage)));
    CHECK(row.at("action") == text.id);
    CHECK(row.at("what") == text.what);
    CHECK(row.at("detail") == text.detail);
    CHECK(row.at("call") == text.call);
    CHECK(row.at("why") == step.why);
    CHECK(row.contains("container") == (step.member >= 0));
    CHECK(row.contains("weakens") == !step.weakens.empty());
  }
  CHECK(all.at("steps").at(0).at("actor") == "monitor");
  CHECK(all.at("steps").at(1).at("actor") == "pause");
  CHECK(all.at("steps").back().at("actor") == "member");
  CHECK(all.at("steps").back().at("container") == "app");
}

TEST_CASE("--explain: position, time since the start, stage, call, words and the step's own time", "[view]") {
  const Plan plan = plan_of(one_container());
  // Step 1 is the monitor's, 2 and 3 are pause's; step 4 is never done.
  const auto done_at = [](int number) -> std::int64_t {
    return number == 1 ? 1'100'000 : number == 2 ? 1'300'000 : number == 3 ? 1'350'000 : 0;
  };
  const std::string brief = view::explain_steps(plan, 1, 4, true, done_at, 1'000'000, 77);
  CHECK(brief ==
        "[ 1/49] +0.10 ms     sandbox   "
        "clone(CLONE_NEWUSER|CLONE_NEWNS|CLONE_NEWIPC|CLONE_NEWUTS|CLONE_NEWPID)  new user, mnt, "
        "ipc, uts, pid namespaces  0.10 ms\n"
        "[ 2/49] +0.30 ms     userns    write /proc/self/uid_map, gid_map  map of user and group "
        "ids (users 0 -> 1000 (1 id); groups 0 -> 1001 (1 id))  0.30 ms\n"
        "[ 3/49] +0.35 ms     sandbox   prctl(PR_SET_PDEATHSIG)  SIGKILL when the monitor ends  "
        "0.05 ms\n"
        "[ 4/49] -            network   unshare(CLONE_NEWNET)  new net namespace\n");
  const std::string full = view::explain_steps(plan, 2, 2, false, done_at, 1'000'000, 77);
  CHECK(full.substr(full.find('\n') + 1) ==
        "         why    one id is enough: the user's own\n"
        "         see    cat /proc/77/uid_map\n");
}

TEST_CASE("--explain tells the risk of a step", "[view]") {
  const Plan plan = plan_of(cat(R"("hostIPC":true,)", one_container()));
  const std::string text = view::explain_steps(
      plan, 1, 1, false, [](int) -> std::int64_t { return 0; }, 0, 1);
  CHECK(text.find("! sandbox") != std::string::npos);
  CHECK(text.find("         risk   hostIPC: it sees the machine's System V IPC and /dev/shm\n") != std::string::npos);
}
