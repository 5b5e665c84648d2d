// Reading a log back: over rotated files, while it is written, and whatever is in it.
#include <atomic>
#include <thread>

#include "base/time.hpp"
#include "podctl/error.hpp"
#include "state/log_reader.hpp"
#include "support/catch.hpp"
#include "unit/log_support.hpp"

using namespace podctl;
using namespace podctl::state;
using namespace podtest;
using Reading = LogReader::Reading;

namespace {

// A record on a line, as short as it can be told: "out F text".
std::string shown(const LogRecord& record) {
  return cat(record.stamp.empty() ? "-" : record.stream == Stream::kOut ? "out" : "err", record.ends ? " F " : " P ", record.text, '\n');
}

std::string rest_of(LogReader& reader) {
  std::string text;
  while (const LogRecord* record = reader.next()) text += shown(*record);
  return text;
}

std::string read_log(const Log& log, Reading reading = Reading::kFinished, std::optional<std::uint64_t> tail = {}) {
  LogReader reader(log.folder.get(), "app", 2, reading);
  if (tail) reader.skip_to_last(*tail);
  return rest_of(reader);
}

std::string numbers(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) append(text, "out F ", i, '\n');
  return text;
}

void write_numbers(Log& log, int from, int to) {
  for (int i = from; i <= to; ++i) log.file.write(Stream::kOut, cat(i, '\n'), kNow);
}

}  // namespace

TEST_CASE("a record of a log is read by its parts", "[state][log]") {
  const auto record = parse_log_record("2016-10-06T00:17:09.669794202Z stderr P some  text ");
  REQUIRE(record);
  CHECK(rfc3339(record->time, 9) == "2016-10-06T00:17:09.669794202Z");
  CHECK(record->stamp == "2016-10-06T00:17:09.669794202Z");
  CHECK(record->stream == Stream::kErr);
  CHECK_FALSE(record->ends);
  CHECK(record->text == "some  text ");
  CHECK(parse_log_record("2016-10-06T00:17:09Z stdout F ")->text.empty());
  CHECK(parse_log_record("2016-10-06T02:17:09+02:00 stdout F x")->time == parse_log_record("2016-10-06T00:17:09Z stdout F x")->time);
  CHECK(parse_log_record("2016-10-06T00:17:09Z stdout F:more:tags x")->ends);
  CHECK_FALSE(parse_log_record("2016-10-06T00:17:09Z stdout P:more x")->ends);
}

TEST_CASE("what is no record of a log is told from one", "[state][log]") {
  for (const char* line : {"", " ", "x", "2016-10-06T00:17:09Z", "2016-10-06T00:17:09Z stdout", "2016-10-06T00:17:09Z stdout F",
                           "2016-10-06T00:17:09Z stdin F x", "2016-10-06T00:17:09Z stdout Q x", "2016-10-06T00:17:09Z stdout FP x",
                           "2016-10-06T00:17:09Z stdout  F x", "2016-13-06T00:17:09Z stdout F x", " 2016-10-06T00:17:09Z stdout F x"}) {
    CAPTURE(line);
    CHECK_FALSE(parse_log_record(line));
  }
}

TEST_CASE("a log is read as it was written, over all of its files", "[state][log]") {
  Log log({.size = 50, .files = 4});
  write_numbers(log, 1, 20);
  REQUIRE(std::filesystem::exists(log.path(".3")));
  for (const Reading reading : {Reading::kFinished, Reading::kPresent, Reading::kOngoing}) CHECK(read_log(log, reading) == numbers(13, 20));
}

TEST_CASE("a log that is not there is empty, and may come", "[state][log]") {
  Log log;
  CHECK(read_log(log).empty());
  CHECK(log_instances(log.folder.get(), "app").empty());
  LogReader present(log.folder.get(), "app", 2, Reading::kPresent), ongoing(log.folder.get(), "app", 2, Reading::kOngoing);
  CHECK(ongoing.next() == nullptr);
  write_numbers(log, 1, 1);
  CHECK(rest_of(ongoing) == numbers(1, 1));
  CHECK(rest_of(present).empty());  // it came later
}

