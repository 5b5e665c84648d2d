// Durations as they are typed and as they are shown, and points in time.
#include "base/time.hpp"
#include "podctl/text.hpp"
#include "support/catch.hpp"

using namespace podctl;
using namespace std::chrono_literals;

TEST_CASE("durations as the command line takes them", "[base]") {
  struct Row {
    const char* text;
    Duration duration;
  };
  const Row row = GENERATE(Row{"300ms", 300ms}, Row{"10s", 10s}, Row{"5m", 5min}, Row{"1h30m", 90min}, Row{"1.5s", 1500ms},
                           Row{".5s", 500ms}, Row{"5.s", 5s}, Row{"0", 0s}, Row{"30", 30s}, Row{"1.25", 1250ms}, Row{"007", 7s},
                           Row{"1h2m3s4ms5us6ns", 1h + 2min + 3s + 4ms + 5us + 6ns}, Row{"1ns", 1ns}, Row{"0.1us", 100ns},
                           Row{"0.4ns", 0ns}, Row{"0.5ns", 1ns}, Row{"2500000h", 2500000h}, Row{"9000000000", 9000000000s});
  CAPTURE(row.text);
  CHECK(parse_duration(row.text) == row.duration);
}

TEST_CASE("what is no duration gives nothing", "[base]") {
  for (const char* wrong : {"",
                            "s",
                            ".",
                            ".s",
                            "-1s",
                            "-1",
                            "+1s",
                            " 1s",
                            "1s ",
                            "1 s",
                            "1x",
                            "1d",
                            "1S",
                            "1.2.3s",
                            "1..s",
                            "1s5",
                            "5 5",
                            "1h30",
                            "1e3",
                            "0x10",
                            "inf",
                            "nan",
                            "1\xc2\xb5s",
                            "9000000001",
                            "2500001h",
                            "999999999999999999h",
                            "9999999999999999999s",
                            "2499999h2h9999s"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_duration(wrong));
  }
}

TEST_CASE("durations at a glance", "[base]") {
  CHECK(short_duration(0s) == "0.00 s");
  CHECK(short_duration(20ms) == "0.02 s");
  CHECK(short_duration(4999us) == "0.00 s");
  CHECK(short_duration(9994ms) == "9.99 s");
  CHECK(short_duration(9996ms) == "10 s");
  CHECK(short_duration(119s) == "119 s");
  CHECK(short_duration(119600ms) == "2m0s");
  CHECK(short_duration(200s) == "3m20s");
  CHECK(short_duration(3599s) == "59m59s");
  CHECK(short_duration(2h + 5min + 59s) == "2h5m");
}

TEST_CASE("points in time are RFC 3339, in UTC", "[base]") {
  CHECK(rfc3339(0ns) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(1136214245s) == "2006-01-02T15:04:05Z");
  CHECK(rfc3339(1136214245s + 7ms, 3) == "2006-01-02T15:04:05.007Z");
  CHECK(rfc3339(1136214245s + 999999999ns, 3) == "2006-01-02T15:04:05.999Z");  // never rounded into the next second
  CHECK(rfc3339(1136214245s + 42ns, 9) == "2006-01-02T15:04:05.000000042Z");
  CHECK(rfc3339(1709164800s) == "2024-02-29T00:00:00Z");
  CHECK(rfc3339(-1ns, 9) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("times are read as RFC 3339 has them", "[base]") {
  CHECK(parse_time("1970-01-01T00:00:00Z") == 0ns);
  CHECK(parse_time("2006-01-02T15:04:05Z") == 1136214245s);
  CHECK(parse_time("2006-01-02t15:04:05.000000042z") == 1136214245s + 42ns);
  CHECK(parse_time("2006-01-02 15:04:05.5Z") == 1136214245s + 500ms);
  CHECK(parse_time("2006-01-02T15:04:05.1234567899999Z") == 1136214245s + 123456789ns);
  CHECK(parse_time("2006-01-02T17:34:05+02:30") == 1136214245s);
  CHECK(parse_time("2006-01-01T23:04:05-16:00") == 1136214245s);
  CHECK(parse_time("2024-02-29T00:00:00Z") == 1709164800s);
  CHECK(parse_time("2016-12-31T23:59:60Z") == parse_time("2017-01-01T00:00:00Z"));
  CHECK(parse_time("1969-12-31T23:59:59.999999999Z") == -1ns);
  for (const auto time : {0ns, 1136214245s + 42ns, 1709164800s + 999999999ns, -86400s + 1ns}) CHECK(parse_time(rfc3339(time, 9)) == time);
}

TEST_CASE("what is no time is refused", "[base]") {
  for (const char* wrong : {"",
                            "now",
                            "2006",
                            "2006-01-02",
                            "2006-01-02T15:04:05",
                            "2006-01-02T15:04Z",
                            "2006-1-2T15:04:05Z",
                            "2006-13-02T15:04:05Z",
                            "2006-00-02T15:04:05Z",
                            "2006-02-29T15:04:05Z",
                            "2006-04-31T15:04:05Z",
                            "2006-01-02T24:04:05Z",
                            "2006-01-02T15:60:05Z",
                            "2006-01-02T15:04:61Z",
                            "2006-01-02T15:04:05.Z",
                            "2006-01-02T15:04:05.1",
                            "2006-01-02T15:04:05Zz",
                            "2006-01-02T15:04:05+2",
                            "2006-01-02T15:04:05+0200",
                            "2006-01-02T15:04:05+24:00",
                            "-006-01-02T15:04:05Z",
                            "1600-01-02T15:04:05Z",
                            "9999-01-02T15:04:05Z",
                            "2006-01-02T-5:04:05Z",
                            " 2006-01-02T15:04:05Z",
                            "2006-01-02T15:04:05Z "}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_time(wrong));
  }
}

TEST_CASE("a moment is a time, or so long ago", "[base]") {
  constexpr auto now = 1136214245s;
  CHECK(parse_moment("10s", now) == 1136214235s);
  CHECK(parse_moment("5", now) == 1136214240s);
  CHECK(parse_moment("2006-01-02T15:04:00Z", now) == 1136214240s);
  CHECK_FALSE(parse_moment("yesterday", now));
}
