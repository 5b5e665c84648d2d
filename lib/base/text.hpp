#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/text.hpp"

namespace podctl {

namespace detail {
inline void append_one(std::string& out, std::string_view text) { out += text; }
inline void append_one(std::string& out, char c) { out += c; }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void append_one(std::string& out, T number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}
}  // namespace detail

/// Texts, characters and integers, put together.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append_one(out, parts), ...);
  return out;
}

template <class... Parts>
void append(std::string& out, const Parts&... parts) {
  (detail::append_one(out, parts), ...);
}

/// Length of the UTF-8 sequence at the start of `text`; 0 when it is not valid UTF-8.
std::size_t utf8_length(std::string_view text) noexcept;

std::string join(const std::vector<std::string>& items, std::string_view separator);

std::vector<std::string_view> split(std::string_view text, char separator);

std::string_view trim(std::string_view text) noexcept;

/// The whole of `text` as a decimal number, or nothing: no sign unless T is signed, no blanks, no overflow.
template <std::integral T>
std::optional<T> parse_number(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// `count` and the noun, e.g. "1 problem", "2 problems".
std::string counted(std::size_t count, std::string_view noun);

std::string octal(unsigned mode);

}  // namespace podctl
