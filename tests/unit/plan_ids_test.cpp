// Whose ids a pod's programs have, inside and on the host.
#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

std::string two(const std::string& first, const std::string& second) {
  const auto container = [](const char* name, const std::string& context) {
    return cat(R"({"name":")", name, R"(","command":["a"],"securityContext":{)", context, "}}");
  };
  return cat("\"containers\":[", container("one", first), ",", container("two", second), "]");
}

ErrorInfo refusal(const std::string& spec, const HostFacts& facts) {
  try {
    plan_of(spec, facts);
  } catch (const Error& error) {
    return error.info();
  }
  FAIL("the plan was made: " << spec);
  return {};
}

std::string map_text(const std::vector<IdMapping>& map) {
  std::string text;
  for (const auto& m : map) append(text, text.empty() ? "" : ", ", m.pod, "->", m.host, "x", m.count);
  return text;
}

action::MapIds::Method method_of(const Plan& plan) { return all_of<action::MapIds>(plan).at(0).method; }

}  // namespace

TEST_CASE("one id is enough when all containers agree on it", "[plan][ids]") {
  struct Row {
    std::string spec;
    const char *uids, *gids;
  };
  const Row row =
      GENERATE(Row{two("", ""), "0->1000x1", "0->1001x1"}, Row{two(R"("runAsUser":5)", R"("runAsUser":5)"), "5->1000x1", "0->1001x1"},
               Row{two(R"("runAsUser":33)", R"("runAsUser":33)"), "33->1000x1", "34->1001x1"},  // its group in /etc/passwd
               Row{two(R"("runAsUser":33,"runAsGroup":7)", R"("runAsUser":33,"runAsGroup":7)"), "33->1000x1", "7->1001x1"},
               Row{cat(R"("securityContext":{"runAsUser":9,"runAsGroup":8},)", two("", "")), "9->1000x1", "8->1001x1"},
               Row{cat(R"("securityContext":{"runAsUser":9},)", two(R"("runAsUser":5)", R"("runAsUser":5)")), "5->1000x1", "0->1001x1"});
  CAPTURE(row.spec);
  const HostFacts facts = GENERATE(user_facts(), ranged_facts());  // a range is not used without need
  const Plan plan = plan_of(row.spec, facts);
  CHECK(map_text(plan.uids) == row.uids);
  CHECK(map_text(plan.gids) == row.gids);
  CHECK(method_of(plan) == action::MapIds::Method::kSelf);
  for (const auto& identity : all_of<action::SetIdentity>(plan)) {
    CHECK_FALSE(identity.set_groups);
    CHECK(identity.uid == plan.uids[0].pod);
    CHECK(identity.gid == plan.gids[0].pod);
  }
}

TEST_CASE("several ids take the subordinate range, the user itself being 0", "[plan][ids]") {
  const std::string spec = GENERATE(two("", R"("runAsUser":33)"), two(R"("runAsGroup":1)", ""),
                                    cat(R"("securityContext":{"supplementalGroups":[7]},)", two("", "")));
  CAPTURE(spec);
  const Plan plan = plan_of(spec, ranged_facts());
  CHECK(map_text(plan.uids) == "0->1000x1, 1->100000x65536");
  CHECK(map_text(plan.gids) == "0->1001x1, 1->200000x65536");
  CHECK(method_of(plan) == action::MapIds::Method::kHelpers);
  for (const auto& identity : all_of<action::SetIdentity>(plan)) CHECK(identity.set_groups);
}

TEST_CASE("several ranges follow one another inside", "[plan][ids]") {
  HostFacts facts = ranged_facts();
  facts.sub_uids = {{100000, 10}, {300000, 20}};
  facts.sub_gids = {{200000, 40}};
  const Plan plan = plan_of(two("", R"("runAsUser":30)"), facts);
  CHECK(map_text(plan.uids) == "0->1000x1, 1->100000x10, 11->300000x20");
  CHECK(plan.members[1].uid == 30);
  const ErrorInfo info = refusal(two("", R"("runAsUser":31)"), facts);
  CHECK(info.id == "id-outside-map");
  CHECK(info.cause == "id 31 is outside the pod's map: it has the ids 0 to 30");
}

TEST_CASE("supplementalGroups are set for every container", "[plan][ids]") {
  const Plan plan = plan_of(cat(R"("securityContext":{"supplementalGroups":[7,2000]},)", two("", "")), ranged_facts());
  const auto identities = all_of<action::SetIdentity>(plan);
  REQUIRE(identities.size() == 2);
  for (const auto& identity : identities) CHECK(identity.groups == std::vector<std::uint32_t>{7, 2000});
}

