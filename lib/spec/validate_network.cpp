// Rules of host names, name resolution and ports shared by all containers.
#include <arpa/inet.h>

#include <set>

#include "base/text.hpp"
#include "spec/enums.hpp"
#include "spec/names.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

constexpr std::size_t kMaxNameservers = 3, kMaxSearches = 32, kMaxSearchCharacters = 2048;

bool is_address(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

void check_address(Report& report, const Path& path, const std::string& text) {
  if (!is_address(text)) report_invalid(report, path, text, "must be a valid IP address");
}

void validate_dns(const PodSpec& spec, Report& report) {
  const Path config = Path("spec");
  const Path dns = config / "dnsConfig", servers = dns / "nameservers", searches = dns / "searches";
  if (spec.dns_policy == DnsPolicy::kNone && spec.dns_config.nameservers.empty())
    report.error(servers, "Required value: must provide at least one DNS nameserver when `dnsPolicy` is None");
  if (spec.dns_config.nameservers.size() > kMaxNameservers)
    report.error(servers, cat("Invalid value: must not have more than ", kMaxNameservers, " nameservers"));
  for (std::size_t i = 0; i < spec.dns_config.nameservers.size(); ++i) check_address(report, servers[i], spec.dns_config.nameservers[i]);
  if (spec.dns_config.searches.size() > kMaxSearches)
    report.error(searches, cat("Invalid value: must not have more than ", kMaxSearches, " search paths"));
  std::size_t characters = 0;
  for (std::size_t i = 0; i < spec.dns_config.searches.size(); ++i) {
    std::string_view name = spec.dns_config.searches[i];
    characters += name.size() + 1;
    if (name == ".") continue;
    if (!name.empty() && name.back() == '.') name.remove_suffix(1);
    std::string plain(name);  // underscores are common in search domains and allowed
    for (char& c : plain) c = c == '_' ? 'x' : c;
    report_invalid(report, searches[i], name, check_dns_subdomain(plain));
  }
  if (characters > kMaxSearchCharacters + 1)
    report.error(searches,
                 cat("Invalid value: must not have more than ", kMaxSearchCharacters, " characters (including spaces) in the search list"));
  const Path options = dns / "options";
  for (std::size_t i = 0; i < spec.dns_config.options.size(); ++i) {
    const auto& option = spec.dns_config.options[i];
    if (option.name.empty()) report.error(options[i] / "name", "Required value");
    for (const std::string* text : {&option.name, option.value ? &*option.value : &option.name})
      for (const char c : *text)
        if (c <= ' ' || c > '~') {
          report_invalid(report, options[i], *text, "must be printable ASCII without blanks");
          break;
        }
  }
}

void validate_ports(const Container& container, const PodSpec& spec, const Path& path, bool is_init, std::set<std::string>& published,
                    Report& report) {
  const Path ports = path / "ports";
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < container.ports.size(); ++i) {
    const ContainerPort& port = container.ports[i];
    const Path at = ports[i];
    if (!port.name.empty()) {
      report_invalid(report, at / "name", port.name, check_port_name(port.name));
      if (!names.insert(port.name).second) report.error(at / "name", cat("Duplicate value: ", quote(port.name)));
    }
    const auto in_range = [](std::int32_t number) { return number >= 1 && number <= 65535; };
    if (port.container_port.value_or(0) == 0) report.error(at / "containerPort", "Required value");
    else if (!in_range(*port.container_port))
      report.error(at / "containerPort", cat("Invalid value: ", *port.container_port, ": must be between 1 and 65535, inclusive"));
    if (!port.host_ip.empty()) check_address(report, at / "hostIP", port.host_ip);
    if (port.host_port.value_or(0) == 0) continue;
    if (!in_range(*port.host_port))
      report.error(at / "hostPort", cat("Invalid value: ", *port.host_port, ": must be between 1 and 65535, inclusive"));
    else if (spec.host_network && port.host_port != port.container_port)
      report.error(at / "hostPort", cat("Invalid value: ", *port.host_port, ": must match `containerPort` when `hostNetwork` is true"));
    else if (!spec.host_network) report.error(at / "hostPort", "not supported: ports are not published yet");
    const std::string key = cat(enum_name(port.protocol), '/', port.host_ip, '/', *port.host_port);
    if (!is_init && !published.insert(key).second) report.error(at / "hostPort", cat("Duplicate value: ", quote(key)));
  }
}

}  // namespace

void validate_network(const PodSpec& spec, Report& report) {
  const Path root("spec");
  if (!spec.hostname.empty()) report_invalid(report, root / "hostname", spec.hostname, check_dns_label(spec.hostname));
  if (!spec.subdomain.empty()) report_invalid(report, root / "subdomain", spec.subdomain, check_dns_label(spec.subdomain));
  const Path aliases = root / "hostAliases";
  for (std::size_t i = 0; i < spec.host_aliases.size(); ++i) {
    const Path alias = aliases[i], names = alias / "hostnames";
    check_address(report, alias / "ip", spec.host_aliases[i].ip);
    for (std::size_t j = 0; j < spec.host_aliases[i].hostnames.size(); ++j) {
      const auto& name = spec.host_aliases[i].hostnames[j];
      report_invalid(report, names[j], name, check_dns_subdomain(name));
    }
  }
  validate_dns(spec, report);
  std::set<std::string> published;
  const Path init = root / "initContainers", apps = root / "containers";
  for (std::size_t i = 0; i < spec.init_containers.size(); ++i)
    validate_ports(spec.init_containers[i], spec, init[i], true, published, report);
  for (std::size_t i = 0; i < spec.containers.size(); ++i) validate_ports(spec.containers[i], spec, apps[i], false, published, report);
}

}  // namespace podctl::spec
