// The root file system of a container: the host's own files, or a folder under a throw-away layer.
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

// Everything below a folder, with kind and size: what must be the same after a pod has run on it.
std::set<std::string> inventory(const std::string& folder) {
  std::set<std::string> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat status {};
    REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
    all.insert(entry.path().string() + ' ' + std::to_string(status.st_mode) + ' ' + std::to_string(status.st_size) + ' ' +
               std::to_string(status.st_uid) + ' ' + std::to_string(status.st_mtim.tv_sec));
  }
  return all;
}

Json on_root(const std::string& folder) { return {{"image", "rootfs:" + folder}}; }

// Flags that leave the place of writable layers to podctl, and that put them on disk.
std::vector<std::string> anywhere() { return {}; }
std::vector<std::string> on_disk() { return {"--set", "metadata.annotations[podctl.dev/layers]=disk"}; }

}  // namespace

TEST_CASE("on the host's root programs are there, read-only, and homes are hidden", "[roots]") {
  const World world;
  CHECK(output_of(world, "ls -A /home /root /mnt /srv /media | tr -d '\\n'") == "/home:/media:/mnt:/root:/srv:");
  CHECK(output_of(world, "cat /etc/os-release") == read_file("/etc/os-release"));
  CHECK(output_of(world, "cmp /usr/bin/env /usr/bin/env && sha256sum < /usr/bin/env") == run({"sh", "-c", "sha256sum < /usr/bin/env"}).out);
  for (const auto* path : {"/usr/podctl-test", "/etc/podctl-test", "/bin/podctl-test", "/usr/bin/env", "/etc/passwd"}) {
    INFO(path);
    const std::string said = output_of(world, std::string("sh -c ': >> ") + path + "' 2>&1; true");
    CHECK((contains(said, "Read-only file system") || contains(said, "Permission denied")));  // the owner is asked first
    CHECK_FALSE(exists("/usr/podctl-test"));
  }
  CHECK(contains(output_of(world, "ls /var/tmp/* 2>&1; true"), "No such file"));  // where this test's world lies
}

TEST_CASE("on the host's root /tmp, /run and /var are fresh and writable", "[roots]") {
  const World world;
  CHECK(
      output_of(
          world,
          "ls -A /tmp /run/lock /var/tmp /var/log | grep -v :; for d in /tmp /run /var/tmp /var/lib /root; do echo x > $d/file && cat $d/file; done") ==
      "\n\n\nx\nx\nx\nx\nx\n");
  CHECK(output_of(world, "stat -c '%a' /tmp /var/tmp /root; ls -A /tmp") == "1777\n1777\n700\n");
  CHECK(output_of(world, "readlink /var/run /var/lock") == "/run\n/run/lock\n");
}

TEST_CASE("each container has its own fresh folders", "[roots]") {
  const World world;
  Json manifest = pod({container("one", "echo one > /tmp/mark; sleep 0.4; cat /tmp/mark"),
                       container("two", "sleep 0.2; cat /tmp/mark 2>/dev/null || echo none")});
  CHECK(run_pod(world, manifest, {"--log-prefix", "never"}).out == "none\none\n");
}

TEST_CASE("writes to a rootfs folder go to a layer that is thrown away", "[roots]") {
  const World world;
  const auto flags = GENERATE(anywhere(), on_disk());
  const std::string root = world.busybox_root();
  const auto before = inventory(root);
  const std::string script =
      "echo changed > /etc/passwd; cat /etc/passwd; rm /bin/vi; ls /bin/vi 2>&1; echo new > /new; mkdir -p /a/b; mv /etc/group /etc/moved; cat /new; ls /a /etc/moved";
  CHECK(output_of(world, script, on_root(root), flags) == "changed\nls: /bin/vi: No such file or directory\nnew\n/etc/moved\n\n/a:\nb\n");
  CHECK(inventory(root) == before);
  CHECK(output_of(world, "cat /new 2>/dev/null || echo fresh; ls /bin/vi", on_root(root), flags) == "fresh\n/bin/vi\n");
}

TEST_CASE("a rootfs folder can be named relative to the manifest", "[roots]") {
  const World world;
  REQUIRE(exists(world.busybox_root()));
  CHECK(output_of(world, "ls -d /bin/busybox", on_root("../busybox")) == "/bin/busybox\n");
}

TEST_CASE("a rootfs folder that is missing, or no folder, is an error that names it", "[roots]") {
  const World world;
  for (const std::string& path : {world.path() + "/nowhere", world.file("plain", "text")}) {
    Json main = container("main", "true");
    main["image"] = "rootfs:" + path;
    const Result result = run_pod(world, pod({main}));
    INFO(result.err);
    CHECK(result.code == 125);
    CHECK(contains(result.err, path));
  }
}

TEST_CASE("a writable layer is in memory where the kernel can, and on disk when the manifest says so", "[roots]") {
  const World world;
  const bool disk = GENERATE(false, true);
  Json main = container(
      "main", "mkdir /gone; rmdir /gone; mkdir /gone /bin/new; mv /bin/new /bin/moved; echo text > /written; echo ready; sleep 60");
  main["image"] = "rootfs:" + world.busybox_root();
  LivePod live(world, pod({main}), disk ? on_disk() : anywhere());
  live.await("ready");
  const std::string state = world.path() + "/root/state/pods/test";
  CHECK(exists(state + "/upper/main.0.upper/written") == (disk || !kernel_is_at_least(6, 6)));
  CHECK(read_file("/proc/" + std::to_string(live.member("main")) + "/root/written") == "text\n");
  live.stop();
  CHECK_FALSE(exists(state + "/upper"));
}

