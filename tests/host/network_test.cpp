// The pod's private network: loopback, the pod's own addresses, and members that talk to each other.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

bool has_ipv6() { return exists("/proc/net/if_inet6"); }

// The addresses the kernel has on lo, as `busybox ip` prints them: "127.0.0.1/8", ...
std::vector<std::string> loopback_addresses(const World& world, const Json& change, const std::string& result_file) {
  Json manifest = pod({container("main", "busybox ip addr show lo")});
  manifest["spec"].update(change);
  const Result result = run_pod(world, manifest, {"--result", result_file});
  CHECK(result.code == 0);
  std::vector<std::string> found;
  for (const auto& line : lines(result.out)) {
    std::istringstream words(line);
    std::string kind, address;
    words >> kind >> address;
    if (kind == "inet" || kind == "inet6") found.push_back(address);
  }
  return found;
}

// Serves its name on a port, says so, and then fetches its sibling's from every address it is given.
std::string talk(int own_port, int other_port, const std::vector<std::string>& hosts) {
  std::string script =
      "mkdir /tmp/site; echo \"from $0\" > /tmp/site/name; busybox httpd -p " + std::to_string(own_port) + " -h /tmp/site; ";
  for (const auto& host : hosts) {
    const std::string url = "http://" + host + ":" + std::to_string(other_port) + "/name";
    script += "n=0; until busybox wget -q -O /tmp/got " + url + " 2>/dev/null || [ $n = 100 ]; do n=$((n+1)); sleep 0.05; done; echo \"" +
              host + " $(cat /tmp/got)\"; rm -f /tmp/got; ";
  }
  return script + "touch /done/$0; until [ -e /done/one ] && [ -e /done/two ]; do sleep 0.05; done";
}

bool answers(const std::string& address, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  sockaddr generic{};
  std::memcpy(&generic, &to, sizeof generic);
  const bool connected = ::connect(fd, &generic, sizeof generic) == 0;
  ::close(fd);
  return connected;
}

}  // namespace

TEST_CASE("loopback is up and carries the pod's addresses", "[network]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  const auto addresses = loopback_addresses(world, Json::object(), file);
  const Json status = read_json(file)["status"];
  std::vector<std::string> expected{"127.0.0.1/8", status["podIP"].get<std::string>() + "/32"};
  if (has_ipv6()) {
    REQUIRE(status["podIPs"].size() == 2);
    expected.push_back("::1/128");
    expected.push_back(status["podIPs"][1]["ip"].get<std::string>() + "/128");
  }
  auto sorted = addresses;
  std::sort(sorted.begin(), sorted.end());
  std::sort(expected.begin(), expected.end());
  CHECK(sorted == expected);
  CHECK(contains(status["podIP"].get<std::string>(), "10.244."));
}

TEST_CASE("the pod has loopback alone, and reaches nothing outside", "[network]") {
  const World world;
  CHECK(output_of(world, "cd /sys/class/net; echo *") == "lo\n");
  CHECK(output_of(world, "sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d ' '") == "lo\n");
  CHECK(output_of(world, "busybox ip route show; busybox wget -q -O - http://10.1.2.3/ 2>&1 | grep -o 'unreachable'; true") ==
        "unreachable\n");
  CHECK(output_of(world, "cat /sys/class/net/lo/operstate; cat /sys/class/net/lo/flags") == "unknown\n0x9\n");  // UP, LOOPBACK
}

TEST_CASE("with network none there is localhost and no other address", "[network]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  const std::string out = output_of(world, "busybox ip addr show lo | grep -c 'inet '; busybox ip addr show lo | grep -o '127.0.0.1/8'",
                                    Json::object(), {"--network", "none", "--result", file});
  CHECK(out == "1\n127.0.0.1/8\n");
  CHECK_FALSE(read_json(file)["status"].contains("podIP"));
}

TEST_CASE("servers of two members hear each other over localhost and over the pod's addresses", "[network]") {
  const World world;
  const std::string file = world.path() + "/result.json";
  REQUIRE(run_pod(world, pod({container("main", "true")}), {"--result", file}).code == 0);
  std::vector<std::string> hosts{"localhost", "127.0.0.1", "test"};  // the pod's own name is in /etc/hosts
  const Json ips = read_json(file)["status"]["podIPs"];              // the same for the same name
  hosts.push_back(ips[0]["ip"]);
  if (has_ipv6()) hosts.push_back('[' + ips[1]["ip"].get<std::string>() + ']');
  Json one = container("one", talk(8001, 8002, hosts)), two = container("two", talk(8002, 8001, hosts));
  one["volumeMounts"] = two["volumeMounts"] = {mount("done", "/done")};
  Json manifest = pod({one, two});
  manifest["spec"]["volumes"] = {volume("done", {{"emptyDir", Json::object()}})};
  const Result result = run_pod(world, manifest, {"--log-prefix", "never"});
  CHECK(result.code == 0);
  for (const auto& host : hosts) {
    INFO(host << " in\n" << result.out);
    CHECK(contains(result.out, host + " from one\n"));
    CHECK(contains(result.out, host + " from two\n"));
  }
}

TEST_CASE("a port of the pod is none of the caller's, and two pods may use the same", "[network]") {
  const World world;
  const std::string serve = "cd /tmp; busybox httpd -p 80; echo ready; exec sleep 60";
  LivePod first(world, pod({container("main", serve)}, "first"));
  first.await("ready");
  LivePod second(world, pod({container("main", serve)}, "second"));
  second.await("ready");
  CHECK_FALSE(answers("127.0.0.1", 80));
  first.stop();
  second.stop();
}

TEST_CASE("a port of a hostNetwork pod is the caller's", "[network]") {
  const World world;
  Json manifest = pod({container("main", "cd /tmp; busybox httpd -p 127.0.0.1:47193; echo ready; exec sleep 60")});
  manifest["spec"]["hostNetwork"] = true;
  LivePod live(world, manifest);
  live.await("ready");
  CHECK(eventually([] { return answers("127.0.0.1", 47193); }, std::chrono::seconds(2)));
  live.stop();
  CHECK_FALSE(answers("127.0.0.1", 47193));
}

TEST_CASE("the pod's /etc/hosts and resolv.conf say what the manifest asks for", "[network]") {
  const World world;
  Json manifest = pod({container("main", "cat /etc/hosts /etc/resolv.conf")});
  manifest["spec"]["hostAliases"] = {{{"ip", "10.9.8.7"}, {"hostnames", {"far", "away"}}}};
  manifest["spec"]["dnsPolicy"] = "None";
  manifest["spec"]["dnsConfig"] = {
      {"nameservers", {"10.0.0.53"}}, {"searches", {"example.org"}}, {"options", {{{"name", "ndots"}, {"value", "2"}}}}};
  const Result result = run_pod(world, manifest);
  CHECK(result.code == 0);
  for (const auto* line :
       {"127.0.0.1\tlocalhost\n", "10.9.8.7\tfar\taway\n", "nameserver 10.0.0.53\nsearch example.org\noptions ndots:2\n"}) {
    INFO(line << " in\n" << result.out);
    CHECK(contains(result.out, line));
  }
}
