// A container's log: the CRI format, lines in pieces, rotation.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "base/text.hpp"
#include "podctl/error.hpp"
#include "state/log_file.hpp"
#include "support/catch.hpp"
#include "unit/state_support.hpp"

using namespace podctl;
using namespace podctl::state;
using namespace podtest;
using namespace std::chrono_literals;

namespace {

constexpr auto kNow = 1136214245s + 42ns;
constexpr const char* kStamp = "2006-01-02T15:04:05.000000042Z";

struct Log {
  TempFolder temp;
  UniqueFd folder{::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  LogFile file;

  explicit Log(LogFile::Limits limits = {}) : file(folder.get(), "app", 2, limits) {}
  [[nodiscard]] std::string path(const char* suffix = "") const { return temp.path() + "/logs/app/2.log" + suffix; }
  // The records, without the stamp that all of them have.
  [[nodiscard]] std::string records(const char* suffix = "") const {
    const std::string content = content_of(path(suffix));
    std::string text;
    for (const auto line : split(content, '\n')) {
      if (line.empty()) continue;
      REQUIRE(line.substr(0, 31) == cat(kStamp, ' '));
      append(text, line.substr(31), '\n');
    }
    return text;
  }
};

}  // namespace

TEST_CASE("a record is time, stream, tag and text", "[state][log]") {
  Log log;
  log.file.write(Stream::kOut, "one\ntwo\n", kNow);
  log.file.write(Stream::kErr, "three\n", kNow);
  CHECK(content_of(log.path()) == cat(kStamp, " stdout F one\n", kStamp, " stdout F two\n", kStamp, " stderr F three\n"));
  struct stat status {};
  REQUIRE(::stat(log.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("nothing is made before the first record", "[state][log]") {
  Log log;
  log.file.write(Stream::kOut, "", kNow);
  log.file.write(Stream::kOut, "not yet", kNow);
  CHECK_FALSE(std::filesystem::exists(log.temp.path() + "/logs"));
  log.file.finish(kNow);
  CHECK(log.records() == "stdout P not yet\n");
  log.file.finish(kNow);
  CHECK(log.records() == "stdout P not yet\n");
}

TEST_CASE("a line that comes in pieces is one record, and streams do not mix", "[state][log]") {
  Log log;
  log.file.write(Stream::kOut, "a", kNow);
  log.file.write(Stream::kErr, "x", kNow);
  log.file.write(Stream::kOut, "b\n\nc", kNow);
  log.file.write(Stream::kErr, "y\n", kNow);
  log.file.write(Stream::kOut, "d\n", kNow);
  CHECK(log.records() == "stdout F ab\nstdout F \nstderr F xy\nstdout F cd\n");
}

TEST_CASE("bytes are kept as they are", "[state][log]") {
  Log log;
  const std::string bytes("\0\x1b[31m\xff\r\t ", 10);
  log.file.write(Stream::kOut, bytes + "\n", kNow);
  CHECK(content_of(log.path()) == cat(kStamp, " stdout F ", bytes, "\n"));
}

TEST_CASE("a line longer than 16 KiB is written in pieces marked P", "[state][log]") {
  constexpr std::size_t most = LogFile::kMaxLine;
  REQUIRE(most == 16384);
  struct Row {
    std::size_t length;
    std::vector<std::size_t> partial;
    std::size_t last;
  };
  const Row row = GENERATE_COPY(Row{most - 1, {}, most - 1}, Row{most, {}, most}, Row{most + 1, {most}, 1}, Row{2 * most, {most}, most},
                                Row{2 * most + 5, {most, most}, 5});
  CAPTURE(row.length);
  Log log;
  log.file.write(Stream::kOut, std::string(row.length, 'z') + "\n", kNow);
  std::string expected;
  for (const auto size : row.partial) append(expected, "stdout P ", std::string(size, 'z'), '\n');
  append(expected, "stdout F ", std::string(row.last, 'z'), '\n');
  CHECK(log.records() == expected);
}

TEST_CASE("however a stream is cut into reads, the same text can be put together again", "[state][log]") {
  std::string text;
  for (int i = 0; i < 60; ++i) append(text, std::string(static_cast<std::size_t>(i * 977 % 40000), static_cast<char>('a' + i % 26)), '\n');
  text += "no end";
  const std::size_t chunk = GENERATE(1u, 7u, 4096u, 16384u, 65536u, 10'000'000u);
  CAPTURE(chunk);
  if (chunk == 1) text.resize(40000);
  Log log({.size = 0, .files = 3});
  for (std::size_t at = 0; at < text.size(); at += chunk) log.file.write(Stream::kOut, std::string_view(text).substr(at, chunk), kNow);
  log.file.finish(kNow);
  std::string joined;
  const std::string records = log.records();
  for (const auto line : split(records, '\n')) {
    if (line.empty()) continue;
    REQUIRE(line.substr(0, 7) == "stdout ");
    REQUIRE(line.size() - 9 <= LogFile::kMaxLine);
    append(joined, line.substr(9), line[7] == 'F' ? "\n" : "");
  }
  CHECK(joined == text);
}

TEST_CASE("a full log moves on to .1 and .2, and the oldest goes", "[state][log]") {
  Log log({.size = 50, .files = 3});  // a record of these is over 40 bytes
  for (const char* line : {"1\n", "2\n", "3\n", "4\n", "5\n", "6\n", "7\n"}) log.file.write(Stream::kOut, line, kNow);
  CHECK(log.records() == "stdout F 7\n");
  CHECK(log.records(".1") == "stdout F 5\nstdout F 6\n");
  CHECK(log.records(".2") == "stdout F 3\nstdout F 4\n");
  CHECK_FALSE(std::filesystem::exists(log.path(".3")));
}

TEST_CASE("limits of a log: one file only, and none at all", "[state][log]") {
  SECTION("one file starts over") {
    const unsigned files = GENERATE(0u, 1u);
    Log log({.size = 1, .files = files});
    for (const char* line : {"1\n", "2\n"}) log.file.write(Stream::kOut, line, kNow);
    CHECK(log.records() == "stdout F 2\n");
    CHECK_FALSE(std::filesystem::exists(log.path(".1")));
  }
  SECTION("size 0 never rotates") {
    Log log({.size = 0, .files = 3});
    for (int i = 0; i < 100; ++i) log.file.write(Stream::kOut, "x\n", kNow);
    CHECK_FALSE(std::filesystem::exists(log.path(".1")));
  }
  SECTION("the usual limits are 10 MiB and three files") {
    const LogFile::Limits limits;
    CHECK(limits.size == 10u << 20);
    CHECK(limits.files == 3);
  }
}

TEST_CASE("a log is not written through a link", "[state][log]") {
  Log log;
  put_file(log.temp.path() + "/victim", "precious");
  std::filesystem::create_directories(log.temp.path() + "/logs/app");
  std::filesystem::create_symlink(log.temp.path() + "/victim", log.path());
  CHECK_THROWS_AS(log.file.write(Stream::kOut, "x\n", kNow), SysError);
  CHECK(content_of(log.temp.path() + "/victim") == "precious");
}

TEST_CASE("a write that fails is told once, and its text is not kept for ever", "[state][log]") {
  CHECK(in_child([] {
          Log log({.size = 0, .files = 1});
          log.file.write(Stream::kOut, "fits\n", kNow);
          ::signal(SIGXFSZ, SIG_IGN);
          const rlimit tight{60, RLIM_INFINITY}, wide{RLIM_INFINITY, RLIM_INFINITY};
          if (::setrlimit(RLIMIT_FSIZE, &tight) != 0) return 1;
          try {
            log.file.write(Stream::kOut, std::string(500, 'x') + "\n", kNow);
            return 2;
          } catch (const SysError& error) {
            if (error.code() != EFBIG) return 3;
          }
          if (::setrlimit(RLIMIT_FSIZE, &wide) != 0) return 4;
          log.file.write(Stream::kOut, "after\n", kNow);
          const std::string text = content_of(log.path());
          if (text.find(std::string(100, 'x')) != std::string::npos) return 5;
          return text.size() > 6 && text.substr(text.size() - 6) == "after\n" ? 0 : 6;
        }) == 0);
}
