// podctl cp: files in and out of containers, what they look like there, and containers that mean harm.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "host/detached.hpp"
#include "support/catch.hpp"

using namespace podtest;
namespace fs = std::filesystem;

namespace {

const std::string kWait = "trap 'exit 0' TERM; mkdir -p /tmp/.ready; while :; do sleep 0.05; done";

// A detached pod whose containers have made what they begin with.
class Prepared : public Detached {
 public:
  Prepared(const World& world, const Json& pod) : Detached(world, pod) {
    for (const auto& one : pod["spec"]["containers"]) {
      const std::string name = "test/" + one["name"].get<std::string>();
      CHECK(eventually([&] { return world.podctl({"exec", name, "--", "test", "-e", "/tmp/.ready"}).code == 0; }));
    }
  }
};

Json one_container(const std::string& before = {}) { return pod({container("app", before + (before.empty() ? "" : "; ") + kWait)}); }

// Runs a script in the container's first app container; gives what it printed.
std::string inside(const World& world, const std::string& script, const std::string& container = "test") {
  const Result result = world.podctl({"exec", container, "--", "sh", "-c", script});
  INFO(result.err);
  CHECK(result.code == 0);
  return result.out;
}

Result copy(const World& world, const std::string& from, const std::string& to, const Options& options = {}) {
  return world.podctl({"cp", from, to}, options);
}

void copied(const World& world, const std::string& from, const std::string& to) {
  const Result result = copy(world, from, to);
  INFO(from << " to " << to << ": " << result.err);
  CHECK(result.code == 0);
  CHECK(result.err == "");
}

void refused(const World& world, const std::string& from, const std::string& to, int code, const std::vector<std::string>& parts) {
  const Result result = copy(world, from, to);
  INFO(from << " to " << to << ": " << result.err);
  CHECK(result.code == code);
  for (const auto& part : parts) CHECK(contains(result.err, part));
}

// A folder with all that a copy may come across.
std::string make_tree(const World& world) {
  const std::string top = world.folder("tree");
  const std::string deep = "tree/" + std::string(90, 'n') + '/' + std::string(120, 'm');
  world.folder(deep);
  world.file(deep + "/file", "deep");
  world.folder("tree/empty");
  for (const char* name : {"a b", "line\nline", "gr\xc3\xbc\xc3\x9f", "\xff\xfe", "-rf", ".hidden"})
    world.file("tree/" + std::string(name), name);
  world.file("tree/program", "#!/bin/sh\n", 0750);
  fs::create_symlink("program", top + "/link");
  fs::create_symlink("/etc/passwd", top + "/absolute");
  fs::create_symlink("../../../..", top + "/up");
  const timespec times[2] = {{1, 0}, {1'500'000'000, 987'654'321}};
  REQUIRE(::utimensat(AT_FDCWD, (top + "/program").c_str(), times, 0) == 0);
  REQUIRE(::utimensat(AT_FDCWD, top.c_str(), times, 0) == 0);
  return top;
}

}  // namespace

TEST_CASE("cp brings a tree in and out again, with modes, times and links", "[cp]") {
  const World world;
  const std::string tree = make_tree(world);
  for (const char* sharing : {"pod", "kubernetes"}) {
    INFO(sharing);
    Json manifest = pod({container("app", kWait), container("log", kWait)});
    manifest["metadata"]["annotations"] = {{"podctl.dev/sharing", sharing}};
    const Prepared pod(world, manifest);
    copied(world, tree, "test/log:/tmp");
    // Folders say no size that is the same everywhere.
    const std::string list = "find . ! -type d -printf '%P %M %T@ %s %l|'; find . -type d -printf '%P %M %T@|'";
    const auto sorted = [](std::string text) {
      std::sort(text.begin(), text.end());
      return text;
    };
    CHECK(sorted(inside(world, "cd /tmp/tree && " + list, "test/log")) ==
          sorted(run({"sh", "-c", "cd \"$1\" && " + list, "sh", tree}).out));
    CHECK(inside(world, "ls /tmp", "test/app") == "");
    const std::string back = world.path() + "/back";
    copied(world, "test/log:/tmp/tree", back);
    const std::string plain = "cd \"$1\" && " + list;
    CHECK(sorted(run({"sh", "-c", plain, "sh", back}).out) == sorted(run({"sh", "-c", plain, "sh", tree}).out));
    CHECK(run({"diff", "-r", "--no-dereference", tree, back}).out == "");
    fs::remove_all(back);
  }
}

TEST_CASE("what cp makes in a container belongs to its user, and what it may not do cp may not", "[cp]") {
  const World world;
  Json manifest = pod({container("app", "umask 0; mkdir -m 700 /tmp/own; echo secret > /tmp/own/f; chmod 600 /tmp/own/f; " + kWait)});
  manifest["spec"]["containers"][0]["securityContext"] = {{"runAsUser", 1234}, {"runAsGroup", 1234}};
  const std::string file = world.file("f", "text", 0640);
  const Prepared pod(world, manifest);
  copied(world, file, "test:/tmp/f");
  CHECK(inside(world, "stat -c '%u %g %a' /tmp/f") == "1234 1234 640\n");
  copied(world, "test:/tmp/own/f", world.path() + "/out");
  struct stat status {};
  REQUIRE(::stat((world.path() + "/out").c_str(), &status) == 0);
  CHECK(status.st_uid == ::getuid());
  CHECK(status.st_gid == ::getgid());
  refused(world, file, "test:/usr/f", 1, {"cannot write \"/usr/f\" in container 'app' of pod 'test'"});
}

TEST_CASE("cp has no capability that the container gave up", "[cp]") {
  if (!has_id_range()) return;
  const World world;
  Json app = container("app", kWait), other = container("other", "echo secret > /shared/f; chmod 600 /shared/f; " + kWait);
  app["securityContext"] = {{"capabilities", {{"drop", {"ALL"}}}}};
  other["securityContext"] = {{"runAsUser", 1234}};
  for (auto* one : {&app, &other}) (*one)["volumeMounts"] = {mount("shared", "/shared")};
  Json init = container("init", "chmod 1777 /shared");
  init["volumeMounts"] = {mount("shared", "/shared")};
  Json manifest = pod({app, other});
  manifest["spec"]["initContainers"] = {init};
  manifest["spec"]["volumes"] = {volume("shared", {{"emptyDir", Json::object()}})};
  const Prepared pod(world, manifest);
  REQUIRE(eventually([&] { return world.podctl({"exec", "test/other", "--", "test", "-s", "/shared/f"}).code == 0; }));
  CHECK(world.podctl({"exec", "test/app", "--", "cat", "/shared/f"}).code == 1);
  refused(world, "test/app:/shared/f", world.path() + "/f", 1, {"cannot read \"/shared/f\" in container 'app'", "Permission denied"});
  CHECK(!exists(world.path() + "/f"));
  copied(world, "test/other:/shared/f", world.path() + "/f");
}

TEST_CASE("cp sees the root that exec sees, also with mounts that all containers share", "[cp]") {
  const World world;
  Json manifest = pod({container("app", kWait), container("log", kWait)});
  manifest["metadata"]["annotations"]["podctl.dev/share-mounts"] = "true";
  const Prepared pod(world, manifest);
  inside(world, "echo here > /tmp/f; ln -s /tmp/f /tmp/absolute; ln -s ../../../../tmp/f /tmp/up");
  for (const char* name : {"f", "absolute", "up"}) {
    copied(world, "test/log:/tmp/" + std::string(name), world.path() + "/" + name);
    CHECK(read_file(world.path() + "/" + name) == "here\n");
  }
}

TEST_CASE("cp passes a tar stream in and out", "[cp]") {
  const World world;
  const Prepared pod(world, one_container("mkdir /tmp/d; echo one > /tmp/d/f"));
  const std::string out = world.path() + "/out";
  const auto shell = [&](const std::string& script) {
    Options options{.directory = world.path()};
    return run({"bash", "-o", "pipefail", "-c", script, "bash", podctl_path(), "--root", world.path() + "/root"}, options);
  };
  fs::create_directory(out);
  Result result = shell("\"$@\" cp test:/tmp/d - | tar -C out -x");
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK(read_file(out + "/d/f") == "one\n");
  result = shell("\"$@\" cp test:/tmp/d/. - | tar -t");
  CHECK(result.out == "./\n./f\n");
  CHECK(result.err == "");
  result = shell("ln out/d/f out/d/g; tar -C out -c d/f d/g | \"$@\" cp - test:/run");
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK(inside(world, "cat /run/d/f; stat -c %h /run/d/g") == "one\n2\n");
  result = shell("tar -C out -cz d | \"$@\" cp - test:/run");
  CHECK(result.code == 1);
  CHECK(contains(result.err, "standard input is no tar archive"));
  result = shell("tar -C out -c d | head -c 1536 | \"$@\" cp - test:/run");
  CHECK(result.code == 1);
  CHECK(contains(result.err, "cut off"));
  result = shell("tar -C out -c d | \"$@\" cp - test:/tmp/d/f");
  CHECK(result.code == 1);
  CHECK(contains(result.err, "Not a directory"));
}

TEST_CASE("cp names the side that something is wrong with", "[cp]") {
  const World world;
  const std::string file = world.file("f", "text"), folder = world.folder("folder");
  const Prepared pod(world, one_container("mkdir -p /tmp/d/f; mkfifo /tmp/fifo; echo x > /tmp/x"));
  const std::string where = " in container 'app' of pod 'test'";
  refused(world, file + "no", "test:/tmp", 4, {"cannot read \"" + file + "no\"\n", "ENOENT"});
  refused(world, "test:/tmp/x/y", folder, 4, {"cannot read \"/tmp/x/y\"" + where, "ENOTDIR"});
  refused(world, "test:/no", folder, 4, {"cannot read \"/no\"" + where, "ENOENT"});
  refused(world, file, "test:/no/f", 4, {"cannot write \"/no/f\"" + where, "there is no folder \"/no\""});
  refused(world, file, "test:/tmp/no/", 4, {"cannot write \"/tmp/no\"" + where, "no such folder"});
  refused(world, file, "test:/tmp/d", 1, {"cannot write \"/tmp/d/f\"" + where, "it is a folder"});
  refused(world, folder, "test:/tmp/x", 1, {"cannot write \"/tmp/x\"" + where, "no folder"});
  refused(world, file, "test:/usr/f", 1, {"cannot write \"/usr/f\"" + where, "Read-only file system"});
  refused(world, "test:/tmp/fifo", folder, 1, {"cannot read \"/tmp/fifo\"" + where, "neither a file nor a folder"});
  refused(world, "test:/dev/zero", folder, 1, {"neither a file nor a folder"});
  refused(world, "test:/tmp/x", world.path() + "/no/x", 4, {"cannot write \"" + world.path() + "/no/x\"\n", "there is no folder"});
  refused(world, "no:/x", folder, 4, {"\"no\" not found"});
  refused(world, "test/no:/x", folder, 4, {"no container \"no\""});
  CHECK(fs::is_empty(folder));
  world.podctl({"stop", "test"});
  refused(world, "test:/x", folder, 5, {"does not run"});
}

TEST_CASE("what cannot be read does not keep the rest from being copied", "[cp]") {
  const World world;
  Json manifest = one_container("mkdir /tmp/d; cd /tmp/d; for f in a b c d; do echo $f > $f; done; chmod 0 b c");
  manifest["spec"]["containers"][0]["securityContext"] = {{"runAsUser", 1234}, {"runAsGroup", 1234}};
  const Prepared pod(world, manifest);
  refused(world, "test:/tmp/d", world.path() + "/out", 1,
          {"cannot read \"/tmp/d/b\" in container 'app' of pod 'test'", "Permission denied (EACCES); and 1 other file likewise",
           "everything else is copied"});
  CHECK(run({"ls", world.path() + "/out"}).out == "a\nd\n");
}

TEST_CASE("cp replaces files, and writes to one that is a mount point", "[cp]") {
  const World world;
  const std::string file = world.file("f", "new\n"), mounted = world.file("mounted", "something longer\n", 0666);
  Json manifest = one_container("echo old > /tmp/f; ln /tmp/f /tmp/g");
  manifest["spec"]["containers"][0]["volumeMounts"] = {mount("file", "/mounted")};
  manifest["spec"]["volumes"] = {volume("file", {{"hostPath", {{"path", mounted}, {"type", "File"}}}})};
  const Prepared pod(world, manifest);
  copied(world, file, "test:/tmp/f");
  CHECK(inside(world, "cat /tmp/f /tmp/g") == "new\nold\n");
  copied(world, file, "test:/mounted");
  CHECK(read_file(mounted) == "new\n");
}

TEST_CASE("a full file system in a container is told of, and no process stays", "[cp]") {
  const World world;
  Json app = container("app", kWait);
  app["volumeMounts"] = {mount("small", "/small")};
  Json manifest = pod({app});
  manifest["spec"]["volumes"] = {volume("small", {{"emptyDir", {{"medium", "Memory"}, {"sizeLimit", "1Mi"}}}})};
  const std::string file = world.file("big", std::string(std::size_t{3} << 20, 'x'));
  const Prepared pod(world, manifest);
  refused(world, file, "test:/small", 1, {"cannot write \"/small/big\" in container 'app'", "No space left on device"});
}

TEST_CASE("a large file streams, and a hole stays one", "[cp]") {
  const World world;
  const std::string file = world.path() + "/large", sparse = world.path() + "/sparse";
  run({"sh", "-c", "head -c 200000000 /dev/zero | tr '\\0' x > \"$1\"; truncate -s 1G \"$2\"; echo end >> \"$2\"", "sh", file, sparse});
  const Prepared pod(world, one_container());
#ifdef __SANITIZE_ADDRESS__
  const std::string limit = "unlimited";  // its shadow alone is terabytes of address space
#else
  const std::string limit = "60000";
#endif
  const auto copy = [&](const std::string& from, const std::string& to) {
    return run({"sh", "-c", "ulimit -v " + limit + "; exec \"$@\"", "sh", podctl_path(), "--root", world.path() + "/root", "cp", from, to});
  };
  const Result in = copy(file, "test:/tmp/large");
  INFO(in.err);
  CHECK(in.code == 0);
  const Result out = copy("test:/tmp/large", file + "2");
  INFO(out.err);
  CHECK(out.code == 0);
  CHECK(run({"cmp", file, file + "2"}).code == 0);
  copied(world, sparse, "test:/tmp/sparse");
  CHECK(inside(world, "stat -c %s /tmp/sparse; tail -c 4 /tmp/sparse") == "1073741828\nend\n");
  copied(world, "test:/tmp/sparse", sparse + "2");
  struct stat status {};
  REQUIRE(::stat((sparse + "2").c_str(), &status) == 0);
  CHECK(status.st_size == 1073741828);
  CHECK(status.st_blocks * 512 < 1 << 20);
}

TEST_CASE("links of a container lead nowhere but into it", "[cp]") {
  const World world;
  const std::string out = world.folder("out");
  const std::string secret = world.file("secret", "the caller's");
  const Prepared pod(world, one_container("mkdir /tmp/d; cd /tmp/d; ln -s " + secret + " abs; ln -s ../../../../../../../.." + secret +
                                          " up; ln -s /proc/self/root/etc/passwd magic; ln -s /proc/self/exe exe; ln -s / root"));
  refused(world, "test:/tmp/d/abs", out, 4, {"cannot read", "ENOENT"});
  refused(world, "test:/tmp/d/up", out, 4, {"cannot read", "ENOENT"});
  // The copying process is in no pid namespace of the pod: /proc knows no "self" for it.
  refused(world, "test:/tmp/d/magic", out, 4, {"cannot read"});
  refused(world, "test:/tmp/d/exe", out, 4, {"cannot read"});
  refused(world, "test:" + std::string("/tmp/d/root/../../../../..") + secret, out, 4, {"ENOENT"});
  CHECK(fs::is_empty(out));
  copied(world, "test:/tmp/d", out);
  CHECK(fs::read_symlink(out + "/d/abs") == secret);
  // What came out is not followed when more comes, and the file it leads to stays.
  inside(world, "rm /tmp/d/abs; echo evil > /tmp/d/abs; rm /tmp/d/up; mkdir /tmp/d/up; echo evil > /tmp/d/up/f");
  refused(world, "test:/tmp/d", out, 1, {"cannot write", "no folder"});
  CHECK(read_file(out + "/d/abs") == "evil\n");
  CHECK(read_file(secret) == "the caller's");
  // Nor by what goes in.
  inside(world, "rm -r /tmp/d/up; ln -s " + world.path() + " /tmp/d/up");
  refused(world, secret, "test:/tmp/d/up/secret", 4, {"cannot write"});
}

TEST_CASE("no set-uid program, device or fifo comes out of a container", "[cp]") {
  const World world;
  const std::string out = world.path() + "/out";
  const Prepared pod(world, one_container("mkdir /tmp/d; cd /tmp/d; cp /bin/sh sh; chmod 6755 sh; mkfifo fifo"));
  Result result = copy(world, "test:/tmp/d", out);
  CHECK(result.code == 0);
  CHECK(result.err == "podctl: note: left out: \"/tmp/d/fifo\" is neither file, folder nor link\n");
  struct stat status {};
  REQUIRE(::stat((out + "/sh").c_str(), &status) == 0);
  CHECK(status.st_mode == (S_IFREG | 0755));
  result = world.podctl({"cp", "-q", "test:/dev", out + "/dev"});
  CHECK(result.err == "");
  CHECK(run({"find", out, "-type", "b", "-o", "-type", "c", "-o", "-type", "p", "-o", "-type", "s"}).out == "");
}

TEST_CASE("the copying process loads nothing of the container's", "[cp]") {
  // What the C library would read before it converts a name: here it would wait for ever.
  const World world;
  const std::string root = world.folder("rootfs");
  REQUIRE(run({"cp", "-r", world.busybox_root() + "/.", root}).code == 0);
  for (const char* folder :
       {"rootfs/usr/lib/x86_64-linux-gnu/gconv", "rootfs/usr/lib/aarch64-linux-gnu/gconv", "rootfs/usr/lib/locale", "rootfs/etc"})
    world.folder(folder);
  std::vector<std::string> traps{"etc/nsswitch.conf", "etc/localtime", "usr/lib/locale/locale-archive"};
  for (const char* machine : {"x86_64", "aarch64"})
    for (const char* file : {"gconv-modules", "gconv-modules.cache"})
      traps.push_back("usr/lib/" + std::string(machine) + "-linux-gnu/gconv/" + file);
  for (const auto& trap : traps) {
    fs::remove(root + "/" + trap);
    REQUIRE(::mkfifo((root + "/" + trap).c_str(), 0666) == 0);
  }
  Json manifest = one_container("mkdir /tmp/d; echo x > /tmp/d/gr\xc3\xbc\xc3\x9f");
  manifest["spec"]["containers"][0]["image"] = "rootfs:" + root;
  const Prepared pod(world, manifest);
  const Options soon{.limit = std::chrono::seconds(20)};
  CHECK(copy(world, "test:/tmp/d", world.path() + "/d", soon).code == 0);
  CHECK(copy(world, world.path() + "/d", "test:/tmp/e", soon).code == 0);
  CHECK(inside(world, "cat /tmp/e/gr*") == "x\n");
  const Result passed =
      run({"sh", "-c", "\"$@\" cp test:/tmp/d - | \"$@\" cp - test:/", "sh", podctl_path(), "--root", world.path() + "/root"}, soon);
  INFO(passed.err);
  CHECK(passed.code == 0);
  CHECK(inside(world, "cat /d/gr*") == "x\n");
}

TEST_CASE("a container that swaps folders for links while it is copied leads nobody out", "[cp]") {
  const World world;
  const std::string secret = world.file("secret/f", "the caller's"), tree = world.folder("tree/d");
  world.file("tree/d/f", "mine");
  const std::string folder = world.path() + "/secret";
  // d is a folder and a link in turn, to a place that has a file of the same name outside.
  const Prepared pod(
      world, one_container("mkdir -p /tmp/t/real /tmp/t/d; echo theirs > /tmp/t/real/f; ln -s " + folder +
                           " /tmp/t/link; cd /tmp/t; mkdir /tmp/.ready; while :; do mv -T d x; cp -P link d; rm -f d; cp -r real d; "
                           "rm -rf d x; mkdir d; done 2>/dev/null"));
  for (int i = 0; i < 30; ++i) {
    const std::string out = world.path() + "/out";
    const Result back = copy(world, "test:/tmp/t", out);
    CHECK((back.code == 0 || back.code == 1));
    if (fs::exists(out)) {
      CHECK(run({"grep", "-r", "caller", out}).out == "");
      fs::remove_all(out);
    }
    const Result in = copy(world, world.path() + "/tree/.", "test:/tmp/t");
    CHECK((in.code == 0 || in.code == 1));
    CHECK(read_file(secret) == "the caller's");
  }
}

TEST_CASE("the copying process cannot be seen from inside, and ends with the command", "[cp]") {
  const World world;
  const Prepared pod(world, one_container());
  // Standard input that does not end keeps the process in the container waiting.
  Background cp({"sh", "-c", "sleep 30 | \"$@\"", "sh", podctl_path(), "--root", world.path() + "/root", "cp", "-", "test:/tmp"});
  std::vector<int> copiers;
  REQUIRE(eventually([&] {
    copiers.clear();
    for (const int child : children_of(cp.pid()))
      for (const int copier : children_of(child)) copiers.push_back(copier);
    return copiers.size() == 1;
  }));
  const std::string copier = "/proc/" + std::to_string(copiers.front());
  const int member = podtest::read_json(pod.folder() + "/status.json")["status"]["podctl"]["containerPids"]["app"];
  const auto is_inside = [&](const std::string& kind) { return namespace_of(copiers.front(), kind) == namespace_of(member, kind); };
  if (::getuid() == 0 && caller() == Caller::kMachineRoot) {
    CHECK(eventually([&] { return is_inside("mnt"); }));
    CHECK(is_inside("user"));
    CHECK_FALSE(is_inside("pid"));
    // Its ends of two pipes, and the folder it writes to.
    CHECK(run({"sh", "-c", "for f in \"$1\"/fd/*; do readlink $f | sed s/[0-9].*//; done | sort", "sh", copier}).out ==
          "/tmp\npipe:[\npipe:[\n");
  }
  CHECK_FALSE(contains(inside(world, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), "podctl cp"));
  struct stat status {};
  REQUIRE(::stat((copier + "/fd").c_str(), &status) == 0);
  CHECK(status.st_uid == 0);  // not dumpable (proc_pid(5))
  ::kill(children_of(cp.pid()).back(), SIGINT);
  CHECK(eventually([&] { return !exists(copier) || contains(read_file(copier + "/stat"), " Z "); }));
  cp.signal(SIGKILL);
  cp.wait();
}
