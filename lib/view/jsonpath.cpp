// The part of JSONPath that `-o jsonpath=` takes.
#include <charconv>
#include <optional>
#include <vector>

#include "base/text.hpp"
#include "podctl/output.hpp"
#include "view/json_text.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;
using Values = std::vector<const json*>;

// One piece of a path.
struct Part {
  enum class Kind { kKey, kIndex, kAll };
  Kind kind = Kind::kAll;
  std::string key;
  long index = 0;
};

class Expression {
 public:
  explicit Expression(std::string_view text) : text_(text) {}

  std::string query(const json& root) {
    if (text_.empty()) fail("it is empty; write e.g. {.metadata.name}");
    if (text_[0] == '.' || text_[0] == '[' || text_[0] == '$') {
      std::string out = printed(find(root, path()));
      if (!at_end()) fail(cat("unexpected ", quote(text_.substr(at_, 1))));
      return out;
    }
    std::string out;
    bool has_path = false;
    while (!at_end()) {
      if (text_[at_] != '{') {
        out += text_[at_++];
        continue;
      }
      ++at_;
      skip_blanks();
      if (looking_at('"')) {
        out += literal();
      } else {
        has_path = true;
        out += printed(find(root, path()));
      }
      skip_blanks();
      if (at_end()) fail("'}' is missing");
      if (!looking_at('}')) fail(cat("unexpected ", quote(text_.substr(at_, 1))));
      ++at_;
    }
    if (!has_path) {
      at_ = 0;
      fail("there is no path in it; write e.g. {.metadata.name}");
    }
    return out;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error({.id = "bad-jsonpath",
                 .message = cat("cannot use the JSONPath ", quote(text_)),
                 .cause = cat("at character ", character(), ": ", what),
                 .hint = "paths are made of .key, ['key'], [N] and [*], e.g. {.spec.containers[*].name}",
                 .error_class = ErrorClass::kUsage});
  }

  // The place as a reader counts it, from 1.
  [[nodiscard]] std::size_t character() const {
    std::size_t count = 1;
    for (const char c : text_.substr(0, at_)) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return count;
  }

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] bool looking_at(char c) const { return !at_end() && text_[at_] == c; }
  void skip_blanks() {
    while (looking_at(' ') || looking_at('\t')) ++at_;
  }

  // Text in double quotes between braces: how a template prints a line's end.
  std::string literal() {
    std::string out;
    for (++at_; !looking_at('"'); ++at_) {
      if (at_end()) fail("'\"' is missing");
      if (!looking_at('\\')) {
        out += text_[at_];
        continue;
      }
      ++at_;
      if (looking_at('n')) out += '\n';
      else if (looking_at('t')) out += '\t';
      else if (looking_at('"') || looking_at('\\')) out += text_[at_];
      else fail("only \\n, \\t, \\\" and \\\\ are known here");
    }
    ++at_;
    return out;
  }

  std::vector<Part> path() {
    std::vector<Part> parts;
    const std::size_t from = at_;
    if (looking_at('$') || looking_at('@')) ++at_;
    while (looking_at('.') || looking_at('[')) {
      const bool bracket = looking_at('[');
      ++at_;
      if (bracket) parts.push_back(in_brackets());
      else if (auto part = after_dot(parts.empty())) parts.push_back(std::move(*part));
    }
    if (at_ != from) return parts;
    for (const std::string_view word : {"range", "end"})
      if (text_.substr(at_, word.size()) == word) fail(cat(word, " is not supported; [*] gives every item"));
    fail(at_end() ? "a path is missing" : "a path begins with '.' or '['");
  }

  // What follows a dot; nothing for "." alone, which is the whole value, and for the dot of ".['key']".
  std::optional<Part> after_dot(bool first) {
    if (looking_at('.')) fail("'..' is not supported; name every key on the way");
    if (looking_at('*')) {
      ++at_;
      return Part{};
    }
    std::string key;
    for (; !at_end() && std::string_view(".[]{}()*'\" \t").find(text_[at_]) == std::string_view::npos; ++at_) {
      if (looking_at('\\') && at_ + 1 < text_.size()) ++at_;  // how a dot in a key is written
      key += text_[at_];
    }
    if (!key.empty()) return Part{Part::Kind::kKey, std::move(key)};
    if (first && (at_end() || looking_at('}') || looking_at('[') || looking_at(' '))) return std::nullopt;
    fail("a key is missing after '.'");
  }

  Part in_brackets() {
    Part part;
    if (looking_at('*')) {
      ++at_;
    } else if (looking_at('\'') || looking_at('"')) {
      const char quote_mark = text_[at_];
      part.kind = Part::Kind::kKey;
      for (++at_; !looking_at(quote_mark); ++at_) {
        if (at_end()) fail(cat(quote_mark, " is missing"));
        if (looking_at('\\') && at_ + 1 < text_.size()) ++at_;
        part.key += text_[at_];
      }
      ++at_;
    } else {
      part.kind = Part::Kind::kIndex;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), part.index);
      if (error != std::errc{}) fail("a number, a key in quotes or * belongs here");
      at_ = static_cast<std::size_t>(end - text_.data());
    }
    if (looking_at(',') || looking_at(':')) fail("several indexes at once are not supported; [*] gives every item");
    if (!looking_at(']')) fail("']' is missing");
    ++at_;
    return part;
  }

  static Values find(const json& root, const std::vector<Part>& parts) {
    Values found{&root};
    for (const auto& part : parts) {
      Values next;
      for (const json* value : found) step(*value, part, next);
      found = std::move(next);
    }
    return found;
  }

  static void step(const json& value, const Part& part, Values& found) {
    switch (part.kind) {
      case Part::Kind::kKey:
        if (const auto member = value.is_object() ? value.find(part.key) : value.end(); member != value.end()) found.push_back(&*member);
        return;
      case Part::Kind::kIndex: {
        if (!value.is_array()) return;
        const auto size = static_cast<long>(value.size());
        if (part.index < size && part.index >= -size)
          found.push_back(&value[static_cast<std::size_t>(part.index < 0 ? part.index + size : part.index)]);
        return;
      }
      case Part::Kind::kAll:
        if (value.is_structured())
          for (const auto& item : value) found.push_back(&item);
        return;
    }
  }

  static std::string printed(const Values& values) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i)
      append(out, i == 0 ? "" : " ", values[i]->is_string() ? values[i]->get<std::string>() : values[i]->dump());
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string query_jsonpath(std::string_view text, std::string_view expression) {
  return Expression(expression).query(view::parse_json(text));
}

}  // namespace podctl
