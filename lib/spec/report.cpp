#include "spec/report.hpp"

#include "base/text.hpp"

namespace podctl::spec {

const Node* MemberIndex::find(const Node& map, std::string_view key) {
  constexpr std::size_t kLarge = 64;
  if (map.members.size() < kLarge) return map.find(key);
  auto& members = large_[&map];
  if (members.empty())
    for (const auto& member : map.members) members.insert_or_assign(member.key, &member.value);  // the last one counts
  const auto found = members.find(key);
  return found == members.end() ? nullptr : found->second;
}

std::string Path::text() const {
  std::string out = parent_ != nullptr ? parent_->text() : std::string();
  if (index_ >= 0) append(out, '[', index_, ']');
  else if (is_key_) append(out, '[', name_, ']');
  else append(out, out.empty() ? "" : ".", name_);
  return out;
}

const Node& Path::locate(const Node& root, MemberIndex& index) const {
  const Node& above = parent_ != nullptr ? parent_->locate(root, index) : root;
  if (index_ >= 0) {
    const auto item = static_cast<std::size_t>(index_);
    return above.kind == Node::Kind::kList && item < above.items.size() ? above.items[item] : above;
  }
  const Node* found = index.find(above, name_);
  return found != nullptr ? *found : above;
}

void Report::add(const Path& path, std::string message, Severity severity) {
  const Position at = path.locate(root_, index_).at;
  problems_.push_back({at.line, at.column, path.text(), std::move(message), severity});
}

}  // namespace podctl::spec
