// What the command line changes in a manifest before it is read.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

const std::string kTwo = pod_with(
    "\"initContainers\":[{\"name\":\"i\",\"command\":[\"x\"]}],\"containers\":[{\"name\":\"a\","
    "\"command\":[\"x\"]},{\"name\":\"b\",\"command\":[\"x\"]}]");
const std::string kOne = pod_and("\"hostname\":\"h\"");

ParseOptions with(Edits edits) { return {.validation = Validation::kStrict, .edits = std::move(edits)}; }
ParseOptions set(std::string path, std::string value) {
  Edits edits;
  edits.set.emplace_back(std::move(path), std::move(value));
  return with(std::move(edits));
}
Pod edited(const ParseOptions& options, const std::string& text = kOne) { return parsed(text, options); }

}  // namespace

TEST_CASE("--set changes, adds and replaces fields", "[edit]") {
  CHECK(edited(set("spec.hostname", "x")).spec.hostname == "x");
  CHECK(edited(set("metadata.name", "x")).metadata.name == "x");
  CHECK(edited(set("spec.terminationGracePeriodSeconds", "5")).spec.termination_grace_period_seconds == 5);
  CHECK(edited(set("spec.hostNetwork", "true")).spec.host_network);
  CHECK(edited(set("spec.hostname", "")).spec.hostname.empty());
  CHECK(edited(set("spec.hostname", "null")).spec.hostname == "null");  // text stays text
  CHECK(edited(set("spec.activeDeadlineSeconds", "null"), pod_and("\"activeDeadlineSeconds\":5")).spec.active_deadline_seconds ==
        std::nullopt);
  CHECK(edited(set("spec.containers[0].image", "rootfs:/r")).spec.containers[0].image == "rootfs:/r");
  CHECK(edited(set("spec.containers[0].command", "[\"sh\",\"-c\"]")).spec.containers[0].command == std::vector<std::string>{"sh", "-c"});
  CHECK(edited(set("spec.containers[0].command[0]", "5")).spec.containers[0].command == std::vector<std::string>{"5"});
  CHECK(edited(set("spec.containers[0].command[1]", "true")).spec.containers[0].command == std::vector<std::string>{"true", "true"});
  CHECK(edited(set("spec.containers[1]", "{\"name\":\"d\",\"command\":[\"x\"]}")).spec.containers.size() == 2);
  CHECK(edited(set("spec.containers[0].env[0].name", "A")).spec.containers[0].env[0].name == "A");
  CHECK(edited(set("spec.securityContext.supplementalGroups[0]", "7")).spec.security_context.supplemental_groups ==
        std::vector<std::int64_t>{7});
  const Pod limited = parsed(kOne, set("spec.containers[0].resources.limits.memory", "64Mi"));
  CHECK(limited.spec.containers[0].resources.limits.at("memory").text == "64Mi");
}

TEST_CASE("--set takes keys of maps in brackets and after a dot", "[edit]") {
  for (const char* path : {"metadata.labels[app]", "metadata.labels[\"app\"]", "metadata.labels['app']", "metadata.labels.app"})
    for (const char* value : {"1", "true", "null", "[x", "a"}) {
      INFO(path << "=" << value);
      const Manifest manifest = parse_manifest(kOne, set(path, value));
      REQUIRE(manifest.pods.size() == 1);
      CHECK(manifest.pods[0].metadata.labels == StringMap{{"app", value}});
    }
  CHECK(edited(set("metadata.annotations[example.com/a.b]", "x=y z")).metadata.annotations.at("example.com/a.b") == "x=y z");
}

TEST_CASE("a --set that cannot be carried out says why, and names the flag", "[edit]") {
  const std::string what_it_is = "cannot be changed: it says what the object is; change metadata or spec";
  const std::string no_path = "not a field path; write e.g. spec.containers[0].image";
  const struct {
    const char* path;
    std::string message;
  } rows[] = {
      {"", no_path},
      {".", no_path},
      {".spec", no_path},
      {"spec.", no_path},
      {"spec..hostname", no_path},
      {"spec.containers[", no_path},
      {"spec.containers[]", no_path},
      {"spec.containers[0", no_path},
      {"spec.containers[2].image", "there is no item 2: the list has 1"},
      {"spec.containers[18446744073709551615].image", "there is no item 18446744073709551615: the list has 1"},
      {"spec.volumes[1].name", "there is no item 1: the list has 0"},
      {"spec.hostname[0]", "item 0 is looked for in a string"},
      {"spec.hostname.x", "\"x\" is looked for in a string"},
      {"spec.containers.image", "\"image\" is looked for in a list"},
      {"spec.containers[-1].image", "\"-1\" is looked for in a list"},
      {"[0]", "item 0 is looked for in an object"},
      {"kind", what_it_is},
      {"apiVersion", what_it_is},
      {"apiVersion.x", what_it_is},
  };
  for (const auto& row : rows) {
    INFO(row.path);
    const Lines lines = findings(kOne, set(row.path, "x"));
    REQUIRE(!lines.empty());
    CHECK(lines[0] == cat("0:0 --set ", row.path, ": ", row.message));
  }
  std::string deep = "spec";
  for (int i = 0; i < 50000; ++i) deep += "[0]";
  CHECK(findings(kOne, set(deep, "x")).at(0).find(": nested deeper than 100 levels") != std::string::npos);
}

