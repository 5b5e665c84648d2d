// What is mounted in a container besides its files: /proc, /sys, /dev, and nothing of the machine's.
#include <algorithm>
#include <set>
#include <sstream>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

struct Mount {
  std::string root, target, options, type, source;
};

std::vector<Mount> mounts_of(const std::string& mountinfo) {
  std::vector<Mount> all;
  for (const auto& line : lines(mountinfo)) {  // proc(5): ID PARENT DEV ROOT TARGET OPTIONS [...] - TYPE SOURCE ...
    std::istringstream words(line);
    std::string skip;
    Mount mount;
    words >> skip >> skip >> skip >> mount.root >> mount.target >> mount.options;
    while (words >> skip && skip != "-") {
    }
    words >> mount.type >> mount.source;
    all.push_back(mount);
  }
  return all;
}

const Mount* find_mount(const std::vector<Mount>& all, const std::string& target) {
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const Mount& m) { return m.target == target; });
  return found == all.rend() ? nullptr : &*found;
}

bool has_option(const Mount& mount, const std::string& option) { return contains(',' + mount.options + ',', ',' + option + ','); }

// Tries a change, with every capability, and reports what came of it.
std::string try_with_all(const World& world, const std::string& script) {
  return output_of(world, script, {{"securityContext", {{"capabilities", {{"add", {"ALL"}}}}}}});
}

}  // namespace

TEST_CASE("the mounts of a container are the expected ones, and show no other path of the machine", "[mounts]") {
  const World world;
  const auto all = mounts_of(output_of(world, "cat /proc/self/mountinfo"));
  std::set<std::string> targets;
  for (const auto& mount : all) targets.insert(mount.target);
  for (const auto* target :
       {"/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/null", "/dev/termination-log", "/usr", "/etc"}) {
    INFO(target);
    CHECK(targets.count(target) == 1);
  }
  // The machine's own root may itself be a folder of a disk: what a mount shows is told from there.
  const auto own = mounts_of(read_file("/proc/self/mountinfo"));
  const Mount* root = find_mount(own, "/");
  REQUIRE(root != nullptr);
  const std::string disk = root->root == "/" ? "" : root->root;
  for (auto mount : all) {
    if (!disk.empty() && mount.root.rfind(disk + '/', 0) == 0) mount.root.erase(0, disk.size());
    INFO(mount.target << " shows " << mount.root << " of " << mount.source << " with " << mount.options);
    // The world's folder holds the pod's record: no mount may lead there, nor to homes or /var of the machine.
    CHECK_FALSE(contains(mount.root, world.path()));
    for (const auto* place : {"/home", "/root", "/var", "/boot", "/run", "/mnt", "/srv", "/media", "/tmp"}) {
      CHECK(mount.root.rfind(place, 0) != 0);
      CHECK(mount.target.rfind(place, 0) != 0);
    }
    if (mount.target == "/usr" || mount.target == "/etc" || mount.target == "/opt") CHECK(has_option(mount, "ro"));
    // Single device nodes, which no set-id bit does anything to; also what stands for hidden files of /proc.
    if (mount.type != "devtmpfs") CHECK(has_option(mount, "nosuid"));
  }
}

TEST_CASE("no mount of a container hears of the machine's later, nor tells it of its own", "[mounts]") {
  const World world;
  const std::string info = output_of(world, "cat /proc/self/mountinfo");
  CHECK_FALSE(contains(info, "shared:"));
  const std::string seen =
      try_with_all(world, "mkdir /tmp/m; mount -t tmpfs podctl-test-mark /tmp/m && grep -c podctl-test-mark /proc/self/mountinfo");
  CHECK(seen == "1\n");
  CHECK_FALSE(contains(read_file("/proc/self/mountinfo"), "podctl-test-mark"));
}

TEST_CASE("paths of /proc that act on the machine are read-only", "[mounts]") {
  const World world;
  for (const auto* path : {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger",
                           "/proc/irq/default_smp_affinity"}) {
    if (!exists(path)) continue;  // not in this kernel
    INFO(path);
    // Opened for appending and nothing written: only the opening is tried.
    const std::string said = try_with_all(world, std::string("sh -c ': >> ") + path + "' 2>&1; true");
    CHECK((contains(said, "Read-only file system") || contains(said, "Permission denied")));
  }
  const auto all = mounts_of(output_of(world, "cat /proc/self/mountinfo"));
  for (const auto* path : {"/proc/sys", "/proc/sysrq-trigger", "/proc/bus", "/proc/fs", "/proc/irq"}) {
    if (!exists(path)) continue;
    INFO(path);
    const Mount* mount = find_mount(all, path);
    REQUIRE(mount != nullptr);
    CHECK(has_option(*mount, "ro"));
  }
}

