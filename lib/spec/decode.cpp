#include "spec/decode.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "podctl/text.hpp"
#include "spec/quantity.hpp"

namespace podctl::spec {
namespace {

// A report this long is not read for its suggestions, and each one is a search.
constexpr std::size_t kMaxSuggestions = 100;

std::string joined_choices(std::span<const std::string_view> names) {
  std::string out;
  for (const auto name : names) append(out, out.empty() ? "" : ", ", quote(name));
  return out;
}

// What a value looks like in a message: strings quoted, the rest as written.
std::string shown(const Node& node) {
  if (!node.written.empty()) return node.written;
  switch (node.kind) {
    case Node::Kind::kString: return quote(node.text);
    case Node::Kind::kNumber: return node.text;
    case Node::Kind::kBoolean: return node.boolean ? "true" : "false";
    default: return std::string(kind_name(node.kind));
  }
}

template <class T>
void read_integer(Decoder& decoder, const Node& node, T& value) {
  if (node.kind != Node::Kind::kNumber) {
    decoder.problem(node.at, cat("Invalid value: ", shown(node), ": must be an integer, not ", kind_name(node.kind)));
    return;
  }
  if (const auto number = parse_number<T>(node.text)) {
    value = *number;
  } else if (node.text.find_first_of(".eE") != std::string::npos) {
    decoder.problem(node.at, cat("Invalid value: ", node.text, ": must be an integer"));
  } else {
    decoder.problem(node.at, cat("Invalid value: ", node.text, ": must be between ", std::numeric_limits<T>::min(), " and ",
                                 std::numeric_limits<T>::max()));
  }
}

Node default_node(const Field& field) {
  switch (field.type.kind) {
    case Kind::kBoolean: return Node::boolean_of(field.default_text == "true");
    case Kind::kInteger: return Node::number(std::string(field.default_text));
    default: return Node::string(std::string(field.default_text));
  }
}

// Null, and an empty list where a list belongs.
bool is_absent(const Node& node, const Type& type) {
  return node.kind == Node::Kind::kNull || (node.kind == Node::Kind::kList && node.items.empty() && type.kind == Kind::kList);
}

bool is_default(const Node& node, const Field& field) {
  switch (node.kind) {
    case Node::Kind::kNull: return true;
    case Node::Kind::kBoolean: return (node.boolean ? "true" : "false") == field.default_text;
    case Node::Kind::kNumber: return !field.default_text.empty() && node.text == field.default_text;
    case Node::Kind::kString: return node.text.empty() || node.text == field.default_text;
    case Node::Kind::kList: return is_absent(node, field.type);
    // Nothing in it asks for nothing; but an empty `projected: {}` is still a volume podctl cannot make.
    case Node::Kind::kMap: return field.support == Support::kNoEffect && node.members.empty();
  }
  return false;
}

nlohmann::ordered_json to_json(const Node& node) {
  using json = nlohmann::ordered_json;
  switch (node.kind) {
    case Node::Kind::kNull: return nullptr;
    case Node::Kind::kBoolean: return node.boolean;
    case Node::Kind::kNumber: return json::parse(node.text);
    case Node::Kind::kString: return node.text;
    case Node::Kind::kList: {
      json list = json::array();
      for (const auto& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case Node::Kind::kMap: {
      json map = json::object();
      for (const auto& member : node.members) map[member.key] = to_json(member.value);
      return map;
    }
  }
  return nullptr;
}

}  // namespace

Decoder::PathScope::PathScope(Decoder& decoder, std::string_view name, Style style) : decoder_(decoder), length_(decoder.path_.size()) {
  if (style == Style::kMapKey) append(decoder_.path_, '[', name, ']');
  else append(decoder_.path_, length_ == 0 ? "" : ".", name);
}

Decoder::PathScope::PathScope(Decoder& decoder, std::size_t index) : decoder_(decoder), length_(decoder.path_.size()) {
  append(decoder_.path_, '[', index, ']');
}

void Decoder::problem(Position at, std::string message, Severity severity) {
  problems_.push_back({at.line, at.column, path_, std::move(message), severity});
}

bool Decoder::expect(const Node& node, Node::Kind kind) {
  if (node.kind == kind) return true;
  const bool is_scalar = node.kind == Node::Kind::kString || node.kind == Node::Kind::kNumber || node.kind == Node::Kind::kBoolean;
  problem(node.at, invalid(node, cat("must be ", kind_name(kind), is_scalar || hides_values_ ? cat(", not ", kind_name(node.kind)) : "")));
  return false;
}

std::string Decoder::invalid(const Node& node, std::string_view rule) const {
  return hides_values_ ? cat("Invalid value: ", rule) : cat("Invalid value: ", shown(node), ": ", rule);
}

void Decoder::read(const Node& node, std::string& value) {
  if (node.kind == Node::Kind::kNumber || node.kind == Node::Kind::kBoolean) {
    problem(node.at,
            invalid(node, hides_values_ ? "must be a string; write it in quotes" : cat("must be a string; write \"", shown(node), "\"")));
  } else if (expect(node, Node::Kind::kString)) {
    if (node.text.find('\0') != std::string::npos) problem(node.at, invalid(node, "must not contain NUL characters"));
    else value = node.text;
  }
}

void Decoder::read(const Node& node, bool& value) {
  if (node.kind == Node::Kind::kString && (node.text == "true" || node.text == "false"))
    problem(node.at, cat("Invalid value: ", shown(node), ": must be a boolean; write ", node.text, " without quotes"));
  else if (expect(node, Node::Kind::kBoolean)) value = node.boolean;
}

void Decoder::read(const Node& node, std::int32_t& value) { read_integer(*this, node, value); }
void Decoder::read(const Node& node, std::int64_t& value) { read_integer(*this, node, value); }

void Decoder::read(const Node& node, Quantity& value) {
  if (node.kind != Node::Kind::kString && node.kind != Node::Kind::kNumber) {
    expect(node, Node::Kind::kString);
    return;
  }
  std::string why;
  if (auto quantity = parse_quantity(node.text, why)) value = std::move(*quantity);
  else problem(node.at, cat("Invalid value: ", shown(node), ": ", why));
}

void Decoder::read(const Node& node, PortReference& value) {
  value = {};
  if (node.kind == Node::Kind::kString) read(node, value.name);
  else if (node.kind == Node::Kind::kNumber) read(node, value.number);
  else problem(node.at, cat("Invalid value: ", shown(node), ": must be an integer or a string"));
}

int Decoder::read_choice(const Node& node, std::span<const std::string_view> names) {
  std::string text;
  const auto before = problems_.size();
  read(node, text);
  if (problems_.size() != before) return -1;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return static_cast<int>(i);
  problem(node.at, cat("Unsupported value: ", quote(text), ": supported values: ", joined_choices(names)));
  return -1;
}

void Decoder::check_duplicate_keys(const Node& node, PathScope::Style style) {
  if (strictness_ == Strictness::kIgnore || node.members.size() < 2) return;
  std::map<std::string_view, Position> first;
  for (const auto& member : node.members) {
    const auto [seen, is_new] = first.emplace(member.key, member.at);
    if (is_new) continue;
    const PathScope scope(*this, member.key, style);
    problem(member.at, cat("duplicate field, first at ", seen->second.line, ':', seen->second.column), lenient());
  }
}

void Decoder::unknown_field(const Member& member, const ObjectInfo& info) {
  const PathScope scope(*this, member.key);
  std::string message = "unknown field";
  if (problems_.size() < kMaxSuggestions) {
    std::vector<std::string_view> names;
    for (const auto& field : info.fields) names.push_back(field.name);
    if (const auto near = did_you_mean(member.key, names)) append(message, "; did you mean ", quote(*near), '?');
  }
  problem(member.at, std::move(message), lenient());
}

void Decoder::read_object(const Node& node, const ObjectInfo& info, void* owner) {
  if (!expect(node, Node::Kind::kMap)) return;
  check_duplicate_keys(node, PathScope::Style::kField);
  std::vector<const Node*> given(info.fields.size(), nullptr);  // of duplicates the last one counts
  for (const auto& member : node.members) {
    const auto found = std::find_if(info.fields.begin(), info.fields.end(), [&](const Field& field) { return field.name == member.key; });
    if (found != info.fields.end()) given[static_cast<std::size_t>(found - info.fields.begin())] = &member.value;
    else if (strictness_ != Strictness::kIgnore) unknown_field(member, info);
  }
  for (std::size_t i = 0; i < info.fields.size(); ++i) {
    const Field& field = info.fields[i];
    const PathScope scope(*this, field.name);
    if (given[i] != nullptr && !is_absent(*given[i], field.type)) {
      read_field(*given[i], field, info, owner);
    } else if (field.required && (given[i] == nullptr || given[i]->kind == Node::Kind::kNull)) {
      problem(given[i] != nullptr ? given[i]->at : node.at, "Required value");
    } else if (!field.default_text.empty() && field.read != nullptr) {
      field.read(*this, default_node(field), owner);
    }
  }
}

void Decoder::read_field(const Node& node, const Field& field, const ObjectInfo& info, void* owner) {
  switch (field.support) {
    case Support::kRejected:
      if (is_default(node, field)) return;
      // Even --validate=ignore says this one: what is dropped here may have been asked for as protection.
      problem(node.at, cat("not supported: ", field.reason), lenient());
      return;
    case Support::kNoEffect:
      if (field.read != nullptr) {
        field.read(*this, node, owner);
      } else {
        check_shape(node, field.type);
        if (Passthrough* other = info.other != nullptr ? info.other(owner) : nullptr)
          (*other)[std::string(field.name)] = to_json_text(node);
      }
      if (!is_default(node, field)) problem(node.at, cat("no effect here: ", field.reason), Severity::kNote);
      return;
    case Support::kYes:
      if (field.read != nullptr) field.read(*this, node, owner);
      else check_shape(node, field.type);
      return;
  }
}

void Decoder::check_shape(const Node& node, const Type& type) {
  if (node.kind == Node::Kind::kNull) return;
  switch (type.kind) {
    case Kind::kAny: return;
    case Kind::kString: {
      std::string text;
      if (type.values.empty()) read(node, text);
      else read_choice(node, type.values);
      return;
    }
    case Kind::kInteger: {
      std::int64_t number = 0;
      read(node, number);
      return;
    }
    case Kind::kBoolean: {
      bool value = false;
      read(node, value);
      return;
    }
    case Kind::kQuantity: {
      Quantity quantity;
      read(node, quantity);
      return;
    }
    case Kind::kIntOrString:
      if (node.kind != Node::Kind::kString && node.kind != Node::Kind::kNumber)
        problem(node.at, cat("Invalid value: ", shown(node), ": must be an integer or a string"));
      return;
    case Kind::kList:
      if (!expect(node, Node::Kind::kList)) return;
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        const PathScope scope(*this, i);
        check_shape(node.items[i], *type.element);
      }
      return;
    case Kind::kMap:
      if (!expect(node, Node::Kind::kMap)) return;
      check_duplicate_keys(node, PathScope::Style::kMapKey);
      for (const auto& member : node.members) {
        const PathScope scope(*this, member.key, PathScope::Style::kMapKey);
        check_shape(member.value, *type.element);
      }
      return;
    case Kind::kObject: read_object(node, type.object(), nullptr); return;
  }
}

const Type* find_type(const ObjectInfo& info, std::string_view path) {
  const ObjectInfo* object = &info;
  const Type* type = nullptr;
  while (!path.empty()) {
    if (path[0] == '[') {
      const auto close = path.find(']');
      if (type == nullptr || type->element == nullptr || close == std::string_view::npos) return nullptr;
      type = type->element;
      path.remove_prefix(close + 1);
    } else {
      if (path[0] == '.') path.remove_prefix(1);
      const auto name = path.substr(0, path.find_first_of(".["));
      if (object == nullptr) return nullptr;
      const auto found = std::find_if(object->fields.begin(), object->fields.end(), [&](const Field& field) { return field.name == name; });
      if (found == object->fields.end()) return nullptr;
      type = &found->type;
      path.remove_prefix(name.size());
    }
    object = type->kind == Kind::kObject ? &type->object() : nullptr;
    // A key of a map may be written like a field: metadata.labels.app.
    if (type->kind == Kind::kMap && !path.empty() && path[0] == '.') {
      type = type->element;
      path.remove_prefix(std::min(path.find_first_of(".[", 1), path.size()));
    }
  }
  return type;
}

Node encode(const std::string& value, const Field& field) {
  return value.empty() && field.default_text.empty() ? Node{} : Node::string(value);
}
Node encode(bool value, const Field& field) { return !value && field.default_text.empty() ? Node{} : Node::boolean_of(value); }
Node encode(std::int32_t value, const Field& field) { return encode(std::int64_t{value}, field); }
Node encode(std::int64_t value, const Field& field) { return value == 0 && field.default_text.empty() ? Node{} : Node::number(cat(value)); }
Node encode(const PortReference& value, const Field&) {
  return value.name.empty() ? Node::number(cat(value.number)) : Node::string(value.name);
}
Node encode(const Quantity& value, const Field&) { return Node::string(value.text); }

Node encode_object(const ObjectInfo& info, const void* owner) {
  Node map = Node::map();
  const Passthrough* other = info.other != nullptr ? info.other(const_cast<void*>(owner)) : nullptr;
  for (const auto& field : info.fields) {
    Node value;
    if (field.write != nullptr) {
      value = field.write(owner, field);
    } else if (other != nullptr) {
      if (const auto kept = other->find(std::string(field.name)); kept != other->end())
        value = Node::number(kept->second);  // its text is JSON already
    }
    if (value.kind == Node::Kind::kNull) continue;
    map.members.push_back(Member{std::string(field.name), {}, std::move(value)});
  }
  return map;
}

std::string to_json_text(const Node& node) { return to_json(node).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

std::string to_pretty_json(const Node& node) { return to_json(node).dump(2, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace podctl::spec
