#include "spec/json_reader.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>

#include "base/text.hpp"

namespace podctl::spec {
namespace {

using nlohmann::json;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Follows the parser through the text. SAX events name no place, but they come in the order of the
// tokens and only for text that was accepted, so the next token's start is always the next character
// that is neither blank nor punctuation, and its end follows from its kind.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {
    if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) offset_ = kByteOrderMark.size();  // the byte order mark takes no column
  }

  Position next_token() {
    while (offset_ < text_.size() && is_filler(text_[offset_])) step();
    return here_;
  }

  void skip(std::size_t bytes) {
    for (std::size_t i = 0; i < bytes && offset_ < text_.size(); ++i) step();
  }

  void skip_string() {
    step();
    while (offset_ < text_.size() && text_[offset_] != '"') {
      if (text_[offset_] == '\\') step();
      step();
    }
    step();
  }

  // As far as the grammar goes: of "01" the parser takes "0" alone.
  void skip_number() {
    skip_any_of("-");
    if (!skip_any_of("0")) skip_digits();
    if (skip_any_of(".")) skip_digits();
    if (skip_any_of("eE")) {
      skip_any_of("+-");
      skip_digits();
    }
  }

  void skip_to(std::size_t offset) {
    while (offset_ < offset && offset_ < text_.size()) step();
  }

  // To the next value, over blanks only.
  void skip_blanks() {
    while (offset_ < text_.size() && is_blank(text_[offset_])) step();
  }

  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] Position here() const { return here_; }
  [[nodiscard]] bool at_end() const { return offset_ >= text_.size(); }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool is_filler(char c) { return is_blank(c) || c == ',' || c == ':'; }

  bool skip_any_of(std::string_view characters) {
    if (offset_ >= text_.size() || characters.find(text_[offset_]) == std::string_view::npos) return false;
    step();
    return true;
  }

  void skip_digits() {
    while (skip_any_of("0123456789")) {
    }
  }

  void step() {
    if (offset_ >= text_.size()) return;
    const auto c = static_cast<unsigned char>(text_[offset_++]);
    if (c == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if (offset_ >= text_.size() || (static_cast<unsigned char>(text_[offset_]) & 0xc0) != 0x80) {
      ++here_.column;  // the last byte of a character
    }
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  Position here_{1, 1};
};

// nlohmann's words without its code, its position (said in front), raw control characters, and the text
// it read last: that may be long, and it may be a secret.
std::string syntax_message(const std::string& what) {
  constexpr std::size_t kMost = 200;
  auto at = what.find("syntax error");
  if (at == std::string::npos) at = what.find("] ") == std::string::npos ? 0 : what.find("] ") + 2;
  std::string words = what.substr(at);
  words.resize(std::min(words.find("; last read: '"), words.size()));
  if (words.size() > kMost) {
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xc0) == 0x80) --end;  // not inside a character
    words = words.substr(0, end) + "...";
  }
  words = quote(words);
  std::string out;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {  // without quote()'s own quotes and escapes of quotes
    if (words[i] == '\\' && words[i + 1] == '"') continue;
    out += words[i];
  }
  return out;
}

class TreeBuilder : public nlohmann::json_sax<json> {
 public:
  TreeBuilder(Cursor& cursor, std::string_view text, std::vector<Diagnostic>& problems)
      : cursor_(cursor), text_(text), problems_(problems) {}

  bool null() override { return literal(Node{}, 4); }
  bool boolean(bool value) override { return literal(Node::boolean_of(value), value ? 4 : 5); }
  bool number_integer(number_integer_t) override { return number(); }
  bool number_unsigned(number_unsigned_t) override { return number(); }
  bool number_float(number_float_t, const string_t&) override { return number(); }
  bool string(string_t& value) override {
    const Position at = cursor_.next_token();
    cursor_.skip_string();
    return put(Node::string(std::move(value)), at);
  }
  bool binary(binary_t&) override { return false; }  // JSON has none

