// What holds of every plan.
#include <functional>
#include <map>
#include <set>

#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

constexpr const char* kEverything =
    R"("hostNetwork":true,"initContainers":[{"name":"one","command":["a"]}],
  "containers":[{"name":"app","command":["a"],"image":"rootfs:x","stdin":true,"volumeMounts":[{"name":"d","mountPath":"/d"},{"name":"m","mountPath":"/m"},{"name":"h","mountPath":"/h"},{"name":"f","mountPath":"/f"}],
    "securityContext":{"readOnlyRootFilesystem":true}},{"name":"log","command":["b"]}],
  "volumes":[{"name":"d","emptyDir":{}},{"name":"m","emptyDir":{"medium":"Memory"}},{"name":"h","hostPath":{"path":"/h"}},{"name":"f","hostPath":{"path":"/f","type":"FileOrCreate"}},{"name":"p","persistentVolumeClaim":{"claimName":"p"}}])";

// Plans that between them have every kind of step.
std::vector<Plan> many_plans() {
  std::vector<Plan> plans;
  HostFacts newer = user_facts();
  newer.layers_in_memory = true;
  for (const HostFacts& facts : {user_facts(), ranged_facts(), root_facts(), newer}) {
    plans.push_back(plan_of(one_container(), facts));
    plans.push_back(plan_of(kEverything, facts));
    plans.push_back(plan_of(kEverything, facts, R"("podctl.dev/sharing":"kubernetes","podctl.dev/overlay":"true")"));
    plans.push_back(plan_of(R"("containers":[{"name":"a","command":["a"]},{"name":"b","command":["b"]}])", facts,
                            R"("podctl.dev/share-mounts":"true")"));
    plans.push_back(plan_of(R"("containers":[{"name":"a","command":["a"],"stdin":true,"tty":true}])", facts));
  }
  return plans;
}

template <std::size_t... Index>
std::vector<Action> one_of_each(std::index_sequence<Index...>) {
  return {Action(std::in_place_index<Index>)...};
}

}  // namespace

TEST_CASE("equal input gives equal bytes", "[plan][rules]") {
  const std::vector<Plan> once = many_plans(), again = many_plans();
  for (std::size_t i = 0; i < once.size(); ++i) {
    CHECK(render_plan_text(once[i]) == render_plan_text(again[i]));
    CHECK(render_plan_json(once[i]) == render_plan_json(again[i]));
  }
}

TEST_CASE("steps are numbered from 1 on, each has a reason, and members' steps name a member", "[plan][rules]") {
  for (const auto& plan : many_plans()) {
    int number = 0;
    for (const auto& step : plan.steps) {
      CAPTURE(line_of(plan, step));
      CHECK(step.number == ++number);
      CHECK_FALSE(step.why.empty());
      CHECK((step.actor == Actor::kMember) == (step.member >= 0 && !std::holds_alternative<action::MakeLayer>(step.action)));
      CHECK(step.member < static_cast<int>(plan.members.size()));
    }
  }
}

