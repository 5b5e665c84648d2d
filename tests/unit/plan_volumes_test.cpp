// Volumes: each once in the pod tree, and shown in the containers.
#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

std::string volume(const std::string& source) { return cat(R"(,"volumes":[{"name":"v",)", source, "}]"); }
std::string mounted(const std::string& more = {}) {
  return one_container(cat(R"("volumeMounts":[{"name":"v","mountPath":"/v")", more, "}]"));
}

// What a volume adds to the plan of a container that mounts it.
std::string added(const std::string& source, const HostFacts& facts = user_facts(), const std::string& mount = {}) {
  return changes(plan_of(one_container(), facts), plan_of(mounted(mount) + volume(source), facts));
}

constexpr std::string_view kConfigMap =
    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"},"data":{"key":"value","other":"o"},"binaryData":{"raw":"AAEC"}})";

action::WriteFiles files_of(const std::string& source, std::string_view objects = kConfigMap) {
  const Plan plan = plan_of(manifest_of(mounted() + volume(source), {}, std::string(objects)));
  for (const auto& write : all_of<action::WriteFiles>(plan))
    if (write.target == "/v/v") return write;
  throw std::runtime_error("the volume is not written");
}

std::string listing(const action::WriteFiles& write) {
  std::string text;
  for (const auto& folder : write.directories) append(text, folder, "/\n");
  for (const auto& file : write.files) append(text, file.path, ' ', octal(file.mode), ' ', quote(file.content), '\n');
  for (const auto& link : write.links) append(text, link.path, " -> ", link.target, '\n');
  return text;
}

}  // namespace

TEST_CASE("an emptyDir on disk is a folder of the pod's own", "[plan][volumes]") {
  CHECK(added(R"("emptyDir":{})") ==
        "+ monitor make-host-directory: host folder /state/web (mode 0700, if missing)\n"
        "+ monitor make-host-directory: host folder /state/web/volumes/v (mode 0777, if missing)\n"
        "+ pause bind-host: host /state/web/volumes/v in the pod tree (at /v/v, must be a "
        "directory, nosuid, nodev)\n"
        "+ app bind-into: mount of /v (shows /v/v)\n");
  CHECK(added("\"emptyDir\":{}", root_facts()) ==
        "+ monitor make-host-directory: host folder /state/web (mode 0700, if missing)\n"
        "+ monitor make-host-directory: host folder /state/web/volumes/v (mode 0777, if missing, "
        "owner 2147418112)\n"
        "+ monitor take-tree: mounts of /state/web/volumes/v (as they are)\n"
        "+ pause bind-host: host /state/web/volumes/v in the pod tree (at /v/v, must be a "
        "directory, nosuid, nodev)\n"
        "+ app bind-into: mount of /v (shows /v/v)\n");
}

TEST_CASE("an emptyDir in memory is one tmpfs for the pod, of the size that is asked for", "[plan][volumes]") {
  CHECK(added(R"("emptyDir":{"medium":"Memory"})") ==
        "+ pause mount-tmpfs: new tmpfs on /v/v (mode 0777, nosuid, nodev)\n"
        "+ app bind-into: mount of /v (shows /v/v)\n");
  CHECK(added(R"("emptyDir":{"medium":"Memory","sizeLimit":"1.5Mi"})") ==
        "+ pause mount-tmpfs: new tmpfs on /v/v (mode 0777, size 1572864, nosuid, nodev)\n"
        "+ app bind-into: mount of /v (shows /v/v)\n");
  CHECK_FALSE(plan_of(mounted() + volume(R"("emptyDir":{"medium":"Memory"})")).uses_disk);
  CHECK(plan_of(mounted() + volume(R"("emptyDir":{})")).uses_disk);
}

