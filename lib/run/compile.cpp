// Steps -> operations: one overload per action, so a new action does not compile until it can be run.
#include "run/compile.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstring>

#include "base/text.hpp"
#include "plan/pod_tree.hpp"
#include "run/loopback.hpp"
#include "sys/uapi.hpp"

namespace podctl::run {
namespace {

std::uint64_t mount_flags(const MountLimits& limits) {
  std::uint64_t flags = 0;
  if (limits.read_only) flags |= MS_RDONLY;
  if (limits.no_suid) flags |= MS_NOSUID;
  if (limits.no_dev) flags |= MS_NODEV;
  if (limits.no_exec) flags |= MS_NOEXEC;
  return flags;
}

std::uint64_t mount_attributes(const MountLimits& limits) {
  std::uint64_t attributes = 0;
  if (limits.read_only) attributes |= MOUNT_ATTR_RDONLY;
  if (limits.no_suid) attributes |= MOUNT_ATTR_NOSUID;
  if (limits.no_dev) attributes |= MOUNT_ATTR_NODEV;
  if (limits.no_exec) attributes |= MOUNT_ATTR_NOEXEC;
  return attributes;
}

std::string map_text(const std::vector<IdMapping>& map) {
  std::string text;
  for (const auto& m : map) append(text, m.pod, ' ', m.host, ' ', m.count, '\n');
  return text;
}

// The kernel's own numbers (devices.txt); what calls itself /dev/null and is not 1:3 is not bound.
std::uint32_t device_number(std::string_view name) {
  struct Known {
    std::string_view name;
    unsigned major, minor;
  };
  constexpr Known kKnown[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
  for (const auto& known : kKnown)
    if (known.name == name) return static_cast<std::uint32_t>(makedev(known.major, known.minor));
  return 0;
}

}  // namespace

std::uint64_t clone_flags(const Namespaces& set) {
  return (set.user ? CLONE_NEWUSER : 0UL) | (set.mnt ? CLONE_NEWNS : 0UL) | (set.net ? CLONE_NEWNET : 0UL) |
         (set.ipc ? CLONE_NEWIPC : 0UL) | (set.uts ? CLONE_NEWUTS : 0UL) | (set.pid ? CLONE_NEWPID : 0UL) |
         (set.cgroup ? CLONE_NEWCGROUP : 0UL);
}

struct Compiler {
  CompiledProgram& out;
  const Plan& plan;
  const ProgramContext& context;
  const Step* step = nullptr;
  bool in_host_root = false;  // pause before it enters the pod tree: paths of the tree are relative to it
  bool awaited = false;
  bool spawned = false;
  std::size_t taken = 0;

  // --- memory -----------------------------------------------------------------------------------------
  const char* keep(std::string text) { return out.texts_.emplace_back(std::move(text)).c_str(); }
  // A path of the pod tree, as this actor has to say it.
  const char* tree_path(const std::string& path) const { return in_host_root ? path.c_str() + 1 : path.c_str(); }
  // A target is resolved below the base either way; "/" stands for the base itself.
  const char* target(const std::string& path) const { return path.size() > 1 ? path.c_str() + 1 : "."; }
  Op& add(Op::Code code) {
    Op& op = out.ops_.emplace_back();
    op.code = code;
    op.step = static_cast<std::uint32_t>(step->number);
    return op;
  }
  std::vector<Item>& new_items() { return out.items_.emplace_back(); }
  static void use(Op& op, const std::vector<Item>& items) {
    op.items = items.data();
    op.item_count = items.size();
  }
  const char* const* keep_list(const std::vector<std::string>& words) {
    auto& list = out.lists_.emplace_back();
    for (const auto& word : words) list.push_back(word.c_str());
    list.push_back(nullptr);
    return list.data();
  }
  std::string member_name() const {
    return step->member >= 0 ? plan.members[static_cast<std::size_t>(step->member)].name : std::string("pod");
  }
  // "path" or "path:mode".
  Item folder_item(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return {.path = text.c_str(), .mode = 0755};
    unsigned mode = 0;
    for (const char c : text.substr(colon + 1)) mode = mode * 8 + static_cast<unsigned>(c - '0');
    return {.path = keep(text.substr(0, colon)), .mode = mode};
  }

