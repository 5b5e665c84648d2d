// The files of /etc that a pod brings along: hosts and resolv.conf.
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "plan/builder.hpp"

namespace podctl::plan {
namespace {

constexpr std::size_t kMaxNameservers = 3, kMaxSearches = 32;  // what resolv.conf(5) readers look at

struct Resolver {
  std::vector<std::string> nameservers, searches;
  std::vector<std::pair<std::string, std::string>> options;  // name, and its value when it has one

  void add_server(std::string_view server) { add(nameservers, server, kMaxNameservers); }
  void add_search(std::string_view search) { add(searches, search, kMaxSearches); }
  void set_option(std::string_view name, std::string_view value) {
    const auto found = std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.first == name; });
    if (found == options.end()) options.emplace_back(name, value);
    else found->second = value;
  }

 private:
  static void add(std::vector<std::string>& list, std::string_view item, std::size_t most) {
    if (list.size() < most && std::find(list.begin(), list.end(), item) == list.end()) list.emplace_back(item);
  }
};

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  for (const auto word : split(line, ' '))
    for (const auto part : split(word, '\t'))
      if (!part.empty()) found.push_back(part);
  return found;
}

void read_resolv_conf(std::string_view text, Resolver& resolver) {
  for (const auto line : split(text, '\n')) {
    const auto parts = words(line.substr(0, line.find_first_of("#;")));
    if (parts.size() < 2) continue;
    if (parts[0] == "nameserver") resolver.add_server(parts[1]);
    if (parts[0] == "search" || parts[0] == "domain") {
      resolver.searches.clear();  // the last line counts
      for (std::size_t i = 1; i < parts.size(); ++i) resolver.add_search(parts[i]);
    }
    if (parts[0] == "options")
      for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto colon = parts[i].find(':');
        resolver.set_option(parts[i].substr(0, colon), colon == std::string_view::npos ? std::string_view{} : parts[i].substr(colon + 1));
      }
  }
}

}  // namespace

std::string resolv_conf_file(const Draft& draft) {
  const PodSpec& spec = draft.pod.spec;
  Resolver resolver;
  if (spec.dns_policy != DnsPolicy::kNone) read_resolv_conf(draft.facts.resolv_conf, resolver);
  for (const auto& server : spec.dns_config.nameservers) resolver.add_server(server);
  for (const auto& search : spec.dns_config.searches) resolver.add_search(search);
  for (const auto& option : spec.dns_config.options) resolver.set_option(option.name, option.value.value_or(""));
  std::string text;
  for (const auto& server : resolver.nameservers) append(text, "nameserver ", server, '\n');
  if (!resolver.searches.empty()) append(text, "search ", join(resolver.searches, " "), '\n');
  std::string options;
  for (const auto& [name, value] : resolver.options) append(options, ' ', name, value.empty() ? "" : ":", value);
  if (!options.empty()) append(text, "options", options, '\n');
  return text;
}

std::string hosts_file(const Draft& draft) {
  const PodSpec& spec = draft.pod.spec;
  std::string text;
  if (uses_host_network(draft.pod)) {
    append(text, "# Kubernetes-managed hosts file (host network).\n", draft.facts.hosts);
  } else {
    text =
        "# Kubernetes-managed hosts file.\n"
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "fe00::0\tip6-mcastprefix\n"
        "fe00::1\tip6-allnodes\n"
        "fe00::2\tip6-allrouters\n";
    const std::string& name = draft.plan.host_name;
    const std::string full =
        spec.subdomain.empty() ? std::string() : cat(name, '.', spec.subdomain, '.', draft.pod.metadata.name_space, ".svc.cluster.local\t");
    for (const auto* address : {&draft.plan.ipv4, &draft.plan.ipv6})
      if (!address->empty()) append(text, *address, '\t', full, name, '\n');
  }
  if (spec.host_aliases.empty()) return text;
  text += "\n# Entries added by HostAliases.\n";
  for (const auto& alias : spec.host_aliases) append(text, alias.ip, '\t', join(alias.hostnames, "\t"), '\n');
  return text;
}

}  // namespace podctl::plan
