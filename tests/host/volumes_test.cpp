// Volumes: each exists once in the pod, and containers show it to themselves.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

// A pod of one container with one volume, mounted on /data.
Json with_volume(const std::string& script, const Json& source, const Json& more = Json::object()) {
  Json main = container("main", script);
  main["volumeMounts"] = {mount("data", "/data", more)};
  Json manifest = pod({main});
  manifest["spec"]["volumes"] = {volume("data", source)};
  return manifest;
}

Result run_with(const World& world, const Json& manifest, const std::vector<Json>& objects) {
  return world.podctl({"run", write_manifest(world, manifest, objects)});
}

Json host_path(const std::string& path, const std::string& type = {}) {
  Json source{{"hostPath", {{"path", path}}}};
  if (!type.empty()) source["hostPath"]["type"] = type;
  return source;
}

void make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  sockaddr generic[8]{};  // the larger of the two, for the sake of its type
  static_assert(sizeof generic >= sizeof address);
  std::memcpy(generic, &address, sizeof address);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(fd, generic, sizeof address) == 0);
  ::close(fd);
}

Json object(const std::string& kind, const std::string& name, const Json& data) {
  return {{"apiVersion", "v1"}, {"kind", kind}, {"metadata", {{"name", name}}}, {"data", data}};
}

}  // namespace

TEST_CASE("emptyDir starts empty, may be written, and is gone with the pod", "[volumes]") {
  const World world;
  const Json disk{{"emptyDir", Json::object()}}, memory{{"emptyDir", {{"medium", "Memory"}}}};
  for (const auto& source : {disk, memory}) {
    for (int i = 0; i < 2; ++i) {
      const Result result = run_pod(world, with_volume("ls -A /data; echo x > /data/file; cat /data/file; stat -c %a:%u /data", source));
      INFO(result.err);
      CHECK(result.out == "x\n777:0\n");
    }
    CHECK_FALSE(exists(world.path() + "/root/state/pods/test/volumes"));
  }
  CHECK(run_pod(world, with_volume("stat -f -c %T /data", memory)).out == "tmpfs\n");
  CHECK(run_pod(world, with_volume("stat -f -c %T /data", disk)).out != "tmpfs\n");
}

TEST_CASE("a volume in memory meets its limit", "[volumes]") {
  const World world;
  const Json source{{"emptyDir", {{"medium", "Memory"}, {"sizeLimit", "1Mi"}}}};
  const Result result =
      run_pod(world, with_volume("head -c 1048576 /dev/zero > /data/all && echo fits; exec head -c 4096 /dev/zero > /data/more", source));
  CHECK(result.out == "fits\n");
  CHECK(contains(result.err, "No space left on device"));
  CHECK(result.code == 1);
}

TEST_CASE("containers see each other's writes at once, in memory and on disk", "[volumes]") {
  const World world;
  for (const auto* medium : {"", "Memory"}) {
    Json writer = container("writer", "echo word > /w/new && mv /w/new /w/word; until [ -e /w/read ]; do sleep 0.02; done; echo done"),
         reader = container("reader", "until [ -e /r/word ]; do sleep 0.02; done; cat /r/word; touch /r/read");
    writer["volumeMounts"] = {mount("shared", "/w")};
    reader["volumeMounts"] = {mount("shared", "/r")};
    Json manifest = pod({writer, reader});
    manifest["spec"]["volumes"] = {volume("shared", {{"emptyDir", {{"medium", medium}}}})};
    const Result result = run_pod(world, manifest, {"--timeout", "20s", "--log-prefix", "never"});
    INFO("medium '" << medium << "' " << result.err);
    CHECK(result.out == "word\ndone\n");
  }
}

TEST_CASE("an init container's work reaches the others through a volume", "[volumes]") {
  const World world;
  Json init = container("init", "echo prepared > /data/file");
  init["volumeMounts"] = {mount("data", "/data")};
  Json manifest = with_volume("cat /data/file; sh -c 'echo x > /data/file' 2>&1 | grep -o 'Read-only file system'",
                              {{"emptyDir", Json::object()}}, {{"readOnly", true}});
  manifest["spec"]["initContainers"] = {init};
  CHECK(run_pod(world, manifest, {"--log-prefix", "never"}).out == "prepared\nRead-only file system\n");
}

