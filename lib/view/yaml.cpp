// JSON as YAML. Written here and not with yaml-cpp's emitter: that writes "yes", "null" and "0644" without quotes,
// and its literal blocks lose the newlines at a text's end.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "podctl/output.hpp"
#include "view/json_text.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;

// A key this long needs a form of its own: a YAML reader looks no further than 1024 characters for its colon.
constexpr std::size_t kMostKey = 512;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What some version of YAML takes for null or a boolean, in any case of its letters.
bool is_reserved(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords{"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// "64Mi" and "100m": letters that appear in no number, date or time of any version of YAML.
bool is_amount(std::string_view text) {
  constexpr std::string_view kInNumbers = "abcdefoxtzABCDEFOXTZ";
  bool certain = false;
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '.') return false;
    certain = certain || (is_letter(c) && kInNumbers.find(c) == std::string_view::npos);
  }
  return certain;
}

// Whether every reader takes `text`, written as it stands, for that string. In doubt it does not.
bool is_plain(std::string_view text) {
  constexpr std::string_view kInside = " _./:@%+,=-()$~*&;'\"<>!?|^";
  if (text.empty() || is_reserved(text)) return false;
  if (is_digit(text[0])) return is_amount(text);
  if (!is_letter(text[0]) && text[0] != '_' && text[0] != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_letter(text[i]) && !is_digit(text[i]) && kInside.find(text[i]) == std::string_view::npos) return false;
    if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return false;
  }
  return text.back() != ' ';
}

// The character that begins at `text`, which is UTF-8 (as all text out of a JSON reader is).
char32_t first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
  char32_t c = length == 1 ? byte(0) : byte(0) & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) c = c << 6 | (byte(i) & 0x3f);
  return c;
}

// What a YAML text may not hold as it is, or what a 1.1 reader takes for the end of a line.
bool must_be_escaped(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

std::string hex(char32_t value, int digits) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kHex[value >> shift & 15];
  return out;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const char32_t c = first_character(text);
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    if (c == '"' || c == '\\') append(out, '\\', text[0]);
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (must_be_escaped(c)) append(out, c < 0x100 ? cat("\\x", hex(c, 2)) : cat("\\u", hex(c, 4)));
    else out += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out + '"';
}

std::string scalar(std::string_view text) { return is_plain(text) ? std::string(text) : in_quotes(text); }

// Whether `text` can be shown line by line. Readers find the indentation by the first line that is not empty, so
// that one must not begin with a blank; and what they do with lines of blanks differs.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::max<std::size_t>(utf8_length(rest), 1)))
    if (rest[0] != '\n' && rest[0] != '\t' && must_be_escaped(first_character(rest))) return false;
  bool first = true;
  for (const auto line : split(text, '\n')) {
    if (line.empty()) continue;
    if (line.find_first_not_of(" \t") == std::string_view::npos) return false;
    if (first && (line[0] == ' ' || line[0] == '\t')) return false;
    first = false;
  }
  return !first;
}

// Anything but text and what is made of several lines.
std::string literal(const json& value) {
  std::string text = value.dump();
  const auto exponent = value.is_number_float() ? text.find('e') : std::string::npos;
  if (exponent == std::string::npos) return text;
  // A 1.1 reader wants a dot in what has an exponent, and the exponent's sign, which the printer writes anyway.
  if (text.find('.') == std::string::npos) text.insert(exponent, ".0");
  return text;
}

class YamlWriter {
 public:
  void document(const json& value) {
    if (is_collection(value)) collection(value, 0);
    else append(out_, value.is_string() ? scalar(value.get_ref<const std::string&>()) : literal(value), '\n');
  }

  std::string take() { return std::move(out_); }

 private:
  static bool is_collection(const json& value) { return value.is_structured() && !value.empty(); }

  void indent(std::size_t columns) { out_.append(columns, ' '); }

  // Every line begins with `columns` blanks, of which the first has `done` already.
  void collection(const json& value, std::size_t columns, std::size_t done = 0) {
    for (auto item = value.begin(); item != value.end(); ++item) {
      indent(columns - done);
      done = 0;
      if (value.is_array()) {
        out_ += '-';
        list_item(*item, columns);
      } else {
        member(item.key(), *item, columns);
      }
    }
  }

  // A collection in a list begins on the line of its dash.
  void list_item(const json& item, std::size_t columns) {
    if (!is_collection(item)) return simple(item, columns);
    out_ += ' ';
    collection(item, columns + 2, columns + 2);
  }

  void member(const std::string& key, const json& value, std::size_t columns) {
    if (key.size() > kMostKey) {
      append(out_, "? ", in_quotes(key), '\n');
      indent(columns);
    } else {
      out_ += scalar(key);
    }
    out_ += ':';
    if (!is_collection(value)) return simple(value, columns);
    out_ += '\n';
    // The items of a list stand under its key, as kubectl writes them; after "? KEY" a dash there would be another value.
    collection(value, value.is_array() && key.size() <= kMostKey ? columns : columns + 2);
  }

  // What stands on the line of its key or dash, or in a block below it.
  void simple(const json& value, std::size_t columns) {
    if (!value.is_string()) return append(out_, ' ', literal(value), '\n');
    const auto& text = value.get_ref<const std::string&>();
    if (!is_block(text)) return append(out_, ' ', scalar(text), '\n');
    const bool ends_line = text.back() == '\n';
    const bool ends_more = ends_line && text[text.size() - 2] == '\n';
    append(out_, ends_more ? " |+" : ends_line ? " |" : " |-", '\n');
    for (const auto line : split(ends_line ? std::string_view(text).substr(0, text.size() - 1) : std::string_view(text), '\n')) {
      if (!line.empty()) indent(columns + 2);
      append(out_, line, '\n');
    }
  }

  std::string out_;
};

}  // namespace

std::string json_to_yaml(std::string_view text) {
  YamlWriter writer;
  writer.document(view::parse_json(text));
  return writer.take();
}

}  // namespace podctl
