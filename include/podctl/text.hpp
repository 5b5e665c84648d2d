#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/error.hpp"

/// Words for people and programs: what every front end of the library needs the same way.
namespace podctl {

/// The candidate a reader most likely meant by `word`: the nearest by edits (insert, delete, replace,
/// swap of neighbours; case counts half), when it is near enough to be worth saying.
std::optional<std::string> did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// Reads "300ms", "10s", "5m", "1h30m", "1.5s"; a bare number is seconds. Nothing for anything else, for a
/// negative amount and for more than 290 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Reads an RFC 3339 time, "2026-01-02T03:04:05Z", with a fraction and an offset if need be, as nanoseconds since 1970.
/// Nothing for anything else, for a day that no calendar has, and for years that nanoseconds do not reach (1678 to 2261).
std::optional<std::chrono::nanoseconds> parse_time(std::string_view text);

/// `--since` and `--until`: a duration before `now`, or an RFC 3339 time.
std::optional<std::chrono::nanoseconds> parse_moment(std::string_view text, std::chrono::nanoseconds now);

/// Number of a signal: "TERM", "SIGTERM" or "15", real-time ones as "SIGRTMIN+3"; 0 for anything else.
int parse_signal(std::string_view text);

/// The bytes that keys send: "ctrl-],ctrl-]", single characters and ctrl-X (@ to _), by commas; "" for none. Nothing for
/// anything else.
std::optional<std::string> parse_keys(std::string_view text);

/// `text` in double quotes, made safe for a terminal: control characters, quotes and backslashes are
/// escaped, bytes that are not UTF-8 become \xNN.
std::string quote(std::string_view text);

/// Findings as lines "LINE:COL  path  message", aligned; ends with a newline unless there are none.
/// @param most  how many are shown before "and N more"
std::string render_diagnostics(const std::vector<Diagnostic>& diagnostics, std::size_t most);
/// What was found in one input.
struct ValidationReport {
  std::string source;
  std::vector<Diagnostic> findings;
};
/// As JSON: the one report, or a list of several.
std::string render_reports_json(const std::vector<ValidationReport>& reports);

/// An error in up to three parts: what failed, the call or rule, one hint; ends with a newline.
std::string render_error(const Error& error);
/// The same as a JSON object {"error": {...}}.
std::string render_error_json(const Error& error);

}  // namespace podctl