TEST_CASE("what --set puts in is read like the rest, with no place", "[edit]") {
  CHECK(findings(kOne, set("spec.activeDeadlineSeconds", "x")) ==
        Lines{"0:0 spec.activeDeadlineSeconds: Invalid value: \"x\": must be an integer, not a "
              "string"});
  CHECK(findings(kOne, set("spec.activeDeadlineSeconds", "")) ==
        Lines{"0:0 spec.activeDeadlineSeconds: Invalid value: \"\": must be an integer, not a string"});
  CHECK(findings(kOne, set("spec.hostNetwork", "yes")) ==
        Lines{"0:0 spec.hostNetwork: Invalid value: \"yes\": must be a boolean, not a string"});
  CHECK(findings(kOne, set("spec.hostnme", "x")) == Lines{"0:0 spec.hostnme: unknown field; did you mean \"hostname\"?"});
  CHECK(findings(kOne, set("spec.restartPolicy", "never")) ==
        Lines{"0:0 spec.restartPolicy: Unsupported value: \"never\": supported values: \"Always\", "
              "\"OnFailure\", \"Never\""});
  CHECK(findings(kOne, set("spec.containers[0].name", "X")).at(0).find("0:0 spec.containers[0].name: Invalid value: \"X\"") == 0);
  CHECK(findings(kOne, set("spec.containers", "[]")) == Lines{"0:0 spec.containers: Required value"});
  CHECK(findings(kOne, set("spec", "5")).at(0) == "0:0 spec: Invalid value: 5: must be an object, not a number");
}

TEST_CASE("flags for the pod as a whole", "[edit]") {
  Edits edits;
  edits.name = "n";
  edits.image = "rootfs:/r";
  edits.restart_policy = "Never";
  edits.sharing = "kubernetes";
  edits.network = "none";
  edits.annotations = {{"a", "b"}, {"c", ""}};
  const Pod pod = edited(with(edits), kTwo);
  CHECK(pod.metadata.name == "n");
  CHECK(pod.spec.restart_policy == RestartPolicy::kNever);
  CHECK(pod.metadata.annotations == StringMap{{"a", "b"}, {"c", ""}, {"podctl.dev/network", "none"}, {"podctl.dev/sharing", "kubernetes"}});
  for (const Container* container : all_containers(pod.spec)) CHECK(container->image == "rootfs:/r");

  Edits wrong;
  wrong.sharing = "none";
  CHECK(findings(kOne, with(wrong)) == Lines{"0:0 metadata.annotations[podctl.dev/sharing]: Unsupported value: \"none\": "
                                             "supported values: \"pod\", \"kubernetes\""});
  Edits bad_name;
  bad_name.name = "A B";
  CHECK(findings(kOne, with(bad_name)).size() == 1);
}

TEST_CASE("edits are for the first pod", "[edit]") {
  Edits edits;
  edits.name = "n";
  const Manifest manifest = parse_manifest(kOne + kOne, with(edits));
  REQUIRE(manifest.pods.size() == 2);
  CHECK(manifest.pods[0].metadata.name == "n");
  CHECK(manifest.pods[1].metadata.name == "p");
}

TEST_CASE("-e adds to the environment, meant literally", "[edit]") {
  Edits edits;
  edits.env = {"A=1", "B=x=$(A) $$", "C="};
  const Pod pod = edited(with(edits), kTwo);
  for (const Container* container : all_containers(pod.spec)) {
    REQUIRE(container->env.size() == 3);
    CHECK(container->env[0].name == "A");
    CHECK(container->env[1].value == "x=$$(A) $$$$");  // expands to what was typed
    CHECK(container->env[2].value.empty());
  }
  edits.container = "b";
  const Pod one = edited(with(edits), kTwo);
  CHECK(one.spec.containers[0].env.empty());
  CHECK(one.spec.containers[1].env.size() == 3);
  CHECK(one.spec.init_containers[0].env.empty());
  for (const char* wrong : {"A", "=x", "", "="}) {
    Edits bad;
    bad.env = {wrong};
    CHECK(findings(kOne, with(bad)) == Lines{cat("0:0 -e ", wrong, ": must be NAME=VALUE")});
  }
  Edits odd;
  odd.env = {"\xc3\xa4=1"};
  CHECK(findings(kOne, with(odd)) == Lines{"0:0 spec.containers[0].env[0].name: Invalid value: \"ä\": must be printable ASCII "
                                           "characters other than '='"});
}

