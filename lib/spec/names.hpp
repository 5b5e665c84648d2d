#pragma once

#include <string>
#include <string_view>

#include "spec/report.hpp"

/// The syntax of Kubernetes names. Each check says what is wrong, or nothing.
namespace podctl::spec {

/// "" when `text` is a DNS-1123 label (63 characters, no dots), else the rule it breaks.
std::string check_dns_label(std::string_view text);
/// The same for a DNS-1123 subdomain (253 characters).
std::string check_dns_subdomain(std::string_view text);
/// [prefix/]name of a label or annotation.
std::string check_qualified_name(std::string_view text);
std::string check_label_value(std::string_view text);
/// A port's name: 15 characters of a-z, 0-9 and '-'.
std::string check_port_name(std::string_view text);
/// A key of a ConfigMap or Secret.
std::string check_data_key(std::string_view text);
/// An environment variable's name: printable ASCII but '='.
std::string check_env_name(std::string_view text);
/// A relative path without "..".
std::string check_local_path(std::string_view text);

/// Reports `rule` for the value at `path`, when it is broken: `Invalid value: "text": rule`.
void report_invalid(Report& report, const Path& path, std::string_view text, const std::string& rule);

}  // namespace podctl::spec