TEST_CASE("a readOnly mount cannot be written, nor mounted anew", "[volumes]") {
  const World world;
  const std::string script =
      "mount -o remount,rw,bind /data 2>/dev/null && echo remounted; umount /data 2>/dev/null && echo unmounted; sh -c 'echo x > /data/file' 2>&1 | grep -o 'Read-only file system'";
  Json manifest = with_volume(script, host_path(world.folder("shared")), {{"readOnly", true}});
  CHECK(run_pod(world, manifest).out == "Read-only file system\n");
  CHECK(std::filesystem::is_empty(world.path() + "/shared"));
}

TEST_CASE("hostPath of every type takes what is right", "[volumes]") {
  const World world;
  const std::string folder = world.folder("folder");
  world.file("folder/file", "content\n");
  make_socket(world.path() + "/socket");
  CHECK(run_pod(world, with_volume("cat /data/file; echo y > /data/made", host_path(folder))).out == "content\n");
  CHECK(read_file(folder + "/made") == "y\n");
  CHECK(run_pod(world, with_volume("cat /data/file", host_path(folder, "Directory"))).out == "content\n");
  CHECK(run_pod(world, with_volume("cat /data", host_path(folder + "/file", "File"))).out == "content\n");
  CHECK(run_pod(world, with_volume("cat /data", host_path(folder + "/file"))).out == "content\n");
  CHECK(run_pod(world, with_volume("[ -S /data ] && echo socket", host_path(world.path() + "/socket", "Socket"))).out == "socket\n");
  CHECK(run_pod(world, with_volume("stat -c %t:%T /data", host_path("/dev/null", "CharDevice"))).out == "1:3\n");
  const Result device = run_pod(world, with_volume("stat -c %t:%T /data", host_path("/dev/null")));
  if (caller() == Caller::kMachineRoot) {  // whose pods need shifted ids, and devtmpfs has none to give
    CHECK(device.code == 125);
    CHECK(contains(device.err, "hostPath.type CharDevice or BlockDevice"));
  } else {
    CHECK(device.out == "1:3\n");
  }
  CHECK(run_pod(world, with_volume("echo z > /data/file", host_path(world.path() + "/deep/new", "DirectoryOrCreate"))).code == 0);
  CHECK(read_file(world.path() + "/deep/new/file") == "z\n");
  CHECK(run_pod(world, with_volume("echo z >> /data", host_path(folder + "/fresh", "FileOrCreate"))).code == 0);
  CHECK(read_file(folder + "/fresh") == "z\n");
  CHECK(run_pod(world, with_volume("cat /data", host_path(folder + "/fresh", "FileOrCreate"))).out == "z\n");
}

TEST_CASE("hostPath of a wrong type is an error that names the path, and nothing starts", "[volumes]") {
  const World world;
  const std::string folder = world.folder("folder"), file = world.file("file", "content");
  const std::vector<std::pair<std::string, std::string>> wrong{{file, "Directory"},
                                                               {file, "DirectoryOrCreate"},
                                                               {folder, "File"},
                                                               {folder, "FileOrCreate"},
                                                               {file, "Socket"},
                                                               {file, "CharDevice"},
                                                               {"/dev/null", "BlockDevice"},
                                                               {world.path() + "/missing", "Directory"},
                                                               {world.path() + "/missing", "File"},
                                                               {world.path() + "/missing", "Socket"},
                                                               {world.path() + "/missing", "CharDevice"}};
  for (const auto& [path, type] : wrong) {
    const Result result = run_pod(world, with_volume("echo started", host_path(path, type)));
    INFO(path << ' ' << type << '\n' << result.err);
    CHECK(result.code == 125);
    CHECK(result.out == "");
    CHECK(contains(result.err, path));
  }
  CHECK_FALSE(exists(world.path() + "/missing"));
}

