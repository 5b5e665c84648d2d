// Bad input: one clear error with its place, the right exit code, and nothing left (World looks).
#include <unistd.h>

#include <algorithm>

#include "support/catch.hpp"
#include "support/command.hpp"
#include "support/identity.hpp"

using podtest::World;

namespace {

std::string manifest(const std::string& container, const std::string& rest = "") {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{"restartPolicy":"Never",)" + rest +
         R"("containers":[{"name":"main",)" + container + "}]}}";
}

struct Case {
  std::string what, text;
  int run_code;                   // of run; validate says 3 when that is 125 and the manifest is at fault
  bool valid;                     // the manifest itself is fine: only this machine or its files are not
  std::vector<std::string> says;  // parts of the error: the field's path or the place in the file first
};

// How often `line` begins one of text's lines.
long lines_with(const std::string& text, const std::string& begin) {
  long count = text.rfind(begin, 0) == 0 ? 1 : 0;
  for (auto at = text.find('\n' + begin); at != std::string::npos; at = text.find('\n' + begin, at + 1)) ++count;
  return count;
}

// One error, its exit code and its words; nothing created, on the machine or in the store (World looks at the rest).
void check(const World& world, const Case& one) {
  INFO(one.what);
  const std::string file = world.file("pod.json", one.text);
  const auto run = world.podctl({"run", file});
  INFO(run.out << run.err);
  CHECK(run.code == one.run_code);
  CHECK(run.out.empty());
  for (const auto& part : one.says) CHECK(run.err.find(part) != std::string::npos);
  CHECK(run.err.rfind("podctl: ", 0) == 0);
  CHECK(lines_with(run.err, "podctl") == 1);
  CHECK(lines_with(run.err, "  hint: ") <= 1);
  if (run.err.find(", step ") != std::string::npos) CHECK(run.err.find("); nothing was left behind\n") != std::string::npos);
  if (!one.valid) CHECK(run.err.find("is not a valid Pod: 1 problem, nothing was started\n") != std::string::npos);
  // Whatever the manifest holds, no control character of it reaches the terminal.
  CHECK(std::none_of(run.err.begin(), run.err.end(), [](unsigned char c) { return (c < ' ' && c != '\n') || c == 0x7f; }));
  CHECK(world.podctl({"validate", file}).code == (one.valid ? 0 : 3));
  CHECK_FALSE(podtest::exists(world.path() + "/nowhere"));
  CHECK_FALSE(podtest::exists(world.path() + "/root/state/pods/bad"));
}

// A pod with one volume, a folder or file of the machine.
std::string host_path(const std::string& path, const std::string& type, const std::string& command = "true",
                      const std::string& mount = "") {
  return manifest(R"("command":[")" + command + R"("],"volumeMounts":[{"name":"v","mountPath":"/data")" + mount + "}]",
                  R"("volumes":[{"name":"v","hostPath":{"path":")" + path + R"(","type":")" + type + R"("}}],)");
}

}  // namespace

