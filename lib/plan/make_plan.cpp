#include "podctl/plan.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/builder.hpp"
#include "spec/annotations.hpp"

namespace podctl {
namespace plan {
namespace {

// Addresses out of private ranges, made from the name: the same pod has the same ones each time. They are
// on the pod's own loopback interface, so two pods with the same address never meet.
void choose_addresses(const Draft& draft) {
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : draft.pod.metadata.name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  const std::uint32_t third = (hash >> 8) & 255, fourth = hash % 254 + 1;
  draft.plan.ipv4 = cat("10.244.", third, '.', fourth);
  if (!draft.facts.has_ipv6) return;
  constexpr char kHex[] = "0123456789abcdef";
  std::string tail;
  for (const std::uint32_t byte : {third, fourth}) append(tail, kHex[byte >> 4], kHex[byte & 15]);
  draft.plan.ipv6 = cat("fd00:10:244::", tail.substr(0, 2) == "00" ? tail.substr(2) : tail);
}

void list_members(const Draft& draft, const std::vector<Place>& all) {
  const auto init_count = draft.pod.spec.init_containers.size();
  const bool overlay = annotation(draft.pod, spec::kOverlayAnnotation) == "true";
  for (const auto& place : all) {
    const Container& container = *place.container;
    PlannedMember member;
    member.name = container.name;
    member.is_init = static_cast<std::size_t>(place.index) < init_count;
    member.stdin_open = container.stdin_open;
    member.stdin_once = container.stdin_once;
    member.terminal = container.tty;
    member.has_layer = place.root != "host" || overlay;
    const std::string message = message_target(container);
    if (!message.empty()) member.message_file = shares_mounts(draft.pod) ? message : cat(kScratchFolder, '/', container.name);
    for (const auto& mount : container.volume_mounts)  // a volume of its own at that path: not podctl's to read
      if (!message.empty() && clean_path(mount.mount_path) == message) member.message_file.clear();
    draft.plan.layers_on_disk = draft.plan.layers_on_disk || (member.has_layer && !layers_in_memory(draft));
    draft.plan.members.push_back(std::move(member));
  }
}

// One container that stands for all of them: they share a root, so they share its mounts.
Container merged_container(const Draft& draft, const std::vector<Place>& all) {
  Container merged = *all.front().container;
  merged.name = "pod";
  std::set<std::string> seen;
  merged.volume_mounts.clear();
  for (const auto& place : all)
    if (place.container->security_context.read_only_root_filesystem.value_or(false))
      merged.security_context.read_only_root_filesystem = true;
  for (const auto& place : all)
    for (const auto& mount : place.container->volume_mounts) {
      if (!seen.insert(clean_path(mount.mount_path)).second) continue;
      VolumeMount& own = merged.volume_mounts.emplace_back(mount);
      own.sub_path = sub_path_of(draft, *place.container, mount, place.path);
      own.sub_path_expr.clear();
    }
  return merged;
}

void add_shared_root(const Draft& draft, const std::vector<Place>& all) {
  const Container merged = merged_container(draft, all);
  Place place = all.front();
  place.container = &merged;
  if (draft.plan.layers_on_disk)
    for (const auto& layer : layer_names(draft, place))
      draft.prepare(Stage::kMounts, make_layer(draft, place, layer), "a writable layer on disk");
  add_root(draft, place, all, Actor::kPause);
}

}  // namespace

void add_member(const Draft& draft, const Place& place, const std::vector<Place>& all) {
  const Plan& plan = draft.plan;
  const PlannedMember& member = plan.members[static_cast<std::size_t>(place.index)];
  const SecurityContext& security = place.container->security_context;
  const std::string context = cat(place.path, ".securityContext");
  const auto add = [&](Stage stage, Action action, std::string why, std::string weakens = {}) {
    draft.member(place.index, stage, std::move(action), std::move(why), std::move(weakens));
  };
  const bool shared = shares_mounts(draft.pod);

  if (!shared && plan.layers_on_disk) add_layers(draft, place);
  add(Stage::kSandbox, action::JoinPod{plan.namespaces, {.mnt = !shared, .pid = plan.pid_per_member, .cgroup = true}},
      shared ? "podctl.dev/share-mounts" : "a private copy of the pod's mounts");
  if (draft.facts.privileged) add(Stage::kIdentity, action::BecomePodRoot{0, 0}, "the ids outside the map mean nothing inside");
  if (!shared) add_root(draft, place, all, Actor::kMember);
  else if (!member.message_file.empty())
    add(Stage::kMounts, action::MakeMessageFile{member.message_file}, cat(place.path, ".terminationMessagePath"));

  // From here on the container's own files are around it, so nothing but pause's readiness is waited for
  // before its identity changes: once it has changed, no further container could join a pause that has
  // not yet run its own program.
  add(Stage::kSandbox, action::NoteMark{}, "what descends from the container is known by it");
  add(Stage::kSandbox, action::AwaitPause{}, "PID 1 must run its own program first");
  add(Stage::kIdentity, action::NewSession{}, "no terminal of the caller");
  if (member.terminal) add(Stage::kIdentity, action::ConnectTerminal{}, cat(place.path, ".tty"));
  else
    add(Stage::kIdentity, action::ConnectStreams{member.stdin_open},
        member.stdin_open ? cat(place.path, ".stdin") : "output goes to podctl; input is empty");
  const std::string& directory = place.container->working_dir;
  add(Stage::kIdentity, action::ChangeDirectory{directory.empty() ? "/" : clean_path(directory)}, cat(place.path, ".workingDir"));
  // After the last descriptor it opens: until exec closes them it holds all of the monitor's, which in a pod of a
  // few hundred containers are more than the caller's limit lets a new one have a number for.
  add(Stage::kLimits, action::RestoreLimits{draft.facts.open_files_soft, draft.facts.open_files_hard}, "podctl raised its own");

  const std::uint64_t kept = kept_capabilities(security);
  add(Stage::kLockdown, action::LimitCapabilities{kept},
      security.capabilities ? cat(context, ".capabilities") : "the usual set of containers",
      (kept & ~kDefaultCapabilities) != 0 ? "more capabilities than the usual set" : "");
  action::SetIdentity identity{
      .uid = member.uid, .gid = member.gid, .set_groups = plan.gids.size() > 1 || plan.gids[0].count > 1, .groups = {}};
  for (const auto group : draft.pod.spec.security_context.supplemental_groups) identity.groups.push_back(static_cast<std::uint32_t>(group));
  add(Stage::kLockdown, std::move(identity),
      security.run_as_user || draft.pod.spec.security_context.run_as_user ? "securityContext.runAsUser"
                                                                          : "containers run as user 0 of the pod");
  add(Stage::kLockdown, action::DieWithMonitor{}, "a change of ids had cancelled it");
  if (!security.allow_privilege_escalation.value_or(false))
    add(Stage::kLockdown, action::ForbidNewPrivileges{},
        security.allow_privilege_escalation ? cat(context, ".allowPrivilegeEscalation") : "podctl's default");
  if (place.index > 0 && !member.is_init && !plan.members[static_cast<std::size_t>(place.index - 1)].is_init)
    add(Stage::kExec, action::AwaitTurn{plan.members[static_cast<std::size_t>(place.index - 1)].name},
        "containers start in the manifest's order");
  add(Stage::kExec, exec_program(draft, place), cat(place.path, place.container->command.empty() ? ".args" : ".command"),
      security.allow_privilege_escalation.value_or(false) ? "allowPrivilegeEscalation: setuid programs keep their effect" : "");
}

}  // namespace plan

HostQuestions questions_for(const Pod& pod, const PlanOptions& options) {
  HostQuestions questions;
  std::optional<plan::WantedIds> first;
  for (const auto& place : plan::places(pod, options)) {
    if (place.root == "host") questions.host_root = true;
    const plan::WantedIds wanted = plan::wanted_ids(pod, *place.container);
    if (first && (first->uid != wanted.uid || first->gid != wanted.gid)) questions.id_ranges = true;
    if (!first) first = wanted;
    questions.accounts[place.root].push_back(wanted.uid);
  }
  // Without a group the one of /etc/passwd counts, and two root file systems may differ in that.
  if (questions.accounts.size() > 1 && first && !first->gid && first->uid != 0) questions.id_ranges = true;
  if (!pod.spec.security_context.supplemental_groups.empty()) questions.id_ranges = true;
  questions.hosts = plan::uses_host_network(pod);
  questions.node = plan::wants_node(pod);
  return questions;
}

Plan make_plan(const Pod& pod, const std::vector<DataObject>& objects, const HostFacts& facts, const PlanOptions& options) {
  Plan result;
  std::vector<Step> first;
  const plan::Draft draft{pod, objects, facts, options, result, first};
  const std::vector<plan::Place> all = plan::places(pod, options);
  result.pod = pod.metadata.name;
  result.host_name = plan::host_name_of(pod, facts);
  result.pid_per_member = plan::has_pid_per_member(pod);
  result.sharing = result.pid_per_member ? "kubernetes" : "pod";
  const std::string network = plan::annotation(pod, spec::kNetworkAnnotation);
  result.network = plan::uses_host_network(pod) ? "host" : network.empty() ? "private" : network;
  if (result.network == "private") plan::choose_addresses(draft);

  plan::list_members(draft, all);
  plan::choose_ids(draft, all);
  plan::add_sandbox(draft);
  plan::add_pod_tree(draft, all);
  if (plan::shares_mounts(pod)) plan::add_shared_root(draft, all);
  draft.pause(Stage::kReady, action::StartPause{}, "PID 1 holds the namespaces and reaps orphans");
  for (const auto& place : all) plan::add_member(draft, place, all);
  result.steps.insert(result.steps.begin(), std::make_move_iterator(first.begin()), std::make_move_iterator(first.end()));
  int number = 0;
  for (auto& step : result.steps) step.number = ++number;
  return result;
}

namespace {

// Of a member's steps, what a program that comes later needs as well, as it needs it; nothing for the others.
struct StepOfExec {
  const Plan& plan;
  const ExecOptions& options;
  bool own = false;  // the options ask for it, and no field of the manifest

