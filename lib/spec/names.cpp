#include "spec/names.hpp"

#include "base/text.hpp"

namespace podctl::spec {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

bool is_label(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (!is_lower(c) && !is_digit(c) && c != '-') return false;
  return text.front() != '-' && text.back() != '-';
}

// Letters, digits and -_. with a letter or digit at both ends.
bool is_loose_name(std::string_view text) {
  if (text.empty() || !is_alnum(text.front()) || !is_alnum(text.back())) return false;
  for (const char c : text)
    if (!is_alnum(c) && c != '-' && c != '_' && c != '.') return false;
  return true;
}

std::string too_long(std::size_t most) { return cat("must be no more than ", most, " characters"); }

}  // namespace

std::string check_dns_label(std::string_view text) {
  if (text.size() > 63) return too_long(63);
  if (!is_label(text)) return "must be a DNS label: lower-case letters, digits and '-', with a letter or digit at both ends";
  return {};
}

std::string check_dns_subdomain(std::string_view text) {
  if (text.size() > 253) return too_long(253);
  for (const auto part : split(text, '.'))
    if (!is_label(part))
      return "must be a DNS name: lower-case letters, digits, '-' and '.', with a letter or digit at both "
             "ends of each part";
  return {};
}

std::string check_qualified_name(std::string_view text) {
  std::string_view name = text;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    name = text.substr(slash + 1);
    if (const auto rule = check_dns_subdomain(text.substr(0, slash)); !rule.empty()) return cat("the part before '/' ", rule);
  }
  if (name.size() > 63) return cat("the name part ", too_long(63));
  if (!is_loose_name(name))
    return "must be a name of letters, digits, '-', '_' and '.', with a letter or digit at both ends, and "
           "optionally a DNS name and '/' before it";
  return {};
}

std::string check_label_value(std::string_view text) {
  if (text.size() > 63) return too_long(63);
  if (!text.empty() && !is_loose_name(text))
    return "must be empty, or letters, digits, '-', '_' and '.' with a letter or digit at both ends";
  return {};
}

std::string check_port_name(std::string_view text) {
  if (text.size() > 15) return too_long(15);
  bool letter = false;
  for (const char c : text) letter = letter || is_lower(c);
  if (!is_label(text) || text.find("--") != std::string_view::npos) return "must be lower-case letters, digits and single '-' between them";
  return letter ? std::string() : std::string("must contain at least one letter (a-z)");
}

std::string check_data_key(std::string_view text) {
  if (text.size() > 253) return too_long(253);
  bool good = !text.empty();
  for (const char c : text) good = good && (is_alnum(c) || c == '-' || c == '_' || c == '.');
  if (!good) return "must be letters, digits, '-', '_' and '.'";
  if (text == "." || text.substr(0, 2) == "..") return "must not be '.' or start with '..'";
  return {};
}

std::string check_env_name(std::string_view text) {
  if (text.empty()) return "must not be empty";
  for (const char c : text)
    if (c < 0x20 || c > 0x7e || c == '=') return "must be printable ASCII characters other than '='";
  return {};
}

std::string check_local_path(std::string_view text) {
  if (!text.empty() && text.front() == '/') return "must be a relative path";
  for (const auto part : split(text, '/'))
    if (part == "..") return "must not contain '..'";
  return {};
}

void report_invalid(Report& report, const Path& path, std::string_view text, const std::string& rule) {
  if (!rule.empty()) report.error(path, cat("Invalid value: ", quote(text), ": ", rule));
}

}  // namespace podctl::spec
