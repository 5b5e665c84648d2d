// Quoted scalars of several lines. The parser of yaml-cpp 0.7 finds where they end, and reads some of them wrong: it
// drops empty lines at their end, and does not know an escaped line break after another escape.
#include "spec/yaml_quoted.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/text.hpp"

namespace podctl::spec {
namespace {

constexpr std::string_view kBlank = " \t";

void append_utf8(std::string& out, std::uint32_t c) {
  const auto follow = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    follow(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    follow(6);
    follow(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    follow(12);
    follow(6);
    follow(0);
  }
}

// Decodes the escape whose backslash has been passed, and passes it.
void append_escape(std::string& out, std::string_view& text) {
  if (text.empty()) return;
  const char c = text[0];
  text.remove_prefix(1);
  if (c == 'x' || c == 'u' || c == 'U') {
    const std::size_t digits = std::min<std::size_t>(c == 'x' ? 2 : c == 'u' ? 4 : 8, text.size());
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + digits, value, 16);
    append_utf8(out, value);
    text.remove_prefix(digits);
    return;
  }
  switch (c) {
    case '0': out += '\0'; return;
    case 'a': out += '\a'; return;
    case 'b': out += '\b'; return;
    case 't': out += '\t'; return;
    case 'n': out += '\n'; return;
    case 'v': out += '\v'; return;
    case 'f': out += '\f'; return;
    case 'r': out += '\r'; return;
    case 'e': out += '\x1b'; return;
    case 'N': append_utf8(out, 0x85); return;
    case '_': append_utf8(out, 0xa0); return;
    case 'L': append_utf8(out, 0x2028); return;
    case 'P': append_utf8(out, 0x2029); return;
    default: out += c; return;  // a blank, a quote, a backslash, a slash
  }
}

// Appends one line. Blanks at its end are no part of it unless it is the last, or escaped.
// @return  whether it ends with a backslash: then nothing stands for the line break
bool append_line(std::string& out, std::string_view line, char quote, bool is_last) {
  std::size_t kept = out.size();  // without blanks at the end
  while (!line.empty()) {
    const char c = line[0];
    if (c == '\\' && quote == '"') {
      line.remove_prefix(1);
      if (line.empty()) return !is_last;
      append_escape(out, line);
      kept = out.size();
      continue;
    }
    out += c;
    line.remove_prefix(c == '\'' && quote == '\'' && line.size() > 1 ? 2 : 1);
    if (kBlank.find(c) == std::string_view::npos) kept = out.size();
  }
  if (!is_last) out.resize(kept);
  return false;
}

std::string_view without_indent(std::string_view line) { return line.substr(std::min(line.find_first_not_of(kBlank), line.size())); }

}  // namespace

QuotedText find_quoted(std::string_view text) {
  if (text.empty() || (text[0] != '"' && text[0] != '\'')) return {};
  const char quote = text[0];
  text.remove_prefix(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool doubled = quote == '\'' && text.substr(i, 2) == "''";
    if (text[i] == quote && !doubled) return {text.substr(0, i), quote, false};
    if (doubled || (text[i] == '\\' && quote == '"')) ++i;
  }
  return {text, quote, true};
}

std::string unquote(const QuotedText& quoted) {
  const auto lines = split(quoted.inside, '\n');
  std::string out;
  bool escaped = append_line(out, lines[0], quoted.quote, lines.size() == 1);
  std::size_t breaks = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    ++breaks;
    const bool is_last = i + 1 == lines.size();
    const std::string_view line = without_indent(lines[i]);
    if (line.empty() && !is_last) continue;
    // One break is a blank, and of several the first one is nothing.
    if (breaks > 1) out.append(breaks - 1, '\n');
    else if (!escaped) out += ' ';
    breaks = 0;
    escaped = append_line(out, line, quoted.quote, is_last);
  }
  return out;
}

}  // namespace podctl::spec
