// A failed step in words: what was done, the call and its object, and the one hint worth giving.
#include <cerrno>

#include "base/text.hpp"
#include "run/sandbox.hpp"
#include "support/catch.hpp"
#include "support/command.hpp"

using namespace podctl;
using namespace podctl::run;

namespace {

HostFacts facts() {
  HostFacts made;
  made.uid = 1000;
  made.open_files_hard = 4096;
  return made;
}

// A step of its own in the middle of a plan of nine.
ErrorInfo fail(Action action, const Slot& where, int member = -1, const std::string& why = "spec.volumes[0].hostPath") {
  Plan plan;
  plan.pod = "web";
  plan.members = {{.name = "app"}};
  plan.steps.resize(9);
  plan.layers_on_disk = true;
  const Step step{.number = 4,
                  .stage = Stage::kMounts,
                  .actor = member < 0 ? Actor::kPause : Actor::kMember,
                  .member = member,
                  .action = std::move(action),
                  .why = why,
                  .weakens = {}};
  return launch_failure(plan, facts(), step, where);
}
ErrorInfo fail(Action action, Call call, int error, std::uint32_t item = 0) {
  return fail(std::move(action), Slot{.call = call, .error = error, .item = item});
}

bool begins(const std::string& text, std::string_view with) { return text.substr(0, with.size()) == with; }

std::string setting(const std::string& path) { return podtest::exists(path) ? std::string(trim(podtest::read_file(path))) : ""; }
// What this very machine forbids is said before anything else.
bool machine_blocks() {
  return setting("/proc/sys/kernel/unprivileged_userns_clone") == "0" ||
         setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1";
}

const action::ExecProgram kExec{.argv = {"prog", "x"}, .environment = {}, .candidates = {"/a/prog", "/b/prog"}};
const action::BindHost kVolume{.source = "/srv/x/y", .target = "/v/data", .kind = PathKind::kDirectory, .limits = {}, .taken = false};

}  // namespace

TEST_CASE("a failure names pod, container, stage, step, call, object and errno", "[failure]") {
  const ErrorInfo info =
      fail(action::MountTmpfs{.target = "/dev"}, Slot{.call = Call::kMount, .error = EINVAL}, 0, "spec.containers[0].image is not set");
  CHECK(info.id == "start-failed");
  CHECK(info.message == "cannot start pod 'web' (container 'app', stage mounts, step 4 of 9)");
  CHECK(info.cause == "new tmpfs on /dev: mount /dev: Invalid argument (EINVAL)");
  CHECK(info.hint.empty());
  CHECK(info.call == "mount");
  CHECK(info.object == "/dev");
  CHECK(info.error_number == EINVAL);
  CHECK(info.pod == "web");
  CHECK(info.container == "app");
  CHECK(info.stage == "mounts");
  CHECK(info.path == "spec.containers[0].image");
  CHECK(info.run_code == 125);
  CHECK(info.error_class == ErrorClass::kHost);
  const ErrorInfo pause =
      fail(action::MountTmpfs{.target = "/dev"}, Slot{.call = Call::kMount, .error = EINVAL}, -1, "every container has it");
  CHECK(pause.message == "cannot start pod 'web' (stage mounts, step 4 of 9)");
  CHECK(pause.path.empty());
}