TEST_CASE("every kind of step has words, a call and an id of its own", "[plan][rules]") {
  std::set<std::string> ids;
  const auto kinds = one_of_each(std::make_index_sequence<std::variant_size_v<Action>>());
  for (const auto& kind : kinds) {
    const StepText text = describe({.action = kind});
    CAPTURE(text.id);
    CHECK_FALSE(text.id.empty());
    CHECK_FALSE(text.what.empty());
    CHECK_FALSE(text.call.empty());
    CHECK(text.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
    CHECK(ids.insert(text.id).second);
  }
  CHECK(ids.size() == std::variant_size_v<Action>);
}

TEST_CASE("every kind of step occurs in some plan", "[plan][rules]") {
  std::set<std::size_t> kinds;
  for (const auto& plan : many_plans())
    for (const auto& step : plan.steps) kinds.insert(step.action.index());
  for (std::size_t kind = 0; kind < std::variant_size_v<Action>; ++kind) {
    CAPTURE(describe({.action = one_of_each(std::make_index_sequence<std::variant_size_v<Action>>())[kind]}).id);
    CHECK(kinds.contains(kind));
  }
}

TEST_CASE("every stage has a name of its own", "[plan][rules]") {
  std::set<std::string_view> names;
  for (int stage = 0; stage <= static_cast<int>(Stage::kReady); ++stage) CHECK(names.insert(stage_name(static_cast<Stage>(stage))).second);
  CHECK_FALSE(names.contains(""));
}

TEST_CASE("a default pod weakens nothing, and every setting that does is marked", "[plan][rules]") {
  const auto marks = [](const std::string& spec, const HostFacts& facts, const std::string& annotations = {}) {
    std::vector<std::string> found;
    for (const auto& step : plan_of(spec, facts, annotations).steps)
      if (!step.weakens.empty()) found.push_back(step.weakens);
    return found;
  };
  struct Row {
    std::string spec;
    const char* annotations;
    std::string mark;  // empty: none
  };
  const std::string volume = R"("volumes":[{"name":"h","hostPath":{"path":"/h"}}],)";
  const std::vector<Row> rows{
      {one_container(), "", ""},
      {one_container(), R"("podctl.dev/sharing":"kubernetes","podctl.dev/overlay":"true")", ""},
      {one_container(
           R"("image":"rootfs:x","stdin":true,"securityContext":{"runAsUser":5,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}})"),
       "", ""},
      {volume + one_container(R"("volumeMounts":[{"name":"h","mountPath":"/h","readOnly":true}])"), "", ""},
      {volume + one_container(R"("volumeMounts":[{"name":"h","mountPath":"/h"}])"), "", "the pod can change host files"},
      {cat(R"("hostNetwork":true,)", one_container()), "", "hostNetwork"},
      {one_container(), R"("podctl.dev/network":"host")", "hostNetwork"},
      {cat(R"("hostIPC":true,)", one_container()), "", "hostIPC"},
      {cat(R"("hostNetwork":true,"hostIPC":true,)", one_container()), "", "hostIPC"},
      {one_container(R"("securityContext":{"capabilities":{"add":["SYS_ADMIN"]}})"), "", "more capabilities"},
      {one_container(R"("securityContext":{"allowPrivilegeEscalation":true})"), "", "allowPrivilegeEscalation"}};
  for (const HostFacts& facts : {user_facts(), ranged_facts(), root_facts()}) {
    for (const auto& row : rows) {
      CAPTURE(row.spec, row.annotations);
      const auto found = marks(row.spec, facts, row.annotations);
      const bool named =
          std::any_of(found.begin(), found.end(), [&](const std::string& mark) { return mark.find(row.mark) != std::string::npos; });
      CHECK(found.empty() == row.mark.empty());
      if (!row.mark.empty()) CHECK(named);
    }
  }
}

TEST_CASE("explicit fields decide about pid namespaces, then the annotation, then podctl's default", "[plan][rules]") {
  struct Row {
    const char *field, *annotation;
    bool own;
  };
  const Row row =
      GENERATE(Row{"", "", false}, Row{"", R"("podctl.dev/sharing":"pod")", false}, Row{"", R"("podctl.dev/sharing":"kubernetes")", true},
               Row{R"("shareProcessNamespace":true,)", R"("podctl.dev/sharing":"kubernetes")", false},
               Row{R"("shareProcessNamespace":false,)", "", true}, Row{R"("shareProcessNamespace":true,)", "", false});
  CAPTURE(row.field, row.annotation);
  const Plan plan = plan_of(cat(row.field, one_container()), user_facts(), row.annotation);
  CHECK(plan.pid_per_member == row.own);
  CHECK(plan.sharing == (row.own ? "kubernetes" : "pod"));
  const auto join = all_of<action::JoinPod>(plan).at(0);
  CHECK(join.fresh.pid == row.own);
  CHECK(join.fresh.mnt);
  CHECK(join.fresh.cgroup);
  CHECK(join.joined == plan.namespaces);
}

TEST_CASE("the steps of one container keep their numbers when it is started again", "[plan][rules]") {
  const Plan plan = plan_of(kEverything, user_facts(), R"("podctl.dev/overlay":"true")");
  for (int member = 0; member < static_cast<int>(plan.members.size()); ++member) {
    const auto steps = make_join_plan(plan, member, {.attempt = 3, .in_turn = true});
    REQUIRE_FALSE(steps.empty());
    std::size_t at = 0;
    for (const auto& step : plan.steps) {
      if (step.member != member) continue;
      REQUIRE(at < steps.size());
      CHECK(steps[at].number == step.number);
      CHECK(steps[at].action.index() == step.action.index());
      ++at;
    }
    CHECK(at == steps.size());
  }
}

TEST_CASE("every instance has a writable layer of its own", "[plan][rules]") {
  const Plan plan = plan_of(one_container(R"("image":"rootfs:x")"));
  for (const unsigned attempt : {0u, 1u, 17u}) {
    std::string made, used;
    for (const auto& step : make_join_plan(plan, 0, {.attempt = attempt})) {
      if (const auto* layer = std::get_if<action::MakeLayer>(&step.action)) made = layer->name;
      if (const auto* overlay = std::get_if<action::MountOverlay>(&step.action)) used = overlay->name;
    }
    CHECK(made == cat("app.", attempt));
    CHECK(used == made);
  }
}

TEST_CASE("a layer brings the files of /etc that its root lacks, to mount on", "[plan][rules]") {
  HostFacts facts = user_facts();
  facts.missing_etc["/work/x"] = {"hostname", "hosts"};
  const auto layers = [&](const char* image) {
    return all_of<action::MakeLayer>(plan_of(one_container(cat(R"("image":"rootfs:)", image, "\"")), facts));
  };
  CHECK(layers("x").at(0).etc_files == std::vector<std::string>{"hostname", "hosts"});
  CHECK(layers("y").at(0).etc_files.empty());
  facts.layers_in_memory = true;
  const auto in_memory = [&](const char* image) {
    return all_of<action::MountLayers>(plan_of(one_container(cat(R"("image":"rootfs:)", image, "\"")), facts)).at(0);
  };
  CHECK(in_memory("x").directories == std::vector<std::string>{"app.upper", "app.work", "app.upper/etc"});
  CHECK(in_memory("x").files == std::vector<std::string>{"app.upper/etc/hostname", "app.upper/etc/hosts"});
  CHECK(in_memory("y").files.empty());
}

