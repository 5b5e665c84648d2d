// Rules of ports, host names, name resolution, and of namespaces shared with the machine.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

std::string ports(std::string_view list) { return container_with(cat("\"ports\":[", list, "]")); }
std::string host_ports(std::string_view list) {
  return cat(pod_with(cat("\"hostNetwork\":true,\n\"containers\":[{\"name\":\"c\",\"command\":[\"x\"],\"ports\":[", list, "]}]")));
}
const std::string kPort = "spec.containers[0].ports[0].";

}  // namespace

TEST_CASE("ports have a number, a protocol and a name of their own", "[spec]") {
  const Rule rules[] = {
      {ports("^{}"), kPort + "containerPort", "Required value"},
      {ports("{\"containerPort\":^0}"), kPort + "containerPort", "Required value"},
      {ports("{\"containerPort\":^65536}"), kPort + "containerPort", "Invalid value: 65536: must be between 1 and 65535, inclusive"},
      {ports("{\"containerPort\":^-1}"), kPort + "containerPort", "Invalid value: -1: must be between 1 and 65535, inclusive"},
      {ports("{\"containerPort\":80,\"protocol\":^\"tcp\"}"), kPort + "protocol",
       "Unsupported value: \"tcp\": supported values: \"TCP\", \"UDP\", \"SCTP\""},
      {ports("{\"containerPort\":80,\"name\":^\"80\"}"), kPort + "name", "Invalid value: \"80\": must contain at least one letter (a-z)"},
      {ports("{\"containerPort\":80,\"name\":^\"a-very-long-name\"}"), kPort + "name",
       "Invalid value: \"a-very-long-name\": must be no more than 15 characters"},
      {ports("{\"containerPort\":80,\"name\":\"a\"},{\"containerPort\":81,\"name\":^\"a\"}"), "spec.containers[0].ports[1].name",
       "Duplicate value: \"a\""},
      {ports("{\"containerPort\":80,\"hostIP\":^\"localhost\"}"), kPort + "hostIP",
       "Invalid value: \"localhost\": must be a valid IP address"},
      {ports("{\"containerPort\":80,\"hostIP\":^\"1.2.3\"}"), kPort + "hostIP", "Invalid value: \"1.2.3\": must be a valid IP address"},
      {ports("{\"containerPort\":80,\"hostPort\":^70000}"), kPort + "hostPort",
       "Invalid value: 70000: must be between 1 and 65535, inclusive"},
      {ports("{\"containerPort\":80,\"hostPort\":^8080}"), kPort + "hostPort", "not supported: ports are not published yet"},
  };
  for (const auto& rule : rules) check_rule(rule);
  check_clean({ports("{\"containerPort\":1},{\"containerPort\":65535,\"protocol\":\"UDP\"},{"
                     "\"containerPort\":1,\"protocol\":\"SCTP\"}"),
               ports("{\"containerPort\":80,\"hostPort\":0,\"hostIP\":\"::1\"},{\"containerPort\":"
                     "80,\"hostIP\":\"127.0.0.1\",\"name\":\"\"}")});
}

TEST_CASE("ports of the machine are taken once", "[spec]") {
  check_rule({host_ports("{\"containerPort\":8080},{\"containerPort\":8080,\"hostPort\":^8080}"), "spec.containers[0].ports[1].hostPort",
              "Duplicate value: \"TCP//8080\""});
  check_rule({host_ports("{\"containerPort\":8080,\"hostPort\":^8081}"), kPort + "hostPort",
              "Invalid value: 8081: must match `containerPort` when `hostNetwork` is true"});
  check_clean(
      {host_ports("{\"containerPort\":8080},{\"containerPort\":8080,\"protocol\":\"UDP\"},{"
                  "\"containerPort\":8080,\"hostIP\":\"127.0.0.1\"}")});
  // Between containers too, but init containers run when no other does.
  check_rule({pod_with("\"hostNetwork\":true,\"containers\":[{\"name\":\"a\",\"command\":[\"x\"],"
                       "\"ports\":[{\"containerPort\":80}]},\n"
                       "{\"name\":\"b\",\"command\":[\"x\"],\"ports\":[{\"containerPort\":80,"
                       "\"hostPort\":^80}]}]"),
              "spec.containers[1].ports[0].hostPort", "Duplicate value: \"TCP//80\""});
  check_clean(
      {pod_with("\"hostNetwork\":true,\"initContainers\":[{\"name\":\"a\",\"command\":[\"x\"],\"ports\":[{"
                "\"containerPort\":80}]}],\n"
                "\"containers\":[{\"name\":\"b\",\"command\":[\"x\"],\"ports\":[{\"containerPort\":80}]}]")});
}

