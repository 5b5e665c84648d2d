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

namespace {

// Takes `width` digits and the character `after` them from the front of `text`; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t width, std::string_view after) {
  int number = 0;
  if (text.size() < width + after.size() || text.substr(width, after.size()) != after) return -1;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(width + after.size());
  return number;
}

// Nanoseconds of ".123" at the front of `text`; -1 for a dot without digits. Digits beyond the ninth are dropped.
std::int64_t take_fraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  std::int64_t fraction = 0, place = 100'000'000;
  const auto digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  for (const char c : digits) {
    fraction += place * (c - '0');
    place /= 10;
  }
  text.remove_prefix(digits.size());
  return digits.empty() ? -1 : fraction;
}

// Minutes east of Greenwich of "Z" or "+01:00", which must be all of `text`.
std::optional<int> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '+' ? 1 : -1;
  text.remove_prefix(1);
  const int hours = take_digits(text, 2, ":");
  const int minutes = hours < 0 ? -1 : take_digits(text, 2, "");
  if (minutes < 0 || hours > 23 || minutes > 59 || !text.empty()) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_time(std::string_view text) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::tm parts{};
  const int year = take_digits(text, 4, "-");
  const int month = year < 0 ? -1 : take_digits(text, 2, "-");
  if (year < 1970 || year > 2200 || month < 1 || month > 12) return std::nullopt;
  const int day = take_digits(text, 2, "");
  const bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day < 1 || day > kDays[static_cast<std::size_t>(month - 1)] + (leap ? 1 : 0)) return std::nullopt;
  if (text.empty() || (text.front() != 'T' && text.front() != 't')) return std::nullopt;
  text.remove_prefix(1);
  const int hour = take_digits(text, 2, ":");
  const int minute = hour < 0 ? -1 : take_digits(text, 2, ":");
  const int second = minute < 0 ? -1 : take_digits(text, 2, "");
  if (second < 0 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t fraction = take_fraction(text);
  const auto offset = read_offset(text);
  if (fraction < 0 || !offset) return std::nullopt;
  parts = {.tm_sec = second, .tm_min = minute, .tm_hour = hour, .tm_mday = day, .tm_mon = month - 1, .tm_year = year - 1900};
  const std::int64_t seconds = std::int64_t{::timegm(&parts)} - std::int64_t{*offset} * 60;
  return std::chrono::seconds(seconds) + std::chrono::nanoseconds(fraction);
}

std::optional<std::chrono::nanoseconds> parse_moment(std::string_view text, std::chrono::nanoseconds now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  return parse_time(text);
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
