#include "base/text.hpp"

namespace podctl {

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xc2 && byte(0) < 0xe0) return follows(1) ? 2 : 0;
  if (byte(0) >= 0xe0 && byte(0) < 0xf0) {
    if (!follows(1) || !follows(2)) return 0;
    if (byte(0) == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
    if (byte(0) == 0xed && byte(1) >= 0xa0) return 0;  // surrogate
    return 3;
  }
  if (byte(0) >= 0xf0 && byte(0) < 0xf5) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (byte(0) == 0xf0 && byte(1) < 0x90) return 0;
    if (byte(0) == 0xf4 && byte(1) >= 0x90) return 0;
    return 4;
  }
  return 0;
}

std::string quote(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    std::size_t taken = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20 || c == 0x7f) {
      append(out, "\\x", kHex[c >> 4], kHex[c & 15]);
    } else if (const std::size_t length = utf8_length(text); length == 0) {
      append(out, "\\x", kHex[c >> 4], kHex[c & 15]);
    } else if (length == 2 && c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      const auto low = static_cast<unsigned char>(text[1]);  // C1 controls, which terminals obey
      append(out, "\\u00", kHex[low >> 4], kHex[low & 15]);
      taken = 2;
    } else {
      out += text.substr(0, length);
      taken = length;
    }
    text.remove_prefix(taken);
  }
  out += '"';
  return out;
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += separator;
    out += item;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::string counted(std::size_t count, std::string_view noun) { return cat(count, ' ', noun, count == 1 ? "" : "s"); }

std::string octal(unsigned mode) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, mode, 8).ptr;
  return std::string("0").append(digits, end);
}

}  // namespace podctl