TEST_CASE("a configMap has the layout of a kubelet, is read-only, and has the modes asked for", "[volumes]") {
  const World world;
  const Json config = object("ConfigMap", "config", {{"one", "first\n"}, {"two", "second\n"}});
  const std::string script =
      "cd /data; ls -1; readlink one; cat one two; ls -d ..data | wc -l; case $(readlink ..data) in ..20*) echo dated;; esac; "
      "stat -L -c %a one two; sh -c 'echo x > one' 2>&1 | grep -o 'Read-only file system'; sh -c 'echo x > new' 2>&1 | grep -o 'Read-only file system'";
  const Json source{{"configMap", {{"name", "config"}, {"defaultMode", 288}}}};
  const Result result = run_with(world, with_volume(script, source), {config});
  INFO(result.err);
  CHECK(result.out == "one\ntwo\n..data/one\nfirst\nsecond\n1\ndated\n440\n440\nRead-only file system\nRead-only file system\n");
  const Json picked{{"configMap", {{"name", "config"}, {"items", {{{"key", "two"}, {"path", "sub/renamed"}, {"mode", 256}}}}}}};
  CHECK(run_with(world, with_volume("cd /data; ls; cat sub/renamed; stat -L -c %a sub/renamed", picked), {config}).out ==
        "sub\nsecond\n400\n");
}

TEST_CASE("a secret lies in memory, decoded, and for its user alone when so asked", "[volumes]") {
  const World world;
  const Json secret = object("Secret", "secret", {{"token", "aHVzaAo="}});  // "hush\n"
  const Json source{{"secret", {{"secretName", "secret"}, {"defaultMode", 256}}}};
  const Result result =
      run_with(world, with_volume("rev < /data/token; stat -L -c %a /data/token; stat -f -c %T /data/", source), {secret});
  INFO(result.err);
  CHECK(result.out == "hsuh\n400\ntmpfs\n");
  // Nothing of it is written to the disk: the record names the object alone, and the log has it backwards.
  CHECK(run({"grep", "-rlE", "hush|aHVzaAo", world.path() + "/root"}).out == "");
}

TEST_CASE("a missing object is an error, unless it is optional", "[volumes]") {
  const World world;
  for (const Json& source : {Json{{"configMap", {{"name", "absent"}}}}, Json{{"secret", {{"secretName", "absent"}}}}}) {
    const Result result = run_pod(world, with_volume("echo started", source));
    INFO(result.err);
    CHECK(result.code == 125);
    CHECK(contains(result.err, "absent"));
    Json optional = source;
    optional.begin().value()["optional"] = true;
    CHECK(run_pod(world, with_volume("ls /data | wc -l", optional)).out == "0\n");
  }
}

TEST_CASE("subPath shows one folder or file of a volume, made when missing", "[volumes]") {
  const World world;
  const std::string folder = world.folder("shared");
  world.file("shared/sub/inner", "inside\n");
  const Json source = host_path(folder);
  CHECK(run_pod(world, with_volume("ls /data; cat /data/inner", source, {{"subPath", "sub"}})).out == "inner\ninside\n");
  CHECK(run_pod(world, with_volume("cat /data", source, {{"subPath", "sub/inner"}})).out == "inside\n");
  CHECK(run_pod(world, with_volume("echo x > /data/file", source, {{"subPath", "made/for/it"}})).code == 0);
  CHECK(read_file(folder + "/made/for/it/file") == "x\n");
  const Json config = object("ConfigMap", "config", {{"one", "first\n"}});
  Json manifest = with_volume("cat /data; sh -c 'echo x > /data' 2>&1 | grep -o 'Read-only file system'",
                              {{"configMap", {{"name", "config"}}}}, {{"subPath", "one"}});
  CHECK(run_with(world, manifest, {config}).out == "first\nRead-only file system\n");
}

TEST_CASE("subPath that leads out of the volume is refused", "[volumes]") {
  const World world;
  const std::string folder = world.folder("shared");
  world.file("outside/secret", "the machine's\n");
  std::filesystem::create_symlink("../outside", folder + "/relative");
  std::filesystem::create_symlink(world.path() + "/outside", folder + "/absolute");
  std::filesystem::create_symlink("/etc/passwd", folder + "/file");
  std::filesystem::create_symlink("..", folder + "/up");
  for (const auto* path : {"..", "../outside", "a/../../outside", "/etc", "relative", "absolute", "relative/secret", "file", "up/outside",
                           "up/new", "absolute/new"}) {
    const Result result = run_pod(world, with_volume("cat /data/secret /data; ls /data", host_path(folder), {{"subPath", path}}));
    INFO(path << '\n' << result.out << result.err);
    CHECK(result.code == 125);
    CHECK(result.out == "");
  }
  CHECK_FALSE(exists(world.path() + "/new"));
  CHECK_FALSE(exists(world.path() + "/outside/new"));
}

