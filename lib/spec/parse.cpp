#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "podctl/manifest.hpp"
#include "podctl/text.hpp"
#include "spec/decode.hpp"
#include "spec/defaults.hpp"
#include "spec/edit.hpp"
#include "spec/json_reader.hpp"
#include "spec/objects.hpp"
#include "spec/report.hpp"
#include "spec/validate.hpp"
#include "spec/yaml_reader.hpp"

namespace podctl {
namespace {

using spec::Node;

spec::Strictness strictness(Validation validation) {
  switch (validation) {
    case Validation::kStrict: return spec::Strictness::kStrict;
    case Validation::kWarn: return spec::Strictness::kWarn;
    case Validation::kIgnore: return spec::Strictness::kIgnore;
  }
  return spec::Strictness::kStrict;
}

// What to do with an object, by its kind.
enum class Use { kPod, kData, kClaim, kList, kNoEffect, kWorkload, kUnknown };

struct KnownKind {
  std::string_view kind, api_version;  // no api_version: several, not looked at
  Use use;
};

constexpr KnownKind kKinds[] = {
    {"Pod", "v1", Use::kPod},
    {"ConfigMap", "v1", Use::kData},
    {"Secret", "v1", Use::kData},
    {"PersistentVolumeClaim", "v1", Use::kClaim},
    {"List", "v1", Use::kList},
    {"Service", "v1", Use::kNoEffect},
    {"ServiceAccount", "v1", Use::kNoEffect},
    {"Namespace", "v1", Use::kNoEffect},
    {"NetworkPolicy", "", Use::kNoEffect},
    {"Ingress", "", Use::kNoEffect},
    {"Role", "", Use::kNoEffect},
    {"RoleBinding", "", Use::kNoEffect},
    {"ClusterRole", "", Use::kNoEffect},
    {"ClusterRoleBinding", "", Use::kNoEffect},
    {"PodDisruptionBudget", "", Use::kNoEffect},
    {"Deployment", "", Use::kWorkload},
    {"StatefulSet", "", Use::kWorkload},
    {"DaemonSet", "", Use::kWorkload},
    {"ReplicaSet", "", Use::kWorkload},
    {"ReplicationController", "", Use::kWorkload},
    {"Job", "", Use::kWorkload},
    {"CronJob", "", Use::kWorkload},
};

const KnownKind* find_kind(std::string_view name) {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KnownKind& k) { return k.kind == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

// "PodList" and the like hold objects of that one kind: which one, or nothing.
const KnownKind* kind_in_list(std::string_view name) {
  constexpr std::string_view kList = "List";
  return name.ends_with(kList) ? find_kind(name.substr(0, name.size() - kList.size())) : nullptr;
}

const Node& place_of_name(const Node& object) {
  const spec::Path metadata("metadata");
  spec::MemberIndex index;
  return (metadata / "name").locate(object, index);
}

class Reader {
 public:
  Reader(const ParseOptions& options, Manifest& manifest) : options_(options), manifest_(manifest) {}

  void take(Node& node) {
    if (node.kind != Node::Kind::kMap) return problem(node, "", cat("Invalid value: must be an object, not ", kind_name(node.kind)));
    const Node* api_version = node.find("apiVersion");
    const Node* kind = node.find("kind");
    if (kind == nullptr || kind->kind != Node::Kind::kString || kind->text.empty())
      return problem(node, "kind", "Required value: e.g. Pod");
    const KnownKind* in_list = kind_in_list(kind->text);
    const KnownKind* known = in_list != nullptr ? in_list : find_kind(kind->text);
    if (known == nullptr) return unknown_kind(*kind);
    if (api_version == nullptr || api_version->text.empty()) return problem(node, "apiVersion", "Required value: v1");
    if (!known->api_version.empty() && api_version->text != known->api_version)
      return problem(*api_version, "apiVersion",
                     cat("Unsupported value: ", quote(api_version->text), ": supported values: ", quote(known->api_version)));
    if (in_list != nullptr) return take_list(node, in_list->kind, api_version->text);
    switch (known->use) {
      case Use::kPod: return take_pod(node);
      case Use::kData: return take_data(node, spec::read_data_object);
      case Use::kClaim: return take_data(node, spec::read_claim);
      case Use::kList: return take_list(node, {}, {});
      case Use::kNoEffect:
        manifest_.diagnostics.push_back({kind->at.line, kind->at.column, "kind",
                                         cat("no effect here: podctl runs pods, not ", kind->text, " objects"), Severity::kNote});
        return;
      case Use::kWorkload:
        return problem(*kind, "kind",
                       cat("Unsupported value: ", quote(kind->text), ": podctl runs one Pod; take its pod from ",
                           kind->text == "CronJob" ? "spec.jobTemplate.spec.template" : "spec.template",
                           " and give it apiVersion, kind and metadata.name"));
      case Use::kUnknown: return;
    }
  }

 private:
  void problem(const Node& at, std::string path, std::string message) {
    manifest_.diagnostics.push_back({at.at.line, at.at.column, std::move(path), std::move(message), Severity::kError});
  }

  void unknown_kind(const Node& kind) {
    std::vector<std::string_view> names;
    for (const auto& known : kKinds) names.push_back(known.kind);
    const auto near = did_you_mean(kind.text, names);
    problem(kind, "kind",
            cat("Unsupported value: ", quote(kind.text),
                ": supported values: \"ConfigMap\", \"List\", \"PersistentVolumeClaim\", \"Pod\", \"Secret\"",
                near ? cat("; did you mean ", quote(*near), '?') : ""));
  }

  void take_pod(Node& node) {
    if (manifest_.pods.empty()) spec::apply_edits(node, options_.edits, manifest_.diagnostics);
    Pod pod;
    spec::Decoder decoder(strictness(options_.validation), manifest_.diagnostics);
    decoder.decode(node, pod);
    spec::fill_defaults(pod);
    for (const auto& other : manifest_.pods)
      if (!pod.metadata.name.empty() && other.metadata.name == pod.metadata.name && other.metadata.name_space == pod.metadata.name_space)
        problem(place_of_name(node), "metadata.name", cat("Duplicate value: ", quote(pod.metadata.name)));
    pods_.push_back(node);
    manifest_.pods.push_back(std::move(pod));
  }

  void take_data(const Node& node, DataObject (*read)(const Node&, spec::Decoder&, std::vector<Diagnostic>&)) {
    spec::Decoder decoder(strictness(options_.validation), manifest_.diagnostics);
    DataObject object = read(node, decoder, manifest_.diagnostics);
    for (const auto& other : manifest_.objects)
      if (other.kind == object.kind && other.name == object.name && other.name_space == object.name_space)
        problem(place_of_name(node), "metadata.name", cat("Duplicate value: ", quote(object.name)));
    manifest_.objects.push_back(std::move(object));
  }

  // What the list is one of its items is, unless it says otherwise; nothing for a plain List.
  void take_list(Node& node, std::string_view kind, const std::string& api_version) {
    Node* items = node.find("items");
    if (items == nullptr || items->kind != Node::Kind::kList) return problem(node, "items", "Required value: a list of objects");
    for (auto& item : items->items) {
      if (item.kind == Node::Kind::kMap && !kind.empty() && item.find("kind") == nullptr) {
        item.at_key("kind") = Node::string(std::string(kind));
        if (item.find("apiVersion") == nullptr) item.at_key("apiVersion") = Node::string(api_version);
      }
      take(item);
    }
  }

  const ParseOptions& options_;
  Manifest& manifest_;

 public:
  std::vector<Node> pods_;  // the trees of manifest_.pods, for the places of what validation finds
};

// The path of the field that an unknown one was taken for; "" when the finding says no such thing.
std::string meant_field(const Diagnostic& d) {
  constexpr std::string_view kBefore = "unknown field; did you mean \"", kAfter = "\"?";
  const std::string_view message = d.message;
  if (message.substr(0, kBefore.size()) != kBefore) return {};
  const std::string_view name = message.substr(kBefore.size(), message.size() - kBefore.size() - kAfter.size());
  const auto dot = d.path.rfind('.');
  return dot == std::string::npos ? std::string(name) : cat(d.path.substr(0, dot + 1), name);
}

// Each problem once. Two rules may find the same thing; where reading has refused a value there is none for
// validation to find fault with; and a field that is misspelt is not missing as well.
// @param read  how many of them came from reading
std::vector<Diagnostic> without_repeats(std::vector<Diagnostic> all, std::size_t read) {
  std::set<std::tuple<int, int, std::string>> refused;
  std::set<std::tuple<int, int, std::string, std::string>> said;
  std::set<std::string> misspelt;
  for (const auto& d : all)
    if (std::string path = meant_field(d); !path.empty()) misspelt.insert(std::move(path));
  std::vector<Diagnostic> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Diagnostic& d = all[i];
    if (i < read && d.severity == Severity::kError) refused.emplace(d.line, d.column, d.path);
    if (i >= read && refused.contains({d.line, d.column, d.path})) continue;
    if (d.message.substr(0, 14) == "Required value" && misspelt.contains(d.path)) continue;
    if (said.emplace(d.line, d.column, d.path, d.message).second) kept.push_back(std::move(d));
  }
  return kept;
}

Manifest read_nodes(std::vector<Node> nodes, Manifest manifest, const ParseOptions& options) {
  const bool readable = manifest.diagnostics.empty();
  Reader reader(options, manifest);
  for (auto& node : nodes) reader.take(node);
  const std::size_t read = manifest.diagnostics.size();
  for (std::size_t i = 0; i < manifest.pods.size(); ++i)
    spec::validate_pod(manifest.pods[i], manifest.objects, reader.pods_[i], manifest.diagnostics);
  if (readable && manifest.pods.empty() && !manifest.has_errors())
    manifest.diagnostics.push_back({0, 0, "", "there is no Pod in it", Severity::kError});
  manifest.diagnostics = without_repeats(std::move(manifest.diagnostics), read);
  std::stable_sort(manifest.diagnostics.begin(), manifest.diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return std::pair(a.line, a.column) < std::pair(b.line, b.column); });
  return manifest;
}

}  // namespace

