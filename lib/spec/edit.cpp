#include "spec/edit.hpp"

#include <tuple>
#include "base/path.hpp"

#include "base/text.hpp"
#include "podctl/text.hpp"
#include "spec/decode.hpp"
#include "spec/json_reader.hpp"

namespace podctl::spec {
namespace {

void flag_problem(std::vector<Diagnostic>& problems, std::string_view flag, std::string message) {
  problems.push_back({0, 0, std::string(flag), std::move(message), Severity::kError});
}

// The node at `key` as a map or list; another kind is left for the decoder to complain about.
Node& become(Node& node, Node::Kind kind) {
  if (node.kind == Node::Kind::kNull) node.kind = kind;
  return node;
}

std::vector<Node*> containers(Node& pod, const std::optional<std::string>& only) {
  std::vector<Node*> found;
  Node* spec = pod.find("spec");
  if (spec == nullptr) return found;
  for (const char* list_name : {"initContainers", "containers"}) {
    Node* list = spec->find(list_name);
    if (list == nullptr) continue;
    for (auto& container : list->items) {
      const Node* name = container.find("name");
      if (!only || (name != nullptr && name->text == *only)) found.push_back(&container);
    }
  }
  return found;
}

void require_container(Node& pod, const std::string& name, std::vector<Diagnostic>& problems) {
  if (!containers(pod, name).empty()) return;
  std::vector<std::string_view> known;
  std::string list;
  for (const Node* container : containers(pod, std::nullopt)) {
    const Node* own = container->find("name");
    if (own == nullptr || own->text.empty()) continue;
    known.push_back(own->text);
    append(list, list.empty() ? "" : ", ", own->text);
  }
  const auto near = did_you_mean(name, known);
  flag_problem(problems, cat("-c ", name),
               cat("the pod has no container of that name", near            ? cat("; did you mean ", quote(*near), '?')
                                                            : !list.empty() ? cat("; its containers are: ", list)
                                                                            : ""));
}

// A piece of a --set path: a field or map key, or a list index.
struct Piece {
  std::string_view name;
  std::optional<std::size_t> index;
};

std::optional<std::vector<Piece>> split_path(std::string_view path) {
  std::vector<Piece> pieces;
  while (!path.empty()) {
    if (path[0] == '[') {
      const auto close = path.find(']');
      if (close == std::string_view::npos || close == 1) return std::nullopt;
      std::string_view inside = path.substr(1, close - 1);
      path.remove_prefix(close + 1);
      if (const auto index = parse_number<std::size_t>(inside)) {
        pieces.push_back({{}, index});
        continue;
      }
      if (inside.size() > 1 && (inside[0] == '"' || inside[0] == '\'') && inside.back() == inside[0])
        inside = inside.substr(1, inside.size() - 2);
      pieces.push_back({inside, std::nullopt});
    } else {
      if (path[0] == '.' && !pieces.empty()) path.remove_prefix(1);
      const auto name = path.substr(0, path.find_first_of(".["));
      if (name.empty()) return std::nullopt;
      pieces.push_back({name, std::nullopt});
      path.remove_prefix(name.size());
    }
  }
  if (pieces.empty()) return std::nullopt;
  return pieces;
}

// A field that holds text takes the value as it stands; any other takes it as JSON.
Node value_for(const Type* type, const std::string& value) {
  const bool is_text = type != nullptr && (type->kind == Kind::kString || type->kind == Kind::kQuantity);
  Node node;
  if (is_text || !try_read_json_value(value, node)) return Node::string(value);
  return node;
}

void set_field(Node& pod, const std::string& path, const std::string& value, std::vector<Diagnostic>& problems) {
  const std::string flag = cat("--set ", path);
  const auto pieces = split_path(path);
  if (!pieces) return flag_problem(problems, flag, "not a field path; write e.g. spec.containers[0].image");
  if (pieces->size() > std::size_t{kMaxManifestDepth})
    return flag_problem(problems, flag, cat("nested deeper than ", kMaxManifestDepth, " levels"));
  // What the object is was settled when it was chosen as the Pod to change.
  if (const auto name = pieces->front().name; name == "apiVersion" || name == "kind")
    return flag_problem(problems, flag, "cannot be changed: it says what the object is; change metadata or spec");
  Node* node = &pod;
  for (const auto& piece : *pieces) {
    if (piece.index) {
      become(*node, Node::Kind::kList);
      if (node->kind != Node::Kind::kList)
        return flag_problem(problems, flag, cat("item ", *piece.index, " is looked for in ", kind_name(node->kind)));
      if (*piece.index > node->items.size())
        return flag_problem(problems, flag, cat("there is no item ", *piece.index, ": the list has ", node->items.size()));
      if (*piece.index == node->items.size()) node->items.emplace_back();
      node = &node->items[*piece.index];
    } else {
      become(*node, Node::Kind::kMap);
      if (node->kind != Node::Kind::kMap)
        return flag_problem(problems, flag, cat(quote(piece.name), " is looked for in ", kind_name(node->kind)));
      node = &node->at_key(piece.name);
    }
  }
  *node = value_for(find_type(object_info<Pod>(), path), value);
}

void add_env(Node& pod, const Edits& edits, std::vector<Diagnostic>& problems) {
  for (const auto& text : edits.env) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      flag_problem(problems, cat("-e ", text), "must be NAME=VALUE");
      continue;
    }
    for (Node* container : containers(pod, edits.container)) {
      Node entry = Node::map();
      entry.at_key("name") = Node::string(text.substr(0, equals));
      // The value of a flag is meant literally, so no $(NAME) in it.
      std::string value;
      for (const char c : text.substr(equals + 1)) value += c == '$' ? std::string("$$") : std::string(1, c);
      entry.at_key("value") = Node::string(value);
      become(container->at_key("env"), Node::Kind::kList).items.push_back(std::move(entry));
    }
  }
}

