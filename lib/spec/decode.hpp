#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "podctl/error.hpp"
#include "spec/enums.hpp"
#include "spec/fields.hpp"
#include "spec/node.hpp"

namespace podctl::spec {

/// How fields that podctl does not know or cannot carry out are taken (kubectl's --validate).
enum class Strictness { kStrict, kWarn, kIgnore };

/// Turns nodes into values by the field tables. Never stops at a problem: each is noted with its place
/// and path, and the value is left as it was.
class Decoder {
 public:
  Decoder(Strictness strictness, std::vector<Diagnostic>& problems) : strictness_(strictness), problems_(problems) {}

  /// Reads `node` into `value` by the table of its type.
  template <class T>
  void decode(const Node& node, T& value, std::string_view path = {}) {
    path_ = path;
    read(node, value);
  }

  /// From here on no problem shows the value it is about: it may be a secret.
  void hide_values() { hides_values_ = true; }

  void problem(Position at, std::string message, Severity severity = Severity::kError);

  void read(const Node& node, std::string& value);
  void read(const Node& node, bool& value);
  void read(const Node& node, std::int32_t& value);
  void read(const Node& node, std::int64_t& value);
  void read(const Node& node, Quantity& value);
  void read(const Node& node, PortReference& value);
  template <class E>
  requires std::is_enum_v<E>
  void read(const Node& node, E& value) {
    const int index = read_choice(node, EnumNames<E>::names);
    if (index >= 0) value = static_cast<E>(index);
  }
  template <class T>
  void read(const Node& node, std::optional<T>& value) {
    if constexpr (std::is_arithmetic_v<T>) {  // a value that was not taken must not look like a 0 that was
      const auto before = problems_.size();
      T taken{};
      read(node, taken);
      if (problems_.size() == before) value = taken;
    } else {
      read(node, value.emplace());
    }
  }
  template <class T>
  void read(const Node& node, std::vector<T>& values) {
    if (!expect(node, Node::Kind::kList)) return;
    values.clear();
    values.reserve(node.items.size());
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const PathScope scope(*this, i);
      T& value = values.emplace_back();
      if (node.items[i].kind == Node::Kind::kNull) problem(node.items[i].at, "Required value");
      else read(node.items[i], value);
    }
  }
  template <class T>
  void read(const Node& node, std::map<std::string, T>& values) {
    if (!expect(node, Node::Kind::kMap)) return;
    check_duplicate_keys(node, PathScope::Style::kMapKey);
    for (const auto& member : node.members) {
      const PathScope scope(*this, member.key, PathScope::Style::kMapKey);
      if (member.value.kind == Node::Kind::kNull) continue;
      const auto before = problems_.size();
      read(member.value, values[member.key]);
      if (std::is_same_v<T, Quantity> && problems_.size() != before) values.erase(member.key);  // no amount to compare with
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void read(const Node& node, T& value) { read_object(node, object_info<T>(), &value); }

 private:
  /// Adds a piece to the path for as long as it lives.
  class PathScope {
   public:
    enum class Style { kField, kMapKey };
    PathScope(Decoder& decoder, std::string_view name, Style style = Style::kField);
    PathScope(Decoder& decoder, std::size_t index);
    ~PathScope() { decoder_.path_.resize(length_); }
    PathScope(const PathScope&) = delete;
    PathScope& operator=(const PathScope&) = delete;

   private:
    Decoder& decoder_;
    std::size_t length_;
  };

  bool expect(const Node& node, Node::Kind kind);
  [[nodiscard]] std::string invalid(const Node& node, std::string_view rule) const;
  int read_choice(const Node& node, std::span<const std::string_view> names);
  void read_object(const Node& node, const ObjectInfo& info, void* owner);
  void read_field(const Node& node, const Field& field, const ObjectInfo& info, void* owner);
  void unknown_field(const Member& member, const ObjectInfo& info);
  void check_duplicate_keys(const Node& node, PathScope::Style style);
  /// Checks a value that has no place in the values: unknown fields and types, as deep as its table goes.
  void check_shape(const Node& node, const Type& type);
  Severity lenient() const { return strictness_ == Strictness::kStrict ? Severity::kError : Severity::kWarning; }

  Strictness strictness_;
  std::vector<Diagnostic>& problems_;
  std::string path_;
  bool hides_values_ = false;
};

/// The value as the tables would write it, defaults included.
Node encode_object(const ObjectInfo& info, const void* owner);

/// JSON text of a node, on one line; and indented by two.
std::string to_json_text(const Node& node);
std::string to_pretty_json(const Node& node);

// --- how a member of a struct becomes a Field ---------------------------------------------------------

template <class T>
struct TypeOf;
template <class T>
inline constexpr Type kTypeOf = TypeOf<T>::value;

template <>
struct TypeOf<std::string> {
  static constexpr Type value{.kind = Kind::kString};
};
template <>
struct TypeOf<bool> {
  static constexpr Type value{.kind = Kind::kBoolean};
};
template <>
struct TypeOf<std::int32_t> {
  static constexpr Type value{.kind = Kind::kInteger};
};
template <>
struct TypeOf<std::int64_t> {
  static constexpr Type value{.kind = Kind::kInteger};
};
template <class E>
requires std::is_enum_v<E>
struct TypeOf<E> {
  static constexpr Type value{.kind = Kind::kString, .values = EnumNames<E>::names};
};
template <>
struct TypeOf<Quantity> {
  static constexpr Type value{.kind = Kind::kQuantity};
};
template <>
struct TypeOf<PortReference> {
  static constexpr Type value{.kind = Kind::kIntOrString};
};
template <class T>
struct TypeOf<std::optional<T>> : TypeOf<T> {};
template <class T>
struct TypeOf<std::vector<T>> {
  static constexpr Type value{.kind = Kind::kList, .element = &kTypeOf<T>};
};
template <class T>
struct TypeOf<std::map<std::string, T>> {
  static constexpr Type value{.kind = Kind::kMap, .element = &kTypeOf<T>};
};
template <class T>
requires std::is_class_v<T>
struct TypeOf<T> {
  static constexpr Type value{.kind = Kind::kObject, .object = &object_info<T>};
};

Node encode(const std::string& value, const Field& field);
Node encode(bool value, const Field& field);
Node encode(std::int32_t value, const Field& field);
Node encode(std::int64_t value, const Field& field);
Node encode(const Quantity& value, const Field& field);
Node encode(const PortReference& value, const Field& field);
template <class E>
requires std::is_enum_v<E> Node encode(E value, const Field& field) { return encode(std::string(enum_name(value)), field); }
template <class T>
Node encode(const std::optional<T>& value, const Field& field);
template <class T>
Node encode(const std::vector<T>& values, const Field& field);
template <class T>
Node encode(const std::map<std::string, T>& values, const Field& field);
template <class T>
requires std::is_class_v<T> Node encode(const T& value, const Field& field) {
  Node node = encode_object(object_info<T>(), &value);
  return node.members.empty() && field.default_text.empty() && !field.required ? Node{} : node;
}

/// For elements and for what an optional holds, which are written whatever they are.
inline constexpr Field kElement{.name = "", .type = {}, .doc = "", .default_text = "-"};
template <class T>
Node encode(const std::optional<T>& value, const Field&) {
  return value ? encode(*value, kElement) : Node{};
}
template <class T>
Node encode(const std::vector<T>& values, const Field&) {
  if (values.empty()) return {};
  Node list = Node::list();
  for (const auto& value : values) list.items.push_back(encode(value, kElement));
  return list;
}
template <class T>
Node encode(const std::map<std::string, T>& values, const Field&) {
  if (values.empty()) return {};
  Node map = Node::map();
  for (const auto& [key, value] : values) map.at_key(key) = encode(value, kElement);
  return map;
}

namespace detail {
template <auto M>
struct MemberOf;
template <class Owner, class Value, Value Owner::*M>
struct MemberOf<M> {
  using owner = Owner;
  using value = Value;
};
}  // namespace detail

/// A field held by member `M` of its type.
template <auto M>
constexpr Field field(std::string_view name, std::string_view doc, std::string_view default_text = {}) {
  using Owner = typename detail::MemberOf<M>::owner;
  using Value = typename detail::MemberOf<M>::value;
  return {.name = name,
          .type = kTypeOf<Value>,
          .doc = doc,
          .default_text = default_text,
          .read = [](Decoder& decoder, const Node& node, void* owner) { decoder.read(node, static_cast<Owner*>(owner)->*M); },
          .write = [](const void* owner, const Field& field) { return encode(static_cast<const Owner*>(owner)->*M, field); }};
}

template <auto M>
constexpr Field required(std::string_view name, std::string_view doc) {
  Field made = field<M>(name, doc);
  made.required = true;
  return made;
}

/// A field that is known, checked for its shape and kept, and means nothing here.
constexpr Field no_effect(std::string_view name, const Type& type, std::string_view doc, std::string_view reason,
                          std::string_view default_text = {}) {
  return {.name = name, .type = type, .doc = doc, .default_text = default_text, .support = Support::kNoEffect, .reason = reason};
}

/// The same for one that the rest of podctl looks at all the same.
template <auto M>
constexpr Field no_effect(std::string_view name, std::string_view doc, std::string_view reason) {
  Field made = field<M>(name, doc);
  made.support = Support::kNoEffect;
  made.reason = reason;
  return made;
}

/// A field that is known and refused, unless it says what holds anyway (`harmless`).
constexpr Field rejected(std::string_view name, const Type& type, std::string_view doc, std::string_view reason,
                         std::string_view harmless = {}) {
  return {.name = name, .type = type, .doc = doc, .default_text = harmless, .support = Support::kRejected, .reason = reason};
}

/// A field of a type that has no values of its own (the shapes of cluster-only fields).
constexpr Field shape(std::string_view name, const Type& type, std::string_view doc) { return {.name = name, .type = type, .doc = doc}; }

// Types for fields without a member.
inline constexpr Type kString{.kind = Kind::kString};
inline constexpr Type kInteger{.kind = Kind::kInteger};
inline constexpr Type kBoolean{.kind = Kind::kBoolean};
inline constexpr Type kQuantityType{.kind = Kind::kQuantity};
inline constexpr Type kIntOrString{.kind = Kind::kIntOrString};
inline constexpr Type kAnything{.kind = Kind::kAny};
inline constexpr Type kStrings{.kind = Kind::kList, .element = &kString};
inline constexpr Type kStringMap{.kind = Kind::kMap, .element = &kString};
inline constexpr Type kQuantityMap{.kind = Kind::kMap, .element = &kQuantityType};
inline constexpr Type kObjects{.kind = Kind::kList, .element = &kAnything};

}  // namespace podctl::spec
