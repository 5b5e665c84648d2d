// Words put together and taken apart.
#include <cerrno>
#include <csignal>
#include <limits>

#include "base/errno_text.hpp"
#include "base/path.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"

using namespace podctl;

TEST_CASE("numbers are read whole or not at all", "[base]") {
  CHECK(parse_number<int>("42") == 42);
  CHECK(parse_number<int>("-7") == -7);
  CHECK(parse_number<int>("007") == 7);
  CHECK(parse_number<std::uint32_t>("4294967295") == 4294967295u);
  CHECK(parse_number<std::int64_t>("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  for (const char* wrong : {"", " 1", "1 ", "1x", "99999999999", "+1", "0x1", "1.0", "-"}) CHECK_FALSE(parse_number<int>(wrong));
  for (const char* wrong : {"-1", "-0", "4294967296"}) CHECK_FALSE(parse_number<std::uint32_t>(wrong));
}

TEST_CASE("cat puts texts, characters and integers together", "[base]") {
  CHECK(cat("a", 'b', std::string("c"), std::string_view("d"), -1, 18446744073709551615u) == "abcd-118446744073709551615");
  CHECK(cat().empty());
  std::string text = "x";
  append(text, 'y', 2);
  CHECK(text == "xy2");
}

TEST_CASE("split keeps empty parts, join is its inverse", "[base]") {
  using List = std::vector<std::string_view>;
  CHECK(split("a:b", ':') == List{"a", "b"});
  CHECK(split("", ':') == List{""});
  CHECK(split(":a::", ':') == List{"", "a", "", ""});
  CHECK(join({"a", "b", "c"}, ", ") == "a, b, c");
  CHECK(join({"a"}, ", ") == "a");
  CHECK(join({}, ", ").empty());
}

TEST_CASE("trim takes blanks off both ends", "[base]") {
  CHECK(trim(" \t\r\na b\n ") == "a b");
  CHECK(trim("  ").empty());
  CHECK(trim("").empty());
  CHECK(trim("a") == "a");
}

TEST_CASE("counts and modes as people read them", "[base]") {
  CHECK(counted(0, "problem") == "0 problems");
  CHECK(counted(1, "problem") == "1 problem");
  CHECK(counted(2, "problem") == "2 problems");
  CHECK(octal(0644) == "0644");
  CHECK(octal(01777) == "01777");
  CHECK(octal(0) == "00");
}

TEST_CASE("UTF-8 is measured one character at a time", "[base]") {
  struct Row {
    std::string_view text;
    std::size_t length;
  };
  using namespace std::string_view_literals;
  const Row row = GENERATE(
      Row{""sv, 0}, Row{"a"sv, 1}, Row{"\0"sv, 1}, Row{"\x7f"sv, 1}, Row{"\xc3\xa9"sv, 2}, Row{"\xe2\x82\xac"sv, 3},
      Row{"\xf0\x9f\x98\x80"sv, 4}, Row{"\xf4\x8f\xbf\xbf"sv, 4}, Row{"\xed\x9f\xbf"sv, 3}, Row{"\xee\x80\x80"sv, 3}, Row{"\x80"sv, 0},
      Row{"\xbf"sv, 0}, Row{"\xc0\x80"sv, 0}, Row{"\xc1\xbf"sv, 0}, Row{"\xe0\x9f\xbf"sv, 0}, Row{"\xf0\x8f\xbf\xbf"sv, 0},  // overlong
      Row{"\xed\xa0\x80"sv, 0}, Row{"\xf4\x90\x80\x80"sv, 0}, Row{"\xf5\x80\x80\x80"sv, 0}, Row{"\xff"sv, 0},  // surrogate, too large
      Row{"\xc3"sv, 0}, Row{"\xc3x"sv, 0}, Row{"\xe2\x82"sv, 0}, Row{"\xe2\x82x"sv, 0}, Row{"\xf0\x9f\x98"sv, 0},
      Row{"\xf0\x9fxx"sv, 0});  // cut off
  CAPTURE(quote(row.text));
  CHECK(utf8_length(row.text) == row.length);
}

TEST_CASE("quoted text cannot move a terminal", "[base]") {
  using namespace std::string_view_literals;
  struct Row {
    std::string_view text;
    const char* quoted;
  };
  const Row row =
      GENERATE(Row{""sv, R"("")"}, Row{"plain"sv, R"("plain")"}, Row{"a\"b\\c"sv, R"("a\"b\\c")"}, Row{"\n\t\r"sv, R"("\n\t\r")"},
               Row{"\x1b[31m"sv, R"("\x1b[31m")"}, Row{"\0\a\x7f"sv, R"("\x00\x07\x7f")"}, Row{"é€😀"sv, "\"é€😀\""},
               Row{"\xc2\x9b"sv, R"("\u009b")"}, Row{"\xc2\x80\xc2\x9f"sv, R"("\u0080\u009f")"}, Row{"\xc2\xa0"sv, "\"\xc2\xa0\""},
               Row{"\x9b"sv, R"("\x9b")"}, Row{"\xffz\xc3"sv, R"("\xffz\xc3")"}, Row{"\xed\xa0\x80"sv, R"("\xed\xa0\x80")"});
  CHECK(quote(row.text) == row.quoted);
}

TEST_CASE("whatever the bytes, quoted text is UTF-8 without control characters", "[base]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    for (const char* after : {"", "\x80", "\x9b\xbf", "\x1b"}) append(all, static_cast<char>(byte), after);
  const std::string text = quote(all);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(std::string_view(text).substr(i));
    REQUIRE(length > 0);
    REQUIRE(static_cast<unsigned char>(text[i]) >= 0x20);
    REQUIRE(text[i] != 0x7f);
    if (length == 2 && text[i] == '\xc2') REQUIRE(static_cast<unsigned char>(text[i + 1]) >= 0xa0);
    i += length;
  }
}

TEST_CASE("paths are cleaned by their text alone", "[base]") {
  struct Row {
    const char *path, *clean;
  };
  const Row row = GENERATE(Row{"", "/"}, Row{"/", "/"}, Row{"//", "/"}, Row{"a", "/a"}, Row{"/a/", "/a"}, Row{"/a//b/./c", "/a/b/c"},
                           Row{"/a/../b", "/b"}, Row{"/..", "/"}, Row{"/../../a", "/a"}, Row{"/a/b/../..", "/"}, Row{"/a/...", "/a/..."},
                           Row{"/.a/..b", "/.a/..b"}, Row{"a/b/../c", "/a/c"});
  CAPTURE(row.path);
  CHECK(clean_path(row.path) == row.clean);
  CHECK(clean_path(clean_path(row.path)) == row.clean);
}

TEST_CASE("what lies below a folder, and what only looks like it", "[base]") {
  CHECK(is_below("/proc", "/proc"));
  CHECK(is_below("/proc/1", "/proc"));
  CHECK(is_below("/anything", "/"));
  CHECK_FALSE(is_below("/process", "/proc"));
  CHECK_FALSE(is_below("/", "/proc"));
  CHECK_FALSE(is_below("/pro", "/proc"));
  CHECK(path_in("/work", "a/b") == "/work/a/b");
  CHECK(path_in("/work", "/a") == "/a");
  CHECK(parent_path("/a/b") == "/a");
  CHECK(parent_path("/a") == "/");
  CHECK(parent_path("a") == "/");
}

TEST_CASE("error numbers have their names", "[base]") {
  CHECK(errno_name(EACCES) == "EACCES");
  CHECK(errno_name(99999) == "99999");
  CHECK(errno_text(EACCES) == "Permission denied (EACCES)");
  CHECK(errno_text(99999) == "Unknown error (99999)");
}

TEST_CASE("signals by name and number", "[base]") {
  CHECK(signal_name(SIGTERM) == "SIGTERM");
  CHECK(signal_name(SIGKILL) == "SIGKILL");
  CHECK(signal_name(40) == "SIG40");
  CHECK(parse_signal("TERM") == SIGTERM);
  CHECK(parse_signal("SIGTERM") == SIGTERM);
  CHECK(parse_signal("15") == SIGTERM);
  CHECK(parse_signal("64") == 64);
  CHECK(parse_signal("SIGRTMIN") == SIGRTMIN);
  CHECK(parse_signal("SIGRTMIN+3") == SIGRTMIN + 3);
  CHECK(parse_signal("RTMAX-14") == SIGRTMAX - 14);
  CHECK(parse_signal("SIGRTMAX") == 64);
  for (const char* wrong : {"", "0", "65", "-1", "SIG", "SIGRTMIN-1", "SIGRTMIN+", "SIGRTMIN+31", "SIGRTMAX+1", "SIGRTMINX", "RTMIN+ 1",
                            "term", "SIGSIGTERM", "NOPE", "15x", " 15"}) {
    CAPTURE(wrong);
    CHECK(parse_signal(wrong) == 0);
  }
  for (int number = 1; number < 32; ++number) CHECK(parse_signal(signal_name(number)) == number);
}

TEST_CASE("a guard undoes unless it is told not to", "[base]") {
  int undone = 0;
  {
    const ScopeExit guard{[&]() noexcept { ++undone; }};
  }
  CHECK(undone == 1);
  {
    ScopeExit guard{[&]() noexcept { ++undone; }};
    guard.cancel();
  }
  CHECK(undone == 1);
}