TEST_CASE("the object of a failure is the one of several that failed", "[failure]") {
  const action::MountTmpfs tmpfs{.target = "/", .directories = {"dev", "tmp:1777"}, .links = {{"bin", "usr/bin"}, {"lib", "usr/lib"}}};
  CHECK(fail(tmpfs, Call::kMount, EPERM).object == "/");
  CHECK(fail(tmpfs, Call::kMkdir, ENOSPC, 1).object == "/tmp");
  CHECK(fail(tmpfs, Call::kSymlink, EEXIST, 3).object == "/lib");
  CHECK(fail(tmpfs, Call::kSymlink, EEXIST, 9).object == "/");
  CHECK(fail(action::BindDevices{"/t/dev", {"null", "tty"}}, Call::kOpenTree, ENOENT, 1).object == "/dev/tty");
  CHECK(fail(action::FillDev{"/t/dev", "/dev", {"null", "tty"}}, Call::kMknod, EPERM, 1).object == "/dev/tty");
  const action::MaskPaths masks{"/proc", {"kcore", "keys"}, {"bus"}};
  CHECK(fail(masks, Call::kOpenTree, EACCES, 1).object == "/proc/keys");
  CHECK(fail(masks, Call::kOpenTree, EACCES, 2).object == "/proc/bus");
  const action::WriteFiles files{.target = "/f", .directories = {"d"}, .files = {{"hosts", "secret text", 0644}}, .links = {{"l", "d"}}};
  CHECK(fail(files, Call::kMkdir, EIO, 0).object == "/f/d");
  CHECK(fail(files, Call::kWrite, EIO, 1).object == "/f/hosts");
  CHECK(fail(files, Call::kSymlink, EIO, 2).object == "/f");
  CHECK(fail(files, Call::kWrite, EIO, 1).cause.find("secret text") == std::string::npos);
  CHECK(fail(kVolume, Call::kOpenTree, EIO).object == "/srv/x/y");
  CHECK(fail(kVolume, Call::kMoveMount, EIO).object == "/v/data");
  CHECK(fail(action::SetIdentity{.uid = 5, .gid = 6}, Call::kSetuid, EINVAL).object == "5");
  CHECK(fail(action::SetIdentity{.uid = 5, .gid = 6}, Call::kSetgid, EINVAL).object == "6");
  CHECK(fail(action::SetHostname{"a\nb"}, Call::kSethostname, EINVAL).object == "\"a\\nb\"");
  CHECK(fail(action::MakeRootReadOnly{"/etc"}, Call::kMountSetattr, EPERM).object == "/etc");
  CHECK(fail(action::StopPropagation{}, Call::kMount, EPERM).cause == "mounts made here stay here: mount: Operation not permitted (EPERM)");
}

TEST_CASE("an actor that was killed is said to be so", "[failure]") {
  CHECK(fail(action::MountProc{"/t/proc"}, Call::kAwait, ESRCH).cause ==
        "new proc on /t/proc: the process was killed while it waited or worked");
}

TEST_CASE("every call has a name", "[failure]") {
  CHECK(std::string(call_name(Call::kNone)).empty());
  for (auto call = static_cast<std::uint32_t>(Call::kAccess); call <= static_cast<std::uint32_t>(Call::kWrite); ++call)
    CHECK_FALSE(std::string(call_name(static_cast<Call>(call))).empty());
}

// --- one test a hint
// ---------------------------------------------------------------------------------------

TEST_CASE("hint: user namespaces are blocked", "[failure][hints]") {
  const Action action =
      GENERATE(Action(action::NewSandbox{}), Action(action::NewNetwork{}), Action(action::JoinPod{}), Action(action::MapIds{}));
  const ErrorInfo info = fail(action, Call::kClone, EPERM);
  CHECK(info.id == "userns-blocked");
  if (!machine_blocks()) CHECK(begins(info.hint, "perhaps podctl runs in a chroot or in a container whose seccomp profile forbids clone"));
  else CHECK(begins(info.hint, "sysctl kernel."));
}

TEST_CASE("hint: a limit on namespaces", "[failure][hints]") {
  const ErrorInfo info = fail(action::NewSandbox{}, Call::kClone, ENOSPC);
  if (machine_blocks() || setting("/proc/sys/user/max_user_namespaces") == "0") {
    CHECK(info.id == "userns-blocked");
  } else {
    CHECK(info.id == "namespace-limit");
    CHECK(begins(info.hint, "a limit of user.max_*_namespaces is reached"));
  }
}

TEST_CASE("hint: a limit on processes", "[failure][hints]") {
  const int error = GENERATE(EAGAIN, ENOMEM);
  if (!machine_blocks()) {
    CHECK(fail(action::NewSandbox{}, Call::kClone, error).id == "process-limit");
    CHECK(begins(fail(action::NewSandbox{}, Call::kClone, error).hint, "the limit on processes is reached: see ulimit -u"));
  }
  CHECK(fail(action::StartPause{}, Call::kExec, error).id == "process-limit");
}