// Adds a hostPath volume and mounts it in the chosen containers.
void add_host_volume(Node& pod, const Edits& edits, const std::string& name, const std::string& source, const std::string& type,
                     const std::string& target, bool read_only) {
  Node path = Node::map();
  path.at_key("path") = Node::string(source);
  if (!type.empty()) path.at_key("type") = Node::string(type);
  Node volume = Node::map();
  volume.at_key("name") = Node::string(name);
  volume.at_key("hostPath") = std::move(path);
  Node& spec = become(pod.at_key("spec"), Node::Kind::kMap);
  become(spec.at_key("volumes"), Node::Kind::kList).items.push_back(std::move(volume));
  for (Node* container : containers(pod, edits.container)) {
    Node mount = Node::map();
    mount.at_key("name") = Node::string(name);
    mount.at_key("mountPath") = Node::string(target);
    if (read_only) mount.at_key("readOnly") = Node::boolean_of(true);
    become(container->at_key("volumeMounts"), Node::Kind::kList).items.push_back(std::move(mount));
  }
}

void add_volumes(Node& pod, const Edits& edits, std::vector<Diagnostic>& problems) {
  std::size_t number = 0;
  for (const auto& text : edits.volumes) {
    const auto parts = split(text, ':');
    if (parts.size() < 2 || parts.size() > 3 || parts[0].empty() || parts[1].empty() ||
        (parts.size() == 3 && parts[2] != "ro" && parts[2] != "rw")) {
      flag_problem(problems, cat("-v ", text), "must be HOST:CONTAINER or HOST:CONTAINER:ro");
      continue;
    }
    add_host_volume(pod, edits, cat("flag-v-", ++number), clean_path(path_in(edits.current_directory, parts[0])), {}, std::string(parts[1]),
                    parts.size() == 3 && parts[2] == "ro");
  }
}

// The caller's folder at its own path, unless the root file system shows it there anyway.
void show_directory(Node& pod, const Edits& edits) {
  const std::string& path = edits.current_directory;
  if (path == "/" || is_below(path, "/proc") || is_below(path, "/sys")) return;
  for (Node* container : containers(pod, std::nullopt)) {
    container->at_key("workingDir") = Node::string(path);
    const Node* image = container->find("image");
    const bool host = image == nullptr || image->text.empty() || image->text == "host";
    for (const char* shown : {"/usr", "/etc", "/opt", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"})
      if (host && is_below(path, shown)) return;
  }
  add_host_volume(pod, edits, "flag-cwd", path, "Directory", path, !edits.current_directory_writable);
}

}  // namespace

void apply_edits(Node& pod, const Edits& edits, std::vector<Diagnostic>& problems) {
  if (pod.kind != Node::Kind::kMap) return;
  for (const auto& [path, value] : edits.set) set_field(pod, path, value, problems);

  const auto metadata = [&]() -> Node& { return become(pod.at_key("metadata"), Node::Kind::kMap); };
  const auto annotate = [&](std::string_view key, const std::string& value) {
    become(metadata().at_key("annotations"), Node::Kind::kMap).at_key(key) = Node::string(value);
  };
  if (edits.name) metadata().at_key("name") = Node::string(*edits.name);
  if (edits.restart_policy) become(pod.at_key("spec"), Node::Kind::kMap).at_key("restartPolicy") = Node::string(*edits.restart_policy);
  if (edits.sharing) annotate("podctl.dev/sharing", *edits.sharing);
  if (edits.network) annotate("podctl.dev/network", *edits.network);
  for (const auto& [key, value] : edits.annotations) annotate(key, value);

  if (edits.container) require_container(pod, *edits.container, problems);
  if (edits.image)
    for (Node* container : containers(pod, std::nullopt)) container->at_key("image") = Node::string(*edits.image);
  for (const auto& [wanted, flag, name] : {std::tuple(edits.stdin_open, "-i", "stdin"), std::tuple(edits.terminal, "-t", "tty")}) {
    if (!wanted) continue;
    const auto chosen = containers(pod, edits.container);
    if (chosen.size() > 1) flag_problem(problems, flag, "the pod has several containers; choose one with -c");
    else
      for (Node* container : chosen) container->at_key(name) = Node::boolean_of(true);
  }
  if (edits.show_current_directory) show_directory(pod, edits);
  add_env(pod, edits, problems);
  add_volumes(pod, edits, problems);
}

}  // namespace podctl::spec