TEST_CASE("-v brings in folders of the machine", "[edit]") {
  Edits edits;
  edits.current_directory = "/here";
  edits.volumes = {"/a:/b", "data/../x:/c:ro", "/d:/e:rw"};
  edits.container = "a";
  const Pod pod = edited(with(edits), kTwo);
  REQUIRE(pod.spec.volumes.size() == 3);
  CHECK(pod.spec.volumes[0].host_path->path == "/a");
  CHECK(pod.spec.volumes[1].host_path->path == "/here/x");
  const auto& mounts = pod.spec.containers[0].volume_mounts;
  REQUIRE(mounts.size() == 3);
  CHECK(mounts[0].mount_path == "/b");
  CHECK_FALSE(mounts[0].read_only);
  CHECK(mounts[1].read_only);
  CHECK_FALSE(mounts[2].read_only);
  CHECK(mounts[1].name == pod.spec.volumes[1].name);
  CHECK(pod.spec.containers[1].volume_mounts.empty());
  for (const char* wrong : {"", "/a", ":/b", "/a:", "/a:/b:rx", "/a:/b:ro:x", ":"}) {
    Edits bad;
    bad.volumes = {wrong};
    CHECK(findings(kOne, with(bad)) == Lines{cat("0:0 -v ", wrong, ": must be HOST:CONTAINER or HOST:CONTAINER:ro")});
  }
  Edits kernel;
  kernel.volumes = {"/a:/proc"};
  CHECK(findings(kOne, with(kernel)).at(0).find("0:0 spec.containers[0].volumeMounts[0].mountPath: Invalid value: \"/proc\"") == 0);
}

TEST_CASE("-c and -i choose one container", "[edit]") {
  Edits edits;
  edits.stdin_open = true;
  CHECK(edited(with(edits)).spec.containers[0].stdin_open);
  CHECK(findings(kTwo, with(edits)) == Lines{"0:0 -i: the pod has several containers; choose one with -c"});
  edits.container = "b";
  CHECK(edited(with(edits), kTwo).spec.containers[1].stdin_open);
  CHECK_FALSE(edited(with(edits), kTwo).spec.containers[0].stdin_open);
  edits.container = "x";
  CHECK(findings(kTwo, with(edits)) == Lines{"0:0 -c x: the pod has no container of that name; its containers are: i, a, b"});
  edits.container = "man";
  const std::string main = pod_with("\"containers\":[{\"name\":\"main\",\"command\":[\"x\"]},{\"name\":7,\"command\":[\"x\"]},{}]");
  const Lines said = findings(main, with(edits));
  CHECK(std::find(said.begin(), said.end(), "0:0 -c man: the pod has no container of that name; did you mean \"main\"?") != said.end());
}

TEST_CASE("edits of a manifest that is not shaped like one do no harm", "[edit]") {
  Edits edits;
  edits.name = "n";
  edits.env = {"A=1"};
  edits.volumes = {"/a:/b"};
  edits.image = "host";
  edits.stdin_open = true;
  edits.show_current_directory = true;
  edits.current_directory = "/here";
  for (const char* spec : {"null", "5", "[]", "{}", "{\"containers\":5}", "{\"containers\":[5,null,[]]}", "{\"containers\":{\"name\":1}}",
                           "{\"containers\":[{\"env\":{},\"volumeMounts\":1}],\"volumes\":\"x\"}"}) {
    INFO(spec);
    CHECK(parse_manifest(cat("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":[],\"spec\":", spec, "}"), with(edits)).has_errors());
  }
}

TEST_CASE("the pod of a command line", "[edit]") {
  const Pod pod = only_pod(make_command_pod({"sh", "-c", "echo $HOME $(x) $$"}));
  CHECK(pod.metadata.name == "main");
  CHECK(pod.spec.restart_policy == RestartPolicy::kNever);
  REQUIRE(pod.spec.containers.size() == 1);
  CHECK(pod.spec.containers[0].name == "main");
  CHECK(pod.spec.containers[0].command == std::vector<std::string>{"sh", "-c", "echo $$HOME $$(x) $$$$"});
  CHECK(lines_of(make_command_pod({})) == Lines{"0:0 spec.containers[0].command: Required value: a root file system without an image "
                                                "has no default command"});

  Edits edits;
  edits.restart_policy = "OnFailure";
  edits.show_current_directory = true;
  edits.current_directory = "/srv/work";
  const Pod shown = only_pod(make_command_pod({"true"}, with(edits)));
  CHECK(shown.spec.restart_policy == RestartPolicy::kOnFailure);
  CHECK(shown.spec.containers[0].working_dir == "/srv/work");
  REQUIRE(shown.spec.containers[0].volume_mounts.size() == 1);
  CHECK(shown.spec.containers[0].volume_mounts[0].mount_path == "/srv/work");
  CHECK(shown.spec.containers[0].volume_mounts[0].read_only);
  CHECK(shown.spec.volumes[0].host_path->path == "/srv/work");
  edits.current_directory_writable = true;
  CHECK_FALSE(only_pod(make_command_pod({"true"}, with(edits))).spec.containers[0].volume_mounts[0].read_only);
  for (const char* there_anyway : {"/", "/usr/share", "/etc", "/proc/self", "/sys"}) {
    edits.current_directory = there_anyway;
    CHECK(only_pod(make_command_pod({"true"}, with(edits))).spec.volumes.empty());
  }
}