  std::optional<Action> operator()(const action::JoinPod& a) const {
    action::JoinPod join = a;
    join.joined.mnt = true;
    join.joined.pid = join.joined.pid || join.fresh.pid;
    join.joined.cgroup = true;
    join.fresh = {};
    return join;
  }
  std::optional<Action> operator()(const action::BecomePodRoot& a) const { return a; }
  std::optional<Action> operator()(const action::NewSession& a) const { return a; }
  std::optional<Action> operator()(const action::ConnectStreams&) { return connect(); }
  std::optional<Action> operator()(const action::ConnectTerminal&) { return connect(); }
  std::optional<Action> operator()(const action::ChangeDirectory& a) {
    own = !options.directory.empty();
    return own ? action::ChangeDirectory{clean_path(options.directory)} : a;
  }
  std::optional<Action> operator()(const action::RestoreLimits& a) const { return a; }
  std::optional<Action> operator()(const action::LimitCapabilities& a) const { return a; }
  std::optional<Action> operator()(const action::SetIdentity& a) {
    action::SetIdentity identity = a;
    own = options.identity.has_value();
    if (own) {
      identity.uid = options.identity->uid;
      identity.gid = options.identity->gid;
    }
    return identity;
  }
  std::optional<Action> operator()(const action::DieWithMonitor& a) const { return a; }
  std::optional<Action> operator()(const action::ForbidNewPrivileges& a) const { return a; }
  std::optional<Action> operator()(const action::ExecProgram& a) {
    own = true;
    StringMap variables;
    for (const auto* list : {&a.environment, &options.environment})
      for (const auto& entry : *list)
        variables[entry.substr(0, entry.find('='))] = entry.substr(std::min(entry.find('=') + 1, entry.size()));
    if (options.terminal) variables.try_emplace("TERM", "xterm");
    action::ExecProgram exec{.argv = options.argv, .environment = {}, .candidates = {}};
    for (const auto& [name, value] : variables) exec.environment.push_back(cat(name, '=', value));
    exec.candidates = plan::program_candidates(exec.argv.front(), exec.environment);
    return exec;
  }
  template <class Other>
  std::optional<Action> operator()(const Other&) const {
    return std::nullopt;
  }

