#include "spec/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"

namespace podctl::spec {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 9> kTrue{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
constexpr std::array<std::string_view, 9> kFalse{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 6> kNoNumber{".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// An integer with a base in front of it: 0x1F, 0o17, 0b11, and 017, which is octal in YAML 1.1.
std::optional<std::uint64_t> based_integer(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return std::nullopt;
  int base = 8;
  std::string_view digits = text.substr(1);
  if (text[1] == 'x' || text[1] == 'o' || text[1] == 'b') {
    base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
    digits = text.substr(2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string_view without_leading_zeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.empty() ? 0 : digits.size() - 1));
}

// The JSON spelling of a decimal number without its sign; nothing when it is none.
std::optional<std::string> decimal(std::string_view text) {
  const auto exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at), exponent = text.substr(exponent_at);
  const auto dot = std::min(mantissa.find('.'), mantissa.size());
  const std::string_view whole = mantissa.substr(0, dot), fraction = dot < mantissa.size() ? mantissa.substr(dot + 1) : "";
  if ((!whole.empty() && !all_digits(whole)) || (!fraction.empty() && !all_digits(fraction)) || (whole.empty() && fraction.empty()))
    return std::nullopt;
  if (!exponent.empty()) {
    std::string_view power = exponent.substr(1);
    if (!power.empty() && (power[0] == '+' || power[0] == '-')) power.remove_prefix(1);
    if (!all_digits(power)) return std::nullopt;
  }
  std::string out(whole.empty() ? "0" : without_leading_zeros(whole));
  if (dot < mantissa.size()) append(out, '.', fraction.empty() ? "0" : fraction);
  return out + std::string(exponent);
}

std::optional<std::string> json_number(std::string_view text) {
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  const std::string_view sign = has_sign && text[0] == '-' ? "-" : "";
  std::string digits;  // "1_000" is 1000; "_" alone is text
  for (const char c : text.substr(has_sign ? 1 : 0))
    if (c != '_') digits += c;
  if (digits.empty() || text.substr(has_sign ? 1 : 0)[0] == '_') return std::nullopt;
  if (const auto value = based_integer(digits)) return cat(sign, *value);
  if (auto spelling = decimal(digits)) return cat(sign, *spelling);
  return std::nullopt;
}

bool fits_a_double(std::string_view spelling) {
  double value = 0;
  return std::from_chars(spelling.data(), spelling.data() + spelling.size(), value).ec == std::errc{};
}

}  // namespace

Node resolve_plain(std::string_view text, std::string& problem) {
  if (is_one_of(text, kNull)) return {};
  const bool yes = is_one_of(text, kTrue);
  if (yes || is_one_of(text, kFalse)) {
    Node node = Node::boolean_of(yes);
    if (text != "true" && text != "false") node.written = text;
    return node;
  }
  const std::string_view unsigned_text = text[0] == '-' || text[0] == '+' ? text.substr(1) : text;
  if (is_one_of(unsigned_text, kNoNumber)) {
    problem = cat("Invalid value: ", text, ": there is no such number in JSON");
    return {};
  }
  if (auto spelling = json_number(text)) {
    if (!fits_a_double(*spelling)) {
      problem = cat("Invalid value: ", text, ": is out of range");
      return {};
    }
    Node node = Node::number(std::move(*spelling));
    if (node.text != text) node.written = text;
    return node;
  }
  return Node::string(std::string(text));
}

}  // namespace podctl::spec
