// Bad input: one clear error with its place, the right exit code, and nothing left (World looks).
#include <algorithm>

#include "support/catch.hpp"
#include "support/command.hpp"

using podtest::World;

namespace {

std::string manifest(const std::string& container, const std::string& rest = "") {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"restartPolicy":"Never",)" + rest +
         R"("containers":[{"name":"main",)" + container + "}]}}";
}

struct Case {
  std::string what, text;
  int run_code;      // of run; validate says 3 when that is 125 and the manifest is at fault
  bool valid;        // the manifest itself is fine: only this machine or its files are not
  std::string says;  // part of the error
};

}  // namespace

TEST_CASE("bad manifests and what they name", "[bad-input]") {
  const World world;
  world.file("file", "text");
  world.file("script", "#!/no/such/interpreter\n", 0755);
  world.file("plain", "text\n", 0644);
  world.folder("folder");
  const std::string at = world.path();
  const auto host_path = [&](const std::string& path, const std::string& type) {
    return manifest(R"("command":["true"],"volumeMounts":[{"name":"v","mountPath":"/data"}])",
                    R"("volumes":[{"name":"v","hostPath":{"path":")" + path + R"(","type":")" + type + R"("}}],)");
  };
  const std::vector<Case> cases{
      {"malformed", "{\"apiVersion\":\n  \"v1\",,}", 125, false, "2:"},
      {"misspelt field", manifest(R"("comand":["true"])"), 125, false, "did you mean \"command\""},
      {"wrong type", manifest(R"("command":"true")"), 125, false, "spec.containers[0].command"},
      {"duplicate name", manifest(R"("command":["true"]},{"name":"main","command":["true"])"), 125, false, "Duplicate value: \"main\""},
      {"missing volume", manifest(R"("command":["true"],"volumeMounts":[{"name":"dat","mountPath":"/data"}])"), 125, false,
       "Not found: \"dat\""},
      {"NUL in a name", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\u0000b"},"spec":{"containers":[{"name":"main"}]}})", 125,
       false, "metadata.name"},
      {"control character in a name",
       R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\u001b[31m"},"spec":{"containers":[{"name":"main"}]}})", 125, false,
       "metadata.name"},
      {"too large", std::string(std::size_t{10} << 20, ' ') + manifest(R"("command":["true"])"), 125, false, "3 MiB"},
      {"too deep", "{\"a\":" + std::string(150, '[') + std::string(150, ']') + "}", 125, false, "100"},
      {"subPath with ..",
       manifest(R"("command":["true"],"volumeMounts":[{"name":"v","mountPath":"/data","subPath":"../x"}])",
                R"("volumes":[{"name":"v","emptyDir":{}}],)"),
       125, false, "must not contain '..'"},
      {"no such root", manifest(R"("command":["true"],"image":"rootfs:)" + at + R"(/nowhere")"), 125, true, "/nowhere"},
      {"a root that is a file", manifest(R"("command":["true"],"image":"rootfs:)" + at + R"(/file")"), 125, true, "/file"},
      {"command not found", manifest(R"("command":["no-such-command"])"), 127, true, "\"no-such-command\" not found"},
      {"command that is no program", manifest(R"("command":["/etc/passwd"])"), 126, true, "/etc/passwd"},
      {"command that is a folder", manifest(R"("command":["/usr"])"), 126, true, "/usr"},
      {"hostPath: not a folder", host_path(at + "/file", "Directory"), 125, true, "hostPath type check failed"},
      {"hostPath: not a file", host_path(at + "/folder", "File"), 125, true, "hostPath type check failed"},
      {"hostPath: not a socket", host_path(at + "/file", "Socket"), 125, true, "hostPath type check failed"},
      {"hostPath: not a device", host_path(at + "/file", "CharDevice"), 125, true, "hostPath type check failed"},
      {"hostPath: not a block device", host_path(at + "/file", "BlockDevice"), 125, true, "hostPath type check failed"},
      {"hostPath: not there", host_path(at + "/nowhere", "Directory"), 125, true, "/nowhere"},
      {"an id outside of every map",
       manifest(
           R"("command":["true"],"securityContext":{"runAsUser":5},"image":"host"},{"name":"two","command":["true"],"securityContext":{"runAsUser":2000000000})"),
       125, true, ""},
  };
  for (const auto& one : cases) {
    INFO(one.what);
    const std::string file = world.file("pod.json", one.text);
    const auto run = world.podctl({"run", file});
    INFO(run.out << run.err);
    CHECK(run.code == one.run_code);
    CHECK(run.out.empty());
    CHECK(run.err.find(one.says) != std::string::npos);
    CHECK(run.err.rfind("podctl: ", 0) == 0);
    const auto errors = run.err.find("\npodctl: ");
    CHECK(errors == std::string::npos);
    CHECK(world.podctl({"validate", file}).code == (one.valid ? 0 : 3));
    // Nothing was created, on the machine or in the store.
    CHECK_FALSE(podtest::exists(at + "/nowhere"));
    CHECK_FALSE(podtest::exists(at + "/root/state/pods/bad"));
  }
}

TEST_CASE("files and flags that cannot be used", "[bad-input]") {
  const World world;
  struct Flag {
    std::vector<std::string> arguments;
    int code;
    std::string says;
  };
  const std::vector<Flag> cases{
      {{"run", world.path() + "/none.json"}, 125, "none.json"},
      {{"run", world.path()}, 125, "directory"},
      {{"validate", world.path() + "/none.json"}, 4, "none.json"},
      {{"run"}, 125, "which pod?"},
      {{"run", "--"}, 125, "no command"},
      {{"run", "--nmae", "x", "--", "true"}, 125, "did you mean \"--name\""},
      {{"run", "--timeout", "soon", "--", "true"}, 125, "no duration"},
      {{"run", "--status-fd", "77", "--", "true"}, 125, "no open descriptor"},
      {{"run", "--set", "nonsense", "--", "true"}, 125, "PATH=VALUE"},
      {{"run", "-d", "--", "true"}, 125, "-d"},
      {{"rnu", "x"}, 2, "did you mean \"run\""},
      {{"play", "kube"}, 2, "podctl run FILE"},
      {{"exec", "x"}, 125, "does not work yet"},
      {{"rm", "nothing"}, 4, "not found"},
  };
  for (const auto& one : cases) {
    std::string words;
    for (const auto& word : one.arguments) words += word + ' ';
    const auto result = world.podctl(one.arguments);
    INFO("podctl " << words << "said " << result.err);
    CHECK(result.code == one.code);
    CHECK(result.err.find(one.says) != std::string::npos);
    CHECK(result.out.empty());
  }
}

TEST_CASE("a store that cannot be used is one error", "[bad-input]") {
  for (const char* root : {"/proc/podctl", "/dev/null/podctl"}) {
    const auto result = podtest::run({podtest::podctl_path(), "--root", root, "run", "--", "true"});
    INFO(result.err);
    CHECK(result.code == 125);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') <= 3);
  }
}

TEST_CASE("a thousand containers run, or the limit that was met is named", "[many]") {
  const World world;
  std::string list;
  for (int i = 0; i < 1000; ++i)
    list += (i == 0 ? "" : ",") + std::string(R"({"name":"c)") + std::to_string(i) + R"(","command":["true"]})";
  const std::string file = world.file(
      "many.json",
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"many"},"spec":{"restartPolicy":"Never","containers":[)" + list + "]}}");
  const auto result = world.podctl({"run", "-q", file}, {.limit = std::chrono::seconds(120)});
  INFO(result.err);
  if (result.code != 0) {
    CHECK(result.code == 125);
    CHECK((result.err.find("limit") != std::string::npos || result.err.find("EMFILE") != std::string::npos ||
           result.err.find("ENOSPC") != std::string::npos || result.err.find("EAGAIN") != std::string::npos));
  }
}