 private:
  Action connect() {
    own = true;
    if (options.terminal) return action::ConnectTerminal{};
    return action::ConnectStreams{options.stdin_open};
  }
};

}  // namespace

Plan make_exec_plan(const Plan& plan, int member, const ExecOptions& options) {
  Plan result;
  result.pod = plan.pod;
  result.namespaces = plan.namespaces;
  result.pid_per_member = plan.pid_per_member;
  result.uids = plan.uids;
  result.gids = plan.gids;
  PlannedMember own = plan.members[static_cast<std::size_t>(member)];
  own.stdin_open = options.stdin_open;
  if (options.identity) {
    own.uid = options.identity->uid;
    own.gid = options.identity->gid;
  }
  result.members.push_back(std::move(own));
  StepOfExec pick{plan, options};
  for (const auto& step : plan.steps) {
    if (step.member != member || step.actor != Actor::kMember) continue;
    pick.own = false;
    auto action = std::visit(pick, step.action);
    if (!action) continue;
    result.steps.push_back({.number = static_cast<int>(result.steps.size()) + 1,
                            .stage = step.stage,
                            .actor = Actor::kMember,
                            .member = 0,
                            .action = std::move(*action),
                            .why = pick.own ? std::string() : step.why,
                            .weakens = step.weakens});
  }
  return result;
}

std::vector<Step> make_join_plan(const Plan& plan, int member, const JoinOptions& options) {
  std::vector<Step> steps;
  for (const auto& step : plan.steps) {
    if (step.member != member) continue;
    if (std::holds_alternative<action::AwaitTurn>(step.action) && !options.in_turn) continue;
    Step copy = step;
    if (auto* layer = std::get_if<action::MakeLayer>(&copy.action)) append(layer->name, '.', options.attempt);
    if (auto* overlay = std::get_if<action::MountOverlay>(&copy.action); overlay != nullptr && plan.layers_on_disk)
      append(overlay->name, '.', options.attempt);
    steps.push_back(std::move(copy));
  }
  return steps;
}

}  // namespace podctl