bool Manifest::has_errors() const {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

Manifest parse_manifest(std::string_view text, const ParseOptions& options) {
  Manifest manifest;
  const std::string_view start = trim(text.substr(0, 3) == "\xef\xbb\xbf" ? text.substr(3) : text);
  const bool is_json = start.empty() || start[0] == '{';
  std::vector<Node> nodes = is_json ? spec::read_json(text, manifest.diagnostics) : spec::read_yaml(text, manifest.diagnostics);
  return read_nodes(std::move(nodes), std::move(manifest), options);
}

Manifest make_command_pod(const std::vector<std::string>& command, const ParseOptions& options) {
  Node argv = Node::list();
  for (const auto& word : command) {
    std::string literal;  // "$$" is how a manifest writes "$"
    for (const char c : word) literal += c == '$' ? std::string("$$") : std::string(1, c);
    argv.items.push_back(Node::string(std::move(literal)));
  }
  Node container = Node::map();
  container.at_key("name") = Node::string("main");
  container.at_key("command") = std::move(argv);
  Node containers = Node::list();
  containers.items.push_back(std::move(container));

  Node pod = Node::map();
  pod.at_key("apiVersion") = Node::string("v1");
  pod.at_key("kind") = Node::string("Pod");
  Node metadata = Node::map();
  metadata.at_key("name") = Node::string("main");
  pod.at_key("metadata") = std::move(metadata);
  Node pod_spec = Node::map();
  pod_spec.at_key("restartPolicy") = Node::string("Never");
  pod_spec.at_key("containers") = std::move(containers);
  pod.at_key("spec") = std::move(pod_spec);

  std::vector<Node> nodes;
  nodes.push_back(std::move(pod));
  return read_nodes(std::move(nodes), Manifest{}, options);
}

std::string manifest_json(const Pod& pod) { return spec::to_pretty_json(spec::encode_object(spec::object_info<Pod>(), &pod)) + '\n'; }

}  // namespace podctl
