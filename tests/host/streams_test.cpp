// What goes in and comes out of containers.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <regex>
#include <thread>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr long kMostResidentKib = 512 * 1024;  // of which most is the sanitizer's own
#else
constexpr long kMostResidentKib = 24 * 1024;
#endif

// Bytes of every value, so that nothing that treats some of them specially goes unnoticed.
std::string every_byte(std::size_t size) {
  std::string bytes;
  bytes.reserve(size);
  std::uint32_t x = 2463534242U;
  for (std::size_t i = 0; i < size; ++i) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;  // xorshift32
    bytes += static_cast<char>(x & 0xff);
  }
  return bytes;
}

long resident_kib(int pid) { return std::stol(field(read_file("/proc/" + std::to_string(pid) + "/status"), "VmRSS")); }

}  // namespace

TEST_CASE("standard input is passed on with -i, byte for byte, and so is the output", "[streams]") {
  const World world;
  const std::string bytes = every_byte(3'000'000);
  Options options;
  options.input = bytes;
  const Result result = world.podctl({"run", "-i", "--", "cat"}, options);
  CHECK(result.code == 0);
  CHECK(result.err == "");
  CHECK(result.out.size() == bytes.size());
  CHECK((result.out == bytes));  // in brackets: nobody wants to read the difference
}

