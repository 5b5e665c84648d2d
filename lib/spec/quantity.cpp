#include "spec/quantity.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"

namespace podctl::spec {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
// 2^63-1 in billionths: the largest amount there is, and small enough to multiply once more.
constexpr Wide kMaxNano = static_cast<Wide>(kMax) * 1'000'000'000;

enum class Family { kDecimal, kBinary, kExponent };

struct Suffix {
  std::string_view text;
  Family family;
  int power;  // of ten for kDecimal, of two for kBinary
};

constexpr std::array<Suffix, 16> kSuffixes{{
    {"n", Family::kDecimal, -9},
    {"u", Family::kDecimal, -6},
    {"m", Family::kDecimal, -3},
    {"", Family::kDecimal, 0},
    {"k", Family::kDecimal, 3},
    {"M", Family::kDecimal, 6},
    {"G", Family::kDecimal, 9},
    {"T", Family::kDecimal, 12},
    {"P", Family::kDecimal, 15},
    {"E", Family::kDecimal, 18},
    {"Ki", Family::kBinary, 10},
    {"Mi", Family::kBinary, 20},
    {"Gi", Family::kBinary, 30},
    {"Ti", Family::kBinary, 40},
    {"Pi", Family::kBinary, 50},
    {"Ei", Family::kBinary, 60},
}};

std::optional<Suffix> find_suffix(std::string_view text) {
  for (const auto& suffix : kSuffixes)
    if (suffix.text == text) return suffix;
  if (text.size() > 1 && (text[0] == 'e' || text[0] == 'E')) {
    std::string_view digits = text.substr(1);
    if (digits[0] == '+') digits.remove_prefix(1);
    const auto power = parse_number<int>(digits);
    if (power && digits[0] != '+') return Suffix{text, Family::kExponent, *power};
  }
  return std::nullopt;
}

struct Amount {
  Wide nano = 0;
};

Wide divide_up(Wide value, Wide by) { return value / by + (value % by != 0 ? 1 : 0); }

// The amount in billionths, rounded up.
Amount scale(std::string_view whole, std::string_view fraction, const Suffix& suffix) {
  const bool binary = suffix.family == Family::kBinary;
  std::string digits = cat(whole, fraction);
  int exponent = 9 - static_cast<int>(fraction.size());  // the amount is digits * 10^exponent (* 2^power)
  if (!binary) exponent += std::clamp(suffix.power, -1000, 1000);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  // Digits that Wide cannot hold, or that lie below 1n, go; what they held rounds the rest up.
  const std::size_t most = binary ? 18 : 28;
  bool rest = false;
  while (digits.size() > most || (exponent < 0 && !binary && !digits.empty())) {
    rest = rest || digits.back() != '0';
    digits.pop_back();
    ++exponent;
  }
  Wide nano = 0;
  for (const char c : digits) nano = nano * 10 + (c - '0');
  if (binary) nano <<= suffix.power;  // 18 digits and 60 bits: 120 bits at most
  for (; exponent > 0 && nano != 0; --exponent) {
    if (nano > kMaxNano) return {kMaxNano};
    nano *= 10;
  }
  for (; exponent < 0; ++exponent) {
    rest = rest || nano % 10 != 0;
    nano /= 10;
  }
  if (rest) ++nano;
  return {std::min(nano, kMaxNano)};
}

std::string digits_of(Wide value) {
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return text;
}

// The largest suffix of the family that leaves no fraction.
std::string canonical(Wide nano, bool negative, Family family) {
  if (nano == 0) return "0";
  const std::string sign = negative ? "-" : "";
  constexpr Wide kOne = 1'000'000'000;
  if (family == Family::kBinary && nano % kOne == 0) {
    Wide value = nano / kOne;
    int power = 0;
    while (value % 1024 == 0 && power < 60) {
      value /= 1024;
      power += 10;
    }
    for (const auto& suffix : kSuffixes)
      if (suffix.family == Family::kBinary && suffix.power == power) return cat(sign, digits_of(value), suffix.text);
    return cat(sign, digits_of(value));
  }
  Wide value = nano;
  int power = -9;
  while (value % 1000 == 0 && power < 18) {
    value /= 1000;
    power += 3;
  }
  if (family == Family::kExponent) return power == 0 ? cat(sign, digits_of(value)) : cat(sign, digits_of(value), "e", power);
  for (const auto& suffix : kSuffixes)
    if (suffix.family == Family::kDecimal && suffix.power == power) return cat(sign, digits_of(value), suffix.text);
  return cat(sign, digits_of(value));
}

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text, std::string& problem) {
  constexpr std::string_view kFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  const std::string_view number = rest.substr(0, std::min(rest.find_first_not_of("0123456789."), rest.size()));
  const std::string_view tail = rest.substr(number.size());
  const auto dot = number.find('.');
  const std::string_view whole = number.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? std::string_view{} : number.substr(dot + 1);
  if (whole.size() + fraction.size() == 0 || fraction.find('.') != std::string_view::npos) {
    problem = kFormat;
    return std::nullopt;
  }
  const auto letters = std::min(tail.find_first_not_of("eEinumkKMGTP"), tail.size());
  std::string_view after = tail.substr(letters);
  if (!after.empty() && (after[0] == '+' || after[0] == '-')) after.remove_prefix(1);
  if (after.find_first_not_of("0123456789") != std::string_view::npos) {
    problem = kFormat;
    return std::nullopt;
  }
  const auto suffix = find_suffix(tail);
  if (!suffix) {
    problem = "unable to parse quantity's suffix";
    return std::nullopt;
  }
  const Amount amount = scale(whole, fraction, *suffix);

  Quantity quantity;
  const auto in_unit = [&](Wide nano_per_unit) {
    const Wide value = divide_up(amount.nano, nano_per_unit);
    const std::int64_t capped = value > kMax ? kMax : static_cast<std::int64_t>(value);
    return negative ? -capped : capped;
  };
  quantity.value = in_unit(1'000'000'000);
  quantity.milli = in_unit(1'000'000);
  quantity.text = canonical(amount.nano, negative, suffix->family);
  return quantity;
}

Quantity round_to_milli(const Quantity& amount) {
  const bool exponent = amount.text.ends_with("e-6") || amount.text.ends_with("e-9");
  if (!exponent && !amount.text.ends_with('n') && !amount.text.ends_with('u')) return amount;
  if (amount.milli == kMax || amount.milli == -kMax) return amount;  // too much to be said in thousandths
  std::string problem;
  return parse_quantity(cat(amount.milli, exponent ? "e-3" : "m"), problem).value_or(amount);
}

}  // namespace podctl::spec
