#include "spec/quantity.hpp"

#include <limits>

#include "support/catch.hpp"

using namespace podctl;

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

struct Row {
  const char* text;
  const char* canonical;
  std::int64_t value;
  std::int64_t milli;
};

void check(const Row& row) {
  INFO(row.text);
  std::string problem;
  const auto got = spec::parse_quantity(row.text, problem);
  REQUIRE(got);
  CHECK(got->text == row.canonical);
  CHECK(got->value == row.value);
  CHECK(got->milli == row.milli);
  // The canonical spelling means the same.
  CHECK(spec::parse_quantity(got->text, problem) == got);
}

}  // namespace

TEST_CASE("every suffix of a quantity", "[quantity]") {
  const Row rows[] = {
      {"1n", "1n", 1, 1},
      {"1u", "1u", 1, 1},
      {"1m", "1m", 1, 1},
      {"1", "1", 1, 1000},
      {"1k", "1k", 1000, 1000000},
      {"1M", "1M", 1000000, 1000000000},
      {"1G", "1G", 1000000000, 1000000000000},
      {"1T", "1T", 1000000000000, 1000000000000000},
      {"1P", "1P", 1000000000000000, 1000000000000000000},
      {"1E", "1E", 1000000000000000000, kMax},
      {"1Ki", "1Ki", 1024, 1024000},
      {"1Mi", "1Mi", 1048576, 1048576000},
      {"1Gi", "1Gi", 1073741824, 1073741824000},
      {"1Ti", "1Ti", 1099511627776, 1099511627776000},
      {"1Pi", "1Pi", 1125899906842624, 1125899906842624000},
      {"1Ei", "1Ei", 1152921504606846976, kMax},
      {"1e3", "1e3", 1000, 1000000},
      {"5E-1", "500e-3", 1, 500},
      {"12E6", "12e6", 12000000, 12000000000},
      {"1E2", "100", 100, 100000},
      {"1e+2", "100", 100, 100000},
      {"1e0", "1", 1, 1000},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("the canonical spelling keeps the family, drops fractions and takes the largest suffix", "[quantity]") {
  const Row rows[] = {
      {"1.5", "1500m", 2, 1500},
      {"1.5Gi", "1536Mi", 1610612736, 1610612736000},
      {"0.5Ki", "512", 512, 512000},
      {"0.1Ki", "102400m", 103, 102400},
      {"1024", "1024", 1024, 1024000},
      {"1024Ki", "1Mi", 1048576, 1048576000},
      {"1000k", "1M", 1000000, 1000000000},
      {"1000m", "1", 1, 1000},
      {"0.000001", "1u", 1, 1},
      {"1500e-3", "1500e-3", 2, 1500},
      {"1000e3", "1e6", 1000000, 1000000000},
      {".5", "500m", 1, 500},
      {"5.", "5", 5, 5000},
      {"+5", "5", 5, 5000},
      {"007", "7", 7, 7000},
      {"0", "0", 0, 0},
      {"0Gi", "0", 0, 0},
      {"0.0e9", "0", 0, 0},
      {"128m", "128m", 1, 128},
      {"64Mi", "64Mi", 67108864, 67108864000},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("what a quantity cannot hold is rounded away from zero", "[quantity]") {
  const Row rows[] = {
      {"0.1n", "1n", 1, 1},
      {"1.1n", "2n", 1, 1},
      {"0.0000000001", "1n", 1, 1},
      {"1e-30", "1e-9", 1, 1},
      {"1.0000000001", "1000000001n", 2, 1001},
      {"999.9m", "999900u", 1, 1000},
      {"-0.5", "-500m", -1, -500},
      {"-1.1n", "-2n", -1, -1},
      {"-1Gi", "-1Gi", -1073741824, -1073741824000},
      {"-0", "0", 0, 0},
      {"2.0000000000000000000000000000000000000000001", "2000000001n", 3, 2001},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("a quantity stops at the largest number there is", "[quantity]") {
  for (const char* text :
       {"9223372036854775807", "9223372036854775808", "8Ei", "9Ei", "1024Ei", "10E", "99999999999999999999999999999999999999999", "1e30",
        "1e999", "1e2147483647", "9999999999999999999999999999Ei"}) {
    INFO(text);
    std::string problem;
    const auto got = spec::parse_quantity(text, problem);
    REQUIRE(got);
    CHECK(got->value == kMax);
    CHECK(got->milli == kMax);
    CHECK(spec::parse_quantity(std::string("-") + text, problem)->value == -kMax);
  }
  check({"9223372036854775806", "9223372036854775806", kMax - 1, kMax});
  check({"7Ei", "7Ei", 8070450532247928832, kMax});
}

TEST_CASE("what is no quantity is told so in the API server's words", "[quantity]") {
  constexpr const char* kFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  constexpr const char* kSuffix = "unable to parse quantity's suffix";
  const struct {
    const char* text;
    const char* problem;
  } rows[] = {
      {"", kFormat},
      {" 1", kFormat},
      {"1 ", kFormat},
      {"x", kFormat},
      {"Mi", kFormat},
      {"+", kFormat},
      {"--1", kFormat},
      {"+-1", kFormat},
      {".", kFormat},
      {"1.2.3", kFormat},
      {"1,5", kFormat},
      {"0x10", kFormat},
      {"1_000", kFormat},
      {"1MB", kFormat},
      {"1e++5", kFormat},
      {"1e5x", kFormat},
      {"١", kFormat},
      {"1\n", kFormat},
      {"1K", kSuffix},
      {"1e", kSuffix},
      {"1Kii", kSuffix},
      {"1ki", kSuffix},
      {"1mi", kSuffix},
      {"1iM", kSuffix},
      {"1k5", kSuffix},
      {"1Mi2", kSuffix},
      {"1-", kSuffix},
      {"1e+", kSuffix},
      {"1e-", kSuffix},
      {"1nn", kSuffix},
      {"1e99999999999", kSuffix},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    std::string problem;
    CHECK_FALSE(spec::parse_quantity(row.text, problem));
    CHECK(problem == row.problem);
  }
  std::string problem;
  CHECK_FALSE(spec::parse_quantity(std::string("1\0", 2), problem));
}

TEST_CASE("resources are kept in thousandths at the finest", "[quantity]") {
  const struct {
    const char* text;
    const char* rounded;
    std::int64_t milli;
  } rows[] = {
      {"0.1m", "1m", 1},   {"1n", "1m", 1},       {"1500500u", "1501m", 1501},        {"999.9m", "1", 1000},
      {"1e-6", "1e-3", 1}, {"100m", "100m", 100}, {"1.5Gi", "1536Mi", 1610612736000}, {"-0.1m", "-1m", -1},
      {"1e-3", "1e-3", 1}, {"0", "0", 0},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    std::string problem;
    const Quantity got = spec::round_to_milli(*spec::parse_quantity(row.text, problem));
    CHECK(got.text == row.rounded);
    CHECK(got.milli == row.milli);
  }
}
