// YAML to nodes, by the events of yaml-cpp's parser: its document tree knows no duplicate keys, and copies without
// a limit. The parser of 0.7 is guarded where it is weak: text that its stream takes for something else (0x04 is
// its end of file) is refused before, and depth and expansion while its events come.
#include "spec/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <optional>
#include <set>
#include <streambuf>

#include "base/text.hpp"
#include "spec/yaml_quoted.hpp"
#include "spec/yaml_scalar.hpp"

namespace podctl::spec {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kStandardTag = "tag:yaml.org,2002:";

/// Ends the reading: thrown out of the parser's events, which have no other way to stop it.
struct Refused {
  YAML::Mark mark;
  std::string message;
};

class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // only read from
    setg(begin, begin, begin + text.size());
  }
};

// Places of marks, which count bytes. They come nearly in the order of the text, so that a line is not counted
// from its beginning each time.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') starts_.push_back(i + 1);
  }

  [[nodiscard]] std::string_view line_of(const YAML::Mark& mark) const {
    if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= starts_.size()) return {};
    const std::string_view rest = text_.substr(starts_[static_cast<std::size_t>(mark.line)]);
    return rest.substr(0, rest.find('\n'));
  }

  Position of(const YAML::Mark& mark) {
    if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= starts_.size()) return last();
    const auto line = static_cast<std::size_t>(mark.line);
    const std::size_t offset = std::min(starts_[line] + static_cast<std::size_t>(std::max(mark.column, 0)), text_.size());
    if (line != line_ || offset < offset_) {
      line_ = line;
      offset_ = starts_[line];
      column_ = 1;
    }
    for (; offset_ < offset; ++offset_)
      if (offset_ + 1 >= text_.size() || (static_cast<unsigned char>(text_[offset_ + 1]) & 0xc0) != 0x80) ++column_;
    return {static_cast<int>(line_) + 1, column_};
  }

 private:
  [[nodiscard]] Position last() const { return {static_cast<int>(starts_.size()), 1}; }

  std::string_view text_;
  std::vector<std::size_t> starts_;
  std::size_t line_ = 0, offset_ = 0;
  int column_ = 1;
};

// What a tree costs, as the limit on aliases counts it, and how deep it is.
struct Extent {
  std::size_t bytes = 0;
  int depth = 0;
};

