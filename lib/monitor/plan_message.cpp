// The plan of a further program, from the monitor that has the pod's plan to the command that carries it out. Only the
// kinds of step that make_exec_plan() leaves are known here.
#include "base/text.hpp"
#include "monitor/message.hpp"

namespace podctl::monitor {
namespace {

using namespace action;

Message namespaces_message(const Namespaces& set) {
  Message list = Message::array();
  const auto add = [&](bool has, const char* name) {
    if (has) list.push_back(name);
  };
  add(set.user, "user");
  add(set.mnt, "mnt");
  add(set.net, "net");
  add(set.ipc, "ipc");
  add(set.uts, "uts");
  add(set.pid, "pid");
  add(set.cgroup, "cgroup");
  return list;
}

Namespaces namespaces_of(const Message& list) {
  Namespaces set;
  for (const std::string name : list) {
    if (name == "user") set.user = true;
    else if (name == "mnt") set.mnt = true;
    else if (name == "net") set.net = true;
    else if (name == "ipc") set.ipc = true;
    else if (name == "uts") set.uts = true;
    else if (name == "pid") set.pid = true;
    else if (name == "cgroup") set.cgroup = true;
  }
  return set;
}

struct Encode {
  Message operator()(const JoinPod& a) const { return {{"join", namespaces_message(a.joined)}}; }
  Message operator()(const BecomePodRoot& a) const { return {{"become", {a.uid, a.gid}}}; }
  Message operator()(const NewSession&) const { return {{"session", true}}; }
  Message operator()(const ConnectStreams& a) const { return {{"streams", a.stdin_open}}; }
  Message operator()(const ConnectTerminal&) const { return {{"terminal", true}}; }
  Message operator()(const ChangeDirectory& a) const { return {{"directory", a.path}}; }
  Message operator()(const RestoreLimits& a) const { return {{"limits", {a.open_files_soft, a.open_files_hard}}}; }
  Message operator()(const LimitCapabilities& a) const { return {{"capabilities", a.kept}}; }
  Message operator()(const SetIdentity& a) const {
    return {{"identity", {{"uid", a.uid}, {"gid", a.gid}, {"setGroups", a.set_groups}, {"groups", a.groups}}}};
  }
  Message operator()(const DieWithMonitor&) const { return {{"dieWithMonitor", true}}; }
  Message operator()(const ForbidNewPrivileges&) const { return {{"forbidNewPrivileges", true}}; }
  Message operator()(const ExecProgram& a) const {
    return {{"exec", {{"argv", a.argv}, {"environment", a.environment}, {"candidates", a.candidates}}}};
  }
  template <class Other>
  Message operator()(const Other&) const {
    throw Error({.message = "a step of a further program is not one that is sent: a bug in podctl"});
  }
};

Action action_of(const Message& step) {
  if (!step.is_object() || step.empty()) throw Error({.id = "control-garbage", .message = "the monitor sent a step without a kind"});
  const auto entry = step.begin();
  const std::string& kind = entry.key();
  const Message& value = *entry;
  if (kind == "join") return JoinPod{namespaces_of(value), {}};
  if (kind == "become") return BecomePodRoot{value.at(0), value.at(1)};
  if (kind == "session") return NewSession{};
  if (kind == "streams") return ConnectStreams{value};
  if (kind == "terminal") return ConnectTerminal{};
  if (kind == "directory") return ChangeDirectory{value};
  if (kind == "limits") return RestoreLimits{value.at(0), value.at(1)};
  if (kind == "capabilities") return LimitCapabilities{value};
  if (kind == "identity") return SetIdentity{value.at("uid"), value.at("gid"), value.at("setGroups"), value.at("groups")};
  if (kind == "dieWithMonitor") return DieWithMonitor{};
  if (kind == "forbidNewPrivileges") return ForbidNewPrivileges{};
  if (kind == "exec") return ExecProgram{value.at("argv"), value.at("environment"), value.at("candidates")};
  throw Error({.id = "control-garbage", .message = cat("the monitor sent a step of the unknown kind ", quote(kind))});
}

Message map_message(const std::vector<IdMapping>& map) {
  Message list = Message::array();
  for (const auto& m : map) list.push_back({m.pod, m.host, m.count});
  return list;
}

std::vector<IdMapping> map_of(const Message& list) {
  std::vector<IdMapping> map;
  for (const auto& m : list) map.push_back({m.at(0), m.at(1), m.at(2)});
  return map;
}

}  // namespace

Message plan_message(const Plan& plan) {
  const PlannedMember& member = plan.members.front();
  Message steps = Message::array();
  for (const auto& step : plan.steps) {
    Message one = std::visit(Encode{}, step.action);
    one = {{"step", std::move(one)}, {"stage", static_cast<int>(step.stage)}, {"why", step.why}};
    steps.push_back(std::move(one));
  }
  return {{"pod", plan.pod},          {"container", member.name},         {"uid", member.uid},
          {"gid", member.gid},        {"uidMap", map_message(plan.uids)}, {"gidMap", map_message(plan.gids)},
          {"steps", std::move(steps)}};
}

Plan plan_of(const Message& message) try {
  Plan plan;
  plan.pod = message.at("pod");
  PlannedMember member;
  member.name = message.at("container");
  member.uid = message.at("uid");
  member.gid = message.at("gid");
  plan.members.push_back(std::move(member));
  plan.uids = map_of(message.at("uidMap"));
  plan.gids = map_of(message.at("gidMap"));
  if (plan.uids.empty() || plan.gids.empty()) throw Error({.id = "control-garbage", .message = "the monitor sent a plan without ids"});
  for (const auto& step : message.at("steps"))
    plan.steps.push_back({.number = static_cast<int>(plan.steps.size()) + 1,
                          .stage = static_cast<Stage>(step.at("stage").get<int>()),
                          .actor = Actor::kMember,
                          .member = 0,
                          .action = action_of(step.at("step")),
                          .why = step.at("why"),
                          .weakens = {}});
  return plan;
} catch (const Message::exception& error) {
  throw Error({.id = "control-garbage", .message = "the monitor sent a plan that cannot be read", .cause = error.what()});
}

}  // namespace podctl::monitor
