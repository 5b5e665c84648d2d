// What a program finds in its environment, asked of the kernel: /proc/self/environ inside.
#include <unistd.h>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

const std::vector<Json> kObjects{
    {{"apiVersion", "v1"},
     {"kind", "ConfigMap"},
     {"metadata", {{"name", "m"}}},
     {"data", {{"one", "1 of\ntwo lines"}, {"dots.in-key", "kept"}}}},
    {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "s"}}}, {"stringData", {{"word", "hidden $(X)"}}}}};

Json from(const std::string& name, const Json& source) { return {{"name", name}, {"valueFrom", source}}; }

Json main_container(const std::string& script) {
  Json main = container("main", script);
  for (const auto& [name, path] : std::vector<std::pair<std::string, std::string>>{{"NAME", "metadata.name"},
                                                                                   {"UID_", "metadata.uid"},
                                                                                   {"IP", "status.podIP"},
                                                                                   {"NODE", "spec.nodeName"},
                                                                                   {"HOST", "status.hostIP"}})
    main["env"].push_back(from(name, {{"fieldRef", {{"fieldPath", path}}}}));
  main["env"].push_back(from("CPUS", {{"resourceFieldRef", {{"resource", "limits.cpu"}}}}));
  main["env"].push_back(from("WORD", {{"secretKeyRef", {{"name", "s"}, {"key", "word"}}}}));
  main["env"].push_back({{"name", "USES"}, {"value", "<$(WORD)>"}});
  main["envFrom"] = {{{"prefix", "M_"}, {"configMapRef", {{"name", "m"}}}}};
  return main;
}

}  // namespace

TEST_CASE("variables show the pod, the machine, and the objects of the input", "[environment]") {
  const World world;
  const Json manifest =
      pod({main_container("tr '\\0' ';' < /proc/self/environ; echo; ip -4 -o addr show dev lo 2>/dev/null || cat /proc/net/fib_trie")});
  const Result result = world.podctl({"run", "--result", world.path() + "/r.json", write_manifest(world, manifest, kObjects)});
  INFO(result.out << result.err);
  REQUIRE(result.code == 0);
  const std::string all = ';' + result.out;
  const Json status = read_json(world.path() + "/r.json");
  char host[256] = {};
  REQUIRE(::gethostname(host, sizeof host - 1) == 0);
  CHECK(contains(all, ";NAME=test;"));
  CHECK(contains(all, ";UID_=" + status["metadata"]["uid"].get<std::string>() + ";"));
  CHECK(contains(all, ";NODE=" + std::string(host) + ";"));
  CHECK(contains(all, ";CPUS=" + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + ";"));
  CHECK(contains(all, ";M_one=1 of\ntwo lines;"));
  CHECK(contains(all, ";M_dots.in-key=kept;"));
  CHECK(contains(all, ";USES=<hidden $(X)>;"));
  // The address is one the pod's own interface has.
  const auto at = all.find(";IP=") + 4;
  const std::string ip = all.substr(at, all.find(';', at) - at);
  CHECK(ip.substr(0, 7) == "10.244.");
  CHECK(contains(all.substr(all.find(";IP=") + 20), ip));
  CHECK_FALSE(contains(all, ";HOST=;"));
}

TEST_CASE("a subPath may be made of variables", "[environment]") {
  const World world;
  Json main = container("main", "echo written > /data/file; cat /all/pod-test/file");
  main["env"].push_back(from("NAME", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}));
  main["volumeMounts"] = {mount("data", "/data", {{"subPathExpr", "pod-$(NAME)"}}), mount("data", "/all")};
  Json manifest = pod({main});
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", {{"medium", "Memory"}}}})};
  const Result good = run_pod(world, manifest);
  INFO(good.err);
  CHECK(good.out == "written\n");
  manifest["spec"]["containers"][0]["volumeMounts"][0]["subPathExpr"] = "$(NOPE)";
  const Result bad = run_pod(world, manifest);
  CHECK(bad.code == 125);
  CHECK(contains(bad.err, "volumeMounts[0].subPathExpr: missing value for \"NOPE\""));
}

TEST_CASE("variables take keys of a file that an init container wrote, anew at each start", "[environment]") {
  const World world;
  Json first = container("first", "printf \"WORD='one'\\n# no\\nWORD='a\\nb'\\n\" > /data/deep.env");
  Json main = container(
      "main", "tr '\\0' ';' < /proc/self/environ; [ \"$WORD\" = again ] && exit 0; printf \"WORD='again'\" > /data/deep.env; exit 1");
  first["volumeMounts"] = main["volumeMounts"] = {mount("data", "/data")};
  const Json ref{{"volumeName", "data"}, {"path", "deep.env"}, {"key", "WORD"}};
  main["env"] = {from("WORD", {{"fileKeyRef", ref}}), {{"name", "USES"}, {"value", "<$(WORD)>"}}};
  main["env"].push_back(from("NONE", {{"fileKeyRef", {{"volumeName", "data"}, {"path", "none"}, {"key", "K"}, {"optional", true}}}}));
  Json manifest = pod({main});
  manifest["spec"]["initContainers"] = {first};
  manifest["spec"]["restartPolicy"] = "OnFailure";
  const Json medium = GENERATE(Json::object(), Json{{"medium", "Memory"}});
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", medium}})};
  const Result result = run_pod(world, manifest, {"--log-prefix", "never"});
  INFO(result.out << result.err);
  CHECK(result.code == 0);
  CHECK(contains(result.out, "WORD=a\nb;"));
  CHECK(contains(result.out, "USES=<a\nb>;"));
  CHECK(contains(result.out, "WORD=again;"));
  CHECK_FALSE(contains(result.out, "NONE="));
}

TEST_CASE("a file of variables that is none, or leads out of its volume, is an error that names it", "[environment]") {
  const World world;
  const auto [make, said] =
      GENERATE(table<std::string, std::string>({{"true", "there is no file \"f\" in volume \"data\""},
                                                {"ln -s /etc/hostname /data/f", "EXDEV"},
                                                {"ln -s ../../../../etc/hostname /data/f", "EXDEV"},
                                                {"mkfifo /data/f", "no regular file"},
                                                {"mkdir /data/f", "no regular file"},
                                                {"echo K=v > /data/f", "line 1: the value of \"K\" must be in single quotes"},
                                                {"head -c 70000 /dev/zero > /data/f", "larger than 64 KiB"},
                                                {"echo \"L='v'\" > /data/f", "key \"K\" not found"}}));
  Json first = container("first", make);
  first["volumeMounts"] = {mount("data", "/data")};
  Json main = container("main", "true");
  main["env"] = {from("K", {{"fileKeyRef", {{"volumeName", "data"}, {"path", "f"}, {"key", "K"}}}})};
  Json manifest = pod({main});
  manifest["spec"]["initContainers"] = {first};
  manifest["spec"]["volumes"] = {volume("data", {{"emptyDir", Json::object()}})};
  const Result result = run_pod(world, manifest);
  INFO(result.err);
  CHECK(result.code == 125);
  CHECK(contains(result.err, said));
  CHECK(contains(result.err, "\"f\""));
  CHECK(contains(result.err, "cannot start pod 'test' (container 'main'); nothing was left behind"));
  CHECK_FALSE(exists(world.path() + "/root/state/pods/test"));
}
