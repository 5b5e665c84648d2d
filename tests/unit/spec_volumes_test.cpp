// Rules of volumes, of the objects that fill them, and of where they are mounted.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

constexpr std::string_view kMap =
    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"},\"data\":{\"k\":"
    "\"v\",\"l\":\"w\"}}";

std::string volume(std::string_view members) { return pod_and(cat("\"volumes\":[{\"name\":\"v\",", members, "}]")); }
// With a ConfigMap "m" that holds the keys k and l, after it so that places stay as they are.
std::string map_volume(std::string_view members) { return cat(volume(cat("\"configMap\":{", members, "}")), '\n', kMap); }

const std::string kModeRule = "must be a number between 0 and 0777 (octal), both inclusive";

}  // namespace

TEST_CASE("volumes have unique labels for names and one source", "[spec]") {
  const Rule rules[] = {
      {pod_and("\"volumes\":[{\"name\":^\"V\"}]"), "spec.volumes[0].name",
       "Invalid value: \"V\": must be a DNS label: lower-case letters, digits and '-', with a "
       "letter or digit at both ends"},
      {pod_and("\"volumes\":[^{}]"), "spec.volumes[0].name", "Required value"},
      {pod_and("\"volumes\":[{\"name\":^\"\"}]"), "spec.volumes[0].name", "Required value"},
      {pod_and("\"volumes\":[{\"name\":\"a\"},\n{\"name\":^\"a\"}]"), "spec.volumes[1].name", "Duplicate value: \"a\""},
      {pod_and("\"volumes\":[^{\"name\":\"a\",\"emptyDir\":{},\"hostPath\":{\"path\":\"/\"}}]"), "spec.volumes[0]",
       "Forbidden: may not specify more than 1 volume type"},
      {volume("\"emptyDir\":{\"medium\":^\"memory\"}"), "spec.volumes[0].emptyDir.medium",
       "Unsupported value: \"memory\": supported values: \"\", \"Memory\""},
      {volume("\"emptyDir\":{\"medium\":^\"HugePages\"}"), "spec.volumes[0].emptyDir.medium",
       "Unsupported value: \"HugePages\": supported values: \"\", \"Memory\""},
      {volume("\"emptyDir\":{\"sizeLimit\":^\"-1Mi\"}"), "spec.volumes[0].emptyDir.sizeLimit",
       "Invalid value: \"-1Mi\": must be greater than or equal to 0"},
      {volume("\"emptyDir\":{\"sizeLimit\":^\"1MB\"}"), "spec.volumes[0].emptyDir.sizeLimit",
       "Invalid value: \"1MB\": quantities must match the regular expression "
       "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
      {volume("\"emptyDir\":{\"mode\":^511}"), "spec.volumes[0].emptyDir.mode", "not supported: podctl does not carry this out yet"},
  };
  for (const auto& rule : rules) {
    if (rule.message.find("'^(") == std::string::npos) check_rule(rule);
    else CHECK(findings(take_marks(rule.text).text) == Lines{cat("3:48 ", rule.path, ": ", rule.message)});
  }
  check_clean({volume("\"emptyDir\":{}"), volume("\"emptyDir\":{\"medium\":\"Memory\",\"sizeLimit\":\"64Mi\"}"),
               volume("\"emptyDir\":{\"sizeLimit\":1048576}")});
}

TEST_CASE("sources podctl does not have are refused by name", "[spec]") {
  for (const char* source : {"image"})
    check_rule({volume(cat("\"", source, "\":^{}")), cat("spec.volumes[0].", source), "not supported: podctl does not carry this out yet"});
  for (const char* source : {"nfs",
                             "iscsi",
                             "fc",
                             "csi",
                             "flexVolume",
                             "rbd",
                             "cephfs",
                             "glusterfs",
                             "cinder",
                             "quobyte",
                             "flocker",
                             "scaleIO",
                             "storageos",
                             "portworxVolume",
                             "photonPersistentDisk",
                             "azureDisk",
                             "azureFile",
                             "awsElasticBlockStore",
                             "gcePersistentDisk",
                             "vsphereVolume"})
    check_rule({volume(cat("\"", source, "\":^{\"a\":1}")), cat("spec.volumes[0].", source),
                "not supported: there is no storage driver on one machine"});
  check_rule({volume("\"gitRepo\":^{}"), "spec.volumes[0].gitRepo", "not supported: Kubernetes removed it; clone in an init container"});
}

TEST_CASE("a hostPath is absolute and says what must be there", "[spec]") {
  const Rule rules[] = {
      {volume("\"hostPath\":{\"path\":^\"\"}"), "spec.volumes[0].hostPath.path", "Required value"},
      {volume("\"hostPath\":^{}"), "spec.volumes[0].hostPath.path", "Required value"},
      {volume("\"hostPath\":{\"path\":^\"/a/../b\"}"), "spec.volumes[0].hostPath.path",
       "Invalid value: \"/a/../b\": must not contain '..'"},
      {volume("\"hostPath\":{\"path\":^\"..\"}"), "spec.volumes[0].hostPath.path", "Invalid value: \"..\": must not contain '..'"},
      {volume("\"hostPath\":{\"path\":^\"a\"}"), "spec.volumes[0].hostPath.path", "Invalid value: \"a\": must be an absolute path"},
      {volume("\"hostPath\":{\"path\":^\"/a\\u0000b\"}"), "spec.volumes[0].hostPath.path",
       "Invalid value: \"/a\\x00b\": must not contain NUL characters"},
      {volume("\"hostPath\":{\"path\":\"/a\",\"type\":^\"Dir\"}"), "spec.volumes[0].hostPath.type",
       "Unsupported value: \"Dir\": supported values: \"\", \"DirectoryOrCreate\", \"Directory\", "
       "\"FileOrCreate\", \"File\", \"Socket\", \"CharDevice\", "
       "\"BlockDevice\""},
  };
  for (const auto& rule : rules) check_rule(rule);
  const struct {
    const char* name;
    HostPathType type;
  } types[] = {{"", HostPathType::kAny},
               {"DirectoryOrCreate", HostPathType::kDirectoryOrCreate},
               {"Directory", HostPathType::kDirectory},
               {"FileOrCreate", HostPathType::kFileOrCreate},
               {"File", HostPathType::kFile},
               {"Socket", HostPathType::kSocket},
               {"CharDevice", HostPathType::kCharDevice},
               {"BlockDevice", HostPathType::kBlockDevice}};
  for (const auto& row : types) {
    INFO(row.name);
    CHECK(parsed(volume(cat("\"hostPath\":{\"path\":\"/a..b/..c\",\"type\":\"", row.name, "\"}"))).spec.volumes[0].host_path->type ==
          row.type);
  }
}

TEST_CASE("a ConfigMap or Secret volume names what the input holds", "[spec]") {
  const Rule rules[] = {
      {volume("\"configMap\":^{}"), "spec.volumes[0].configMap.name", "Required value"},
      {volume("\"configMap\":{\"name\":^\"x\"}"), "spec.volumes[0].configMap.name",
       "Not found: \"x\": the input holds no ConfigMap of that name"},
      {volume("\"secret\":{\"secretName\":^\"x\"}"), "spec.volumes[0].secret.secretName",
       "Not found: \"x\": the input holds no Secret of that name"},
      {volume("\"secret\":{\"secretName\":\"x\",\"optional\":true,^\"name\":\"x\"}"), "spec.volumes[0].secret.name",
       "unknown field; did you mean \"secretName\"?"},
      // A Secret is no ConfigMap, and one of another namespace is not this pod's.
      {cat(volume("\"secret\":{\"secretName\":^\"m\"}"), kMap), "spec.volumes[0].secret.secretName",
       "Not found: \"m\": the input holds no Secret of that name"},
      {cat(volume("\"configMap\":{\"name\":^\"n\"}"),
           "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"n\","
           "\"namespace\":\"other\"}}"),
       "spec.volumes[0].configMap.name", "Not found: \"n\": the input holds no ConfigMap of that name"},
  };
  for (const auto& rule : rules) {
    if (rule.path == "spec.volumes[0].secret.name") CHECK(findings(take_marks(rule.text).text).size() == 1);
    else check_rule(rule);
  }
  check_clean({volume("\"configMap\":{\"name\":\"x\",\"optional\":true}"), volume("\"secret\":{\"secretName\":\"x\",\"optional\":true}"),
               map_volume("\"name\":\"m\""), cat(kMap, volume("\"configMap\":{\"name\":\"m\"}"))});  // the order does not matter
}

TEST_CASE("items choose keys and safe paths", "[spec]") {
  const auto item = [](std::string_view members) { return map_volume(cat("\"name\":\"m\",\"items\":[{", members, "}]")); };
  const std::string at = "spec.volumes[0].configMap.items[0].";
  const Rule rules[] = {
      {item("\"key\":\"k\",\"path\":^\"/a\""), at + "path", "Invalid value: \"/a\": must be a relative path"},
      {item("\"key\":\"k\",\"path\":^\"a/../b\""), at + "path", "Invalid value: \"a/../b\": must not contain '..'"},
      {item("\"key\":\"k\",\"path\":^\"..\""), at + "path", "Invalid value: \"..\": must not contain '..'"},
      {item("\"key\":\"k\",\"path\":^\"..a\""), at + "path", "Invalid value: \"..a\": must not start with '..'"},
      {item("\"key\":\"k\",\"path\":^\"\""), at + "path", "Required value"},
      {item("\"key\":^\"\",\"path\":\"a\""), at + "key", "Required value"},
      {item("\"key\":^\"q\",\"path\":\"a\""), at + "key", "Not found: \"q\": ConfigMap \"m\" has no such key"},
      {item("\"key\":\"k\",\"path\":\"a\",\"mode\":^512"), at + "mode", "Invalid value: 512: " + kModeRule},
      {item("\"key\":\"k\",\"path\":\"a\",\"mode\":^-1"), at + "mode", "Invalid value: -1: " + kModeRule},
      {item("\"key\":\"k\",\"path\":\"a\",\"mode\":^\"0644\""), at + "mode", "Invalid value: \"0644\": must be an integer, not a string"},
      {item("\"key\":\"k\",\"path\":\"a\"},{\"key\":\"l\",\"path\":^\"a\""), "spec.volumes[0].configMap.items[1].path",
       "Duplicate value: \"a\""},
      {map_volume("\"name\":\"m\",\"defaultMode\":^512"), "spec.volumes[0].configMap.defaultMode", "Invalid value: 512: " + kModeRule},
      {map_volume("\"name\":\"m\",\"defaultMode\":^-1"), "spec.volumes[0].configMap.defaultMode", "Invalid value: -1: " + kModeRule},
  };
  for (const auto& rule : rules) check_rule(rule);
  check_clean({item("\"key\":\"k\",\"path\":\"a/b..c/d\",\"mode\":511"), item("\"key\":\"k\",\"path\":\"a\",\"mode\":0"),
               map_volume("\"name\":\"m\",\"optional\":true,\"items\":[{\"key\":\"q\",\"path\":\"a\"}]")});
}

TEST_CASE("mounts name a volume and a place of their own", "[spec]") {
  const auto mount = [](std::string_view members) { return container_with(cat("\"volumeMounts\":[{", members, "}]")); };
  const std::string at = "spec.containers[0].volumeMounts[0].";
  const Rule rules[] = {
      {mount("\"name\":^\"x\",\"mountPath\":\"/d\""), at + "name", "Not found: \"x\"; volumes are: v"},
      {mount("\"name\":^\"\",\"mountPath\":\"/d\""), at + "name", "Required value"},
      {mount("\"name\":\"v\",\"mountPath\":^\"\""), at + "mountPath", "Required value"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\"},{\"name\":\"v\",\"mountPath\":^\"/d\""), "spec.containers[0].volumeMounts[1].mountPath",
       "Invalid value: \"/d\": must be unique"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\"},{\"name\":\"v\",\"mountPath\":^\"//d/\""),
       "spec.containers[0].volumeMounts[1].mountPath", "Invalid value: \"//d/\": must be unique"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\",\"subPath\":^\"/a\""), at + "subPath", "Invalid value: \"/a\": must be a relative path"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\",\"subPath\":^\"a/../../b\""), at + "subPath",
       "Invalid value: \"a/../../b\": must not contain '..'"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\",\"subPathExpr\":^\"/$(A)\""), at + "subPathExpr",
       "Invalid value: \"/$(A)\": must be a relative path"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\",\"subPathExpr\":^\"$(A)/..\""), at + "subPathExpr",
       "Invalid value: \"$(A)/..\": must not contain '..'"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\",\"subPath\":\"a\",\"subPathExpr\":^\"$(A)\""), at + "subPathExpr",
       "Invalid value: \"$(A)\": subPathExpr and subPath are mutually exclusive"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\",\"mountPropagation\":^\"Bidirectional\""), at + "mountPropagation",
       "not supported: podctl does not carry this out yet"},
      {mount("\"name\":\"v\",\"mountPath\":\"/d\",\"recursiveReadOnly\":^\"Enabled\""), at + "recursiveReadOnly",
       "not supported: podctl does not carry this out yet"},
  };
  for (const auto& rule : rules) check_rule(rule);
  for (const char* path : {"/", "//", "/.", "/proc", "/proc/1", "/sys/fs/cgroup", "/a/../proc", "/dev/../../sys", "."})
    check_rule({mount(cat("\"name\":\"v\",\"mountPath\":^\"", path, "\"")), at + "mountPath",
                cat("Invalid value: \"", path,
                    "\": must not be the root, /proc, /sys or below them: a volume there could "
                    "stand in for the kernel's own files")});
  check_clean({mount("\"name\":\"v\",\"mountPath\":\"/d\",\"subPath\":\"a/..b\",\"readOnly\":true"),
               mount("\"name\":\"v\",\"mountPath\":\"/process\""),
               mount("\"name\":\"v\",\"mountPath\":\"/d\"},{\"name\":\"v\",\"mountPath\":\"/d/e\"")});
  check_rule({pod_with("\"containers\":[{\"name\":\"c\",\"command\":[\"x\"],\"volumeMounts\":[{"
                       "\"name\":^\"x\",\"mountPath\":\"/d\"}]}]"),
              at + "name", "Not found: \"x\"; volumes are: none"});
}