  bool start_object(std::size_t) override { return open(Node::map()); }
  bool start_array(std::size_t) override { return open(Node::list()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const Position at = cursor_.next_token();
    cursor_.skip_string();
    stack_.back()->members.push_back(Member{std::move(name), at, {}});
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    cursor_.skip_to(start_ + (position == 0 ? 0 : position - 1));
    problems_.push_back({cursor_.here().line, cursor_.here().column, "", syntax_message(error.what()), Severity::kError});
    return false;
  }

  // Parses one value from where the cursor stands. False after a problem.
  bool read() {
    start_ = cursor_.offset();
    const std::string_view rest = text_.substr(start_);
    return json::sax_parse(rest.begin(), rest.end(), this, json::input_format_t::json, /*strict=*/false);
  }

  Node take() { return std::move(root_); }

 private:
  bool literal(Node node, std::size_t length) {
    const Position at = cursor_.next_token();
    cursor_.skip(length);
    return put(std::move(node), at);
  }

  bool number() {
    const Position at = cursor_.next_token();
    const std::size_t from = cursor_.offset();
    cursor_.skip_number();
    return put(Node::number(std::string(text_.substr(from, cursor_.offset() - from))), at);
  }

  bool open(Node node) {
    const Position at = cursor_.next_token();
    if (static_cast<int>(stack_.size()) >= kMaxManifestDepth) {
      problems_.push_back({at.line, at.column, "", cat("nested deeper than ", kMaxManifestDepth, " levels"), Severity::kError});
      return false;
    }
    cursor_.skip(1);
    stack_.push_back(&place(std::move(node), at));
    return true;
  }

  bool close() {
    cursor_.next_token();
    cursor_.skip(1);
    stack_.pop_back();
    return true;
  }

  bool put(Node node, Position at) {
    place(std::move(node), at);
    return true;
  }

  // A node's address is stable while its children are read: its siblings come only after it is closed.
  Node& place(Node node, Position at) {
    node.at = at;
    if (stack_.empty()) return root_ = std::move(node);
    Node& parent = *stack_.back();
    if (parent.kind == Node::Kind::kList) return parent.items.emplace_back(std::move(node));
    return parent.members.back().value = std::move(node);
  }

  Cursor& cursor_;
  std::string_view text_;
  std::vector<Diagnostic>& problems_;
  std::size_t start_ = 0;
  std::vector<Node*> stack_;
  Node root_;
};

}  // namespace

std::vector<Node> read_json(std::string_view text, std::vector<Diagnostic>& problems) {
  std::vector<Node> values;
  if (text.size() > kMaxManifestBytes) {
    problems.push_back({0, 0, "", cat("the manifest is larger than ", kMaxManifestBytes >> 20, " MiB"), Severity::kError});
    return values;
  }
  Cursor cursor(text);
  for (cursor.skip_blanks(); !cursor.at_end(); cursor.skip_blanks()) {
    // The parser would pass over one in front of every value, and the cursor would stay behind.
    if (text.substr(cursor.offset(), kByteOrderMark.size()) == kByteOrderMark) {
      problems.push_back({cursor.here().line, cursor.here().column, "", "syntax error: a byte order mark after the beginning of the text",
                          Severity::kError});
      return values;
    }
    TreeBuilder builder(cursor, text, problems);
    if (!builder.read()) return values;
    values.push_back(builder.take());
  }
  return values;
}

bool try_read_json_value(std::string_view text, Node& value) {
  std::vector<Diagnostic> problems;
  std::vector<Node> values = read_json(text, problems);
  if (!problems.empty() || values.size() != 1) return false;
  const auto forget_places = [](auto&& self, Node& node) -> void {
    node.at = {};
    for (auto& item : node.items) self(self, item);
    for (auto& member : node.members) {
      member.at = {};
      self(self, member.value);
    }
  };
  forget_places(forget_places, values[0]);
  value = std::move(values[0]);
  return true;
}

}  // namespace podctl::spec
