// The configuration file.
#include "podctl/config.hpp"

#include "podctl/text.hpp"
#include "support/catch.hpp"

using namespace podctl;

namespace {

// What is wrong with it, as the user reads it.
std::string problems(const std::string& text) {
  try {
    static_cast<void>(parse_config(text, "c.json"));
  } catch (const InvalidInput& error) {
    CHECK(error.info().id == "config-invalid");
    CHECK(error.info().error_class == ErrorClass::kUsage);
    return render_error(error);
  }
  return {};
}

}  // namespace

TEST_CASE("a configuration says what it says and leaves the rest open", "[spec][config]") {
  const Config config = parse_config(R"({"color": "never", "logMaxSize": "1Mi", "keepFinished": 7})", "c.json");
  CHECK(config.color == When::kNever);
  CHECK(config.log_max_size->value == 1 << 20);
  CHECK(config.keep_finished == 7);
  CHECK_FALSE(config.validate);
  CHECK_FALSE(config.log_max_files);
  CHECK_FALSE(config.detach_keys);
  CHECK(parse_config(R"({"validate": "ignore", "detachKeys": "", "logMaxFiles": 2})", "c.json").validate == Validation::kIgnore);
}

TEST_CASE("nothing at all is a configuration", "[spec][config]") {
  for (const char* text : {"", "\n", "{}"}) CHECK_FALSE(parse_config(text, "c.json").color);
}

TEST_CASE("what is wrong with a configuration is listed with its place", "[spec][config]") {
  CHECK(problems("{\"colour\": \"auto\",\n \"keepFinished\": 0, \"logMaxFiles\": 1,\n \"logMaxSize\": -1, \"validate\": \"lax\"}") ==
        "podctl: c.json is not a valid configuration: 5 problems\n"
        "  1:2   colour        unknown field; did you mean \"color\"?\n"
        "  2:18  keepFinished  Invalid value: 0: must be between 1 and 100000\n"
        "  2:36  logMaxFiles   Invalid value: 1: must be between 2 and 1000\n"
        "  3:16  logMaxSize    Invalid value: -1: must not be negative\n"
        "  3:32  validate      Unsupported value: \"lax\": supported values: \"strict\", \"warn\", \"ignore\"\n");
  CHECK(problems("{\"detachKeys\": \"ctrl-1\"}").find("1:16  detachKeys  Invalid value: \"ctrl-1\": write single") != std::string::npos);
  CHECK(problems("{\"logMaxFiles\": 2147483647}").find("between 2 and 1000") != std::string::npos);
  CHECK(problems("{} {}").find("only one object is expected") != std::string::npos);
  CHECK(problems("[]").find("must be an object") != std::string::npos);
  CHECK(problems("{\"color\": \"auto\"").find("1:17") != std::string::npos);
  CHECK(problems("{\"color\": \"auto\", \"color\": \"never\"}").find("uplicate") != std::string::npos);
}

TEST_CASE("what a manifest should say is no configuration", "[spec][config]") {
  for (const char* pair : {"\"network\": \"none\"", "\"overlay\": true", "\"grace\": \"5s\"", "\"init\": \"tini\"", "\"pull\": \"never\"",
                           "\"registries\": [\"a\"]"})
    CHECK(problems(std::string("{") + pair + '}').find("not supported: ") != std::string::npos);
}
