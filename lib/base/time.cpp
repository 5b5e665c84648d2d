#include "base/time.hpp"

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

// Not by gmtime(3), which reads /etc/localtime for its leap seconds.
std::string rfc3339(std::chrono::nanoseconds unix_time, int fraction_digits) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(unix_time);
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{std::chrono::sys_days(days)};
  const std::chrono::hh_mm_ss time(seconds - days);
  std::string out = cat(padded(int{date.year()}, 4), '-', padded(unsigned{date.month()}, 2), '-', padded(unsigned{date.day()}, 2), 'T',
                        padded(time.hours().count(), 2), ':', padded(time.minutes().count(), 2), ':', padded(time.seconds().count(), 2));
  if (fraction_digits > 0) {
    const std::string digits = padded((unix_time - seconds).count(), 9);
    append(out, '.', std::string_view(digits).substr(0, static_cast<std::size_t>(fraction_digits)));
  }
  out += 'Z';
  return out;
}

namespace {

// Takes `width` digits off the front of `text`; nothing when they are not all digits or no number in the range.
std::optional<int> take_digits(std::string_view& text, std::size_t width, int least, int most) {
  const auto number = text.size() < width || text[0] == '-' ? std::nullopt : parse_number<int>(text.substr(0, width));
  if (!number || *number < least || *number > most) return std::nullopt;
  text.remove_prefix(width);
  return number;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// A fraction of a second in nanoseconds; digits beyond the ninth say nothing more.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  std::int64_t value = 0, place = 100'000'000;
  const std::size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
  for (const char digit : text.substr(0, length)) {
    value += (digit - '0') * place;
    place /= 10;
  }
  text.remove_prefix(length);
  return length == 0 ? std::nullopt : std::optional(value);
}

// What to take from a local time to have UTC.
std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return std::chrono::minutes(0);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2, 0, 23);
  const bool colon = hours && take(text, ":");
  const auto minutes = colon ? take_digits(text, 2, 0, 59) : std::nullopt;
  if (!minutes) return std::nullopt;
  return sign * std::chrono::minutes(*hours * 60 + *minutes);
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto number = [&](std::size_t width, int least, int most, std::string_view end) -> std::optional<int> {
    const auto value = take_digits(text, width, least, most);
    return value && (end.empty() || take(text, end)) ? value : std::nullopt;
  };
  const auto year_number = number(4, 1678, 2261, "-");
  const auto month_number = year_number ? number(2, 1, 12, "-") : std::nullopt;
  const auto day_number = month_number ? number(2, 1, 31, "Tt ") : std::nullopt;
  const auto hour = day_number ? number(2, 0, 23, ":") : std::nullopt;
  const auto minute = hour ? number(2, 0, 59, ":") : std::nullopt;
  const auto second = minute ? number(2, 0, 60, "") : std::nullopt;  // 60: a leap second
  const auto fraction = second ? take_fraction(text) : std::nullopt;
  const auto offset = fraction ? take_offset(text) : std::nullopt;
  if (!offset || !text.empty()) return std::nullopt;
  const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)), day(static_cast<unsigned>(*day_number)));
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch() + hours(*hour) + minutes(*minute) + seconds(*second) + nanoseconds(*fraction) - *offset;
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