TEST_CASE("input from a file is passed on", "[streams]") {
  const World world;
  const std::string file = world.file("input", every_byte(200'000));
  std::vector<std::string> argv{"sh", "-c", "f=$1; shift; exec \"$@\" < $f", "sh", file};
  for (const auto& word : world.podctl_argv({"run", "-i", "--", "cat"})) argv.push_back(word);
  CHECK((run(argv).out == read_file(file)));
}

TEST_CASE("without -i the input is empty, whatever the caller has", "[streams]") {
  const World world;
  Options options;
  options.input = "not for you";
  CHECK(world.podctl({"run", "--", "sh", "-c", "cat; echo end"}, options).out == "end\n");
}

TEST_CASE("a container that does not read its input does not hold the pod", "[streams]") {
  const World world;
  Options options;
  options.input = std::string(1'000'000, 'x');
  const Result result = world.podctl({"run", "-i", "--", "sh", "-c", "head -c 5; echo; sleep 0.1"}, options);
  CHECK(result.out == "xxxxx\n");
  CHECK(result.code == 0);
}

TEST_CASE("of several containers one gets the input: the one that asks for it", "[streams]") {
  const World world;
  Json asking = container("asking", "cat");
  asking["stdin"] = true;
  Options options;
  options.input = "words\n";
  const Result result = run_pod(world, pod({container("other", "cat"), asking}), {}, options);
  CHECK(lines_after(result.out, "asking | ") == std::vector<std::string>{"words"});
  CHECK(lines_after(result.out, "other  | ").empty());
}

TEST_CASE("standard output and standard error stay apart", "[streams]") {
  const World world;
  const Result one = run_pod(world, pod({container("a", "echo out; echo err >&2")}));
  CHECK(one.out == "out\n");
  CHECK(one.err == "err\n");
  const Result two = run_pod(world, pod({container("a", "echo out; echo err >&2"), container("long-name", "echo else")}));
  CHECK(lines_after(two.out, "a         | ") == std::vector<std::string>{"out"});
  CHECK(lines_after(two.out, "long-name | ") == std::vector<std::string>{"else"});
  CHECK(lines_after(two.err, "a         | ") == std::vector<std::string>{"err"});
}

TEST_CASE("lines of several containers are never mixed", "[streams]") {
  const World world;
  const std::string script = "i=0; while [ $i -lt 400 ]; do printf $0; printf $0; echo $0; i=$((i+1)); done";
  const Result result = run_pod(world, pod({container("x", script), container("y", script), container("z", script)}));
  const auto all = lines(result.out);
  CHECK(all.size() == 1200);
  for (const char name : {'x', 'y', 'z'}) {
    const auto own = lines_after(result.out, std::string(1, name) + "      | ");
    CHECK(own.size() == 400);
    CHECK(std::count(own.begin(), own.end(), std::string(3, name)) == 400);
  }
}

TEST_CASE("prefixes come and go by flag; no container can play tricks on a terminal through them", "[streams]") {
  const World world;
  const Json manifest = pod({container("a", "printf 'a\\033[2Jb\\033]0;title\\007c\\rd\\n'")});
  CHECK(run_pod(world, manifest, {"--log-prefix", "always"}).out == "a      | abcd\n");
  CHECK(run_pod(world, manifest, {"--log-prefix", "never"}).out == "a\033[2Jb\033]0;title\ac\rd\n");
}

TEST_CASE("times come by flag, with names or without", "[streams]") {
  const World world;
  const std::regex times("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z");
  const auto shown = [&](const Json& manifest, const std::vector<std::string>& flags) {
    const Result result = run_pod(world, manifest, flags);
    return std::regex_replace(result.out, times, "TIME");
  };
  const Json one = pod({container("a", "printf 'first\\nsecond'; sleep 0.3; printf ' goes on\\n'; echo end")});
  CHECK(shown(one, {"--timestamps"}) == "TIME first\nTIME second goes on\nTIME end\n");
  CHECK(shown(one, {"--timestamps", "--log-prefix", "always"}) == "a      | TIME first\na      | TIME second goes on\na      | TIME end\n");
  const Json wild = pod({container("a", "printf 'a\\033[2Jb\\r\\n'")});  // no terminal, no names: what podctl logs --timestamps shows
  CHECK(shown(wild, {"--timestamps"}) == "TIME a\033[2Jb\r\n");
  const Json two = pod({container("a", "echo out"), container("b", "exit 0")});
  CHECK(shown(two, {"--timestamps", "--log-prefix", "never"}) == "TIME out\n");
  CHECK(shown(two, {"--timestamps"}) == "a      | TIME out\n");
}

TEST_CASE("a line without an end is shown before its end comes", "[streams]") {
  const World world;
  LivePod live(world, pod({container("a", "printf prompt; sleep 60"), container("b", "exec sleep 60")}));
  live.await("a      | prompt");
  live.stop();
}

TEST_CASE("a control sequence that comes in two pieces does not leave its second one", "[streams]") {
  const World world;
  const Json manifest =
      pod({container("a", "printf 'a\\033[2'; sleep 0.3; printf 'Jb\\n\\033['; sleep 0.3; printf '2Jc\\n'; printf '\\033['; sleep 0.3")});
  CHECK(run_pod(world, manifest, {"--log-prefix", "always"}).out == "a      | ab\na      | c\na      | \n");
}

TEST_CASE("64 MiB of output arrive whole", "[streams]") {
  const World world;
  const std::size_t size = std::size_t{64} << 20;
  std::string expected;
  while (expected.size() < size) expected += "0123456789abcde\n";
  const Result result = run_pod(world, pod({container("a", "yes 0123456789abcde | head -c 67108864")}));
  CHECK(result.code == 0);
  CHECK(result.out.size() == size);
  CHECK((result.out == expected));
}

TEST_CASE("output is not kept when nobody takes it: the container waits", "[streams]") {
  const World world;
  LivePod live(world, pod({container("a", "exec yes")}));
  live.await("y");
  std::this_thread::sleep_for(std::chrono::milliseconds(700));  // the test reads nothing meanwhile
  CHECK(resident_kib(live.monitor()) < kMostResidentKib);
  CHECK(live.stop().code == 143);
}

TEST_CASE("a reader that goes away ends the pod, as it ends any program", "[streams]") {
  const World world;
  std::vector<std::string> argv{"sh", "-c", "\"$@\" | head -n 1", "sh"};
  for (const auto& word : world.podctl_argv({"run", "--", "yes"})) argv.push_back(word);
  Options options;
  options.limit = std::chrono::seconds(10);
  CHECK(run(argv, options).out == "y\n");
}

TEST_CASE("a full device as output is no hang", "[streams]") {
  const World world;
  std::vector<std::string> argv{"sh", "-c", "\"$@\" > /dev/full; echo ended", "sh"};
  for (const auto& word : world.podctl_argv({"run", "--", "sh", "-c", "echo x; sleep 60"})) argv.push_back(word);
  Options options;
  options.limit = std::chrono::seconds(10);
  CHECK(run(argv, options).out == "ended\n");
}

TEST_CASE("a program of another user can open its standard streams again", "[streams]") {
  const World world;
  CHECK(output_of(world, "echo again > /dev/stdout; echo once > /proc/self/fd/1",
                  {{"securityContext", {{"runAsUser", 1000}, {"runAsGroup", 1000}}}}) == "again\nonce\n");
}

TEST_CASE("the log has every line in the form a kubelet writes", "[streams]") {
  const World world;
  CHECK(run_pod(world, pod({container("a", "echo one; echo two >&2; printf three")})).code == 0);
  const auto log = lines(read_file(world.path() + "/root/state/pods/test/logs/a/0.log"));
  REQUIRE(log.size() == 3);
  std::vector<std::string> rest;
  for (const auto& line : log) {
    CHECK(line.size() > 20);
    CHECK(line[4] == '-');
    CHECK(line[10] == 'T');
    rest.push_back(line.substr(line.find(' ') + 1));
  }
  std::sort(rest.begin(), rest.end());
  CHECK(rest == std::vector<std::string>{"stderr F two", "stdout F one", "stdout P three"});
}

TEST_CASE("events come on the status descriptor while the pod runs", "[streams]") {
  const World world;
  std::vector<std::string> argv{"sh", "-c", "exec 5>\"$1\"; shift; exec \"$@\"", "sh", world.path() + "/events"};
  for (const auto& word :
       world.podctl_argv({"run", "--status-fd", "5", write_manifest(world, pod({container("a", "ls -l /proc/self/fd")}))}))
    argv.push_back(word);
  const Result result = run(argv);
  CHECK(result.code == 0);
  CHECK_FALSE(contains(result.out, "events"));  // it is podctl's, not the container's
  std::vector<std::string> reasons;
  for (const auto& line : lines(read_file(world.path() + "/events"))) reasons.push_back(Json::parse(line)["reason"]);
  CHECK(reasons == std::vector<std::string>{"Created", "Started", "Ready", "Exited"});
}
