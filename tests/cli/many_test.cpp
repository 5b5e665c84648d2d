// A pod of a thousand containers: it runs, or says which limit it met.
#include <sys/resource.h>

#include <algorithm>

#include "support/catch.hpp"
#include "support/command.hpp"

using podtest::World;

namespace {

// Those that tell what limit they see are the first, the last and one in the middle.
std::string thousand(const World& world) {
  std::string list;
  for (int i = 0; i < 1000; ++i) {
    const bool tells = i == 0 || i == 500 || i == 999;
    list += (i == 0 ? "" : ",") + std::string(R"({"name":"c)") + std::to_string(i) + R"(","command":)" +
            (tells ? R"(["sh","-c","ulimit -Sn"]})" : R"(["true"]})");
  }
  return world.file(
      "many.json",
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"many"},"spec":{"restartPolicy":"Never","containers":[)" + list + "]}}");
}

podtest::Result run_many(const World& world, const std::string& limits, const std::string& file) {
  return podtest::run(
      {"sh", "-c", limits + R"(; exec "$1" --root "$2" run -q "$3")", "sh", podtest::podctl_path(), world.path() + "/root", file},
      {.limit = std::chrono::seconds(120)});
}

}  // namespace

TEST_CASE("a thousand containers run under a soft limit of 1024 open files", "[many]") {
  const World world;
  const auto result = run_many(world, "ulimit -Sn 1024", thousand(world));
  INFO(result.err);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (result.code == 0) {
    CHECK(result.err.empty());
    CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 3);
    for (const char* line : {"c0     | 1024\n", "c500   | 1024\n", "c999   | 1024\n"}) CHECK(result.out.find(line) != std::string::npos);
    CHECK(podtest::read_file(world.path() + "/root/state/pods/many/status.json").find("\"Succeeded\"") != std::string::npos);
    return;
  }
  // A refusal is an answer only where the machine gives no more, and it says what there is too little of.
  CHECK(result.code == 125);
  CHECK(result.err.rfind("podctl: cannot ", 0) == 0);
  const bool files = result.err.find("EMFILE") != std::string::npos;
  CHECK((files || result.err.find("ENOSPC") != std::string::npos || result.err.find("EAGAIN") != std::string::npos ||
         result.err.find("ENOMEM") != std::string::npos));
  if (files) CHECK(limit.rlim_max < 16384);
  CHECK_FALSE(podtest::exists(world.path() + "/root/state/pods/many"));
}

TEST_CASE("a thousand containers under a hard limit of 1024 open files are refused by name", "[many]") {
  const World world;
  const auto result = run_many(world, "ulimit -n 1024", thousand(world));
  INFO(result.err);
  CHECK(result.code == 125);
  CHECK(result.out.empty());
  CHECK(result.err.rfind("podctl: cannot ", 0) == 0);
  CHECK(result.err.find("Too many open files (EMFILE)") != std::string::npos);
  CHECK(result.err.find("\npodctl") == std::string::npos);
  CHECK_FALSE(podtest::exists(world.path() + "/root/state/pods/many"));
}