TEST_CASE("hint: the helpers refuse an id map", "[failure][hints]") {
  const ErrorInfo info = fail(action::MapIds{.method = action::MapIds::Method::kHelpers}, Call::kExec, EPERM);
  CHECK(info.id == "id-map-refused");
  CHECK(info.hint ==
        "check that newuidmap and newgidmap are setuid root, and the lines of /etc/subuid and "
        "/etc/subgid");
}

TEST_CASE("hint: a host path is not of the kind it must be", "[failure][hints]") {
  struct Row {
    PathKind kind;
    const char* words;
  };
  const Row row =
      GENERATE(Row{PathKind::kDirectory, "a directory"}, Row{PathKind::kFile, "a file"}, Row{PathKind::kSocket, "a socket file"},
               Row{PathKind::kCharDevice, "a character device"}, Row{PathKind::kBlockDevice, "a block device"});
  action::BindHost bind = kVolume;
  bind.kind = row.kind;
  const ErrorInfo info = fail(bind, Call::kCheckKind, ENOTDIR);
  CHECK(info.id == "host-path-kind");
  CHECK(info.hint == "see spec.volumes[].hostPath.type");
  CHECK(info.cause == cat("hostPath type check failed: /srv/x/y is not ", row.words));
  CHECK(info.path == "spec.volumes[0].hostPath");
}

TEST_CASE("hint: a root file system that is no folder", "[failure][hints]") {
  const ErrorInfo info =
      fail(action::BindHost{.source = "/etc/passwd", .target = "/r/0", .kind = PathKind::kDirectory}, Call::kCheckKind, ENOTDIR);
  CHECK(info.id == "rootfs-kind");
  CHECK(info.cause == "/etc/passwd is not a directory");
  CHECK(info.hint == "rootfs: takes the folder of a root file system");
}

TEST_CASE("hint: a host path is missing", "[failure][hints]") {
  const ErrorInfo info = fail(kVolume, Call::kOpenTree, ENOENT);
  CHECK(info.id == "host-path-missing");
  CHECK(info.hint == "ls -ld /srv/x");
  CHECK(info.cause == "host /srv/x/y in the pod tree: open_tree /srv/x/y: No such file or directory (ENOENT)");
  CHECK(fail(action::TakeTree{"/srv/x/y", false}, Call::kOpenTree, ENOENT).id == "host-path-missing");
}

TEST_CASE("hint: a host path is out of reach", "[failure][hints]") {
  const ErrorInfo info = fail(kVolume, Call::kOpenTree, EACCES);
  CHECK(info.id == "host-path-forbidden");
  CHECK(info.hint == "user 1000 may not enter a folder on the way: namei -l /srv/x/y");
}

TEST_CASE("hint: a file system that cannot shift ids", "[failure][hints]") {
  const ErrorInfo refused = fail(action::TakeTree{"/srv", true}, Call::kMountSetattr, EINVAL);
  CHECK(refused.id == "no-id-shift");
  CHECK(begins(refused.hint, "the file system of /srv cannot shift ids; copy it to ext4"));
  const ErrorInfo powerless = fail(action::TakeTree{"/srv", true}, Call::kMountSetattr, EPERM);
  CHECK(powerless.id == "no-id-shift");
  CHECK(powerless.hint == "this root lacks CAP_SYS_ADMIN; run podctl as an ordinary user");
  CHECK(fail(action::TakeTree{"/srv", false}, Call::kOpenTree, EINVAL).id == "start-failed");
}

TEST_CASE("hint: /proc is partly hidden around podctl", "[failure][hints]") {
  const ErrorInfo info = fail(action::MountProc{"/t/proc"}, Call::kMount, EPERM);
  CHECK(info.id == "proc-masked");
  CHECK(begins(info.hint, "the /proc around podctl is partly hidden, as in a container"));
}

TEST_CASE("hint: no overlay on this file system", "[failure][hints]") {
  const ErrorInfo info = fail(action::MountOverlay{"/r/0", "/w", "app.0", "/"}, Call::kMount, EINVAL);
  CHECK(info.id == "no-overlay");
  CHECK(info.hint ==
        "the writable layer lies in podctl's state folder: put that on ext4, xfs or btrfs with "
        "--root DIR");
}