TEST_CASE("a hostPath is made or checked as its type says", "[plan][volumes]") {
  struct Row {
    const char *type, *made, *checked;
  };
  const Row row = GENERATE(
      Row{"", "+ monitor make-host-directory: host folder /srv/x (mode 0755, if missing)\n", ""},
      Row{"DirectoryOrCreate", "+ monitor make-host-directory: host folder /srv/x (mode 0755, if missing)\n", ", must be a directory"},
      Row{"FileOrCreate", "+ monitor make-host-file: host file /srv/x (mode 0644, if missing)\n", ", must be a file"},
      Row{"Directory", "", ", must be a directory"}, Row{"File", "", ", must be a file"}, Row{"Socket", "", ", must be a socket file"},
      Row{"CharDevice", "", ", must be a character device"}, Row{"BlockDevice", "", ", must be a block device"});
  CAPTURE(row.type);
  CHECK(added(cat(R"("hostPath":{"path":"/srv/x","type":")", row.type, "\"}"), user_facts(), R"(,"readOnly":true)") ==
        cat(row.made, "+ pause bind-host: host /srv/x in the pod tree (at /v/v", row.checked, ", read-only)\n",
            "+ app bind-into: mount of /v (shows /v/v, read-only)\n"));
}

TEST_CASE("a hostPath is writable only when a container mounts it so, and then it is marked", "[plan][volumes]") {
  const std::string source = R"("hostPath":{"path":"/srv/x","type":"Directory"})";
  CHECK(added(source) ==
        "+ pause bind-host: host /srv/x in the pod tree (at /v/v, must be a directory) ! the pod "
        "can change host files\n"
        "+ app bind-into: mount of /v (shows /v/v)\n");
  // Nobody mounts it: nobody can write.
  CHECK(changes(plan_of(one_container()), plan_of(one_container() + volume(source))) ==
        "+ pause bind-host: host /srv/x in the pod tree (at /v/v, must be a directory, read-only)\n");
  // One reads, one writes: each gets what it asks for.
  const Plan both =
      plan_of(cat(R"("containers":[{"name":"r","command":["a"],"volumeMounts":[{"name":"v","mountPath":"/v","readOnly":true}]},)",
                  R"({"name":"w","command":["a"],"volumeMounts":[{"name":"v","mountPath":"/v"}]}])", volume(source)));
  const std::string text = text_of(both);
  CHECK(text.find("(at /v/v, must be a directory) ! ") != std::string::npos);
  CHECK(text.find("r bind-into: mount of /v (shows /v/v, read-only)\n") != std::string::npos);
  CHECK(text.find("w bind-into: mount of /v (shows /v/v)\n") != std::string::npos);
}

TEST_CASE("the machine's root takes a hostPath with its ids shifted, before the pod exists", "[plan][volumes]") {
  const Plan plan = plan_of(mounted() + volume(R"("hostPath":{"path":"/srv/x"})"), root_facts());
  const std::vector<std::string> lines = lines_of(plan);
  CHECK(lines[0] == "monitor make-host-directory: host folder /srv/x (mode 0755, if missing)");
  CHECK(lines[1] == "monitor take-tree: mounts of /srv/x (ids shifted into the pod's range)");
  for (const auto& bind : all_of<action::BindHost>(plan)) CHECK(bind.taken);
}