TEST_CASE("two containers on one folder do not see each other's writes", "[roots]") {
  const World world;
  const auto flags = GENERATE(std::vector<std::string>{"--log-prefix", "never"},
                              std::vector<std::string>{"--log-prefix", "never", "--set", "metadata.annotations[podctl.dev/layers]=disk"});
  Json one = container("one", "echo one > /mark; sleep 0.4; cat /mark"),
       two = container("two", "sleep 0.2; cat /mark 2>/dev/null || echo none");
  one["image"] = two["image"] = "rootfs:" + world.busybox_root();
  CHECK(run_pod(world, pod({one, two}), flags).out == "none\none\n");
}

TEST_CASE("a restart gets a fresh layer, and keeps the volumes", "[roots]") {
  const World world;
  Json main = container(
      "main",
      "[ -e /mark ] && echo stale; echo x > /mark; echo x >> /data/count; [ $(wc -l < /data/count) = 2 ] && echo second && exit 0; exit 1");
  main["volumeMounts"] = {mount("data", "/data")};
  std::vector<std::string> flags;
  SECTION("over a folder") { main["image"] = "rootfs:" + world.busybox_root(); }
  SECTION("over a folder, on disk") {
    main["image"] = "rootfs:" + world.busybox_root();
    flags = on_disk();
  }
  SECTION("the host's files") {}
  Json manifest = pod({main});
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", Json::object()}})};
  manifest["spec"]["restartPolicy"] = "OnFailure";
  const Result result = run_pod(world, manifest, flags);
  INFO(result.err);
  CHECK(result.out == "second\n");
  CHECK(result.code == 0);
}

TEST_CASE("readOnlyRootFilesystem leaves nothing writable but what is mounted", "[roots]") {
  const World world;
  Json change{{"securityContext", {{"readOnlyRootFilesystem", true}}}};
  const std::string tries =
      "for f in /x /etc/x /tmp/x /root/x; do sh -c \": > $f\" 2>&1 | grep -o 'Read-only file system'; done; echo x > /dev/shm/x && cat /dev/shm/x; echo bye > /dev/termination-log && echo said";
  SECTION("over a folder") {
    change["image"] = "rootfs:" + world.busybox_root();
    CHECK(output_of(world, tries, change) ==
          "Read-only file system\nRead-only file system\nRead-only file system\nRead-only file system\nx\nsaid\n");
  }
  SECTION("the host's files") {
    CHECK(output_of(world, tries, change) ==
          "Read-only file system\nRead-only file system\nRead-only file system\nRead-only file system\nx\nsaid\n");
  }
}

TEST_CASE("--overlay lays a throw-away layer over the host's folders", "[roots]") {
  const World world;
  Json change = Json::object();
  std::vector<std::string> flags;
  flags = GENERATE(anywhere(), on_disk());
  flags.emplace_back("--overlay");
  const std::string script =
      "echo new > /etc/podctl-test-mark && cat /etc/podctl-test-mark; mkdir -p /usr/podctl-test/deep && ls -d /usr/podctl-test/deep; "
      "rm /etc/os-release && ls /etc/os-release 2>/dev/null || echo gone";
  CHECK(output_of(world, script, change, flags) == "new\n/usr/podctl-test/deep\ngone\n");
  CHECK(exists("/etc/os-release"));
  CHECK_FALSE(exists("/etc/podctl-test-mark"));
  CHECK_FALSE(exists("/usr/podctl-test"));
}

TEST_CASE("workingDir is where the program starts, and is made when missing", "[roots]") {
  const World world;
  CHECK(output_of(world, "pwd", {{"workingDir", "/usr/share"}}) == "/usr/share\n");
  CHECK(output_of(world, "pwd; ls -A", {{"workingDir", "/tmp/made/for/it"}}) == "/tmp/made/for/it\n");
  const std::string root = world.busybox_root();
  CHECK(output_of(world, "pwd", {{"image", "rootfs:" + root}, {"workingDir", "/new/place"}}) == "/new/place\n");
  CHECK_FALSE(exists(root + "/new"));
}

TEST_CASE("workingDir cannot lead out through a descriptor", "[roots]") {
  const World world;
  const std::string root = world.busybox_root();
  std::filesystem::create_symlink("/proc/self/fd", root + "/trap");
  for (const auto* directory : {"/trap/9", "/proc/self/fd/9", "/proc/1/root", "/proc/self/cwd"}) {
    Json main = container("main", "pwd");
    main["image"] = "rootfs:" + root;
    main["workingDir"] = directory;
    const Result result = run({"sh", "-c", "exec 9</; exec \"$@\"", "sh", podctl_path(), "--root", world.path() + "/root", "run",
                               write_manifest(world, pod({main}))});
    INFO(directory << '\n' << result.out << result.err);
    CHECK(result.code == 125);
    CHECK(result.out == "");
    CHECK(contains(result.err, "working directory"));
  }
}
