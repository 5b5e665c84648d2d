// A machine that refuses: no user namespaces, a full or read-only disk, no home, a result that cannot be written.
// Every lack is made for the one command, in namespaces of its own, never on the machine itself.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "support/catch.hpp"
#include "support/command.hpp"
#include "support/identity.hpp"

using podtest::Caller;
using podtest::Result;
using podtest::World;

namespace {

// Runs a shell script in a fresh mount namespace, as its root: "$1" is the world, "$2" podctl. The machine's root keeps its
// user namespace (podctl refuses a root without means, which is not meant here), everybody else gets one.
Result in_mount_namespace(const World& world, const std::string& script) {
  const std::string how = podtest::caller() == Caller::kMachineRoot ? "-m" : "-rm";
  return podtest::run({"unshare", how, "sh", "-c", script, "sh", world.path(), podtest::podctl_path()});
}

// Runs podctl in a user namespace whose own limit on namespaces of a kind is nil (namespaces(7)). The script makes
// sure that it is in a namespace of one id before it writes.
Result without_namespaces(const World& world, const std::string& kind) {
  const std::string script = R"(read -r inside outside count </proc/self/uid_map; [ "$count" = 1 ] || exit 98
echo 0 >"/proc/sys/user/max_$3_namespaces" || exit 99
exec "$2" --root "$1/root" run --cwd none -- true)";
  return podtest::run({"unshare", "-r", "sh", "-c", script, "sh", world.path(), podtest::podctl_path(), kind});
}

void check_error(const Result& result, const std::vector<std::string>& says) {
  INFO(result.out << result.err);
  CHECK(result.code == 125);
  CHECK(result.err.rfind("podctl: cannot ", 0) == 0);
  CHECK(result.err.find("\npodctl") == std::string::npos);
  CHECK(result.out.empty());
  for (const auto& part : says) CHECK(result.err.find(part) != std::string::npos);
}

bool is_the_full_device() {
  struct stat status {};
  return ::stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 7);
}

}  // namespace

TEST_CASE("user namespaces are forbidden", "[bad-input]") {
  const World world;
  const Result result = without_namespaces(world, "user");
  // To the machine's root a user namespace of one id is the nearer lack.
  if (podtest::caller() == Caller::kMachineRoot)
    check_error(result, {"this is the machine's root without the means", "[root-without-capabilities]"});
  else
    check_error(result,
                {"(stage sandbox, step 1 of ", "clone: No space left on device (ENOSPC)", "max_user_namespaces", "[userns-blocked]"});
  CHECK_FALSE(podtest::exists(world.path() + "/root/state/pods/main"));
}

TEST_CASE("network namespaces have run out", "[bad-input]") {
  if (podtest::caller() == Caller::kMachineRoot) return;  // as above; the three other callers come this far
  const World world;
  check_error(without_namespaces(world, "net"),
              {"(stage network, step ", "new net namespace: unshare: No space left on device (ENOSPC)", "[namespace-limit]"});
  CHECK_FALSE(podtest::exists(world.path() + "/root/state/pods/main"));
}

TEST_CASE("the disk is full", "[bad-input]") {
  const World world;
  world.folder("disk");
  const Result result = in_mount_namespace(world, R"(mount -t tmpfs -o size=64k none "$1/disk" || exit 99
mkdir "$1/disk/root"; cat /dev/zero >"$1/disk/fill" 2>/dev/null
"$2" --root "$1/disk/root" run --cwd none -- true; code=$?
find "$1/disk/root" -path '*/pods/*'; exit $code)");
  check_error(result, {"cannot run pod 'main'\n", "No space left on device (ENOSPC)", world.path() + "/disk/root/"});
}

TEST_CASE("the store cannot be written", "[bad-input]") {
  const World world;
  world.folder("disk");
  check_error(in_mount_namespace(world, R"(mount -t tmpfs -o ro none "$1/disk" && exec "$2" --root "$1/disk/root" run --cwd none -- true)"),
              {"mkdir " + world.path() + "/disk/root: Read-only file system (EROFS)"});
  check_error(podtest::run({podtest::podctl_path(), "--root", "/proc/podctl", "run", "--", "true"}),
              {"mkdir /proc/podctl: No such file or directory (ENOENT)"});
  check_error(podtest::run({podtest::podctl_path(), "--root", "/dev/null/podctl", "run", "--", "true"}),
              {"mkdir /dev/null/podctl", "(ENOTDIR)"});
  const auto caller = podtest::caller();
  if (caller == Caller::kMachineRoot || caller == Caller::kNestedRoot) return;  // modes of their own files do not bind them
  const std::string folder = world.folder("folder", 0500), manifest = world.file("secret.json", "{}", 0);
  check_error(podtest::run({podtest::podctl_path(), "--root", folder + "/root", "run", "--", "true"}),
              {"mkdir " + folder + "/root", "(EACCES)"});
  check_error(world.podctl({"run", manifest}), {"open " + manifest + ": Permission denied (EACCES)"});
}

TEST_CASE("a result that cannot be written", "[bad-input]") {
  REQUIRE(is_the_full_device());
  const World world;
  // Through a link of our own: should podctl put a new file in its place, the device is not what is lost.
  REQUIRE(::symlink("/dev/full", (world.path() + "/full").c_str()) == 0);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/full", "write " + world.path() + "/full: No space left on device (ENOSPC)"},
      {"/none/result.json", "No such file or directory (ENOENT)"},
      {"", "(EISDIR)"}};
  for (const auto& [file, says] : cases) {
    INFO(file);
    const Result result = world.podctl({"run", "--result", world.path() + file, "--cwd", "none", "--", "echo", "it ran"});
    INFO(result.err);
    CHECK(result.code == 125);
    CHECK(result.out == "it ran\n");  // the pod itself had its say, and its end is on record
    CHECK(result.err.rfind("podctl: the pod has ended, but its result could not be written\n", 0) == 0);
    CHECK(result.err.find(says) != std::string::npos);
    CHECK(podtest::read_file(world.path() + "/root/state/pods/main/status.json").find("\"Succeeded\"") != std::string::npos);
    CHECK_FALSE(podtest::exists(world.path() + file + ".podctl-new"));
  }
  CHECK(std::filesystem::is_symlink(world.path() + "/full"));
  CHECK(is_the_full_device());

  const std::string good = world.path() + "/result.json";
  CHECK(world.podctl({"run", "--result", good, "--cwd", "none", "--", "sh", "-c", "exit 3"}).code == 3);
  CHECK(podtest::read_file(good).find("\"code\": 3") != std::string::npos);
}

TEST_CASE("neither HOME nor XDG variables are set", "[bad-input]") {
  const World world;  // for what must not be left running
  const std::string name = "no-home-" + std::to_string(::getpid());
  const std::vector<std::string> bare{"env", "-i", "PATH=/usr/bin:/bin", podtest::podctl_path()};
  const auto podctl = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = bare;
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return podtest::run(argv);
  };
  const Result result = podctl({"run", "--name", name, "--cwd", "none", "--", "echo", "it ran"});
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK(result.out == "it ran\n");
  // Where a session has its folder podctl finds it without the variable; where there is none it says what it uses.
  const std::string note = "podctl: note: XDG_RUNTIME_DIR is not set; using /tmp/podctl-";
  CHECK((result.err.empty() || (result.err.rfind(note, 0) == 0 && result.err.find('\n') == result.err.size() - 1)));
  const Result removed = podctl({"rm", name});
  CHECK(removed.code == 0);
  CHECK(removed.out == "pod/" + name + "\n");
  CHECK(podctl({"rm", name}).code == 4);
}
