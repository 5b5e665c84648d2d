// The names of a pod and the files of /etc it brings along.
#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

constexpr std::string_view kHostsHead =
    "# Kubernetes-managed hosts file.\n"
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "fe00::0\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\n"
    "fe00::2\tip6-allrouters\n";

std::string etc(const Plan& plan, const std::string& name) { return file_of(plan, "/f", name); }
std::string hosts(const std::string& spec, const HostFacts& facts = user_facts(), const std::string& annotations = {}) {
  return etc(plan_of(cat(spec, spec.empty() ? "" : ",", one_container()), facts, annotations), "hosts");
}
std::string resolver(const std::string& spec, const std::string& host) {
  HostFacts facts = user_facts();
  facts.resolv_conf = host;
  return etc(plan_of(cat(spec, spec.empty() ? "" : ",", one_container()), facts), "resolv.conf");
}
std::string host_name(const std::string& pod, const std::string& more = {}) {
  Pod named = manifest_of(cat(more, more.empty() ? "" : ",", one_container())).pods.at(0);
  named.metadata.name = pod;
  const Plan plan = make_plan(named, {}, user_facts(), plan_options());
  CHECK(etc(plan, "hostname") == plan.host_name + '\n');
  CHECK(all_of<action::SetHostname>(plan).at(0).name == plan.host_name);
  return plan.host_name;
}

}  // namespace

TEST_CASE("/etc/hosts names the pod's addresses", "[plan][files]") {
  CHECK(hosts("") == cat(kHostsHead, "10.244.188.240\tweb\nfd00:10:244::bcf0\tweb\n"));
  CHECK(hosts(R"("hostname":"front","subdomain":"sub")") ==
        cat(kHostsHead,
            "10.244.188.240\tfront.sub.default.svc.cluster.local\tfront\nfd00:10:244::bcf0\tfront."
            "sub.default.svc.cluster.local\tfront\n"));
  HostFacts no_ipv6 = user_facts();
  no_ipv6.has_ipv6 = false;
  CHECK(hosts("", no_ipv6) == cat(kHostsHead, "10.244.188.240\tweb\n"));
  CHECK(hosts("", user_facts(), R"("podctl.dev/network":"none")") == kHostsHead);
}

TEST_CASE("/etc/hosts ends with the aliases, one line each, in order", "[plan][files]") {
  CHECK(
      hosts(
          R"("hostAliases":[{"ip":"192.0.2.9","hostnames":["b","a"]},{"ip":"192.0.2.9","hostnames":["c"]},{"ip":"::7","hostnames":["d"]}])") ==
      cat(kHostsHead,
          "10.244.188.240\tweb\nfd00:10:244::bcf0\tweb\n\n# Entries added by "
          "HostAliases.\n192.0.2.9\tb\ta\n192.0.2.9\tc\n::7\td\n"));
}

TEST_CASE("with the host's network /etc/hosts is the host's, and the aliases", "[plan][files]") {
  HostFacts facts = user_facts();
  facts.hosts = "127.0.0.1 localhost box\n";
  CHECK(hosts(R"("hostNetwork":true)", facts) == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost box\n");
  CHECK(hosts(R"("hostNetwork":true,"hostAliases":[{"ip":"192.0.2.9","hostnames":["b"]}])", facts) ==
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost box\n\n# Entries added "
        "by HostAliases.\n192.0.2.9\tb\n");
}

TEST_CASE("resolv.conf is the host's by default, in its canonical form", "[plan][files]") {
  const std::string host =
      "# a comment\n; another\ndomain old.example\nnameserver 192.0.2.1 # "
      "main\nnameserver\t192.0.2.2\nsearch a.example b.example a.example\noptions ndots:2 edns0\n";
  const std::string canonical =
      "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch a.example b.example\noptions ndots:2 "
      "edns0\n";
  for (const char* policy : {"", R"("dnsPolicy":"Default")", R"("dnsPolicy":"ClusterFirst")", R"("dnsPolicy":"ClusterFirstWithHostNet")"})
    CHECK(resolver(policy, host) == canonical);
  CHECK(resolver("", "").empty());
}

TEST_CASE("dnsConfig is added to the host's: no name twice, three servers, options by name", "[plan][files]") {
  const std::string host = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch a.example\noptions ndots:2 edns0\n";
  CHECK(resolver(
            R"("dnsConfig":{"nameservers":["192.0.2.2","192.0.2.3","192.0.2.4"],"searches":["b.example","a.example"],
                    "options":[{"name":"ndots","value":"5"},{"name":"rotate"}]})",
            host) ==
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nsearch a.example "
        "b.example\noptions ndots:5 edns0 rotate\n");
}

TEST_CASE("dnsPolicy None takes dnsConfig alone", "[plan][files]") {
  CHECK(resolver(R"("dnsPolicy":"None","dnsConfig":{"nameservers":["192.0.2.9"]})", "nameserver 192.0.2.1\nsearch a.example\n") ==
        "nameserver 192.0.2.9\n");
}

TEST_CASE("search domains are cut at 32", "[plan][files]") {
  std::string host = "search";
  for (int i = 0; i < 31; ++i) append(host, " s", i);
  const std::string text = resolver(R"("dnsConfig":{"searches":["one","two"]})", host + '\n');
  CHECK(text.find(" s30 one\n") != std::string::npos);
  CHECK(text.find("two") == std::string::npos);
}

TEST_CASE("the host name is spec.hostname, else the pod's name cut to a label", "[plan][files]") {
  CHECK(host_name("web") == "web");
  CHECK(host_name("web", R"("hostname":"front")") == "front");
  CHECK(host_name("my.pod") == "my.pod");
  CHECK(host_name(std::string(70, 'a')) == std::string(63, 'a'));
  CHECK(host_name(cat(std::string(62, 'a'), "-b")) == std::string(62, 'a'));
  CHECK(host_name(cat(std::string(61, 'a'), "-.-b")) == std::string(61, 'a'));
  CHECK(host_name("web", R"("hostNetwork":true,"hostname":"front")") == "box");
}

TEST_CASE("addresses come from the name: the same each time, never the first or last of a block", "[plan][files]") {
  Pod pod = manifest_of(one_container()).pods.at(0);
  std::vector<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    pod.metadata.name = cat("pod-", i);
    const Plan plan = make_plan(pod, {}, user_facts(), plan_options());
    seen.push_back(plan.ipv4);
    const auto parts = split(plan.ipv4, '.');
    REQUIRE(parts.size() == 4);
    const auto third = parse_number<int>(parts[2]), fourth = parse_number<int>(parts[3]);
    REQUIRE((third && *third >= 0 && *third <= 255 && fourth && *fourth >= 1 && *fourth <= 254));
    REQUIRE(plan.ipv6.substr(0, 13) == "fd00:10:244::");
  }
  std::sort(seen.begin(), seen.end());
  CHECK(std::unique(seen.begin(), seen.end()) - seen.begin() > 1900);
}