TEST_CASE("hint: a subPath leads out of its volume", "[failure][hints]") {
  const ErrorInfo info = fail(action::BindInto{"/v/data", "a/b", "/mnt", {}}, Call::kOpen, EXDEV, 1);
  CHECK(info.id == "sub-path-escapes");
  CHECK(info.object == "/v/data/a/b");
  CHECK(info.hint == "subPath must stay inside the volume; a link in it leads out");
}

TEST_CASE("hint: an owner whose id the pod does not have", "[failure][hints]") {
  const ErrorInfo info = fail(action::BindInto{"/v/data", {}, "/mnt", {}}, Call::kMkdir, EOVERFLOW);
  CHECK(info.id == "owner-not-mapped");
  CHECK(info.object == "/mnt");
}

TEST_CASE("hint: nothing to mount on in a read-only root", "[failure][hints]") {
  const ErrorInfo info = fail(action::BindInto{"/v/data", {}, "/usr/x", {}}, Call::kMkdir, EROFS);
  CHECK(info.id == "mount-point-missing");
  CHECK(info.hint ==
        "there is no such path to mount on and the root is read-only: use a path at the top, or "
        "--overlay");
}

TEST_CASE("hint: the command is not there", "[failure][hints]") {
  const ErrorInfo info = fail(kExec, Call::kExec, ENOENT);
  CHECK(info.id == "command-not-found");
  CHECK(info.cause == "command \"prog\" not found in /a:/b");
  CHECK(info.hint.empty());
  CHECK(info.run_code == 127);
  CHECK(info.error_class == ErrorClass::kNotFound);
  const ErrorInfo path = fail(action::ExecProgram{.argv = {"/x/prog"}, .environment = {}, .candidates = {"/x/prog"}}, Call::kExec, ENOENT);
  CHECK(path.cause == "command \"/x/prog\" not found: execve /x/prog: No such file or directory (ENOENT)");
  CHECK(path.run_code == 127);
}

TEST_CASE("hint: the interpreter is not there", "[failure][hints]") {
  const ErrorInfo info = fail(kExec, Call::kInterpreter, ENOENT, 1);
  CHECK(info.id == "interpreter-missing");
  CHECK(info.object == "/b/prog");
  CHECK(info.hint == "the file is there, but the interpreter in its #! line or its loader is not");
  CHECK(info.run_code == 127);
}

TEST_CASE("hint: the command cannot be executed", "[failure][hints]") {
  struct Row {
    int error;
    const char* hint;
  };
  const Row row =
      GENERATE(Row{EACCES, "check its mode bits, and those of the folders on the way"},
               Row{ENOEXEC, "it is neither a program for this machine nor a script with a #! line"}, Row{ETXTBSY, ""}, Row{E2BIG, ""});
  const ErrorInfo info = fail(kExec, Call::kExec, row.error, 1);
  CHECK(info.id == "command-not-executable");
  CHECK(info.hint == row.hint);
  CHECK(info.object == "/b/prog");
  CHECK(info.run_code == 126);
}

TEST_CASE("hint: the disk is full", "[failure][hints]") {
  const ErrorInfo info = fail(action::MakeLayer{"/state/upper", "app.0", {}}, Call::kMkdir, ENOSPC);
  CHECK(info.id == "disk-full");
  CHECK(info.hint == "df -h, df -i");
}

TEST_CASE("hint: too many open files", "[failure][hints]") {
  const int error = GENERATE(EMFILE, ENFILE);
  const ErrorInfo info = fail(action::MountTmpfs{.target = "/dev"}, Call::kOpen, error);
  CHECK(info.id == "too-many-files");
  CHECK(info.hint == "ulimit -n        # hard limit is 4096");
}

TEST_CASE("an injected fault is called one", "[failure]") {
  const ErrorInfo info = fail(action::NewSession{}, Call::kInjected, EIO);
  CHECK(info.cause == "session of its own: injected fault: Input/output error (EIO)");
  CHECK(info.run_code == 125);
}