TEST_CASE("paths of /proc that tell too much are empty", "[mounts]") {
  const World world;
  std::vector<std::string> flags;
  SECTION("one pid namespace") {}
  SECTION("one for each container") { flags = {"--sharing", "kubernetes"}; }
  for (const auto* path :
       {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/interrupts", "/proc/sched_debug", "/proc/latency_stats"}) {
    if (!exists(path)) continue;
    INFO(path);
    CHECK(output_of(world, std::string("wc -c < ") + path, Json::object(), flags) == "0\n");
  }
  for (const auto* path : {"/proc/acpi", "/proc/scsi", "/proc/asound", "/sys/firmware"}) {
    if (!exists(path)) continue;
    INFO(path);
    CHECK(output_of(world, std::string("ls -A ") + path, Json::object(), flags) == "");
  }
}

TEST_CASE("/sys is read-only, even for who has every capability in the pod", "[mounts]") {
  const World world;
  const auto all = mounts_of(output_of(world, "cat /proc/self/mountinfo"));
  const Mount* sys = find_mount(all, "/sys");
  REQUIRE(sys != nullptr);
  CHECK(has_option(*sys, "ro"));
  CHECK(contains(try_with_all(world, "sh -c ': >> /sys/class/net/lo/ifalias' 2>&1; true"), "Read-only file system"));
}

TEST_CASE("/dev holds the usual devices, each the right one, and nothing else", "[mounts]") {
  const World world;
  CHECK(output_of(world, "cd /dev; echo *") ==
        "fd full mqueue null ptmx pts random shm stderr stdin stdout termination-log tty urandom zero\n");
  const std::string numbers = output_of(world, "cd /dev; stat -L -c '%n %F %t:%T' null zero full random urandom tty");
  CHECK(numbers ==
        "null character special file 1:3\nzero character special file 1:5\nfull character special file 1:7\n"
        "random character special file 1:8\nurandom character special file 1:9\ntty character special file 5:0\n");
  CHECK(output_of(world, "cd /dev; for l in fd stdin stdout stderr ptmx; do readlink $l; done") ==
        "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n");
  CHECK(
      output_of(
          world,
          "head -c 4 /dev/zero | od -An -tx1; echo x > /dev/null; head -c 8 /dev/urandom | wc -c; sh -c 'echo x > /dev/full' 2>/dev/null || echo full") ==
      " 00 00 00 00\n8\nfull\n");
}

TEST_CASE("a container cannot make a device of its own", "[mounts]") {
  const World world;
  CHECK(contains(try_with_all(world, "mknod /tmp/disk b 254 0 2>&1; true"), "Operation not permitted"));
}

TEST_CASE("/dev/pts is an instance of its own in each container", "[mounts]") {
  const World world;
  // The first terminal of a fresh instance is number 0, whatever is open elsewhere.
  const std::string script =
      "perl -e 'open F, \"+<\", \"/dev/ptmx\" or die; my $n = pack \"i\", -1; ioctl F, 0x80045430, $n or die; print unpack(\"i\", $n), \"\\n\"; system \"ls /dev/pts\"'";
  if (!has_means(exists("/usr/bin/perl"), "perl")) return;
  CHECK(output_of(world, script) == "0\n0\nptmx\n");
  const auto all = mounts_of(output_of(world, "cat /proc/self/mountinfo"));
  REQUIRE(find_mount(all, "/dev/pts") != nullptr);
  CHECK(find_mount(all, "/dev/pts")->type == "devpts");
}

TEST_CASE("/dev/shm is one for the pod, of 64 MiB", "[mounts]") {
  const World world;
  CHECK(output_of(world, "stat -f -c '%T' /dev/shm; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; stat -c %a /dev/shm") ==
        "tmpfs\n65536\n1777\n");
  CHECK(contains(output_of(world, "head -c 66m /dev/zero > /dev/shm/big 2>/tmp/said; cat /tmp/said; stat -c %s /dev/shm/big"),
                 "No space left on device"));
  Json manifest = pod(
      {container("one", "echo shared > /dev/shm/word; n=0; until [ -e /dev/shm/seen ] || [ $n = 100 ]; do n=$((n+1)); sleep 0.05; done"),
       container(
           "two",
           "n=0; until [ -s /dev/shm/word ] || [ $n = 100 ]; do n=$((n+1)); sleep 0.05; done; cat /dev/shm/word; touch /dev/shm/seen")});
  CHECK(run_pod(world, manifest, {"--log-prefix", "never"}).out == "shared\n");
  CHECK_FALSE(exists("/dev/shm/word"));
}

TEST_CASE("/dev/mqueue is the pod's", "[mounts]") {
  const World world;
  Json manifest = pod(
      {container("one", "touch /dev/mqueue/queue && n=0; until [ -e /dev/shm/seen ] || [ $n = 100 ]; do n=$((n+1)); sleep 0.05; done"),
       container(
           "two",
           "n=0; until [ -e /dev/mqueue/queue ] || [ $n = 100 ]; do n=$((n+1)); sleep 0.05; done; ls /dev/mqueue; touch /dev/shm/seen")});
  const Result result = run_pod(world, manifest, {"--log-prefix", "never"});
  CHECK(result.out == "queue\n");
  CHECK(result.code == 0);
}

TEST_CASE("a container that may mount can take its masks away only from itself, and finds no host files below", "[mounts]") {
  const World world;
  const std::string canary = world.file("canary", "the machine's");
  const std::string said = try_with_all(world, "umount -l /proc/sys 2>&1; umount -l /usr 2>&1; umount -l / 2>&1; cat " + canary +
                                                   " 2>&1; mount --bind / /mnt 2>&1; cat /mnt" + canary + " 2>&1; true");
  CHECK_FALSE(contains(said, "the machine's"));
}
