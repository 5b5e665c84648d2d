#include "spec/env_file.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "spec/names.hpp"

namespace podctl::spec {
namespace {

constexpr std::string_view kBlanks = " \t\r";

// The rest of the text from the first line that says something, without the blanks before it. `line` counts along.
std::string_view skip_idle_lines(std::string_view text, std::size_t& line) {
  for (;;) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    if (text[first] != '#' && text[first] != '\n') return text.substr(first);
    const auto end = text.find('\n', first);
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
    ++line;
  }
}

// One KEY='value', taken off the text with the rest of its line. @returns what is wrong with it
std::string take_variable(std::string_view& text, StringMap& variables) {
  const auto equals = text.find_first_of("=\n");
  if (equals == std::string_view::npos || text[equals] != '=') return "must be KEY='value'";
  const std::string_view key = text.substr(0, equals);
  if (key.size() > kMaxEnvFileKey) return cat("the key is longer than ", kMaxEnvFileKey, " characters");
  if (const auto rule = check_env_name(key); !rule.empty()) return cat("the key ", quote(key), " ", rule);
  text.remove_prefix(equals + 1);
  if (text.empty() || text.front() != '\'') return cat("the value of ", quote(key), " must be in single quotes");
  const auto close = text.find('\'', 1);
  if (close == std::string_view::npos) return cat("the value of ", quote(key), " has no closing quote");
  const std::string_view value = text.substr(1, close - 1);
  if (value.size() > kMaxEnvFileValue) return cat("the value of ", quote(key), " is longer than ", kMaxEnvFileValue, " bytes");
  if (value.find('\0') != std::string_view::npos) return cat("the value of ", quote(key), " holds a NUL character");
  text.remove_prefix(close + 1);
  const auto next = text.find_first_not_of(kBlanks);
  if (next != std::string_view::npos && text[next] != '\n') return cat("something follows the closing quote of ", quote(key));
  text.remove_prefix(next == std::string_view::npos ? text.size() : next);
  variables[std::string(key)] = value;
  return {};
}

}  // namespace

EnvFileText parse_env_file(std::string_view text) {
  EnvFileText file;
  if (text.size() > kMaxEnvFile) return {.variables = {}, .problem = cat("is larger than ", kMaxEnvFile / 1024, " KiB")};
  std::size_t line = 1;
  while (!(text = skip_idle_lines(text, line)).empty()) {
    const std::string_view before = text;
    const std::string problem = take_variable(text, file.variables);
    if (!problem.empty()) return {.variables = {}, .problem = cat("line ", line, ": ", problem)};
    line += static_cast<std::size_t>(
        std::count(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(before.size() - text.size()), '\n'));
  }
  return file;
}

}  // namespace podctl::spec
