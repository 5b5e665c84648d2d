// What a pod is told about itself: values of fieldRef and resourceFieldRef.
#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "plan/builder.hpp"
#include "spec/downward.hpp"
#include "spec/json_reader.hpp"

namespace podctl::plan {
namespace {

std::string join_present(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items)
    if (!item.empty()) append(out, out.empty() ? "" : ",", item);
  return out;
}

std::vector<std::string> pod_addresses(const Draft& draft) {
  if (uses_host_network(draft.pod)) return draft.facts.addresses;
  return {draft.plan.ipv4, draft.plan.ipv6};
}

std::string first_of(const std::vector<std::string>& items) { return items.empty() ? std::string() : items.front(); }

// A field that is kept as JSON text because nothing else looks at it.
std::string kept_text(const Passthrough& other, const char* name) {
  const auto found = other.find(name);
  spec::Node node;
  return found != other.end() && spec::try_read_json_value(found->second, node) ? node.text : std::string();
}

std::string service_account(const Pod& pod) {
  for (const char* name : {"serviceAccountName", "serviceAccount"})
    if (std::string account = kept_text(pod.spec.other, name); !account.empty()) return account;
  return "default";
}

// Labels or annotations as a file of them: sorted, and quoted so that each is one line.
std::string as_lines(const StringMap& map) {
  std::string out;
  for (const auto& [key, value] : map) append(out, out.empty() ? "" : "\n", key, '=', quote(value));
  return out;
}

std::int64_t divided_up(std::int64_t value, std::int64_t by) { return value / by + (value % by > 0 ? 1 : 0); }

std::optional<Quantity> amount_of(const Container& container, const spec::ResourcePath& path) {
  const auto& list = path.is_limit ? container.resources.limits : container.resources.requests;
  const auto found = list.find(path.resource);
  return found == list.end() ? std::nullopt : std::optional(found->second);
}

// What the machine has of it: what a container without a limit may use.
std::int64_t whole_machine(const HostFacts& facts, const std::string& resource) {
  if (resource == "cpu") return facts.cpus;
  if (resource == "memory") return facts.memory_bytes;
  if (resource == "ephemeral-storage") return facts.disk_bytes;
  return 0;
}

}  // namespace

std::string field_value(const Draft& draft, const FieldRef& ref) {
  const spec::FieldPath field = spec::parse_field_path(ref.field_path);
  const ObjectMeta& metadata = draft.pod.metadata;
  if (field.name == "metadata.labels" || field.name == "metadata.annotations") {
    const StringMap& map = field.name == "metadata.labels" ? metadata.labels : metadata.annotations;
    if (!field.key) return as_lines(map);
    const auto found = map.find(*field.key);
    return found == map.end() ? std::string() : found->second;
  }
  if (field.name == "metadata.name") return metadata.name;
  if (field.name == "metadata.namespace") return metadata.name_space;
  if (field.name == "metadata.uid") return draft.options.pod_uid;
  if (field.name == "spec.nodeName") return draft.facts.host_name;
  if (field.name == "spec.serviceAccountName") return service_account(draft.pod);
  if (field.name == "status.hostIP") return first_of(draft.facts.addresses);
  if (field.name == "status.hostIPs") return join_present(draft.facts.addresses);
  if (field.name == "status.podIP") return first_of(pod_addresses(draft));
  return join_present(pod_addresses(draft));  // status.podIPs, the last one that validation lets through
}

std::string resource_value(const Draft& draft, const ResourceFieldRef& ref, const Container& own) {
  const Container* container = &own;
  for (const Container* other : all_containers(draft.pod.spec))
    if (!ref.container_name.empty() && other->name == ref.container_name) container = other;
  const auto path = spec::parse_resource_path(ref.resource).value_or(spec::ResourcePath{});
  const auto amount = amount_of(*container, path);
  const bool by_thousandths = ref.divisor && ref.divisor->milli > 0 && ref.divisor->milli < 1000;  // "1m", of cpu alone
  const std::int64_t divisor = ref.divisor && ref.divisor->value > 0 ? ref.divisor->value : 1;
  if (!amount) {
    const std::int64_t all = path.is_limit ? whole_machine(draft.facts, path.resource) : 0;
    return cat(by_thousandths ? all * 1000 : divided_up(all, divisor));
  }
  return cat(by_thousandths ? amount->milli : divided_up(amount->value, divisor));
}

bool wants_node(const Pod& pod) {
  const auto wants = [](const std::optional<FieldRef>& field, const std::optional<ResourceFieldRef>& resource) {
    return resource || (field && (field->field_path.substr(0, 13) == "status.hostIP" || field->field_path.substr(0, 12) == "status.podIP"));
  };
  for (const Container* container : all_containers(pod.spec))
    for (const auto& variable : container->env)
      if (variable.value_from && wants(variable.value_from->field_ref, variable.value_from->resource_field_ref)) return true;
  const auto shows = [&](const auto& source) {
    return source && std::any_of(source->items.begin(), source->items.end(),
                                 [&](const DownwardFile& file) { return wants(file.field_ref, file.resource_field_ref); });
  };
  for (const auto& volume : pod.spec.volumes) {
    if (shows(volume.downward_api)) return true;
    if (volume.projected)
      for (const auto& source : volume.projected->sources)
        if (shows(source.downward_api)) return true;
  }
  return false;
}

}  // namespace podctl::plan
