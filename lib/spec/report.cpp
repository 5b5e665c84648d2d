#include "spec/report.hpp"

#include "base/text.hpp"

namespace podctl::spec {

std::string Path::text() const {
  std::string out = parent_ != nullptr ? parent_->text() : std::string();
  if (index_ >= 0) append(out, '[', index_, ']');
  else if (is_key_) append(out, '[', name_, ']');
  else append(out, out.empty() ? "" : ".", name_);
  return out;
}

const Node& Path::locate(const Node& root) const {
  const Node& above = parent_ != nullptr ? parent_->locate(root) : root;
  if (index_ >= 0) {
    const auto index = static_cast<std::size_t>(index_);
    return above.kind == Node::Kind::kList && index < above.items.size() ? above.items[index] : above;
  }
  const Node* found = above.find(name_);
  return found != nullptr ? *found : above;
}

void Report::add(const Path& path, std::string message, Severity severity) {
  const Position at = path.locate(root_).at;
  problems_.push_back({at.line, at.column, path.text(), std::move(message), severity});
}

}  // namespace podctl::spec