TEST_CASE("only a container that starts together with the one before it waits for its turn", "[plan][rules]") {
  const Plan plan = plan_of(
      R"("initContainers":[{"name":"i","command":["a"]},{"name":"j","command":["a"]}],"containers":[{"name":"a","command":["a"]},{"name":"b","command":["b"]},{"name":"c","command":["b"]}])");
  const auto turns = [&](int member, bool in_turn) {
    std::vector<std::string> names;
    for (const auto& step : make_join_plan(plan, member, {.in_turn = in_turn}))
      if (const auto* turn = std::get_if<action::AwaitTurn>(&step.action)) names.push_back(turn->container);
    return names;
  };
  using List = std::vector<std::string>;
  for (int member = 0; member < 5; ++member) CHECK(turns(member, false).empty());
  CHECK(turns(1, true).empty());
  CHECK(turns(2, true).empty());
  CHECK(turns(3, true) == List{"a"});
  CHECK(turns(4, true) == List{"b"});
}

TEST_CASE("init containers come first among the members", "[plan][rules]") {
  const Plan plan = plan_of(kEverything);
  REQUIRE(plan.members.size() == 3);
  CHECK((plan.members[0].name == "one" && plan.members[0].is_init));
  CHECK((plan.members[1].name == "app" && !plan.members[1].is_init));
  CHECK((plan.members[2].name == "log" && !plan.members[2].is_init));
  CHECK(plan.members[1].has_layer);
  CHECK_FALSE(plan.members[2].has_layer);
  CHECK(plan.members[1].stdin_open);
}