TEST_CASE("a container's link in a volume does not lead its sibling's subPath out", "[volumes]") {
  const World world;
  Json init = container("init", "ln -s / /data/trap; ln -s /etc/passwd /data/file");
  init["volumeMounts"] = {mount("data", "/data")};
  for (const auto* path : {"trap", "file", "trap/etc"}) {
    Json manifest = with_volume("ls -d /data/etc /data", {{"emptyDir", Json::object()}}, {{"subPath", path}});
    manifest["spec"]["initContainers"] = {init};
    const Result result = run_pod(world, manifest);
    INFO(path << '\n' << result.err);
    CHECK(result.code == 125);
    CHECK(result.out == "");
  }
}

TEST_CASE("a mount path through a link of the root stays in the root", "[volumes]") {
  const World world;
  const std::string root = world.busybox_root(), outside = world.folder("outside");
  std::filesystem::create_symlink("../../../../../.." + outside, root + "/link");
  std::filesystem::create_symlink(outside, root + "/absolute");
  for (const auto* path : {"/link/data", "/absolute/data"}) {
    Json main = container("main", "echo x > " + std::string(path) + "/file && cat " + path + "/file");
    main["image"] = "rootfs:" + root;
    main["volumeMounts"] = {mount("data", path)};
    Json manifest = pod({main});
    manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", {{"medium", "Memory"}}}})};
    const Result result = run_pod(world, manifest);
    INFO(path << result.err);
    CHECK(result.out == "x\n");
  }
  CHECK(std::filesystem::is_empty(outside));
}

TEST_CASE("mounts nest by their paths, whatever their order in the manifest", "[volumes]") {
  const World world;
  for (const bool outer_first : {true, false}) {
    Json main = container("main", "echo o > /data/outer; echo i > /data/in/inner; ls /data /data/in | tr '\\n' ' '");
    main["volumeMounts"] = {mount("outer", "/data"), mount("inner", "/data/in")};
    if (!outer_first) std::reverse(main["volumeMounts"].begin(), main["volumeMounts"].end());
    Json manifest = pod({main});
    manifest["spec"]["volumes"] = {volume("inner", {{"emptyDir", {{"medium", "Memory"}}}}),
                                   volume("outer", {{"emptyDir", Json::object()}})};
    CHECK(run_pod(world, manifest).out == "/data: in outer  /data/in: inner ");
  }
}

TEST_CASE("the final message is read from its file, cut to the last 4096 bytes", "[volumes]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  REQUIRE(run_pod(world, pod({container("main", "echo -n farewell > /dev/termination-log; exit 3")}), {"--result", file}).code == 3);
  Json end = container_status(read_json(file), "main")["state"]["terminated"];
  CHECK(end["message"] == "farewell");
  CHECK(end["exitCode"] == 3);
  Json main = container("main", "head -c 5000 /dev/zero | tr '\\0' a > /tmp/note; printf END >> /tmp/note");
  main["terminationMessagePath"] = "/tmp/note";
  REQUIRE(run_pod(world, pod({main}), {"--result", file}).code == 0);
  const std::string message = container_status(read_json(file), "main")["state"]["terminated"]["message"];
  CHECK(message.size() == 4096);
  CHECK(message.substr(4093) == "END");
}

TEST_CASE("a final message cannot be made to show a file of the machine", "[volumes]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  const std::string script =
      "umount /dev/termination-log 2>/dev/null; rm -f /dev/termination-log; ln -s /etc/passwd /dev/termination-log; true";
  Json main = container("main", script);
  main["securityContext"] = {{"capabilities", {{"add", {"ALL"}}}}};
  REQUIRE(run_pod(world, pod({main}), {"--result", file}).code == 0);
  CHECK_FALSE(container_status(read_json(file), "main")["state"]["terminated"].contains("message"));
}