TEST_CASE("mounts are made by the depth of their path, whatever the manifest's order", "[plan][volumes]") {
  const Plan plan = plan_of(cat(
      one_container(
          R"("volumeMounts":[{"name":"v","mountPath":"/a/b/c"},{"name":"v","mountPath":"/a//b/"},{"name":"v","mountPath":"/a","subPath":"x/y"}])"),
      volume(R"("emptyDir":{})")));
  std::vector<std::string> made;
  for (const auto& step : plan.steps)
    if (const auto* bind = std::get_if<action::BindInto>(&step.action); bind != nullptr && bind->source == "/v/v")
      made.push_back(cat(bind->target, " ", bind->sub_path, " ", step.why));
  CHECK(made == std::vector<std::string>{"/a x/y spec.containers[0].volumeMounts[2]", "/a/b  spec.containers[0].volumeMounts[1]",
                                         "/a/b/c  spec.containers[0].volumeMounts[0]"});
}

TEST_CASE("a configMap has the layout of a kubelet: a dated folder, ..data, and links through it", "[plan][volumes]") {
  CHECK(listing(files_of(R"("configMap":{"name":"cm"})")) ==
        "..2006_01_02_15_04_05.42/\n"
        "..2006_01_02_15_04_05.42/key 0644 \"value\"\n"
        "..2006_01_02_15_04_05.42/other 0644 \"o\"\n"
        "..2006_01_02_15_04_05.42/raw 0644 \"\\x00\\x01\\x02\"\n"
        "key -> ..data/key\n"
        "other -> ..data/other\n"
        "raw -> ..data/raw\n"
        "..data -> ..2006_01_02_15_04_05.42\n");
}

TEST_CASE("items choose keys, paths and modes; nested ones link their first folder", "[plan][volumes]") {
  CHECK(
      listing(files_of(
          R"("configMap":{"name":"cm","defaultMode":288,"items":[{"key":"key","path":"a/b/one"},{"key":"other","path":"a/two","mode":256}]})")) ==
      "..2006_01_02_15_04_05.42/\n"
      "..2006_01_02_15_04_05.42/a/\n"
      "..2006_01_02_15_04_05.42/a/b/\n"
      "..2006_01_02_15_04_05.42/a/b/one 0440 \"value\"\n"
      "..2006_01_02_15_04_05.42/a/two 0400 \"o\"\n"
      "a -> ..data/a\n"
      "..data -> ..2006_01_02_15_04_05.42\n");
}

TEST_CASE("an optional object or key that is missing gives an empty folder", "[plan][volumes]") {
  const std::string nothing = "..2006_01_02_15_04_05.42/\n..data -> ..2006_01_02_15_04_05.42\n";
  CHECK(listing(files_of(R"("configMap":{"name":"none","optional":true})")) == nothing);
  CHECK(listing(files_of(R"("secret":{"secretName":"none","optional":true})")) == nothing);
  CHECK(listing(files_of(R"("configMap":{"name":"cm","optional":true,"items":[{"key":"none","path":"p"}]})")) == nothing);
}

TEST_CASE("a Secret is decoded, stays in memory, and no plan shows its content", "[plan][volumes]") {
  const std::string secret =
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"se"},"data":{"p":"Z2VoZWlt"},"stringData":{"q":"streng-geheim"}})";
  const Manifest manifest = manifest_of(mounted() + volume(R"("secret":{"secretName":"se","defaultMode":256})"), {}, secret);
  const Plan plan = plan_of(manifest);
  CHECK(file_of(plan, "/v/v", "..2006_01_02_15_04_05.42/p") == "geheim");
  CHECK(file_of(plan, "/v/v", "..2006_01_02_15_04_05.42/q") == "streng-geheim");
  CHECK_FALSE(plan.uses_disk);
  for (const std::string& text : {render_plan_text(plan), render_plan_json(plan)}) CHECK(text.find("geheim") == std::string::npos);
}

TEST_CASE("volumes made of objects are read-only for every container, whatever it asks for", "[plan][volumes]") {
  const std::string text =
      text_of(plan_of(manifest_of(mounted(R"(,"readOnly":false)") + volume(R"("configMap":{"name":"cm"})"), {}, std::string(kConfigMap))));
  CHECK(text.find("app bind-into: mount of /v (shows /v/v, read-only)\n") != std::string::npos);
}

TEST_CASE("an object of another namespace is not the one that is meant", "[plan][volumes]") {
  const std::string other = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm","namespace":"other"},"data":{"key":"value"}})";
  CHECK(files_of(R"("configMap":{"name":"cm","optional":true})", other).files.empty());
}

TEST_CASE("a downwardAPI volume has a file for each item", "[plan][volumes]") {
  const auto write = files_of(
      R"("downwardAPI":{"defaultMode":288,"items":[{"path":"name","fieldRef":{"fieldPath":"metadata.name"}},
      {"path":"all/annotations","fieldRef":{"fieldPath":"metadata.annotations"},"mode":256},
      {"path":"cpu","resourceFieldRef":{"containerName":"app","resource":"requests.cpu"}}]})");
  CHECK(listing(write) ==
        "..2006_01_02_15_04_05.42/\n"
        "..2006_01_02_15_04_05.42/all/\n"
        "..2006_01_02_15_04_05.42/name 0440 \"web\"\n"
        "..2006_01_02_15_04_05.42/all/annotations 0400 \"\"\n"
        "..2006_01_02_15_04_05.42/cpu 0440 \"0\"\n"
        "name -> ..data/name\n"
        "all -> ..data/all\n"
        "cpu -> ..data/cpu\n"
        "..data -> ..2006_01_02_15_04_05.42\n");
}