  // --- the monitor's own steps are carried out by launch.cpp --------------------------------------------
  void compile(const action::MakeHostDirectory&) {}
  void compile(const action::MakeHostFile&) {}
  void compile(const action::HoldVolume&) {}
  void compile(const action::MakeLayer&) {}
  void compile(const action::TakeTree&) {}
  void compile(const action::NewSandbox&) {}

  // --- pause, and what members have in common with it ---------------------------------------------------
  void compile(const action::MapIds& a) {
    Op& op = add(Op::Code::kWriteMaps);
    op.a = keep(map_text(a.uids));
    op.b = keep(map_text(a.gids));
  }
  // As early as it can: right after the ids, which its maker needs to read /proc/self.
  void spawn_network() {
    spawned = true;
    Op& op = add(Op::Code::kSpawn);
    op.program = context.network;
    op.stack = context.network_stack;
  }
  void await_monitor() {
    if (step->actor != Actor::kPause || awaited) return;
    awaited = true;
    add(Op::Code::kAwaitMonitor);
  }
  void compile(const action::BecomePodRoot& a) {
    await_monitor();
    Op& op = add(Op::Code::kBecome);
    op.uid = a.uid;
    op.gid = a.gid;
  }
  void compile(const action::DieWithMonitor&) { add(Op::Code::kDieWithMonitor); }
  void compile(const action::StopPropagation&) {
    await_monitor();  // host folders that are shown in the tree
    add(Op::Code::kStopPropagation);
  }
  void compile(const action::NewNetwork&) { add(Op::Code::kUnshare).flags = CLONE_NEWNET; }
  void compile(const action::JoinNetwork&) { add(Op::Code::kJoinNetwork); }
  void compile(const action::ConfigureLoopback& a) {
    auto& items = new_items();
    std::size_t count = 0;
    std::string& messages = out.texts_.emplace_back(loopback_messages(a.ipv4, a.ipv6, count));
    items.push_back({.text = messages.data(), .size = messages.size()});
    Op& op = add(Op::Code::kLoopback);
    use(op, items);
    op.number = count;
    if (step->actor == Actor::kNetwork) add(Op::Code::kHandNetwork);
  }
  void compile(const action::SetHostname& a) {
    Op& op = add(Op::Code::kHostname);
    op.a = a.name.c_str();
    op.number = a.name.size();
  }
  void compile(const action::MountPodTree& a) {
    auto& items = new_items();
    for (const auto& folder : a.directories) items.push_back({.path = folder.c_str() + 1, .mode = 0755});
    Op& op = add(Op::Code::kPodTree);
    op.a = keep(cat("mode=755,size=", a.size));
    use(op, items);
    in_host_root = true;
  }
  void compile(const action::MountTmpfs& a) {
    auto& items = new_items();
    for (const auto& folder : a.directories) items.push_back(folder_item(folder));
    for (const auto& link : a.links) items.push_back({.path = link.path.c_str(), .text = link.target.c_str()});
    const bool is_root = a.target == "/";
    Op& op = add(is_root ? Op::Code::kNewRoot : Op::Code::kTmpfs);
    op.target = is_root ? keep(cat(plan::kMembersFolder, '/', member_name())) : target(a.target);
    op.a = keep(cat("mode=", octal(a.mode), a.size.empty() ? "" : ",size=", a.size));
    op.flags = mount_flags(a.limits);
    use(op, items);
  }
  void compile(const action::BindHost& a) {
    Op& op = add(Op::Code::kBindHost);
    op.a = a.source.c_str();
    op.target = target(a.target);
    op.attributes = mount_attributes(a.limits);
    op.number = static_cast<std::uint64_t>(a.kind);
    if (a.taken) op.fd = context.taken_trees->at(taken++);
  }
  void compile(const action::BindDevices& a) {
    auto& items = new_items();
    for (const auto& name : a.names) items.push_back({.path = name.c_str(), .mode = device_number(name)});
    Op& op = add(Op::Code::kBindDevices);
    op.target = target(a.target);
    use(op, items);
  }
  void mount_fs(const std::string& where, const char* type, std::uint64_t flags, const char* options) {
    Op& op = add(Op::Code::kMountFs);
    op.target = target(where);
    op.a = type;
    op.b = options;
    op.flags = flags;
  }
  void compile(const action::MountProc& a) { mount_fs(a.target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr); }
  void compile(const action::MountSysfs& a) { mount_fs(a.target, "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr); }
  void compile(const action::MaskPaths& a) {
    auto& items = new_items();
    for (const auto& path : a.hidden) items.push_back({.path = path.c_str(), .mode = 1});
    for (const auto& path : a.read_only) items.push_back({.path = path.c_str(), .mode = 0});
    Op& op = add(Op::Code::kMask);
    op.target = target(a.base);
    op.a = in_host_root ? "t/empty" : "/t/empty";
    op.b = in_host_root ? "t/dev/null" : "/t/dev/null";
    use(op, items);
  }
  void compile(const action::WriteFiles& a) {
    auto& items = new_items();
    for (const auto& folder : a.directories) items.push_back({.path = folder.c_str(), .mode = S_IFDIR | 0755});
    for (const auto& file : a.files)
      items.push_back({.path = file.path.c_str(), .text = file.content.data(), .size = file.content.size(), .mode = S_IFREG | file.mode});
    for (const auto& link : a.links) items.push_back({.path = link.path.c_str(), .text = link.target.c_str(), .mode = S_IFLNK});
    Op& op = add(Op::Code::kWriteFiles);
    op.target = target(a.target);
    use(op, items);
  }
  void compile(const action::EnterPodTree&) {
    add(Op::Code::kEnterTree);
    in_host_root = false;
  }
  void compile(const action::StartPause&) {
    add(Op::Code::kAnnounceTree);
    Op& op = add(Op::Code::kExecPause);
    op.fd = context.pause_program;
    op.number = static_cast<std::uint64_t>(context.pause_ready);
  }

  // --- members ------------------------------------------------------------------------------------------
  void compile(const action::JoinPod& a) {
    out.program_.join_step = static_cast<std::uint32_t>(step->number);
    out.program_.joined = clone_flags(a.joined);
    out.program_.fresh = clone_flags(a.fresh);
  }
  void compile(const action::MountLayers& a) {
    auto& items = new_items();
    for (const auto& folder : a.directories) items.push_back({.path = folder.c_str(), .mode = S_IFDIR | 0755});
    for (const auto& file : a.files) items.push_back({.path = file.c_str(), .mode = S_IFREG | 0644});
    Op& op = add(Op::Code::kLayers);
    op.target = a.target.c_str();
    op.a = "mode=755";
    op.flags = MS_NOSUID | MS_NODEV;
    use(op, items);
  }
  void compile(const action::MountOverlay& a) {
    const bool is_root = a.target == "/";
    Op& op = add(is_root ? Op::Code::kNewOverlayRoot : Op::Code::kOverlay);
    op.target = is_root ? keep(cat(plan::kMembersFolder, '/', member_name())) : target(a.target);
    // userxattr: without it an overlay of a user namespace mounts and then fails at the first rename or
    // re-made folder (5.11 on). volatile: the layer is thrown away, so nothing waits for the disk.
    op.a = keep(cat("lowerdir=", a.lower, ",upperdir=", a.layers, '/', a.name, plan::kUpper, ",workdir=", a.layers, '/', a.name,
                    plan::kWork, ",userxattr,volatile"));
    op.flags = MS_NODEV;
  }
  void compile(const action::MoveMount& a) {
    Op& op = add(Op::Code::kMoveMount);
    op.a = a.source.c_str();
    op.target = target(a.target);
  }
  void compile(const action::BindInto& a) {
    Op& op = add(Op::Code::kBindInto);
    op.a = a.source.c_str();
    op.b = a.sub_path.empty() ? nullptr : a.sub_path.c_str();
    op.target = target(a.target);
    op.attributes = mount_attributes(a.limits);
  }
  void compile(const action::FillDev& a) {
    auto& items = new_items();
    for (const auto& name : a.names) items.push_back({.path = name.c_str()});
    for (const auto& [path, to] :
         {std::pair{"fd", "/proc/self/fd"}, std::pair{"stdin", "/proc/self/fd/0"}, std::pair{"stdout", "/proc/self/fd/1"},
          std::pair{"stderr", "/proc/self/fd/2"}, std::pair{"ptmx", "pts/ptmx"}})
      items.push_back({.path = path, .text = to});
    Op& op = add(Op::Code::kFillDev);
    op.a = a.source.c_str();
    op.target = target(a.target);
    use(op, items);
  }
  void compile(const action::MountDevpts& a) { mount_fs(a.target, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"); }
  void compile(const action::MountMqueue& a) { mount_fs(a.target, "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr); }
  void compile(const action::MakeMessageFile& a) { add(Op::Code::kMessageFile).a = a.path.c_str(); }
  void compile(const action::MakeRootReadOnly& a) {
    Op& op = add(Op::Code::kRootReadOnly);
    if (a.path != "/") op.target = target(a.path);
  }
  void compile(const action::EnterRoot&) { add(Op::Code::kEnterRoot); }
  void compile(const action::NoteMark&) { add(Op::Code::kNoteMark); }
  void compile(const action::AwaitPause&) {
    Op& op = add(Op::Code::kAwaitPause);
    op.fd = context.pause_ready;
    op.number = static_cast<std::uint64_t>(context.pause_pidfd);
  }
  void compile(const action::NewSession&) { add(Op::Code::kSession); }
  void compile(const action::RestoreLimits& a) {
    Op& op = add(Op::Code::kOpenFiles);
    op.number = a.open_files_soft;
    op.flags = a.open_files_hard;
  }
  void compile(const action::ChangeDirectory& a) { add(Op::Code::kChdir).a = a.path.c_str(); }
  void compile(const action::LimitCapabilities& a) { add(Op::Code::kCapabilities).number = a.kept; }
  void compile(const action::SetIdentity& a) {
    auto& groups = out.groups_.emplace_back(a.groups.begin(), a.groups.end());
    Op& op = add(Op::Code::kIdentity);
    op.uid = a.uid;
    op.gid = a.gid;
    op.flags = a.set_groups ? 1 : 0;
    op.groups = groups.data();
    op.number = groups.size();
  }
  void compile(const action::ForbidNewPrivileges&) { add(Op::Code::kNoNewPrivileges); }
  void compile(const action::ConnectStreams&) {
    Op& op = add(Op::Code::kStreams);
    std::memcpy(op.streams, context.streams, sizeof op.streams);
    const PlannedMember& member = plan.members[static_cast<std::size_t>(step->member)];
    op.uid = context.gives_streams ? member.uid : 0;
    op.gid = member.gid;
  }
  void compile(const action::ConnectTerminal&) {
    Op& op = add(Op::Code::kTerminal);
    op.fd = context.terminal;
    op.number = std::uint64_t{context.rows} << 16 | context.columns;
    op.uid = plan.members[static_cast<std::size_t>(step->member)].uid;
  }
  void compile(const action::AwaitTurn&) {
    if (context.previous_member != nullptr) add(Op::Code::kAwaitTurn).word = context.previous_member;
  }
  void compile(const action::ExecProgram& a) {
    auto& items = new_items();
    for (const auto& file : a.candidates) items.push_back({.path = file.c_str()});
    Op& op = add(Op::Code::kExec);
    op.argv = keep_list(a.argv);
    op.environment = keep_list(a.environment);
    op.flags = context.changed_signals;
    use(op, items);
  }
};

CompiledProgram::CompiledProgram(std::vector<Step> steps, const Plan& plan, const ProgramContext& context) : own_(std::move(steps)) {
  for (const auto& step : own_) steps_.push_back(&step);
  compile(plan, context);
}

CompiledProgram::CompiledProgram(std::vector<const Step*> steps, const Plan& plan, const ProgramContext& context)
    : steps_(std::move(steps)) {
  compile(plan, context);
}

void CompiledProgram::compile(const Plan& plan, const ProgramContext& context) {
  Compiler compiler{*this, plan, context};
  ops_.reserve(steps_.size() + 4);
  for (const Step* step : steps_) {
    compiler.step = step;
    if (context.network != nullptr && !compiler.spawned && step->stage != Stage::kUserns) compiler.spawn_network();
    std::visit([&](const auto& action) { compiler.compile(action); }, step->action);
  }
  program_.ops = ops_.data();
  program_.count = ops_.size();
  program_.slot = context.slot;
  program_.cells = context.cells;
  program_.handoff = context.handoff;
  program_.monitor_pidfd = context.monitor_pidfd;
  program_.pause_pidfd = context.pause_pidfd;
}

}  // namespace podctl::run
