// The words of every step: one overload per action, so a new action does not compile until it has words.
#include <sys/capability.h>

#include <array>

#include "base/text.hpp"
#include "podctl/plan.hpp"

namespace podctl {
namespace {

struct KindName {
  bool Namespaces::*member;
  std::string_view name, flag;
};
constexpr std::array<KindName, 7> kKinds{{{&Namespaces::user, "user", "CLONE_NEWUSER"},
                                          {&Namespaces::mnt, "mnt", "CLONE_NEWNS"},
                                          {&Namespaces::net, "net", "CLONE_NEWNET"},
                                          {&Namespaces::ipc, "ipc", "CLONE_NEWIPC"},
                                          {&Namespaces::uts, "uts", "CLONE_NEWUTS"},
                                          {&Namespaces::pid, "pid", "CLONE_NEWPID"},
                                          {&Namespaces::cgroup, "cgroup", "CLONE_NEWCGROUP"}}};

std::string names_of(const Namespaces& set) {
  std::string out;
  for (const auto& kind : kKinds)
    if (set.*kind.member) append(out, out.empty() ? "" : ", ", kind.name);
  return out;
}

std::string flags_of(const Namespaces& set) {
  std::string out;
  for (const auto& kind : kKinds)
    if (set.*kind.member) append(out, out.empty() ? "" : "|", kind.flag);
  return out;
}

std::string limits_of(const MountLimits& limits) {
  std::string out;
  const auto add = [&](bool set, std::string_view word) {
    if (set) append(out, out.empty() ? "" : ", ", word);
  };
  add(limits.read_only, "read-only");
  add(limits.no_suid, "nosuid");
  add(limits.no_dev, "nodev");
  add(limits.no_exec, "noexec");
  return out;
}

std::string with(std::string first, std::string_view second) {
  if (second.empty()) return first;
  return first.empty() ? std::string(second) : cat(first, ", ", second);
}

std::string mapping_text(const std::vector<IdMapping>& map) {
  std::string out;
  for (const auto& m : map) append(out, out.empty() ? "" : ", ", m.pod, " -> ", m.host, " (", counted(m.count, "id"), ')');
  return out;
}

std::string_view kind_text(PathKind kind) {
  switch (kind) {
    case PathKind::kAnything: return "";
    case PathKind::kDirectory: return "must be a directory";
    case PathKind::kFile: return "must be a file";
    case PathKind::kSocket: return "must be a socket file";
    case PathKind::kCharDevice: return "must be a character device";
    case PathKind::kBlockDevice: return "must be a block device";
  }
  return "";
}

std::string capability_list(std::uint64_t kept) {
  constexpr std::uint64_t kAll = (std::uint64_t{1} << (CAP_LAST_CAP + 1)) - 1;
  if (kept == kAll) return "all";
  if (kept == 0) return "none";
  std::string out;
  for (int number = 0; number <= CAP_LAST_CAP; ++number) {
    if ((kept >> number & 1) == 0) continue;
    char* name = cap_to_name(number);
    std::string text = name != nullptr ? name + 4 : cat(number);  // without "cap_"
    cap_free(name);
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    append(out, out.empty() ? "" : " ", text);
  }
  return out;
}

using namespace action;

StepText words(const MakeHostDirectory& a) {
  return {"make-host-directory", cat("host folder ", a.path),
          with(cat("mode ", octal(a.mode), ", if missing"), a.owner ? cat("owner ", *a.owner) : ""), "mkdirat", cat("ls -ld ", a.path)};
}
StepText words(const MakeHostFile& a) {
  return {"make-host-file", cat("host file ", a.path), cat("mode ", octal(a.mode), ", if missing"), "openat2(O_CREAT)",
          cat("ls -l ", a.path)};
}
StepText words(const HoldVolume& a) {
  return {"hold-volume", cat("hold on ", a.path), a.exclusive ? "no other pod may use it" : "shared with other pods", "flock",
          "grep FLOCK /proc/locks"};
}
StepText words(const MakeLayer& a) {
  return {"make-layer", cat("writable layer ", a.name),
          cat("in ", a.folder, a.etc_files.empty() ? "" : cat("; to mount on: etc/", join(a.etc_files, " etc/"))), "mkdirat",
          cat("ls ", a.folder)};
}
StepText words(const TakeTree& a) {
  return {"take-tree",
          cat("mounts of ", a.path),
          a.shift_ids ? "ids shifted into the pod's range" : "as they are",
          a.shift_ids ? "open_tree, mount_setattr(MOUNT_ATTR_IDMAP)" : "open_tree",
          {}};
}
StepText words(const NewSandbox& a) {
  return {"new-sandbox",
          cat("new ", names_of(a.namespaces), " namespaces"),
          {},
          cat("clone(", flags_of(a.namespaces), ")"),
          "ls -l /proc/PID/ns"};
}
StepText words(const MapIds& a) {
  const std::string_view by = a.method == MapIds::Method::kSelf      ? "write /proc/self/uid_map, gid_map"
                              : a.method == MapIds::Method::kHelpers ? "newuidmap, newgidmap"
                                                                     : "write /proc/PID/uid_map, gid_map";
  const std::string uids = mapping_text(a.uids), gids = mapping_text(a.gids);
  return {"map-ids", "map of user and group ids", uids == gids ? uids : cat("users ", uids, "; groups ", gids), std::string(by),
          "cat /proc/PID/uid_map"};
}
StepText words(const BecomePodRoot& a) {
  return {
      "become-pod-root", cat("user ", a.uid, ", group ", a.gid, " of the pod"), {}, "setresgid, setresuid", "grep Uid /proc/PID/status"};
}
StepText words(const DieWithMonitor&) { return {"die-with-monitor", "SIGKILL when the monitor ends", {}, "prctl(PR_SET_PDEATHSIG)", {}}; }
StepText words(const StopPropagation&) {
  return {"stop-propagation", "mounts made here stay here", "slave, recursive", "mount(MS_SLAVE|MS_REC)", "cat /proc/PID/mountinfo"};
}
StepText words(const NewNetwork&) { return {"new-network", "new net namespace", {}, "unshare(CLONE_NEWNET)", "readlink /proc/PID/ns/net"}; }
StepText words(const JoinNetwork&) {
  return {"join-network", "join the pod's net namespace", {}, "setns(CLONE_NEWNET)", "readlink /proc/PID/ns/net"};
}
StepText words(const ConfigureLoopback& a) {
  return {"configure-loopback", "loopback interface up",
          with(a.ipv4.empty() ? "" : cat(a.ipv4, "/32"), a.ipv6.empty() ? "" : cat(a.ipv6, "/128")), "rtnetlink RTM_NEWLINK, RTM_NEWADDR",
          "nsenter -t PID -U -n ip addr"};
}
StepText words(const SetHostname& a) {
  return {"set-hostname", cat("hostname ", quote(a.name)), {}, "sethostname", "nsenter -t PID -U -u hostname"};
}
StepText words(const MountPodTree& a) {
  return {"mount-pod-tree", "new tmpfs for the pod tree", cat(a.size, " bytes"), "mount", "ls /proc/PID/root"};
}
StepText words(const MountTmpfs& a) {
  std::string detail = with(cat("mode ", octal(a.mode)), a.size.empty() ? "" : cat("size ", a.size));
  return {"mount-tmpfs", cat("new tmpfs on ", a.target), with(std::move(detail), limits_of(a.limits)), "mount", "cat /proc/PID/mountinfo"};
}
StepText words(const BindHost& a) {
  return {"bind-host", cat("host ", a.source, " in the pod tree"), with(with(cat("at ", a.target), kind_text(a.kind)), limits_of(a.limits)),
          a.taken ? "mount_setattr, move_mount" : "open_tree, mount_setattr, move_mount", "cat /proc/PID/mountinfo"};
}
StepText words(const BindDevices& a) {
  return {"bind-devices", cat("device nodes in ", a.target), join(a.names, " "), "open_tree, move_mount", "cat /proc/PID/mountinfo"};
}
StepText words(const MountProc& a) {
  return {"mount-proc", cat("new proc on ", a.target), "nosuid, nodev, noexec", "mount", "cat /proc/PID/mountinfo"};
}
StepText words(const MountSysfs& a) {
  return {"mount-sysfs", cat("new sysfs on ", a.target), "read-only, nosuid, nodev, noexec", "mount", "cat /proc/PID/mountinfo"};
}
StepText words(const MaskPaths& a) {
  std::string detail = cat("hidden: ", join(a.hidden, " "));
  if (!a.read_only.empty()) append(detail, "; read-only: ", join(a.read_only, " "));
  return {"mask-paths", cat("masks in ", a.base), detail, "open_tree, mount_setattr, move_mount", "cat /proc/PID/mountinfo"};
}
StepText words(const WriteFiles& a) {
  std::vector<std::string> names;  // of the files; contents may be secret
  for (const auto& file : a.files) names.push_back(file.path);
  return {"write-files", cat(counted(a.files.size(), "file"), " in ", a.target), join(names, " "), "openat, write, symlinkat", {}};
}
StepText words(const EnterPodTree&) {
  return {"enter-pod-tree", "the pod tree becomes the root", "the host's is let go", "pivot_root, umount2(MNT_DETACH)",
          "ls /proc/PID/root"};
}
StepText words(const StartPause&) {
  return {"start-pause", "pause program", "from a sealed memory file; no descriptors, not dumpable", "execveat", "readlink /proc/PID/exe"};
}
StepText words(const JoinPod& a) {
  return {"join-pod", cat("join ", names_of(a.joined)), cat("new ", names_of(a.fresh)),
          cat("setns(pidfd, ", flags_of(a.joined), "), clone(", flags_of(a.fresh), "|CLONE_PARENT)"), "ls -l /proc/PID/ns"};
}
StepText words(const MountLayers& a) {
  return {"mount-layers", "writable layers in memory",
          cat("tmpfs on ", a.target, ": ", join(a.directories, " "), a.files.empty() ? "" : " ", join(a.files, " ")), "mount(tmpfs)",
          "cat /proc/PID/mountinfo"};
}
StepText words(const MountOverlay& a) {
  return {"mount-overlay", cat("overlay on ", a.target), cat("layer ", a.name, " over ", a.lower), "mount(overlay)",
          "cat /proc/PID/mountinfo"};
}
StepText words(const MoveMount& a) {
  return {"move-mount", cat("mount of ", a.target), cat("moved from ", a.source), "move_mount", "cat /proc/PID/mountinfo"};
}
StepText words(const BindInto& a) {
  return {"bind-into", cat("mount of ", a.target),
          with(cat("shows ", a.source, a.sub_path.empty() ? "" : "/", a.sub_path), limits_of(a.limits)),
          "open_tree, mount_setattr, move_mount", "cat /proc/PID/mountinfo"};
}
StepText words(const FillDev& a) {
  return {"fill-dev", cat("device nodes in ", a.target), join(a.names, " "), "mknodat, move_mount, symlinkat", {}};
}
StepText words(const MountDevpts& a) {
  return {"mount-devpts", cat("new devpts on ", a.target), "newinstance, ptmxmode=0666, mode=0620", "mount", "cat /proc/PID/mountinfo"};
}
StepText words(const MountMqueue& a) {
  return {"mount-mqueue", cat("new mqueue on ", a.target), "nosuid, nodev, noexec", "mount", "cat /proc/PID/mountinfo"};
}
StepText words(const MakeMessageFile& a) {
  return {"make-message-file", cat("empty message file ", a.path), "mode 0666", "openat(O_TRUNC)", {}};
}
StepText words(const MakeRootReadOnly& a) {
  return {"make-root-read-only",
          a.path == "/" ? "root file system read-only" : cat(a.path, " of the root file system read-only"),
          {},
          "mount_setattr(MOUNT_ATTR_RDONLY)",
          "cat /proc/PID/mountinfo"};
}
StepText words(const EnterRoot&) {
  return {"enter-root", "its own root", "what is around it is let go", "pivot_root, umount2(MNT_DETACH)", "ls /proc/PID/root"};
}
StepText words(const NoteMark&) {
  return {"note-mark", "cgroup namespace noted", {}, "newfstatat(/proc/self/ns/cgroup)", "readlink /proc/PID/ns/cgroup"};
}
StepText words(const AwaitPause&) { return {"await-pause", "wait until pause is ready", {}, "ppoll", {}}; }
StepText words(const NewSession&) { return {"new-session", "session of its own", {}, "setsid", "ps -o sid= -p PID"}; }
StepText words(const RestoreLimits& a) {
  return {"restore-limits", "limit on open files", cat("soft ", a.open_files_soft, ", hard ", a.open_files_hard),
          "prlimit64(RLIMIT_NOFILE)", "cat /proc/PID/limits"};
}
StepText words(const ChangeDirectory& a) {
  return {"change-directory", cat("working directory ", a.path), "made when missing", "chdir", "readlink /proc/PID/cwd"};
}
StepText words(const LimitCapabilities& a) {
  return {"limit-capabilities", "capabilities", capability_list(a.kept), "prctl(PR_CAPBSET_DROP)", "grep Cap /proc/PID/status"};
}
StepText words(const SetIdentity& a) {
  std::string groups;
  for (const auto group : a.groups) append(groups, groups.empty() ? "groups " : " ", group);
  if (!a.set_groups) groups = "groups of the caller stay: one id is mapped";
  return {"set-identity", cat("user ", a.uid, ", group ", a.gid), groups,
          a.set_groups ? "setgroups, setresgid, setresuid" : "setresgid, setresuid", "cat /proc/PID/status"};
}
StepText words(const ForbidNewPrivileges&) {
  return {"forbid-new-privileges", "no new privileges by exec", {}, "prctl(PR_SET_NO_NEW_PRIVS)", "grep NoNewPrivs /proc/PID/status"};
}
StepText words(const ConnectStreams& a) {
  return {"connect-streams", "standard streams",
          a.stdin_open ? "input from podctl; nothing else inherited" : "empty input; nothing else inherited",
          "dup3, close_range(CLOSE_RANGE_CLOEXEC)", "ls -l /proc/PID/fd"};
}
StepText words(const ConnectTerminal&) {
  return {"connect-terminal", "a terminal of its own", "standard streams; nothing else inherited",
          "open(/dev/pts/ptmx), ioctl(TIOCGPTPEER), ioctl(TIOCSCTTY)", "ls -l /proc/PID/fd"};
}
StepText words(const AwaitTurn& a) { return {"await-turn", cat("wait for container '", a.container, "' to start"), {}, "futex", {}}; }
StepText words(const ExecProgram& a) {
  std::string command;
  if (a.has_secrets) command = "arguments not shown: they may hold a Secret";
  else
    for (const auto& word : a.argv) append(command, command.empty() ? "" : " ", quote(word));
  return {"exec-program", cat("run ", quote(a.argv.empty() ? "" : a.argv.front())), command, "execve", "tr '\\0' ' ' < /proc/PID/cmdline"};
}

}  // namespace

StepText describe(const Step& step) {
  return std::visit([](const auto& a) { return words(a); }, step.action);
}

std::string_view stage_name(Stage stage) {
  switch (stage) {
    case Stage::kUserns: return "userns";
    case Stage::kSandbox: return "sandbox";
    case Stage::kNetwork: return "network";
    case Stage::kVolumes: return "volumes";
    case Stage::kMounts: return "mounts";
    case Stage::kIdentity: return "identity";
    case Stage::kLimits: return "limits";
    case Stage::kLockdown: return "lockdown";
    case Stage::kExec: return "exec";
    case Stage::kReady: return "ready";
  }
  return "";
}

}  // namespace podctl