TEST_CASE("whole labels and annotations are sorted lines in quotes", "[plan][volumes]") {
  const Plan plan =
      plan_of(manifest_of(mounted() + volume(R"("downwardAPI":{"items":[{"path":"a","fieldRef":{"fieldPath":"metadata.annotations"}}]})"),
                          R"("z":"last","a.io/first":"two\nlines \"quoted\"")"));
  CHECK(file_of(plan, "/v/v", "..2006_01_02_15_04_05.42/a") == "a.io/first=\"two\\nlines \\\"quoted\\\"\"\nz=\"last\"");
}

TEST_CASE("a projected volume puts its sources together, and later ones win", "[plan][volumes]") {
  const auto write = files_of(
      R"("projected":{"defaultMode":256,"sources":[{"configMap":{"name":"cm"}},
      {"downwardAPI":{"items":[{"path":"key","fieldRef":{"fieldPath":"metadata.name"},"mode":420}]}},
      {"configMap":{"name":"cm","items":[{"key":"key","path":"sub/key"}]}},{"secret":{"name":"none","optional":true}}]})");
  CHECK(listing(write) ==
        "..2006_01_02_15_04_05.42/\n"
        "..2006_01_02_15_04_05.42/sub/\n"
        "..2006_01_02_15_04_05.42/key 0644 \"web\"\n"
        "..2006_01_02_15_04_05.42/other 0400 \"o\"\n"
        "..2006_01_02_15_04_05.42/raw 0400 \"\\x00\\x01\\x02\"\n"
        "..2006_01_02_15_04_05.42/sub/key 0400 \"value\"\n"
        "key -> ..data/key\n"
        "other -> ..data/other\n"
        "raw -> ..data/raw\n"
        "sub -> ..data/sub\n"
        "..data -> ..2006_01_02_15_04_05.42\n");
}

TEST_CASE("a claim is a folder beside the pods' own, held while the pod lives", "[plan][volumes]") {
  const std::string source = R"("persistentVolumeClaim":{"claimName":"data"})";
  CHECK(added(source) ==
        "+ monitor make-host-directory: host folder /volumes/data (mode 0777, if missing)\n"
        "+ monitor hold-volume: hold on /volumes/data (shared with other pods)\n"
        "+ pause bind-host: host /volumes/data in the pod tree (at /v/v, must be a directory, nosuid, nodev)\n"
        "+ app bind-into: mount of /v (shows /v/v)\n");
  const std::string alone =
      R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOncePod"]}})";
  CHECK(text_of(plan_of(manifest_of(mounted() + volume(source), {}, alone))).find("(no other pod may use it)") != std::string::npos);
  const std::string read_only = text_of(plan_of(mounted() + volume(R"("persistentVolumeClaim":{"claimName":"data","readOnly":true})")));
  CHECK(read_only.find("app bind-into: mount of /v (shows /v/v, read-only)\n") != std::string::npos);
  // The machine's root shifts ids: on disk they are the pod's own.
  CHECK(lines_of(plan_of(mounted() + volume(source), root_facts()))[2] ==
        "monitor take-tree: mounts of /volumes/data (ids shifted into the pod's range)");
  const Plan twice = plan_of(one_container() + R"(,"volumes":[{"name":"a","persistentVolumeClaim":{"claimName":"data"}},
      {"name":"b","persistentVolumeClaim":{"claimName":"data"}}])");
  CHECK(all_of<action::HoldVolume>(twice).size() == 1);
}

TEST_CASE("an ephemeral volume is a folder that goes with the pod", "[plan][volumes]") {
  const std::string text =
      text_of(plan_of(mounted() + volume(R"("ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"]}}})")));
  CHECK(text.find("host folder /state/web/volumes/v (mode 0777, if missing)\n") != std::string::npos);
}

TEST_CASE("a volume mounted on one of podctl's own files is the one that counts", "[plan][volumes]") {
  for (const char* target : {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log"}) {
    CAPTURE(target);
    const Plan plan = plan_of(
        cat(one_container(cat(R"("volumeMounts":[{"name":"v","mountPath":")", target, "\"}]")), volume(R"("hostPath":{"path":"/srv/x"})")));
    int mounts = 0;
    for (const auto& bind : all_of<action::BindInto>(plan)) {
      if (bind.target != target) continue;
      ++mounts;
      CHECK(bind.source == "/v/v");
    }
    CHECK(mounts == 1);
    CHECK(plan.members[0].message_file == (std::string_view(target) == "/dev/termination-log" ? "" : "/s/app"));
  }
}