TEST_CASE("host names and aliases are DNS names", "[spec]") {
  const std::string label =
      "must be a DNS label: lower-case letters, digits and '-', with a letter or digit at both "
      "ends";
  const std::string name =
      "must be a DNS name: lower-case letters, digits, '-' and '.', with a letter or digit at both "
      "ends of each part";
  const Rule rules[] = {
      {pod_and("\"hostname\":^\"a.b\""), "spec.hostname", "Invalid value: \"a.b\": " + label},
      {pod_and("\"hostname\":^\"a\\n127.0.0.1 evil\""), "spec.hostname", "Invalid value: \"a\\n127.0.0.1 evil\": " + label},
      {pod_and("\"subdomain\":^\"A\""), "spec.subdomain", "Invalid value: \"A\": " + label},
      {pod_and("\"hostAliases\":[{\"ip\":^\"x\",\"hostnames\":[\"a\"]}]"), "spec.hostAliases[0].ip",
       "Invalid value: \"x\": must be a valid IP address"},
      {pod_and("\"hostAliases\":[{\"ip\":\"::1\",\"hostnames\":[\"a\",^\"b c\"]}]"), "spec.hostAliases[0].hostnames[1]",
       "Invalid value: \"b c\": " + name},
      {pod_and("\"hostAliases\":[^{\"hostnames\":[\"a\"]}]"), "spec.hostAliases[0].ip", "Required value"},
  };
  for (const auto& rule : rules) check_rule(rule);
  check_clean(
      {pod_and("\"hostname\":\"h\",\"subdomain\":\"s\",\"hostAliases\":[{\"ip\":\"10.0.0.1\","
               "\"hostnames\":[\"a\",\"b.c\"]},{\"ip\":\"fe80::1\"}]")});
}

TEST_CASE("resolv.conf gets no more than it can hold", "[spec]") {
  const auto dns = [](std::string_view members) { return pod_and(cat("\"dnsConfig\":{", members, "}")); };
  const auto words = [](int count, const std::string& word) {
    std::string out;
    for (int i = 0; i < count; ++i) append(out, i == 0 ? "" : ",", '"', word, '"');
    return out;
  };
  const Rule rules[] = {
      {pod_and("\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":^[]}"), "spec.dnsConfig.nameservers",
       "Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"},
      {pod_and("\"dnsPolicy\":^\"none\""), "spec.dnsPolicy",
       "Unsupported value: \"none\": supported values: \"ClusterFirst\", "
       "\"ClusterFirstWithHostNet\", \"Default\", \"None\""},
      {dns(cat("\"nameservers\":^[", words(4, "1.1.1.1"), "]")), "spec.dnsConfig.nameservers",
       "Invalid value: must not have more than 3 nameservers"},
      {dns("\"nameservers\":[\"::1\",^\"dns\"]"), "spec.dnsConfig.nameservers[1]", "Invalid value: \"dns\": must be a valid IP address"},
      {dns(cat("\"searches\":^[", words(33, "a"), "]")), "spec.dnsConfig.searches",
       "Invalid value: must not have more than 32 search paths"},
      {dns(cat("\"searches\":^[", words(16, std::string(63, 'a') + "." + std::string(64, 'b').substr(1)), ",\"c\",\"dd\"]")),
       "spec.dnsConfig.searches",
       "Invalid value: must not have more than 2048 characters (including spaces) in the search "
       "list"},
      {dns("\"searches\":[\"a\",^\"b c\"]"), "spec.dnsConfig.searches[1]",
       "Invalid value: \"b c\": must be a DNS name: lower-case letters, digits, '-' and '.', with "
       "a letter or digit at both ends of each part"},
      {dns("\"options\":[^{}]"), "spec.dnsConfig.options[0].name", "Required value"},
      {dns("\"options\":[{\"name\":^\"\"}]"), "spec.dnsConfig.options[0].name", "Required value"},
      {dns("\"options\":[^{\"name\":\"a\\nnameserver\"}]"), "spec.dnsConfig.options[0]",
       "Invalid value: \"a\\nnameserver\": must be printable ASCII without blanks"},
      {dns("\"options\":[^{\"name\":\"ndots\",\"value\":\"1 2\"}]"), "spec.dnsConfig.options[0]",
       "Invalid value: \"1 2\": must be printable ASCII without blanks"},
  };
  for (const auto& rule : rules) check_rule(rule);
  CHECK(findings(pod_and("\"dnsPolicy\":\"None\"")) ==
        Lines{"1:64 spec.dnsConfig.nameservers: Required value: must provide at least one DNS "
              "nameserver when `dnsPolicy` is None"});
  check_clean({pod_and("\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\"]}"),
               dns(cat("\"nameservers\":[", words(3, "1.1.1.1"), "]")), dns(cat("\"searches\":[", words(32, "a_b.c."), "]")),
               dns("\"searches\":[\".\",\"a.\",\"_x.y\"]"),
               // sixteen times 127 and a blank are 2048 with one more character
               dns(cat("\"searches\":[", words(16, std::string(63, 'a') + "." + std::string(63, 'b')), "]")),
               dns("\"options\":[{\"name\":\"ndots\",\"value\":\"2\"},{\"name\":\"edns0\"}]")});
}

TEST_CASE("a pod with a user namespace of its own shares none of the machine's namespaces", "[spec]") {
  check_rule(
      {pod_and("\"hostUsers\":false,\"hostNetwork\":^true"), "spec.hostNetwork", "Forbidden: must not be true when `hostUsers` is false"});
  check_rule({pod_and("\"hostUsers\":false,\"hostIPC\":^true"), "spec.hostIPC", "Forbidden: must not be true when `hostUsers` is false"});
  CHECK(findings(pod_and("\"hostUsers\":false,\"hostNetwork\":true,\"hostIPC\":true")).size() == 2);
  check_rule({pod_and("\"hostUsers\":^true"), "spec.hostUsers", "no effect here: a pod always has a user namespace of its own"}, {},
             "note: ");
  check_rule({pod_and("\"shareProcessNamespace\":true,\"hostPID\":^true"), "spec.hostPID",
              "not supported: the pod's own pid namespace is what ends every process of the pod with it"});
  check_clean({pod_and("\"hostUsers\":false,\"hostNetwork\":false"), pod_and("\"hostNetwork\":true,\"hostIPC\":true"),
               pod_and("\"shareProcessNamespace\":false")});
}
