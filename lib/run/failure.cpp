// A failed step in words: what was being done, the call and its object, and the one hint worth giving.
#include <cerrno>

#include "base/errno_text.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/pod_tree.hpp"
#include "run/member.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

using namespace action;

// What the failed call was about.
struct ObjectOf {
  const Slot& slot;

  static std::string at(const std::vector<std::string>& names, std::size_t index) {
    return index < names.size() ? names[index] : std::string();
  }
  std::string operator()(const MakeHostDirectory& a) const { return a.path; }
  std::string operator()(const MakeHostFile& a) const { return a.path; }
  std::string operator()(const HoldVolume& a) const { return a.path; }
  std::string operator()(const TakeTree& a) const { return a.path; }
  std::string operator()(const MountTmpfs& a) const {
    const std::size_t folders = a.directories.size();
    if (slot.call == Call::kMkdir || slot.call == Call::kFchmod) {
      const std::string folder = at(a.directories, slot.item);
      return clean_path(cat(a.target, '/', folder.substr(0, folder.find(':'))));  // without its mode
    }
    if (slot.call == Call::kSymlink && slot.item - folders < a.links.size())
      return clean_path(cat(a.target, '/', a.links[slot.item - folders].path));
    return a.target;
  }
  std::string operator()(const BindHost& a) const { return slot.call == Call::kMoveMount ? a.target : a.source; }
  std::string operator()(const BindDevices& a) const { return cat("/dev/", at(a.names, slot.item)); }
  std::string operator()(const MountProc& a) const { return a.target; }
  std::string operator()(const MountSysfs& a) const { return a.target; }
  std::string operator()(const MaskPaths& a) const {
    const auto index = static_cast<std::size_t>(slot.item);
    return path_in(a.base, index < a.hidden.size() ? a.hidden[index] : at(a.read_only, index - a.hidden.size()));
  }
  std::string operator()(const WriteFiles& a) const {
    const auto index = static_cast<std::size_t>(slot.item);
    if (index < a.directories.size()) return path_in(a.target, a.directories[index]);
    if (index - a.directories.size() < a.files.size()) return path_in(a.target, a.files[index - a.directories.size()].path);
    return a.target;
  }
  std::string operator()(const MountLayers& a) const {
    const auto index = static_cast<std::size_t>(slot.item);
    if (slot.call == Call::kMkdir) return path_in(a.target, at(a.directories, index));
    return slot.call == Call::kMount ? a.target : path_in(a.target, at(a.files, index - a.directories.size()));
  }
  std::string operator()(const MountOverlay& a) const { return a.target; }
  std::string operator()(const MoveMount& a) const { return a.target; }
  std::string operator()(const BindInto& a) const {
    if (slot.item == 1) return path_in(a.source, a.sub_path);  // its part inside the volume
    return slot.call == Call::kOpenTree ? a.source : a.target;
  }
  std::string operator()(const FillDev& a) const { return path_in(a.target, at(a.names, slot.item)); }
  std::string operator()(const MountDevpts& a) const { return a.target; }
  std::string operator()(const MountMqueue& a) const { return a.target; }
  std::string operator()(const MakeMessageFile& a) const { return a.path; }
  std::string operator()(const MakeRootReadOnly& a) const { return a.path; }
  std::string operator()(const ChangeDirectory& a) const { return a.path; }
  std::string operator()(const SetHostname& a) const { return quote(a.name); }
  std::string operator()(const SetIdentity& a) const { return slot.call == Call::kSetuid ? cat(a.uid) : cat(a.gid); }
  std::string operator()(const ExecProgram& a) const { return at(a.candidates, slot.item); }
  template <class Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

std::string sysctl_value(const char* path) { return std::string(trim(sys::try_read_file(path, 64).value_or(""))); }

struct Hint {
  std::string id, text;
};

Hint user_namespace_hint(int error) {
  if (sysctl_value("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    return {"userns-blocked", "sysctl kernel.unprivileged_userns_clone=1        # as root: this machine forbids user namespaces"};
  if (sysctl_value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
    return {"userns-blocked",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0        # as root, or an AppArmor profile for podctl with a userns rule"};
  if (error == ENOSPC) {
    if (sysctl_value("/proc/sys/user/max_user_namespaces") == "0")
      return {"userns-blocked", "sysctl user.max_user_namespaces=15000        # as root: this machine allows none"};
    return {"namespace-limit", "a limit of user.max_*_namespaces is reached (see sysctl user); end other pods or raise it"};
  }
  if (error == EPERM)
    return {"userns-blocked", "perhaps podctl runs in a chroot or in a container whose seccomp profile forbids clone; run it outside"};
  if (error == EAGAIN || error == ENOMEM)
    return {"process-limit", "the limit on processes is reached: see ulimit -u, and pids.max of the session's cgroup"};
  return {};
}

// A volume of the manifest, not a root file system.
bool is_volume(const BindHost& bind) { return is_below(bind.target, plan::kVolumesFolder); }

Hint hint_for(const Plan& plan, const HostFacts& facts, const Step& step, const Slot& slot) {
  const int error = slot.error;
  if (std::holds_alternative<NewSandbox>(step.action) || std::holds_alternative<NewNetwork>(step.action) ||
      std::holds_alternative<JoinPod>(step.action)) {
    if (auto hint = user_namespace_hint(error); !hint.id.empty()) return hint;
  }
  if (const auto* map = std::get_if<MapIds>(&step.action)) {
    if (map->method == MapIds::Method::kHelpers)
      return {"id-map-refused", "check that newuidmap and newgidmap are setuid root, and the lines of /etc/subuid and /etc/subgid"};
    if (auto hint = user_namespace_hint(error); !hint.id.empty()) return hint;
  }
  if (std::holds_alternative<HoldVolume>(step.action) && error == EWOULDBLOCK)
    return {"volume-in-use", "another pod uses the volume, and one of the two asks to be alone (ReadWriteOncePod); end that pod first"};
  if (const auto* bind = std::get_if<BindHost>(&step.action)) {
    if (slot.call == Call::kCheckKind && is_volume(*bind)) return {"host-path-kind", "see spec.volumes[].hostPath.type"};
    if (slot.call == Call::kCheckKind) return {"rootfs-kind", "rootfs: takes the folder of a root file system"};
    if (error == ENOENT) return {"host-path-missing", cat("ls -ld ", parent_path(bind->source))};
    if (error == EACCES && bind->target.ends_with("/flag-cwd"))  // made by `run -- CMD`, lib/spec/edit.cpp
      return {"cwd-forbidden", "the current folder cannot be entered: go to another, or show none with --cwd none"};
    if (error == EACCES)
      return {"host-path-forbidden", cat("user ", facts.uid, " may not enter a folder on the way: namei -l ", bind->source)};
  }
  if (const auto* take = std::get_if<TakeTree>(&step.action)) {
    if (error == ENOENT) return {"host-path-missing", cat("ls -ld ", parent_path(take->path))};
    if (error == EINVAL && take->shift_ids && take->path.substr(0, 5) == "/dev/")
      return {"no-id-shift", "a device is shown as it is when its volume says so: hostPath.type CharDevice or BlockDevice"};
    if (error == EINVAL && take->shift_ids)
      return {"no-id-shift", cat("the file system of ", take->path,
                                 " cannot shift ids; copy it to ext4, xfs, btrfs or tmpfs, or run as an ordinary user")};
    if (error == EPERM && take->shift_ids) return {"no-id-shift", "this root lacks CAP_SYS_ADMIN; run podctl as an ordinary user"};
  }
  if (std::holds_alternative<MountProc>(step.action) && error == EPERM)
    return {"proc-masked",
            "the /proc around podctl is partly hidden, as in a container; run that with --security-opt unmask=ALL, or run podctl outside"};
  if (std::holds_alternative<MountOverlay>(step.action) && slot.call == Call::kMount && plan.layers_on_disk)
    return {"no-overlay", "the writable layer lies in podctl's state folder: put that on ext4, xfs or btrfs with --root DIR"};
  if (std::holds_alternative<BindInto>(step.action)) {
    if (error == EXDEV) return {"sub-path-escapes", "subPath must stay inside the volume; a link in it leads out"};
    if (error == EOVERFLOW)
      return {
          "owner-not-mapped",
          "the root file system's folder belongs to a user whose id the pod does not have; unpack or copy it as the user who runs podctl"};
    if (error == EROFS)
      return {"mount-point-missing", "there is no such path to mount on and the root is read-only: use a path at the top, or --overlay"};
  }
  if (std::holds_alternative<ExecProgram>(step.action)) {
    if (slot.call == Call::kInterpreter)
      return {"interpreter-missing", "the file is there, but the interpreter in its #! line or its loader is not"};
    if (error == ENOENT) return {"command-not-found", {}};
    if (error == EACCES) return {"command-not-executable", "check its mode bits, and those of the folders on the way"};
    if (error == ENOEXEC) return {"command-not-executable", "it is neither a program for this machine nor a script with a #! line"};
    return {"command-not-executable", {}};
  }
  if (error == ENOSPC) return {"disk-full", "df -h, df -i"};
  if (error == EMFILE || error == ENFILE) return {"too-many-files", cat("ulimit -n        # hard limit is ", facts.open_files_hard)};
  if (error == EAGAIN || error == ENOMEM) return {"process-limit", "the limit on processes or memory is reached: see ulimit -u"};
  return {};
}

std::string cause_of(const Step& step, const Slot& slot, const std::string& object) {
  const std::string what = describe(step).what;
  if (const auto* exec = std::get_if<ExecProgram>(&step.action); exec != nullptr && slot.error == ENOENT && slot.call == Call::kExec) {
    if (exec->candidates.size() > 1) {
      std::vector<std::string> folders;
      for (const auto& file : exec->candidates) folders.emplace_back(parent_path(file));
      return cat("command ", quote(exec->argv.front()), " not found in ", join(folders, ":"));
    }
    return cat("command ", quote(exec->argv.front()), " not found: execve ", object, ": ", errno_text(slot.error));
  }
  if (const auto* bind = std::get_if<BindHost>(&step.action); bind != nullptr && slot.call == Call::kCheckKind) {
    std::string kind(describe({.action = BindHost{.kind = bind->kind}}).detail);
    if (const auto at = kind.find("must be "); at != std::string::npos) kind = kind.substr(at + 8);
    return cat(is_volume(*bind) ? "hostPath type check failed: " : "", bind->source, " is not ", kind);
  }
  if (slot.call == Call::kAwait) return cat(what, ": the process was killed while it waited or worked");
  return cat(what, ": ", call_name(slot.call), object.empty() ? "" : " ", object, ": ", errno_text(slot.error));
}

int run_code(const Step& step, const Slot& slot) {
  if (!std::holds_alternative<ExecProgram>(step.action)) return 125;
  if (slot.call == Call::kInterpreter || slot.error == ENOENT) return 127;
  if (slot.call == Call::kExec) return 126;
  return 125;
}

}  // namespace

const char* call_name(Call call) noexcept {
  switch (call) {
    case Call::kNone: return "";
    case Call::kAccess: return "faccessat";
    case Call::kAwait: return "wait";
    case Call::kCapset: return "capset";
    case Call::kChdir: return "chdir";
    case Call::kCheckKind: return "stat";
    case Call::kClone: return "clone";
    case Call::kDup: return "dup3";
    case Call::kExec: return "execve";
    case Call::kFchmod: return "chmod";
    case Call::kFchown: return "fchown";
    case Call::kFutex: return "futex";
    case Call::kGetcwd: return "getcwd";
    case Call::kInjected: return "injected fault";
    case Call::kInterpreter: return "execve";
    case Call::kIoctl: return "ioctl";
    case Call::kMkdir: return "mkdir";
    case Call::kMknod: return "mknod";
    case Call::kMount: return "mount";
    case Call::kMountSetattr: return "mount_setattr";
    case Call::kMoveMount: return "move_mount";
    case Call::kNetlink: return "rtnetlink";
    case Call::kOpen: return "open";
    case Call::kOpenTree: return "open_tree";
    case Call::kPivotRoot: return "pivot_root";
    case Call::kPoll: return "ppoll";
    case Call::kPrctl: return "prctl";
    case Call::kPrlimit: return "prlimit64";
    case Call::kReadlink: return "readlink";
    case Call::kSendmsg: return "sendmsg";
    case Call::kSetgid: return "setresgid";
    case Call::kSetgroups: return "setgroups";
    case Call::kSethostname: return "sethostname";
    case Call::kSetns: return "setns";
    case Call::kSetsid: return "setsid";
    case Call::kSetuid: return "setresuid";
    case Call::kSigaction: return "rt_sigaction";
    case Call::kSocket: return "socket";
    case Call::kStat: return "stat";
    case Call::kSymlink: return "symlink";
    case Call::kUmount: return "umount2";
    case Call::kUnshare: return "unshare";
    case Call::kWrite: return "write";
  }
  return "";
}

ErrorInfo launch_failure(const Plan& plan, const HostFacts& facts, const Step& step, const Slot& where) {
  ErrorInfo info;
  const Hint hint = hint_for(plan, facts, step, where);
  info.id = hint.id.empty() ? "start-failed" : hint.id;
  info.hint = hint.text;
  info.pod = plan.pod;
  info.stage = stage_name(step.stage);
  if (step.member >= 0) info.container = plan.members[static_cast<std::size_t>(step.member)].name;
  info.message = cat("cannot start pod '", plan.pod, "' (", info.container.empty() ? "" : cat("container '", info.container, "', "),
                     "stage ", info.stage, ", step ", step.number, " of ", plan.steps.size(), ')');
  info.call = call_name(where.call);
  info.object = std::visit(ObjectOf{where}, step.action);
  info.error_number = where.error;
  info.cause = cause_of(step, where, info.object);
  if (step.why.substr(0, 5) == "spec." || step.why.substr(0, 9) == "metadata.") info.path = step.why.substr(0, step.why.find(' '));
  info.run_code = run_code(step, where);
  info.error_class = info.run_code == 125 ? ErrorClass::kHost : ErrorClass::kNotFound;
  return info;
}

}  // namespace podctl::run
