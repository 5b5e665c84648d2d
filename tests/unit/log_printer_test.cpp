// Log records made into lines.
#include "monitor/log_printer.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"

using namespace podctl;
using namespace std::chrono_literals;
using monitor::LogPrinter;
using state::LogRecord;
using state::Stream;

namespace {

struct Printed {
  LogPrinter printer;
  explicit Printed(monitor::LogStyle style = {}) : printer(std::move(style), 2) {}

  Printed& add(std::size_t container, Stream stream, bool ends, std::string_view text, std::chrono::nanoseconds time = 0ns) {
    const std::string stamp = time == 0ns ? "T" : cat("T", time.count());
    printer.print(container, LogRecord{.time = time, .stamp = stamp, .stream = stream, .ends = ends, .text = text});
    return *this;
  }
  Printed& out(std::string_view text, std::chrono::nanoseconds time = 0ns) { return add(0, Stream::kOut, true, text, time); }
  Printed& part(std::string_view text, std::chrono::nanoseconds time = 0ns) { return add(0, Stream::kOut, false, text, time); }
  std::string so_far() { return std::exchange(printer.text(), {}); }
  std::string finished() {
    printer.finish();
    return so_far();
  }
};

const monitor::LogStyle kDressed{.prefixes = {"[a] ", "[b] "}, .timestamps = true, .since = {}, .until = {}};

}  // namespace

TEST_CASE("records of whole lines are lines", "[logs]") {
  Printed plain;
  CHECK(plain.out("one").out("").add(1, Stream::kErr, true, "two").finished() == "one\n\ntwo\n");
  Printed dressed(kDressed);
  CHECK(dressed.out("one").add(1, Stream::kErr, true, "two").finished() == "[a] T one\n[b] T two\n");
}

TEST_CASE("pieces of a line are put together, with the time of the first", "[logs]") {
  Printed dressed(kDressed);
  dressed.part("one ", 1ns);
  CHECK(dressed.so_far().empty());
  dressed.add(1, Stream::kOut, false, "1").add(0, Stream::kErr, true, "between", 2ns).part("two ", 3ns).out("three", 4ns);
  CHECK(dressed.so_far() == "[a] T2 between\n[a] T1 one two three\n");
  CHECK(dressed.out("next", 5ns).add(1, Stream::kOut, true, "").finished() == "[a] T5 next\n[b] T 1\n");
}

TEST_CASE("a line that never ends has none, unless others could follow it", "[logs]") {
  Printed plain;
  CHECK(plain.out("one").part("two").finished() == "one\ntwo");
  Printed dressed(kDressed);
  CHECK(dressed.part("one").finished() == "[a] T one\n");
  Printed both;
  CHECK(both.part("out").add(0, Stream::kErr, false, "err").finished() == "out\nerr");
}

TEST_CASE("a line without measure is shown in pieces, and nothing is added to it", "[logs]") {
  Printed plain;
  std::string expected, shown;
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string piece(16384, static_cast<char>('a' + i % 26));
    expected += piece;
    shown += plain.part(piece).so_far();
    most = std::max(most, expected.size() - shown.size());
  }
  shown += plain.out("!").finished();
  CHECK((shown == expected + "!\n"));
  CHECK(most <= 65536);
}

TEST_CASE("another line never continues one that is open", "[logs]") {
  Printed dressed(kDressed);
  const std::string big(70'000, 'x');
  CHECK(dressed.part(big).so_far() == "[a] T " + big);
  CHECK(dressed.add(1, Stream::kOut, true, "b").so_far() == "\n[b] T b\n");
  CHECK(dressed.out("end").finished() == "[a] T end\n");
}

TEST_CASE("lines are chosen by the time they begin at", "[logs]") {
  Printed printed({.prefixes = {}, .since = 10ns, .until = 20ns});
  printed.out("9", 9ns).out("10", 10ns).out("20", 20ns).out("21", 21ns).part("a", 9ns).out("b", 10ns).part("c", 20ns).out("d", 21ns);
  CHECK(printed.finished() == "10\n20\ncd\n");
  CHECK(printed.out("15", 15ns).finished() == "15\n");
}

TEST_CASE("what a terminal would obey is dropped when it is one", "[logs]") {
  Printed plain, clean({.prefixes = {}, .clean = true, .since = {}, .until = {}});
  const std::string_view text("a\x1b[2Jb\x1b[31mred\0\xff", 16);
  CHECK(plain.out(text).finished() == std::string(text) + "\n");
  CHECK(clean.out(text).finished() == "ab\x1b[31mred\xff\x1b[0m\n");
}

TEST_CASE("what is no record has no time", "[logs]") {
  LogPrinter printer(kDressed, 2);
  printer.print(0, LogRecord{.stamp = {}, .text = "garbage"});
  CHECK(printer.text() == "[a] garbage\n");
}