TEST_CASE("what comes before what, in every plan", "[plan][rules]") {
  // PID 1 dies with its monitor before it does anything; the old root goes before the pause
  // program; a member has its root before its identity, and its identity before it gives up new
  // privileges and runs.
  for (const auto& plan : many_plans()) {
    std::map<std::string, int> last;
    const auto place = [&](const std::string& actor, const char* id) {
      return last.contains(cat(actor, ' ', id)) ? last.at(cat(actor, ' ', id)) : -1;
    };
    for (const auto& step : plan.steps) last[cat(actor_of(plan, step), ' ', describe(step).id)] = step.number;
    CHECK(place("pause", "die-with-monitor") < place("pause", "stop-propagation"));
    CHECK(place("pause", "stop-propagation") < place("pause", "mount-pod-tree"));
    CHECK(place("pause", "mount-sysfs") < place("pause", "enter-pod-tree"));
    CHECK(place("pause", "mount-proc") < place("pause", "enter-pod-tree"));
    CHECK(place("pause", "enter-pod-tree") < place("pause", "start-pause"));
    for (const auto& member : plan.members) {
      CAPTURE(member.name);
      CHECK(place("pause", "start-pause") < place(member.name, "join-pod"));
      CHECK(place(member.name, "join-pod") < place(member.name, "await-pause"));
      CHECK(place(member.name, "enter-root") < place(member.name, "await-pause"));
      CHECK(place(member.name, "await-pause") < place(member.name, "limit-capabilities"));
      CHECK(place(member.name, "limit-capabilities") < place(member.name, "set-identity"));
      CHECK(place(member.name, "set-identity") < place(member.name, "die-with-monitor"));
      CHECK(place(member.name, "die-with-monitor") < place(member.name, "forbid-new-privileges"));
      CHECK(place(member.name, "forbid-new-privileges") < place(member.name, "exec-program"));
    }
  }
}

TEST_CASE("what a container takes from files is filled in when they are there", "[plan][rules]") {
  const Manifest manifest = parse_manifest(
      R"j({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"volumes":[{"name":"d","emptyDir":{}}],"containers":[
      {"name":"other","command":["a"]},{"name":"app","command":["run","$(A)$(B)"],"env":[
        {"name":"A","valueFrom":{"fileKeyRef":{"volumeName":"d","path":"f","key":"K"}}},
        {"name":"O","valueFrom":{"fileKeyRef":{"volumeName":"d","path":"g","key":"K","optional":true}}},
        {"name":"B","value":"<$(A)>"}]}]}})j",
      {});
  REQUIRE(manifest.diagnostics.empty());
  const Pod& pod = manifest.pods.front();
  const HostFacts facts = user_facts();
  PlanOptions options = plan_options();
  Plan plan = make_plan(pod, {}, facts, options);
  const auto program = [&] {
    for (const auto& step : plan.steps)
      if (step.member == 1)
        if (const auto* exec = std::get_if<action::ExecProgram>(&step.action)) return *exec;
    throw std::logic_error("no program");
  };
  const auto refusal = [&]() -> std::string {
    try {
      complete_environment(plan, 1, pod, {}, facts, options);
      return {};
    } catch (const Error& error) {
      return error.info().path + ": " + error.info().cause;
    }
  };
  const std::string at = "spec.containers[1].env[0].valueFrom.fileKeyRef: ";
  CHECK(env_files_of(pod, 0).empty());
  CHECK(env_files_of(pod, 1) == std::vector<EnvFile>{{"d", "f"}, {"d", "g"}});
  CHECK(program().argv[1] == "$(A)<$(A)>");
  CHECK(refusal() == at + "there is no file \"f\" in volume \"d\"");
  options.env_files[{"d", "f"}] = {{"X", "1"}};
  CHECK(refusal() == at + "environment variable key \"K\" not found in file \"f\" of volume \"d\"");
  options.env_files[{"d", "f"}] = {{"K", "v"}};
  const std::size_t steps = plan.steps.size();
  CHECK(refusal().empty());
  CHECK(plan.steps.size() == steps);
  CHECK(program().argv == std::vector<std::string>{"run", "v<v>"});
  const auto has = [&](const char* entry) {
    const auto list = program().environment;
    return std::find(list.begin(), list.end(), entry) != list.end();
  };
  CHECK(has("A=v"));
  CHECK(has("B=<v>"));
  CHECK_FALSE(has("O=v"));
}
