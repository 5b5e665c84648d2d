#include "spec/node.hpp"

#include <algorithm>

namespace podctl::spec {

Node Node::string(std::string value) {
  Node node;
  node.kind = Kind::kString;
  node.text = std::move(value);
  return node;
}

Node Node::number(std::string spelling) {
  Node node;
  node.kind = Kind::kNumber;
  node.text = std::move(spelling);
  return node;
}

Node Node::boolean_of(bool value) {
  Node node;
  node.kind = Kind::kBoolean;
  node.boolean = value;
  return node;
}

Node Node::list() {
  Node node;
  node.kind = Kind::kList;
  return node;
}

Node Node::map() {
  Node node;
  node.kind = Kind::kMap;
  return node;
}

const Node* Node::find(std::string_view key) const noexcept {
  const auto found = std::find_if(members.rbegin(), members.rend(), [&](const Member& member) { return member.key == key; });
  return found == members.rend() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) noexcept { return const_cast<Node*>(static_cast<const Node*>(this)->find(key)); }

Node& Node::at_key(std::string_view key) {
  if (Node* found = find(key)) return *found;
  return members.emplace_back(Member{std::string(key), {}, {}}).value;
}

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kNull: return "null";
    case Node::Kind::kBoolean: return "a boolean";
    case Node::Kind::kNumber: return "a number";
    case Node::Kind::kString: return "a string";
    case Node::Kind::kList: return "a list";
    case Node::Kind::kMap: return "an object";
  }
  return "";
}

}  // namespace podctl::spec
