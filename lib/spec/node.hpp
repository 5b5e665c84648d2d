#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/error.hpp"

namespace podctl::spec {

/// Where a value begins in its text; both 0 for a value that came from a flag or a default.
struct Position {
  int line = 0;
  int column = 0;
};

inline constexpr std::size_t kMaxManifestBytes = std::size_t{3} << 20;
inline constexpr int kMaxManifestDepth = 100;

struct Member;

/// A manifest as it was written: every value with its place, every key in order, duplicates kept.
/// JSON and YAML become this tree, and everything else reads only the tree.
struct Node {
  enum class Kind { kNull, kBoolean, kNumber, kString, kList, kMap };

  Kind kind = Kind::kNull;
  bool boolean = false;
  Position at;
  std::string text;             ///< a string's value, or a number as JSON spells it
  std::string written;          ///< how YAML spelt a number or boolean that JSON spells differently; else empty
  std::vector<Node> items;      ///< of a list
  std::vector<Member> members;  ///< of a map

  static Node string(std::string value);
  static Node number(std::string spelling);
  static Node boolean_of(bool value);
  static Node list();
  static Node map();

  /// The last member named `key` (the one JSON readers take), or null.
  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
  [[nodiscard]] Node* find(std::string_view key) noexcept;
  /// The member named `key`, made (null) at the end when there is none.
  Node& at_key(std::string_view key);
};

struct Member {
  std::string key;
  Position at;
  Node value;
};

/// "a string", "a number", ... for messages.
std::string_view kind_name(Node::Kind kind);

}  // namespace podctl::spec
