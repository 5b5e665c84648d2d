#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "podctl/error.hpp"
#include "spec/node.hpp"

namespace podctl::spec {

/// Finds members of maps. A large map is indexed when it is first asked, so that a manifest of many faults
/// is not searched from end to end for each.
class MemberIndex {
 public:
  const Node* find(const Node& map, std::string_view key);

 private:
  std::unordered_map<const Node*, std::unordered_map<std::string_view, const Node*>> large_;
};

/// A field path that costs nothing until a problem is reported: each piece points at the one before it.
class Path {
 public:
  explicit Path(std::string_view name) : name_(name) {}

  [[nodiscard]] Path operator/(std::string_view name) const { return Path(this, name, -1, false); }
  [[nodiscard]] Path operator[](std::size_t index) const { return Path(this, {}, static_cast<long>(index), false); }
  [[nodiscard]] Path key(std::string_view name) const { return Path(this, name, -1, true); }

  [[nodiscard]] std::string text() const;
  /// The value the path names below `root`, or the nearest thing above it that was written.
  [[nodiscard]] const Node& locate(const Node& root, MemberIndex& index) const;

 private:
  Path(const Path* parent, std::string_view name, long index, bool is_key) : parent_(parent), name_(name), index_(index), is_key_(is_key) {}

  const Path* parent_ = nullptr;
  std::string_view name_;
  long index_ = -1;
  bool is_key_ = false;
};

/// Where validation puts what it finds: each problem gets the place of the value it is about.
class Report {
 public:
  Report(const Node& root, std::vector<Diagnostic>& problems) : root_(root), problems_(problems) {}

  void error(const Path& path, std::string message) { add(path, std::move(message), Severity::kError); }
  void warning(const Path& path, std::string message) { add(path, std::move(message), Severity::kWarning); }
  void note(const Path& path, std::string message) { add(path, std::move(message), Severity::kNote); }

 private:
  void add(const Path& path, std::string message, Severity severity);

  const Node& root_;
  std::vector<Diagnostic>& problems_;
  MemberIndex index_;
};

}  // namespace podctl::spec
