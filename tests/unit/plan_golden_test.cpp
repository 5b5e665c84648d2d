// Whole plans, line by line: the default pod, and what each choice of a manifest changes in it.
#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

// The text without the line break it begins with.
std::string golden(std::string_view text) { return std::string(text.substr(1)); }

const Plan& plain() {
  static const Plan plan = plan_of(one_container());
  return plan;
}

}  // namespace

TEST_CASE("the plan of one container on the host's own files", "[plan]") {
  CHECK(text_of(plain()) == golden(R"(
monitor new-sandbox: new user, mnt, ipc, uts, pid namespaces
pause map-ids: map of user and group ids (users 0 -> 1000 (1 id); groups 0 -> 1001 (1 id))
pause die-with-monitor: SIGKILL when the monitor ends
network new-network: new net namespace
network configure-loopback: loopback interface up (10.244.188.240/32, fd00:10:244::bcf0/128)
pause set-hostname: hostname "web"
pause stop-propagation: mounts made here stay here (slave, recursive)
pause mount-pod-tree: new tmpfs for the pod tree (2097152 bytes)
pause bind-host: host /etc in the pod tree (at /h/etc, must be a directory, read-only, nosuid, nodev)
pause bind-host: host /usr in the pod tree (at /h/usr, must be a directory, read-only, nosuid, nodev)
pause bind-devices: device nodes in /t/dev (null zero full random urandom tty)
pause mount-tmpfs: new tmpfs on /t/empty (mode 0555, size 4k, read-only, nosuid, nodev, noexec)
pause mount-proc: new proc on /t/proc (nosuid, nodev, noexec)
pause mask-paths: masks in /t/proc (hidden: acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats; read-only: bus fs irq sys sysrq-trigger)
pause mount-tmpfs: new tmpfs on /t/shm (mode 01777, size 64m, nosuid, nodev, noexec)
pause write-files: 3 files in /f (hosts hostname resolv.conf)
pause join-network: join the pod's net namespace
pause mount-sysfs: new sysfs on /t/sys (read-only, nosuid, nodev, noexec)
pause mask-paths: masks in /t/sys (hidden: firmware devices/virtual/powercap)
pause enter-pod-tree: the pod tree becomes the root (the host's is let go)
pause start-pause: pause program (from a sealed memory file; no descriptors, not dumpable)
app join-pod: join user, mnt, net, ipc, uts, pid (new mnt, cgroup)
app mount-tmpfs: new tmpfs on / (mode 0755, nosuid, nodev)
app move-mount: mount of /etc (moved from /h/etc)
app move-mount: mount of /usr (moved from /h/usr)
app move-mount: mount of /proc (moved from /t/proc)
app move-mount: mount of /sys (moved from /t/sys)
app mount-tmpfs: new tmpfs on /dev (mode 0755, size 64k, nosuid, noexec)
app fill-dev: device nodes in /dev (null zero full random urandom tty)
app mount-devpts: new devpts on /dev/pts (newinstance, ptmxmode=0666, mode=0620)
app move-mount: mount of /dev/shm (moved from /t/shm)
app mount-mqueue: new mqueue on /dev/mqueue (nosuid, nodev, noexec)
app bind-into: mount of /etc/hosts (shows /f/hosts)
app bind-into: mount of /etc/hostname (shows /f/hostname)
app bind-into: mount of /etc/resolv.conf (shows /f/resolv.conf)
app make-message-file: empty message file /s/app (mode 0666)
app bind-into: mount of /dev/termination-log (shows /s/app)
app enter-root: its own root (what is around it is let go)
app note-mark: cgroup namespace noted
app await-pause: wait until pause is ready
app new-session: session of its own
app connect-streams: standard streams (empty input; nothing else inherited)
app change-directory: working directory / (made when missing)
app restore-limits: limit on open files (soft 1024, hard 4096)
app limit-capabilities: capabilities (CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP)
app set-identity: user 0, group 0 (groups of the caller stay: one id is mapped)
app die-with-monitor: SIGKILL when the monitor ends
app forbid-new-privileges: no new privileges by exec
app exec-program: run "/bin/true" ("/bin/true")
)"));
}

TEST_CASE("rootfs: brings a writable layer on disk", "[plan]") {
  CHECK(changes(plain(), plan_of(one_container(R"j("image":"rootfs:root/fs")j"))) == golden(R"(
- pause bind-host: host /etc in the pod tree (at /h/etc, must be a directory, read-only, nosuid, nodev)
- pause bind-host: host /usr in the pod tree (at /h/usr, must be a directory, read-only, nosuid, nodev)
- app mount-tmpfs: new tmpfs on / (mode 0755, nosuid, nodev)
- app move-mount: mount of /etc (moved from /h/etc)
- app move-mount: mount of /usr (moved from /h/usr)
+ pause bind-host: host /work/root/fs in the pod tree (at /r/0, must be a directory, read-only, nodev)
+ monitor make-host-directory: host folder /state/web (mode 0700, if missing)
+ monitor make-host-directory: host folder /state/web/upper (mode 0700, if missing)
+ pause bind-host: host /state/web/upper in the pod tree (at /w, must be a directory, nosuid, nodev)
+ monitor:app make-layer: writable layer app (in /state/web/upper)
+ app mount-overlay: overlay on / (layer app over /r/0)
)"));
}

TEST_CASE("where the kernel can, a writable layer is in memory and goes with the container", "[plan]") {
  HostFacts facts = user_facts();
  facts.layers_in_memory = true;
  const std::string spec = one_container(R"j("image":"rootfs:root/fs")j");
  CHECK(changes(plan_of(spec), plan_of(spec, facts)) == golden(R"(
- monitor make-host-directory: host folder /state/web (mode 0700, if missing)
- monitor make-host-directory: host folder /state/web/upper (mode 0700, if missing)
- pause bind-host: host /state/web/upper in the pod tree (at /w, must be a directory, nosuid, nodev)
- monitor:app make-layer: writable layer app (in /state/web/upper)
+ app mount-layers: writable layers in memory (tmpfs on /w: app.upper app.work)
)"));
  CHECK(changes(plan_of(spec, facts), plan_of(spec, facts, R"j("podctl.dev/layers":"memory")j")) == golden("\n"));
  CHECK(changes(plan_of(spec), plan_of(spec, facts, R"j("podctl.dev/layers":"disk")j")) == golden("\n"));
  CHECK_THROWS_AS(plan_of(spec, user_facts(), R"j("podctl.dev/layers":"memory")j"), Error);
}

TEST_CASE("podctl.dev/overlay lays a layer over each folder of the host", "[plan]") {
  CHECK(changes(plain(), plan_of(one_container(), user_facts(), R"j("podctl.dev/overlay":"true")j")) == golden(R"(
- app move-mount: mount of /etc (moved from /h/etc)
- app move-mount: mount of /usr (moved from /h/usr)
+ monitor make-host-directory: host folder /state/web (mode 0700, if missing)
+ monitor make-host-directory: host folder /state/web/upper (mode 0700, if missing)
+ pause bind-host: host /state/web/upper in the pod tree (at /w, must be a directory, nosuid, nodev)
+ monitor:app make-layer: writable layer app.etc (in /state/web/upper)
+ monitor:app make-layer: writable layer app.usr (in /state/web/upper)
+ app mount-overlay: overlay on /etc (layer app.etc over /h/etc)
+ app mount-overlay: overlay on /usr (layer app.usr over /h/usr)
)"));
}

TEST_CASE("hostNetwork leaves the network, its sysfs and the name to the host, and is marked", "[plan]") {
  CHECK(changes(plain(), plan_of(cat(R"j("hostNetwork":true,)j", one_container()))) == golden(R"(
- monitor new-sandbox: new user, mnt, ipc, uts, pid namespaces
- network new-network: new net namespace
- network configure-loopback: loopback interface up (10.244.188.240/32, fd00:10:244::bcf0/128)
- pause set-hostname: hostname "web"
- pause join-network: join the pod's net namespace
- pause mount-sysfs: new sysfs on /t/sys (read-only, nosuid, nodev, noexec)
- app join-pod: join user, mnt, net, ipc, uts, pid (new mnt, cgroup)
+ monitor new-sandbox: new user, mnt, ipc, uts, pid namespaces ! hostNetwork: the pod reaches all that this user reaches
+ pause set-hostname: hostname "box"
+ pause bind-host: host /sys in the pod tree (at /t/sys, must be a directory, read-only, nosuid, nodev, noexec) ! the pod uses the machine's network
+ app join-pod: join user, mnt, ipc, uts, pid (new mnt, cgroup)
)"));
}

TEST_CASE("hostIPC shows the host's /dev/shm, and is marked", "[plan]") {
  CHECK(changes(plain(), plan_of(cat(R"j("hostIPC":true,)j", one_container()))) == golden(R"(
- monitor new-sandbox: new user, mnt, ipc, uts, pid namespaces
- pause mount-tmpfs: new tmpfs on /t/shm (mode 01777, size 64m, nosuid, nodev, noexec)
- app join-pod: join user, mnt, net, ipc, uts, pid (new mnt, cgroup)
- app mount-mqueue: new mqueue on /dev/mqueue (nosuid, nodev, noexec)
+ monitor new-sandbox: new user, mnt, uts, pid namespaces ! hostIPC: it sees the machine's System V IPC and /dev/shm
+ pause bind-host: host /dev/shm in the pod tree (at /t/shm, must be a directory)
+ app join-pod: join user, mnt, net, uts, pid (new mnt, cgroup)
)"));
}

TEST_CASE("network none has loopback alone", "[plan]") {
  CHECK(changes(plain(), plan_of(one_container(), user_facts(), R"j("podctl.dev/network":"none")j")) == golden(R"(
- network configure-loopback: loopback interface up (10.244.188.240/32, fd00:10:244::bcf0/128)
+ network configure-loopback: loopback interface up
)"));
}

TEST_CASE("sharing kubernetes gives each container its own pid namespace and proc", "[plan]") {
  CHECK(changes(plain(), plan_of(one_container(), user_facts(), R"j("podctl.dev/sharing":"kubernetes")j")) == golden(R"(
- pause mask-paths: masks in /t/proc (hidden: acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats; read-only: bus fs irq sys sysrq-trigger)
- app join-pod: join user, mnt, net, ipc, uts, pid (new mnt, cgroup)
- app move-mount: mount of /proc (moved from /t/proc)
+ app join-pod: join user, mnt, net, ipc, uts, pid (new mnt, pid, cgroup)
+ app mount-proc: new proc on /proc (nosuid, nodev, noexec)
+ app mask-paths: masks in /proc (hidden: acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats; read-only: bus fs irq sys sysrq-trigger)
)"));
}

TEST_CASE("the machine's root gives the pod a shifted range, and takes the host's trees first", "[plan]") {
  CHECK(changes(plain(), plan_of(one_container(), root_facts())) == golden(R"(
- pause map-ids: map of user and group ids (users 0 -> 1000 (1 id); groups 0 -> 1001 (1 id))
- app set-identity: user 0, group 0 (groups of the caller stay: one id is mapped)
+ monitor take-tree: mounts of /etc (as they are)
+ monitor take-tree: mounts of /usr (as they are)
+ monitor map-ids: map of user and group ids (0 -> 2147418112 (65536 ids))
+ pause become-pod-root: user 0, group 0 of the pod
+ app become-pod-root: user 0, group 0 of the pod
+ app set-identity: user 0, group 0
)"));
}

TEST_CASE("the machine's root shifts the ids of a rootfs", "[plan]") {
  CHECK(changes(plain(), plan_of(one_container(R"j("image":"rootfs:/root/fs")j"), root_facts())) == golden(R"(
- pause map-ids: map of user and group ids (users 0 -> 1000 (1 id); groups 0 -> 1001 (1 id))
- pause bind-host: host /etc in the pod tree (at /h/etc, must be a directory, read-only, nosuid, nodev)
- pause bind-host: host /usr in the pod tree (at /h/usr, must be a directory, read-only, nosuid, nodev)
- app mount-tmpfs: new tmpfs on / (mode 0755, nosuid, nodev)
- app move-mount: mount of /etc (moved from /h/etc)
- app move-mount: mount of /usr (moved from /h/usr)
- app set-identity: user 0, group 0 (groups of the caller stay: one id is mapped)
+ monitor take-tree: mounts of /root/fs (ids shifted into the pod's range)
+ monitor make-host-directory: host folder /state/web (mode 0700, if missing)
+ monitor make-host-directory: host folder /state/web/upper (mode 0700, if missing, owner 2147418112)
+ monitor take-tree: mounts of /state/web/upper (as they are)
+ monitor map-ids: map of user and group ids (0 -> 2147418112 (65536 ids))
+ pause become-pod-root: user 0, group 0 of the pod
+ pause bind-host: host /root/fs in the pod tree (at /r/0, must be a directory, read-only, nodev)
+ pause bind-host: host /state/web/upper in the pod tree (at /w, must be a directory, nosuid, nodev)
+ monitor:app make-layer: writable layer app (in /state/web/upper)
+ app become-pod-root: user 0, group 0 of the pod
+ app mount-overlay: overlay on / (layer app over /r/0)
+ app set-identity: user 0, group 0
)"));
}

TEST_CASE("the settings of a container that change one step each", "[plan]") {
  struct Row {
    const char *more, *changes;
  };
  const Row row = GENERATE(Row{R"j("securityContext":{"runAsUser":33})j", R"(
- pause map-ids: map of user and group ids (users 0 -> 1000 (1 id); groups 0 -> 1001 (1 id))
- app set-identity: user 0, group 0 (groups of the caller stay: one id is mapped)
+ pause map-ids: map of user and group ids (users 33 -> 1000 (1 id); groups 34 -> 1001 (1 id))
+ app set-identity: user 33, group 34 (groups of the caller stay: one id is mapped)
)"},
                           Row{R"j("securityContext":{"allowPrivilegeEscalation":true})j", R"(
- app forbid-new-privileges: no new privileges by exec
- app exec-program: run "/bin/true" ("/bin/true")
+ app exec-program: run "/bin/true" ("/bin/true") ! allowPrivilegeEscalation: setuid programs keep their effect
)"},
                           Row{R"j("securityContext":{"readOnlyRootFilesystem":true})j", R"(
+ app make-root-read-only: root file system read-only
)"},
                           Row{R"j("terminationMessagePath":"","stdin":true,"workingDir":"/a/../b")j", R"(
- app make-message-file: empty message file /s/app (mode 0666)
- app bind-into: mount of /dev/termination-log (shows /s/app)
- app connect-streams: standard streams (empty input; nothing else inherited)
- app change-directory: working directory / (made when missing)
+ app connect-streams: standard streams (input from podctl; nothing else inherited)
+ app change-directory: working directory /b (made when missing)
)"},
                           Row{R"j("securityContext":{"capabilities":{"add":["NET_ADMIN"],"drop":["CHOWN"]}})j", R"(
- app limit-capabilities: capabilities (CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP)
+ app limit-capabilities: capabilities (DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_ADMIN NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP) ! more capabilities than the usual set
)"});
  CAPTURE(row.more);
  CHECK(changes(plain(), plan_of(one_container(row.more))) == golden(row.changes));
}
