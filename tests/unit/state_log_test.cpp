// A container's log: the CRI format, lines in pieces, a disk that is full.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "podctl/error.hpp"
#include "support/catch.hpp"
#include "unit/log_support.hpp"

using namespace podctl;
using namespace podctl::state;
using namespace podtest;
using namespace std::chrono_literals;

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
          return log.records() == "stdout F fits\nstdout F after\n" ? 0 : 5;  // and not half a record either
        }) == 0);
}