Extent extent_of(const Node& node) {
  constexpr std::size_t kNode = 8;  // what a short value takes of a text, with its punctuation
  Extent extent{kNode + node.text.size(), 0};
  const auto add = [&](const Node& child) {
    const Extent inner = extent_of(child);
    extent.bytes += inner.bytes;
    extent.depth = std::max(extent.depth, inner.depth);
  };
  for (const auto& item : node.items) add(item);
  for (const auto& member : node.members) {
    extent.bytes += member.key.size();
    add(member.value);
  }
  if (node.kind == Node::Kind::kList || node.kind == Node::Kind::kMap) ++extent.depth;
  return extent;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Places& places) : text_(text), places_(places) {}

  std::vector<Node> documents;  // without empty ones

  /// To be called at the end: the parser takes a quoted text that is never closed for one that ends with the input.
  void require_closed_quotes() const {
    if (last_scalar_ && find_quoted(source_at(*last_scalar_)).is_open)
      throw Refused{*last_scalar_, "syntax error: the quote that begins here is never closed"};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // The parser takes whatever follows a document's end for another one.
    const std::size_t at = offset_of(mark);
    const bool marked =
        text_.substr(at, 3) == "---" || text_.substr(last_, at - std::min(last_, at)).find("\n...") != std::string_view::npos;
    if (count_++ > 0 && !marked) throw Refused{mark, "syntax error: this belongs to nothing before it"};
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { finish(mark, Node{}, anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    if (tag == "?" && value == "<<" && wants_key()) {
      stack_.back().merge_key = places_.of(mark);
      return;
    }
    last_scalar_ = mark;
    finish(mark, tag == "!" ? Node::string(text_of(mark, value)) : scalar(mark, tag, value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refused{mark, "syntax error: an alias inside of what it stands for"};
    spend(mark, found->second.extent);
    if (static_cast<int>(stack_.size()) + found->second.extent.depth > kMaxManifestDepth) too_deep(mark);
    finish(mark, found->second.node, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, Node::list(), tag, "seq", anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, Node::map(), tag, "map", anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override {
    merge(stack_.back());
    close();
  }

 private:
  // A list or map whose end has not come.
  struct Open {
    Node node;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    std::optional<Member> member;       // whose value comes next
    std::optional<Position> merge_key;  // a "<<" whose value comes next
    std::vector<Node> merged;           // maps whose members are taken where there are none of that key
  };
  struct Anchor {
    Node node;
    Extent extent;
  };

  [[nodiscard]] std::size_t offset_of(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
  }

  // The source of a scalar, after its anchor and tag.
  [[nodiscard]] std::string_view source_at(const YAML::Mark& mark) const {
    std::string_view rest = text_.substr(offset_of(mark));
    while (!rest.empty() && std::string_view("&! \t\n").find(rest[0]) != std::string_view::npos)
      rest.remove_prefix(rest[0] == '&' || rest[0] == '!' ? std::min(rest.find_first_of(" \t\n"), rest.size()) : 1);
    return rest;
  }

  // The value of a scalar that is not plain, where the parser reads it wrong.
  [[nodiscard]] std::string text_of(const YAML::Mark& mark, const std::string& value) const {
    const std::string_view source = source_at(mark);
    const std::string_view header = source.substr(0, source.find_first_of(" \t\n"));
    if (header.substr(0, 1) == ">" && header.find('+') != std::string_view::npos)  // the parser loses one of its last lines
      throw Refused{mark, "not supported: text folded with all its last lines (>+); write |+, or the text in double quotes"};
    const QuotedText quoted = find_quoted(source);
    return quoted.inside.find('\n') == std::string_view::npos || quoted.is_open ? value : unquote(quoted);
  }

  [[noreturn]] static void too_deep(const YAML::Mark& mark) {
    throw Refused{mark, cat("nested deeper than ", kMaxManifestDepth, " levels")};
  }

  [[nodiscard]] bool wants_key() const {
    return !stack_.empty() && stack_.back().node.kind == Node::Kind::kMap && !stack_.back().member && !stack_.back().merge_key;
  }

  void spend(const YAML::Mark& mark, const Extent& extent) {
    copied_ += extent.bytes;
    if (copied_ > kMaxManifestBytes)
      throw Refused{mark, cat("the manifest is larger than ", kMaxManifestBytes >> 20, " MiB with its aliases expanded")};
  }

  static Node scalar(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    if (tag == "!" || tag == cat(kStandardTag, "str")) return Node::string(value);
    std::string problem;
    Node node = resolve_plain(value, problem);
    if (!problem.empty()) throw Refused{mark, std::move(problem)};
    if (tag == "?" || tag.empty()) return node;
    const std::string_view name =
        tag.substr(0, kStandardTag.size()) == kStandardTag ? std::string_view(tag).substr(kStandardTag.size()) : "";
    const bool known = name == "int" || name == "float" || name == "bool" || name == "null";
    if (!known) throw Refused{mark, cat("syntax error: the tag ", quote(tag), " is not known")};
    const bool whole = node.kind == Node::Kind::kNumber && node.text.find_first_of(".eE") == std::string::npos;
    const bool agrees = (name == "int" && whole) || (name == "float" && node.kind == Node::Kind::kNumber) ||
                        (name == "bool" && node.kind == Node::Kind::kBoolean) || (name == "null" && node.kind == Node::Kind::kNull);
    if (!agrees) throw Refused{mark, cat("Invalid value: its tag says that it is ", name == "int" ? "an " : "a ", name)};
    return node;
  }

  void open(const YAML::Mark& mark, Node node, const std::string& tag, std::string_view own_tag, YAML::anchor_t anchor) {
    if (static_cast<int>(stack_.size()) >= kMaxManifestDepth) too_deep(mark);
    if (wants_key()) throw Refused{mark, cat("syntax error: a key must be text, not ", kind_name(node.kind))};
    if (!tag.empty() && tag != "?" && tag != "!" && tag != cat(kStandardTag, own_tag))
      throw Refused{mark, cat("syntax error: the tag ", quote(tag), " is not known")};
    node.at = places_.of(mark);
    stack_.push_back({std::move(node), mark, anchor, {}, {}, {}});
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    place(done.mark, std::move(done.node), done.anchor);
  }

  void finish(const YAML::Mark& mark, Node node, YAML::anchor_t anchor) {
    last_ = offset_of(mark);
    node.at = places_.of(mark);
    place(mark, std::move(node), anchor);
  }

  // A value is complete, or a key.
  void place(const YAML::Mark& mark, Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      const Extent extent = extent_of(node);
      spend(mark, extent);
      anchors_.insert_or_assign(anchor, Anchor{node, extent});
    }
    if (stack_.empty()) {
      if (node.kind != Node::Kind::kNull) documents.push_back(std::move(node));
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.merge_key) {
      parent.merge_key.reset();
      take_merged(mark, parent, std::move(node));
    } else if (parent.member) {
      parent.member->value = std::move(node);
      parent.node.members.push_back(std::move(*parent.member));
      parent.member.reset();
    } else {
      parent.member = Member{key_text(mark, node), node.at, {}};
    }
  }

  static std::string key_text(const YAML::Mark& mark, Node& key) {
    switch (key.kind) {
      case Node::Kind::kString:
      case Node::Kind::kNumber: return std::move(key.text);
      case Node::Kind::kBoolean: return key.boolean ? "true" : "false";
      default: throw Refused{mark, cat("syntax error: a key must be text, not ", kind_name(key.kind))};
    }
  }

  static void take_merged(const YAML::Mark& mark, Open& parent, Node value) {
    std::vector<Node> maps;
    if (value.kind == Node::Kind::kList) maps = std::move(value.items);
    else maps.push_back(std::move(value));
    for (auto& map : maps) {
      if (map.kind != Node::Kind::kMap)
        throw Refused{mark, cat("syntax error: << takes an object or a list of them, not ", kind_name(map.kind))};
      parent.merged.push_back(std::move(map));
    }
  }

  // A map's own members win over merged ones wherever they stand, and an earlier merge over a later.
  static void merge(Open& map) {
    if (map.merged.empty()) return;
    std::set<std::string> taken;
    for (const auto& member : map.node.members) taken.insert(member.key);
    for (auto& from : map.merged)
      for (auto& member : from.members)
        if (taken.insert(member.key).second) map.node.members.push_back(std::move(member));
  }

  std::string_view text_;
  Places& places_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Anchor> anchors_;
  std::size_t copied_ = 0;  // by anchors and aliases
  std::size_t last_ = 0;    // where the last value began
  std::optional<YAML::Mark> last_scalar_;
  int count_ = 0;
};

// The parser's words where they help nobody to find the fault.
std::string_view plain_words(std::string_view words) {
  using namespace YAML::ErrorMsg;
  if (words == END_OF_MAP || words == END_OF_SEQ) return "this line fits nothing above it; look at its indentation";
  if (words == MAP_VALUE) return "no value can begin at this ':'; text that holds one is written in quotes";
  if (words == BLOCK_ENTRY) return "no list item can begin here; text that begins with '-' is written in quotes";
  if (words == UNKNOWN_TOKEN) return "no value begins with this character; write the text in quotes";
  if (words == UNKNOWN_ANCHOR) return "there is no anchor of that name before it";
  return words;
}

bool is_indented_with_tabs(std::string_view line) {
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

std::optional<std::string> fault_at(std::string_view text, std::size_t offset) {
  const auto c = static_cast<unsigned char>(text[offset]);
  if (utf8_length(text.substr(offset, 4)) == 0) return "syntax error: not UTF-8";
  if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
    return "syntax error: a control character; write it as an escape in double quotes";
  if (text.substr(offset, kByteOrderMark.size()) == kByteOrderMark && (offset == 0 || text[offset - 1] == '\n'))
    return "syntax error: a byte order mark after the beginning of the text";
  if (c == '\r' && text.substr(offset + 1, 1) != "\n") return "syntax error: a carriage return in the middle of a line";
  return std::nullopt;
}

// Lines that end as DOS ends them: the parser would keep half of that in its text.
std::string without_carriage_returns(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '\r') out += c;
  return out;
}

// What the parser would take for something else, or let through.
std::optional<Diagnostic> first_fault(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); i += utf8_length(text.substr(i, 4))) {
    if (static_cast<unsigned char>(text[i]) >= 0x20 && static_cast<unsigned char>(text[i]) < 0x7f) continue;
    auto message = fault_at(text, i);
    if (!message) continue;
    Diagnostic found{1, 1, "", std::move(*message), Severity::kError};
    for (std::size_t j = 0; j < i; ++j) {
      if (text[j] == '\n') ++found.line;
      found.column = text[j] == '\n' ? 1 : found.column + ((static_cast<unsigned char>(text[j]) & 0xc0) != 0x80);
    }
    return found;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Node> read_yaml(std::string_view text, std::vector<Diagnostic>& problems) {
  if (text.size() > kMaxManifestBytes) {
    problems.push_back({0, 0, "", cat("the manifest is larger than ", kMaxManifestBytes >> 20, " MiB"), Severity::kError});
    return {};
  }
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  if (auto fault = first_fault(text)) {
    problems.push_back(std::move(*fault));
    return {};
  }
  std::string plain;
  if (text.find('\r') != std::string_view::npos) text = plain = without_carriage_returns(text);
  Places places(text);
  TreeBuilder builder(text, places);
  const auto refuse = [&](const YAML::Mark& mark, std::string message) {
    const Position at = places.of(mark);
    problems.push_back({at.line, at.column, "", std::move(message), Severity::kError});
  };
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    builder.require_closed_quotes();
  } catch (const Refused& refused) {
    refuse(refused.mark, refused.message);
  } catch (const YAML::Exception& error) {
    const std::string words = quote(plain_words(error.msg));
    const bool tabs = is_indented_with_tabs(places.line_of(error.mark));
    refuse(error.mark, cat("syntax error: ", tabs ? "YAML is indented with spaces, not with tabs" : words.substr(1, words.size() - 2)));
  }
  return std::move(builder.documents);
}

}  // namespace podctl::spec
