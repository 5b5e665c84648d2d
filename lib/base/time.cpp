#include "base/time.hpp"

#include <array>
#include <ctime>

#include "base/text.hpp"

namespace podctl {
namespace {

std::string padded(std::int64_t number, std::size_t width) {
  std::string digits = cat(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<Unit, 6> kUnits{
    {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}}};

}  // namespace

std::string rfc3339(std::chrono::nanoseconds unix_time, int fraction_digits) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(unix_time);
  const std::time_t whole = seconds.count();
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::string out = cat(padded(parts.tm_year + 1900, 4), '-', padded(parts.tm_mon + 1, 2), '-', padded(parts.tm_mday, 2), 'T',
                        padded(parts.tm_hour, 2), ':', padded(parts.tm_min, 2), ':', padded(parts.tm_sec, 2));
  if (fraction_digits > 0) {
    const std::string digits = padded((unix_time - seconds).count(), 9);
    append(out, '.', std::string_view(digits).substr(0, static_cast<std::size_t>(fraction_digits)));
  }
  out += 'Z';
  return out;
}

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr long double kMost = 9.0e18L;
  if (text.empty()) return std::nullopt;
  long double total = 0;
  bool bare = true;
  for (std::string_view rest = text; !rest.empty();) {
    const auto digits = rest.substr(0, std::min(rest.find_first_not_of("0123456789."), rest.size()));
    rest.remove_prefix(digits.size());
    const auto unit_name = rest.substr(0, std::min(rest.find_first_of("0123456789."), rest.size()));
    rest.remove_prefix(unit_name.size());
    const auto dot = digits.find('.');
    const auto whole = digits.substr(0, dot);
    const auto fraction = dot == std::string_view::npos ? std::string_view{} : digits.substr(dot + 1);
    if (whole.size() + fraction.size() == 0 || whole.size() > 18 || fraction.size() > 18 || fraction.find('.') != std::string_view::npos)
      return std::nullopt;
    const Unit* unit = nullptr;
    for (const auto& known : kUnits)
      if (known.name == unit_name) unit = &known;
    if (unit_name.empty()) {
      if (!rest.empty() || !bare) return std::nullopt;  // a unit is left out of a lone number only
      unit = &kUnits[3];
    }
    if (unit == nullptr) return std::nullopt;
    bare = false;
    long double amount = 0;
    for (const char c : whole) amount = amount * 10 + (c - '0');
    long double place = 0.1L;
    for (const char c : fraction) {
      amount += place * (c - '0');
      place /= 10;
    }
    total += amount * static_cast<long double>(unit->nanoseconds);
    if (total > kMost) return std::nullopt;
  }
  return Duration(static_cast<std::int64_t>(total + 0.5L));
}

std::string short_duration(Duration duration) {
  const auto hundredths = std::chrono::round<std::chrono::duration<std::int64_t, std::centi>>(duration).count();
  if (hundredths < 1000) return cat(hundredths / 100, '.', padded(hundredths % 100, 2), " s");
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (seconds < 120) return cat(seconds, " s");
  if (seconds < 3600) return cat(seconds / 60, 'm', seconds % 60, 's');
  return cat(seconds / 3600, 'h', seconds / 60 % 60, 'm');
}

}  // namespace podctl