TEST_CASE("instances of a log are those that have files", "[state][log]") {
  Log log;
  for (const char* name : {"10.log", "3.log.1", "3.log.2", "0.log.new", "x.log", "4.logs", "5.log.x", "6", ".log", "-1.log"})
    put_file(log.temp.path() + "/logs/app/" + name, "");
  CHECK(log_instances(log.folder.get(), "app") == std::vector<unsigned>{3, 10});
}

TEST_CASE("a name that rotation left out for a moment hides nothing", "[state][log]") {
  Log log({.size = 50, .files = 5});
  write_numbers(log, 1, 10);  // two a file
  SECTION("an old one") { std::filesystem::remove(log.path(".2")); }
  SECTION("the current one") { std::filesystem::remove(log.path()); }
  const std::string expected = std::filesystem::exists(log.path()) ? numbers(1, 4) + numbers(7, 10) : numbers(1, 8);
  CHECK(read_log(log) == expected);
}

TEST_CASE("the last records of a log", "[state][log]") {
  Log log({.size = 50, .files = 4});
  write_numbers(log, 1, 7);  // 1 2 | 3 4 | 5 6 | 7
  for (const Reading reading : {Reading::kFinished, Reading::kPresent, Reading::kOngoing}) {
    CHECK(read_log(log, reading, 0).empty());
    for (int count = 1; count <= 7; ++count) CHECK(read_log(log, reading, static_cast<std::uint64_t>(count)) == numbers(8 - count, 7));
    for (const std::uint64_t count : {std::uint64_t{8}, std::uint64_t{9}, UINT64_MAX})
      CHECK(read_log(log, reading, count) == numbers(1, 7));
  }
}

