#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "podctl/processes.hpp"
#include "view/json_text.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;

json map_json(const std::vector<IdMapping>& map) {
  json out = json::array();
  for (const auto& m : map) out.push_back({{"pod", m.pod}, {"host", m.host}, {"count", m.count}});
  return out;
}

std::string_view seccomp_name(int mode) {
  switch (mode) {
    case 0: return "disabled";
    case 1: return "strict";
    case 2: return "filter";
    default: return "unknown";
  }
}

json facts_json(const ProcessFacts& facts) {
  json namespaces = json::object(), mounts = json::array();
  for (const auto& [kind, inode] : facts.namespaces) namespaces[kind] = inode;
  for (const auto& mount : facts.mounts)
    mounts.push_back(
        {{"target", mount.target}, {"type", mount.type}, {"source", mount.source}, {"root", mount.root}, {"options", mount.options}});
  return {{"pid", facts.pid},
          {"pids", facts.pids},
          {"program", facts.program},
          {"namespaces", std::move(namespaces)},
          {"uidMap", map_json(facts.uid_map)},
          {"gidMap", map_json(facts.gid_map)},
          {"uids", facts.uids},
          {"gids", facts.gids},
          {"capabilities",
           {{"effective", capability_names(facts.cap_effective)},
            {"permitted", capability_names(facts.cap_permitted)},
            {"inheritable", capability_names(facts.cap_inheritable)},
            {"bounding", capability_names(facts.cap_bounding)},
            {"ambient", capability_names(facts.cap_ambient)}}},
          {"noNewPrivileges", facts.no_new_privileges},
          {"seccomp", seccomp_name(facts.seccomp_mode)},
          {"cgroup", facts.cgroup},
          {"mounts", std::move(mounts)}};
}

// A member, or null: a record may hold anything in any place.
const json& member(const json& from, const char* key) {
  static const json kNothing;
  if (!from.is_object()) return kNothing;
  const auto found = from.find(key);
  return found == from.end() ? kNothing : *found;
}

// The fields of `from` that decide over isolation, as they were written.
json picked(const json& from, std::initializer_list<const char*> fields) {
  json out = json::object();
  for (const char* field : fields)
    if (const json& value = member(from, field); !value.is_null()) out[field] = value;
  return out;
}

json asked_of_pod(const json& pod) {
  json asked = picked(member(pod, "spec"), {"hostNetwork", "hostIPC", "hostPID", "hostUsers", "shareProcessNamespace", "securityContext"});
  const json& annotations = member(member(pod, "metadata"), "annotations");
  if (annotations.is_object())
    for (const auto& [key, value] : annotations.items())
      if (key.rfind("podctl.dev/", 0) == 0) asked["annotations"][key] = value;
  return asked;
}

json asked_of_container(const json& pod, const std::string& name) {
  for (const char* list : {"initContainers", "containers"}) {
    const json& containers = member(member(pod, "spec"), list);
    if (!containers.is_array()) continue;
    for (const auto& container : containers)
      if (member(container, "name") == name) return picked(container, {"image", "securityContext", "resources", "volumeMounts"});
  }
  return json::object();
}

}  // namespace

std::string inspect_json(const SeenPod& seen) {
  json pod = view::parse_json(pod_json(seen.record));
  json asked = asked_of_pod(pod);
  json containers = json::object();
  for (const auto& container : seen.summary.containers) {
    json entry{{"asked", asked_of_container(pod, container.name)}};
    if (container.pid != 0)
      if (const auto facts = probe_process(container.pid)) entry["got"] = facts_json(*facts);
    containers[container.name] = std::move(entry);
  }
  json& own = pod["status"]["podctl"];
  own["asked"] = std::move(asked);
  if (seen.summary.pause_pid != 0)
    if (const auto facts = probe_process(seen.summary.pause_pid)) own["pause"] = {{"got", facts_json(*facts)}};
  own["containers"] = std::move(containers);
  return pod.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string inspect_list_json(std::span<const std::string> items) {
  json list{{"apiVersion", "podctl/v1"}, {"kind", "PodList"}, {"items", json::array()}};
  for (const auto& item : items) list["items"].push_back(view::parse_json(item));
  return list.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace podctl