TEST_CASE("a projected volume shows objects and the pod side by side, in memory and read-only", "[volumes]") {
  const World world;
  const Json sources{{{"configMap", {{"name", "m"}}}},
                     {{"secret", {{"name", "s"}, {"items", {{{"key", "word"}, {"path", "deep/word"}, {"mode", 0400}}}}}}},
                     {{"downwardAPI",
                       {{"items",
                         {{{"path", "name"}, {"fieldRef", {{"fieldPath", "metadata.name"}}}},
                          {{"path", "labels"}, {"fieldRef", {{"fieldPath", "metadata.labels"}}}}}}}}}};
  Json manifest = with_volume(
      "cd /data; cat one deep/word name labels; echo; stat -c '%a %u' ..data/one ..data/deep/word; readlink deep; stat -f -c %T .; "
      "touch one 2>&1 | grep -o 'Read-only file system'; test ! -d ..data/../..data/none",
      {{"projected", {{"sources", sources}}}});
  manifest["metadata"]["labels"] = {{"app", "x"}, {"a", "1"}};
  const Result result =
      run_with(world, manifest,
               {{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "m"}}}, {"data", {{"one", "1\n"}}}},
                {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "s"}}}, {"stringData", {{"word", "hush\n"}}}}});
  INFO(result.err);
  CHECK(result.out == "1\nhush\ntesta=\"1\"\napp=\"x\"\n644 0\n400 0\n..data/deep\ntmpfs\nRead-only file system\n");
}

TEST_CASE("volumes may show the same large object many times", "[volumes]") {
  const World world;
  Json main = container("main", "cat /*/big | wc -c");
  Json volumes = Json::array();
  for (int i = 0; i < 8; ++i) {
    main["volumeMounts"].push_back(mount("v" + std::to_string(i), "/v" + std::to_string(i)));
    volumes.push_back(volume("v" + std::to_string(i), {{"configMap", {{"name", "m"}}}}));
  }
  Json manifest = pod({main});
  manifest["spec"]["volumes"] = volumes;
  const Result result = run_with(
      world, manifest,
      {{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "m"}}}, {"data", {{"big", std::string(1000000, 'x')}}}}});
  INFO(result.err);
  CHECK(result.out == "8000000\n");
}

TEST_CASE("a claimed volume is there for the next pod, and is new only once", "[volumes]") {
  const World world;
  const Json claim{{"persistentVolumeClaim", {{"claimName", "kept"}}}};
  const Result first = run_pod(world, with_volume("id -u > /data/file; stat -c '%u %a' /data/file", claim));
  INFO(first.err);
  CHECK(first.out == "0 644\n");
  CHECK(contains(first.err, "/volumes/kept is new, and stays when the pod has ended"));
  Json second = with_volume("cat /data/file; stat -c %u /data/file; touch /data/x 2>&1 | grep -o 'Read-only file system'", claim);
  second["spec"]["volumes"][0]["persistentVolumeClaim"]["readOnly"] = true;
  const Result again = run_pod(world, second);
  INFO(again.err);
  CHECK(again.out == "0\n0\nRead-only file system\n");
  CHECK_FALSE(contains(again.err, "is new"));
}

TEST_CASE("a claim for one pod at a time is held by the pod that uses it", "[volumes]") {
  const World world;
  const Json claim{{"persistentVolumeClaim", {{"claimName", "alone"}}}};
  const Json object{{"apiVersion", "v1"},
                    {"kind", "PersistentVolumeClaim"},
                    {"metadata", {{"name", "alone"}}},
                    {"spec", {{"accessModes", {"ReadWriteOncePod"}}}}};
  LivePod holder(world, with_volume("echo ready; exec sleep 60", claim));
  holder.await("ready");
  Json other = with_volume("echo in", claim);
  other["metadata"]["name"] = "other";
  CHECK(run_pod(world, other).out == "in\n");  // who does not ask to be alone shares it
  const Result refused = run_with(world, other, {object});
  CHECK(refused.code == 125);
  CHECK(contains(refused.err, "flock"));
  CHECK(contains(refused.err, "[volume-in-use]"));
  holder.stop();
  CHECK(run_with(world, other, {object}).out == "in\n");
}

TEST_CASE("an ephemeral volume is gone with its pod", "[volumes]") {
  const World world;
  const Json source{{"ephemeral", {{"volumeClaimTemplate", {{"spec", {{"accessModes", {"ReadWriteOnce"}}}}}}}}};
  const std::string script = "ls /data; echo x > /data/file; cat /data/file";
  for (int i = 0; i < 2; ++i) CHECK(run_pod(world, with_volume(script, source)).out == "x\n");
}