TEST_CASE("the last records are found behind long ones", "[state][log]") {
  Log log({.size = 0, .files = 1});
  const std::string line(150'000, 'x');  // ten records, nine of them P
  for (const char* end : {"1\n", "2\n", "3\n"}) log.file.write(Stream::kOut, line + end, kNow);
  const std::string all = read_log(log);
  const auto records = split(all, '\n');
  REQUIRE(records.size() == 31);
  for (std::size_t count : {1U, 9U, 10U, 11U, 29U, 30U}) {
    std::string expected;
    for (std::size_t i = 30 - count; i < 30; ++i) append(expected, records[i], '\n');
    CHECK((read_log(log, Reading::kPresent, count) == expected));
  }
}

TEST_CASE("a log is followed as it grows and through its rotations", "[state][log]") {
  Log log({.size = 50, .files = 3});
  LogReader reader(log.folder.get(), "app", 2, Reading::kOngoing);
  for (int i = 1; i <= 40; ++i) {
    write_numbers(log, i, i);
    if (i % 3 == 0) CHECK(rest_of(reader) == numbers(i - 2, i));  // sometimes one file later, sometimes two
  }
  CHECK(rest_of(reader) == numbers(40, 40));
  SECTION("what was overtaken is missing, and no more") {
    write_numbers(log, 41, 60);
    CHECK(rest_of(reader) == numbers(55, 60));
  }
  SECTION("one file alone") {
    Log single({.size = 50, .files = 1});
    LogReader other(single.folder.get(), "app", 2, Reading::kOngoing);
    for (int i = 1; i <= 9; ++i) {
      write_numbers(single, i, i);
      CHECK(rest_of(other) == numbers(i, i));
    }
  }
}

TEST_CASE("rotation takes nothing from a reader that has begun", "[state][log]") {
  Log log({.size = 50, .files = 3});
  write_numbers(log, 1, 6);
  const Reading reading = GENERATE(Reading::kFinished, Reading::kPresent);
  LogReader reader(log.folder.get(), "app", 2, reading);
  write_numbers(log, 7, 12);
  if (reading == Reading::kPresent) CHECK(rest_of(reader) == numbers(1, 6));
  else CHECK(rest_of(reader) == numbers(1, 12));
}

TEST_CASE("a follower beside a busy writer sees every line once", "[state][log]") {
  constexpr int kLines = 20'000;
  Log log({.size = 20'000, .files = 1000});
  std::atomic<bool> written{false};
  std::thread writer([&] {
    write_numbers(log, 1, kLines);
    written = true;
  });
  LogReader reader(log.folder.get(), "app", 2, Reading::kOngoing);
  std::string text;
  for (bool ended = false; !ended;) {
    ended = written;
    text += rest_of(reader);
  }
  writer.join();
  CHECK((text == numbers(1, kLines)));
}

TEST_CASE("a line that is being written waits for its end, unless nobody writes any more", "[state][log]") {
  Log log;
  write_numbers(log, 1, 1);
  const std::string whole = content_of(log.path());
  put_file(log.path(), whole + cat(kStamp, " stdout F hel"));
  CHECK(read_log(log, Reading::kPresent) == numbers(1, 1));
  CHECK(read_log(log, Reading::kPresent, 1) == numbers(1, 1));
  CHECK(read_log(log, Reading::kFinished) == numbers(1, 1) + "out F hel\n");
  CHECK(read_log(log, Reading::kFinished, 1) == "out F hel\n");
  LogReader reader(log.folder.get(), "app", 2, Reading::kOngoing);
  CHECK(rest_of(reader) == numbers(1, 1));
  put_file(log.path(), whole + cat(kStamp, " stdout F hello\n"));
  CHECK(rest_of(reader) == "out F hello\n");
  put_file(log.path(), whole + cat(kStamp, " stdout F hello\n") + "2006");
  CHECK(rest_of(reader).empty());
  reader.settle();
  CHECK(rest_of(reader) == "- F 2006\n");
  CHECK(rest_of(reader).empty());
}

TEST_CASE("a log cut off at any byte is read up to there", "[state][log]") {
  Log log;
  log.file.write(Stream::kOut, "one\n\ntwo\n", kNow);
  log.file.write(Stream::kErr, "three\n", kNow);
  const std::string whole = content_of(log.path());
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    const std::string cut = whole.substr(0, size);
    put_file(log.path(), cut);
    std::string expected;
    const auto lines = split(cut, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i + 1 == lines.size() && lines[i].empty()) break;
      const auto record = parse_log_record(lines[i]);
      expected += record ? shown(*record) : cat("- F ", lines[i], '\n');
    }
    REQUIRE(read_log(log) == expected);
    put_file(log.path(".1"), cut);  // and what comes after it in the next file is no part of it
    put_file(log.path(), whole);
    REQUIRE(read_log(log) == expected + "out F one\nout F \nout F two\nerr F three\n");
    std::filesystem::remove(log.path(".1"));
  }
}

TEST_CASE("what is no record is shown as it is, at the time of the one before", "[state][log]") {
  Log log;
  const std::string long_line(200'000, 'z'), bytes("\0\xff\x1b[2J", 6);
  write_numbers(log, 1, 1);
  const std::string record = content_of(log.path());
  put_file(log.path(), cat(record, bytes, "\n\n", long_line, "\n", record));
  LogReader reader(log.folder.get(), "app", 2, Reading::kFinished);
  CHECK(shown(*reader.next()) == "out F 1\n");
  const LogRecord* garbage = reader.next();
  CHECK(garbage->text == bytes);
  CHECK(garbage->time == kNow);
  CHECK(reader.next()->text.empty());
  std::string text;
  bool ends = false;
  for (int pieces = 0; !ends; ++pieces) {  // in pieces: memory does not grow with it
    const LogRecord* piece = reader.next();
    REQUIRE(piece != nullptr);
    REQUIRE(piece->text.size() <= 65536);
    REQUIRE(pieces < 5);
    text += piece->text;
    ends = piece->ends;
  }
  CHECK((text == long_line));
  CHECK(shown(*reader.next()) == "out F 1\n");
  CHECK(reader.next() == nullptr);
}

TEST_CASE("a log is not read through a link, and not from what is no file", "[state][log]") {
  Log log;
  put_file(log.temp.path() + "/secret", "secret\n");
  std::filesystem::create_directories(log.temp.path() + "/logs/app/2.log.1");
  std::filesystem::create_symlink(log.temp.path() + "/secret", log.path());
  CHECK_THROWS_AS(read_log(log), SysError);
  std::filesystem::remove(log.path());
  CHECK(read_log(log).empty());
}