TEST_CASE("a manifest that is wrong names its place or field", "[bad-input]") {
  const World world;
  const std::string main_only = R"("spec":{"containers":[{"name":"main","command":["true"]}]}})";
  const auto empty_dir = [](const std::string& mount) {
    return manifest(R"("command":["true"],"volumeMounts":[{"name":"v",)" + mount + "}]", R"("volumes":[{"name":"v","emptyDir":{}}],)");
  };
  const std::vector<Case> cases{
      {"malformed", "{\"apiVersion\":\n  \"v1\",,}", 125, false, {"  2:8  ", "syntax error"}},
      {"cut short", "{\"apiVersion\": \"v1\",\n \"kind\": ", 125, false, {"  2:", "unexpected end of input"}},
      {"no object", "[]", 125, false, {"  1:1  "}},
      {"empty", "", 125, false, {"there is no Pod in it"}},
      {"another kind", R"({"apiVersion":"v1","kind":"Pood","metadata":{"name":"bad"}})", 125, false, {"kind", "did you mean \"Pod\""}},
      {"unknown field", manifest(R"("command":["true"],"frobnicate":1)"), 125, false, {"spec.containers[0].frobnicate", "unknown field"}},
      {"misspelt field",
       manifest(R"("command":["true"],"workngDir":"/")"),
       125,
       false,
       {"spec.containers[0].workngDir", "did you mean \"workingDir\""}},
      {"wrong case",
       R"({"apiVersion":"v1","kind":"Pod","Metadata":{},"metadata":{"name":"bad"},)" + main_only,
       125,
       false,
       {"Metadata", "did you mean \"metadata\""}},
      {"wrong type", manifest(R"("command":"true")"), 125, false, {"spec.containers[0].command", "must be a list"}},
      {"number for text",
       manifest(R"("command":["true"],"env":[{"name":"A","value":1}])"),
       125,
       false,
       {"spec.containers[0].env[0].value"}},
      {"duplicate container",
       manifest(R"("command":["true"]},{"name":"main","command":["true"])"),
       125,
       false,
       {"spec.containers[1].name", "Duplicate value: \"main\""}},
      {"duplicate volume",
       manifest(R"("command":["true"])", R"("volumes":[{"name":"v"},{"name":"v"}],)"),
       125,
       false,
       {"spec.volumes[1].name", "Duplicate value: \"v\""}},
      {"duplicate field", manifest(R"("command":["true"],"command":["false"])"), 125, false, {"spec.containers[0].command"}},
      {"missing volume",
       manifest(R"("command":["true"],"volumeMounts":[{"name":"dat","mountPath":"/data"}])"),
       125,
       false,
       {"spec.containers[0].volumeMounts[0].name", "Not found: \"dat\""}},
      {"empty command", manifest(R"("command":[])"), 125, false, {"spec.containers[0].command", "Required value"}},
      {"a kind of hostPath that is none", host_path("/etc", "Folder"), 125, false, {"spec.volumes[0].hostPath.type", "\"Folder\""}},
      {"hostPath with ..", host_path("/etc/../root", ""), 125, false, {"spec.volumes[0].hostPath.path", "'..'"}},
      {"NUL in a name",
       R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\u0000b"},)" + main_only,
       125,
       false,
       {"metadata.name", "NUL"}},
      {"NUL in a command", manifest(R"("command":["tr\u0000ue"])"), 125, false, {"spec.containers[0].command[0]", "NUL"}},
      {"NUL in a path", empty_dir(R"("mountPath":"/da\u0000ta")"), 125, false, {"spec.containers[0].volumeMounts[0].mountPath", "NUL"}},
      {"control character in a name",
       R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\u001b[31m"},)" + main_only,
       125,
       false,
       {"metadata.name", "\\x1b"}},
      {"control character in a field", manifest(R"("command":["true"],"x\u001b[31m\u0007":1)"), 125, false, {"unknown field"}},
      {"10 MB", std::string(std::size_t{10} << 20, ' ') + manifest(R"("command":["true"])"), 125, false, {"3 MiB"}},
      {"too deep", "{\"a\":" + std::string(150, '[') + std::string(150, ']') + "}", 125, false, {"100"}},
      {"subPath with ..",
       empty_dir(R"("mountPath":"/data","subPath":"x/../../y")"),
       125,
       false,
       {"spec.containers[0].volumeMounts[0].subPath", "must not contain '..'"}},
      {"absolute subPath",
       empty_dir(R"("mountPath":"/data","subPath":"/etc")"),
       125,
       false,
       {"spec.containers[0].volumeMounts[0].subPath", "relative"}},
      {"an id that is none",
       manifest(R"("command":["true"],"securityContext":{"runAsUser":-1})"),
       125,
       false,
       {"spec.containers[0].securityContext.runAsUser", "-1"}},
  };
  for (const auto& one : cases) check(world, one);
}

TEST_CASE("a command that cannot run ends with 126 or 127", "[bad-input]") {
  const World world;
  world.file("files/script", "#!/no/such/interpreter\n", 0755);
  world.file("files/plain", "text\n", 0644);
  const auto command = [](const std::string& word) { return manifest(R"("command":[")" + word + R"("])"); };
  const auto in_volume = [&](const std::string& name) { return host_path(world.path() + "/files", "Directory", "/data/" + name); };
  const std::string field = "spec.containers[0].command: ", pod = "cannot start pod 'bad' (container 'main', stage exec, step ";
  const std::vector<Case> cases{
      {"not found in PATH", command("no-such-command"), 127, true, {pod, field, "\"no-such-command\" not found in /usr/local/sbin:"}},
      {"not found at its path", command("/usr/bin/no-such-command"), 127, true, {pod, field, "(ENOENT)", "[command-not-found]"}},
      {"an empty name", command(""), 127, true, {pod, field, "command \"\" not found"}},
      {"not executable", command("/etc/passwd"), 126, true, {pod, field, "execve /etc/passwd: Permission denied (EACCES)"}},
      {"not executable, of the volume", in_volume("plain"), 126, true, {pod, field, "execve /data/plain: Permission denied (EACCES)"}},
      {"a folder", command("/usr"), 126, true, {pod, field, "execve /usr: Permission denied (EACCES)"}},
      {"an interpreter that is missing", in_volume("script"), 127, true, {pod, field, "/data/script", "[interpreter-missing]"}},
      {"a file as working directory",
       manifest(R"("command":["true"],"workingDir":"/etc/passwd")"),
       125,
       true,
       {"spec.containers[0].workingDir: ", "Not a directory (ENOTDIR)"}},
  };
  for (const auto& one : cases) check(world, one);
}

TEST_CASE("a path of the machine that is not what was asked for", "[bad-input]") {
  const World world;
  const std::string at = world.path(), file = world.file("file", "text"), folder = world.folder("folder");
  world.folder("volume/data");
  REQUIRE(::symlink("/etc", (at + "/volume/out").c_str()) == 0);
  REQUIRE(::symlink("../file", (at + "/volume/up").c_str()) == 0);
  const std::string volume = "spec.volumes[0].hostPath", root = "spec.containers[0].image", sub_path = "spec.containers[0].volumeMounts[0]";
  std::vector<Case> cases{
      {"no such root",
       manifest(R"("command":["true"],"image":"rootfs:)" + at + R"(/nowhere")"),
       125,
       true,
       {root, at + "/nowhere", "ENOENT"}},
      {"a root that is a file",
       manifest(R"("command":["true"],"image":"rootfs:)" + file + '"'),
       125,
       true,
       {root, file, "not a directory"}},
      {"subPath through a link that leads out",
       host_path(at + "/volume", "", "true", R"(,"subPath":"out")"),
       125,
       true,
       {sub_path, "EXDEV"}},
      {"subPath below such a link", host_path(at + "/volume", "", "true", R"(,"subPath":"out/new")"), 125, true, {sub_path, "EXDEV"}},
      {"subPath through a link with ..", host_path(at + "/volume", "", "true", R"(,"subPath":"up")"), 125, true, {sub_path, "EXDEV"}},
  };
  const std::vector<std::pair<std::string, std::string>> kinds{
      {"Directory", file}, {"DirectoryOrCreate", file}, {"File", folder},     {"FileOrCreate", folder},
      {"Socket", file},    {"CharDevice", file},        {"BlockDevice", file}};
  for (const auto& [type, path] : kinds)
    cases.push_back({type + " on " + path, host_path(path, type), 125, true, {volume + ": ", "hostPath type check failed: " + path}});
  for (const char* type : {"Directory", "File", "Socket", "CharDevice", "BlockDevice"})
    cases.push_back(
        {std::string(type) + " that is missing", host_path(at + "/nowhere", type), 125, true, {volume, at + "/nowhere", "ENOENT"}});
  for (const auto& one : cases) check(world, one);
  CHECK_FALSE(podtest::exists(at + "/volume/new"));
  CHECK_FALSE(podtest::exists("/etc/new"));

  // A link that stays inside the volume is followed.
  REQUIRE(::symlink("data", (at + "/volume/in").c_str()) == 0);
  const std::string good = world.file("pod.json", host_path(at + "/volume", "", "true", R"(,"subPath":"in")"));
  CHECK(world.podctl({"run", good}).code == 0);
}

TEST_CASE("ids that the caller cannot give", "[bad-input]") {
  const World world;
  const auto two = [](const std::string& id) {
    return manifest(R"("command":["true"]},{"name":"two","command":["true"],"securityContext":{"runAsUser":)" + id + "}");
  };
  std::vector<std::string> outside{"(container 'two')", "spec.containers[1].securityContext: "};
  if (podtest::has_id_range()) outside.push_back("id 2000000000 is outside the pod's map");
  for (const auto& part : podtest::id_refusal()) outside.push_back(part);
  check(world, {"an id outside of the map", two("2000000000"), 125, true, outside});

  if (podtest::has_id_range()) {
    CHECK(world.podctl({"run", world.file("pod.json", two("5"))}).code == 0);
  } else {
    std::vector<std::string> refused{"(container 'two')", "spec.containers[1].securityContext: "};
    for (const auto& part : podtest::id_refusal()) refused.push_back(part);
    check(world, {"a range where there is none", two("5"), 125, true, refused});
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
      {{"run", world.path()}, 125, "Is a directory (EISDIR)"},
      {{"plan", world.path()}, 4, "Is a directory (EISDIR)"},
      {{"run", "/proc/self/mem"}, 125, "Input/output error (EIO)"},  // unreadable for root too
      {{"validate", world.path() + "/none.json"}, 4, "none.json"},
      {{"run"}, 125, "which pod?"},
      {{"run", "--"}, 125, "no command"},
      {{"run", "--nmae", "x", "--", "true"}, 125, "did you mean \"--name\""},
      {{"run", "--timeout", "soon", "--", "true"}, 125, "no duration"},
      {{"run", "--status-fd", "3", "--", "true"}, 125, "--status-fd 3 is no open descriptor"},
      {{"run", "--status-fd", "out", "--", "true"}, 125, "no open descriptor"},
      {{"run", "-v", world.path() + "/none:/data", "--", "true"}, 125, "none: No such file or directory (ENOENT)"},
      {{"run", "--set", "nonsense", "--", "true"}, 125, "PATH=VALUE"},
      {{"run", "-d", "--until", "main", "--", "true"}, 125, "--until does not go with -d"},
      {{"run", "--wait-ready", "--", "true"}, 125, "--wait-ready needs -d"},
      {{"rnu", "x"}, 2, "did you mean \"run\""},
      {{"play", "kube"}, 2, "podctl run FILE"},
      {{"exec", "x"}, 125, "not found"},
      {{"debug", "x"}, 125, "does not work yet"},
      {{"kill", "-s", "NOSUCH", "x"}, 2, "is no signal"},
      {{"stop"}, 2, "which pods?"},
      {{"rm", "nothing"}, 4, "not found"},
  };
  for (const auto& one : cases) {
    std::string words;
    for (const auto& word : one.arguments) words += word + ' ';
    const auto result = world.podctl(one.arguments);
    INFO("podctl " << words << "said " << result.err);
    CHECK(result.code == one.code);
    CHECK(result.err.find(one.says) != std::string::npos);
    CHECK(lines_with(result.err, "podctl: ") == 1);
    CHECK(result.out.empty());
    CHECK_FALSE(podtest::exists(world.path() + "/root/state"));
  }
}
