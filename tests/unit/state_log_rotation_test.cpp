// Rotation: no line is lost or torn, whatever fails and wherever the writer is killed.
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#include <csignal>

#include "podctl/error.hpp"
#include "support/catch.hpp"
#include "unit/log_support.hpp"

using namespace podctl;
using namespace podctl::state;
using namespace podtest;

namespace {

// All of a log's text, oldest first, without stamps.
std::string all_records(const Log& log) {
  std::string text;
  for (const char* suffix : {".3", ".2", ".1", ""})
    if (std::filesystem::exists(log.path(suffix))) text += log.records(suffix);
  return text;
}

std::string numbered(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) append(text, "stdout F ", i, '\n');
  return text;
}

}  // namespace

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

TEST_CASE("files grow to their limit however much is written at once", "[state][log]") {
  Log log({.size = 100, .files = 1000});
  std::string lines;
  for (int i = 100; i < 200; ++i) append(lines, i, '\n');  // records of 44 bytes
  log.file.write(Stream::kOut, lines, kNow);
  for (int age = 0; age < 33; ++age) CHECK(content_of(log.path(age == 0 ? "" : cat('.', age).c_str())).size() == (age == 0 ? 44 : 132));
  CHECK_FALSE(std::filesystem::exists(log.path(".34")));
}

TEST_CASE("a log that is there already is gone on with, and counts", "[state][log]") {
  Log log({.size = 50, .files = 3});
  for (const char* line : {"1\n", "2\n"}) log.file.write(Stream::kOut, line, kNow);
  LogFile next(log.folder.get(), "app", 2, {.size = 50, .files = 3});
  next.write(Stream::kOut, "3\n", kNow);
  CHECK(log.records() == numbered(3, 3));
  CHECK(log.records(".1") == numbered(1, 2));
}

TEST_CASE("while a log cannot be rotated its lines go on where they are, up to twice the limit", "[state][log]") {
  Log log({.size = 100, .files = 2});  // three records a file
  put_file(log.path(".1") + "/in/the/way", "");
  for (int i = 1; i <= 5; ++i) log.file.write(Stream::kOut, cat(i, '\n'), kNow);
  CHECK(log.records() == numbered(1, 5));
  SECTION("and when it can be again, it is") {
    std::filesystem::remove_all(log.path(".1"));
    log.file.write(Stream::kOut, "6\n", kNow);
    CHECK(log.records(".1") == numbered(1, 5));
    CHECK(log.records() == numbered(6, 6));
  }
  SECTION("and then it is told why") {
    CHECK_THROWS_AS(log.file.write(Stream::kOut, "6\n", kNow), SysError);
    CHECK(log.records() == numbered(1, 5));
  }
}

TEST_CASE("when no new file can be opened nothing is lost, and nothing more is moved", "[state][log]") {
  const unsigned files = GENERATE(1u, 3u);
  CHECK(in_child([files] {
          Log log({.size = 100, .files = files});
          const auto write = [&](int from, int to) {
            for (int i = from; i <= to; ++i) log.file.write(Stream::kOut, cat(i, '\n'), kNow);
          };
          write(1, files == 1 ? 3 : 9);  // every file is full
          rlimit limit{};
          if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
          const rlimit none{0, limit.rlim_max};
          if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 2;
          if (files == 1) write(4, 5);
          else write(10, 11);
          if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 3;
          if (all_records(log) != (files == 1 ? numbered(1, 5) : numbered(4, 11))) return 4;
          if (files == 1) write(6, 6);
          else write(12, 12);
          return all_records(log) == (files == 1 ? numbered(6, 6) : numbered(4, 12)) ? 0 : 5;
        }) == 0);
}

TEST_CASE("a writer killed at any system call leaves every line it has written, in order and whole", "[state][log]") {
  constexpr int kLines = 14, kFiles = 3;
  auto* done = static_cast<int*>(::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(done != MAP_FAILED);
  bool ended = false;
  int stops = 0;
  for (; !ended; ++stops) {
    Log log({.size = 50, .files = kFiles});  // two records a file
    *done = 0;
    const pid_t writer = ::fork();
    REQUIRE(writer >= 0);
    if (writer == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      for (; *done < kLines; ++*done) log.file.write(Stream::kOut, cat(*done + 1, '\n'), kNow);
      ::_exit(0);
    }
    int status = 0;
    for (int stop = 0; stop <= stops && !ended; ++stop) {
      REQUIRE(::waitpid(writer, &status, 0) == writer);
      ended = WIFEXITED(status);
      if (!ended && stop < stops) REQUIRE(::ptrace(PTRACE_SYSCALL, writer, nullptr, nullptr) == 0);
    }
    if (!ended) {
      REQUIRE(::kill(writer, SIGKILL) == 0);
      REQUIRE(::waitpid(writer, &status, 0) == writer);
    }
    const std::string records = all_records(log);
    CAPTURE(stops, *done, records);
    const auto lines = static_cast<int>(split(records, '\n').size()) - 1;
    const int last =
        lines == 0 ? 0 : parse_number<int>(split(split(records, '\n')[static_cast<std::size_t>(lines - 1)], ' ')[2]).value_or(-1);
    REQUIRE((last == *done || last == *done + 1));
    REQUIRE(records == numbered(last - lines + 1, last));
    REQUIRE(lines >= std::min(last, 2 * (kFiles - 1)));
  }
  CHECK(stops > 100);  // the writer was really followed from call to call
  ::munmap(done, sizeof(int));
}