TEST_CASE("the machine's root gives a pod a range of its own and none of its own ids", "[plan][ids]") {
  const Plan plan = plan_of(two(R"("runAsUser":65535)", ""), root_facts());
  CHECK(map_text(plan.uids) == "0->2147418112x65536");
  CHECK(map_text(plan.gids) == "0->2147418112x65536");
  CHECK(method_of(plan) == action::MapIds::Method::kDirect);
  for (const auto& map : {plan.uids, plan.gids})
    for (const auto& entry : map) CHECK(entry.host != 0);
  const ErrorInfo info = refusal(two(R"("runAsUser":65536)", ""), root_facts());
  CHECK(info.id == "id-outside-map");
  CHECK(info.cause == "id 65536 is outside the pod's map: it has the ids 0 to 65535");
}

TEST_CASE("ids that this machine does not have are refused, with what would help", "[plan][ids]") {
  struct Row {
    HostFacts facts;
    const char *id, *cause, *hint;
  };
  HostFacts no_gids = ranged_facts(), no_helpers = ranged_facts(), nested = ranged_facts();
  no_gids.sub_gids.clear();
  no_helpers.has_id_helpers = false;
  nested.uid = nested.gid = 0;
  nested.nested_root = true;
  const std::vector<Row> rows{
      {user_facts(), "no-id-range", "and /etc/subuid has no range for user 'alice'",
       "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 alice "},
      {no_gids, "no-id-range", "and /etc/subgid has no range for user 'alice'", "usermod --add-subuids "},
      {no_helpers, "no-id-helpers", "and newuidmap or newgidmap is not installed", "apt-get install uidmap "},
      {nested, "nested-user-namespace", "and the user namespace that podctl runs in (as unshare -r makes it) has no others to give",
       "run podctl outside of it"}};
  for (const auto& row : rows) {
    CAPTURE(row.id);
    const ErrorInfo info = refusal(two("", R"("runAsUser":33)"), row.facts);
    CHECK(info.id == row.id);
    CHECK(info.message == "cannot start pod 'web' (container 'two')");
    CHECK(info.cause == cat("the pod needs more than one user or group id (container 'two' runs as 33:34), ", row.cause));
    CHECK(info.hint.substr(0, std::string_view(row.hint).size()) == row.hint);
    CHECK(info.error_class == ErrorClass::kHost);
    CHECK(info.run_code == 125);
    CHECK(info.pod == "web");
    CHECK(info.container == "two");
    CHECK(info.stage == "userns");
    CHECK(info.path == "spec.containers[1].securityContext");
  }
}

TEST_CASE("supplementalGroups are refused where one id is all there is", "[plan][ids]") {
  CHECK(refusal(cat(R"("securityContext":{"supplementalGroups":[7]},)", one_container()), user_facts()).id == "no-id-range");
}

TEST_CASE("a root without the means to shift ids runs no pod at all", "[plan][ids]") {
  HostFacts facts = root_facts();
  facts.privileged = false;
  CHECK(refusal(one_container(), facts).id == "root-without-capabilities");
}

TEST_CASE("what a plan will ask about ids is what it needs", "[plan][ids]") {
  const auto asks = [](const std::string& spec, const std::string& annotations = {}) {
    return questions_for(manifest_of(spec, annotations).pods.at(0), plan_options());
  };
  CHECK_FALSE(asks(two("", "")).id_ranges);
  CHECK_FALSE(asks(two(R"("runAsUser":5)", R"("runAsUser":5)")).id_ranges);
  CHECK(asks(two("", R"("runAsUser":5)")).id_ranges);
  CHECK(asks(two(R"("runAsGroup":5)", "")).id_ranges);
  CHECK(asks(cat(R"("securityContext":{"supplementalGroups":[7]},)", one_container())).id_ranges);
  CHECK(asks(one_container()).host_root);
  CHECK_FALSE(asks(one_container(R"("image":"rootfs:x")")).host_root);
  CHECK(asks(one_container(R"("image":"rootfs:x","securityContext":{"runAsUser":4})")).accounts ==
        std::map<std::string, std::vector<std::uint32_t>>{{"/work/x", {4}}});
  CHECK_FALSE(asks(one_container()).hosts);
  CHECK(asks(cat(R"("hostNetwork":true,)", one_container())).hosts);
  CHECK(asks(one_container(), R"("podctl.dev/network":"host")").hosts);
}
