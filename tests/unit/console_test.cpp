// What a container may do to the terminal it is shown on: colours, and nothing else.
#include "monitor/console.hpp"

#include "base/text.hpp"
#include "support/catch.hpp"

using namespace podctl;
using namespace podctl::monitor;

TEST_CASE("only text and colours pass", "[console]") {
  using namespace std::string_view_literals;
  struct Row {
    std::string_view line, shown;
    bool colored;
  };
  const Row row = GENERATE(
      Row{"plain text"sv, "plain text"sv, false}, Row{""sv, ""sv, false}, Row{"tab\tstays"sv, "tab\tstays"sv, false},
      Row{"é€😀"sv, "é€😀"sv, false}, Row{"\x1b[31mred"sv, "\x1b[31mred"sv, true}, Row{"\x1b[31mred\x1b[0m"sv, "\x1b[31mred\x1b[0m"sv, false},
      Row{"\x1b[31mred\x1b[m"sv, "\x1b[31mred\x1b[m"sv, false}, Row{"\x1b[38;5;200;1mx"sv, "\x1b[38;5;200;1mx"sv, true},
      Row{"\x1b[0m\x1b[1mx"sv, "\x1b[0m\x1b[1mx"sv, true}, Row{"\x1b[2J\x1b[Hgone"sv, "gone"sv, false}, Row{"a\x1b[5Ab"sv, "ab"sv, false},
      Row{"\x1b[?25lx"sv, "x"sv, false}, Row{"\x1b[>4;1mx"sv, "x"sv, false},  // ends in m, and is no colour
      Row{"\x1b]0;title\ax"sv, "x"sv, false}, Row{"\x1b]52;c;aGk=\x1b\\x"sv, "x"sv, false}, Row{"\x1bPq#0\x1b\\x"sv, "x"sv, false},
      Row{"\x1b_apc\x1b\\x"sv, "x"sv, false}, Row{"\x1b^pm\x1b\\x"sv, "x"sv, false}, Row{"\x1bXsos\x1b\\x"sv, "x"sv, false},
      Row{"\x1b]0;never ends"sv, ""sv, false}, Row{"x\x1b[31"sv, "x"sv, false}, Row{"x\x1b"sv, "x"sv, false},
      Row{"\x1b"
          "cx"sv,
          "x"sv, false},
      Row{"a\rb"sv, "ab"sv, false}, Row{"a\b\bb"sv, "ab"sv, false},
      Row{"a\a\v\f\0\x7f"
          "b"sv,
          "ab"sv, false},
      Row{"\xc2\x9b"
          "2Jx"sv,
          "2Jx"sv, false},  // CSI as one character: its text is harmless without it
      Row{"\xc2\x80\xc2\x9fx"sv, "x"sv, false}, Row{"\xc2\xa0x"sv, "\xc2\xa0x"sv, false});
  CAPTURE(quote(row.line));
  bool colored = false;
  CHECK(quote(sanitize(row.line, colored)) == quote(row.shown));
  CHECK(colored == row.colored);
}

// A line as it is shown when it comes in pieces.
static std::string in_parts(const std::vector<std::string_view>& parts) {
  std::string shown, text, rest;
  bool colored = false;
  for (const auto part : parts) {
    shown += sanitize_part(rest + std::string(part), colored, text);
    rest = text;
  }
  return shown + sanitize(rest, colored);
}

TEST_CASE("a control sequence that is cut in two is still one", "[console]") {
  using namespace std::string_view_literals;
  CHECK(in_parts({"\x1b[31"sv, "mred"sv}) == "\x1b[31mred");
  CHECK(in_parts({"a\x1b"sv, "[2"sv, "Jb"sv}) == "ab");
  CHECK(in_parts({"a\x1b]0;ti"sv, "tle\x1b"sv, "\\b"sv}) == "ab");
  CHECK(in_parts({"a\xc2"sv, "\x9b"sv, "b"sv}) == "ab");
  CHECK(in_parts({"a\xc2"sv}) == "a\xc2");
  CHECK(in_parts({"a\xc2"sv, "\xa0"sv}) == "a\xc2\xa0");
  // What is kept of one without end stays short.
  bool colored = false;
  std::string rest;
  for (const char* begin : {"\x1b[", "\x1b]"}) {
    CHECK(sanitize_part(begin + std::string(100000, '1'), colored, rest).empty());
    CHECK(rest.size() < 300);
  }
}

TEST_CASE("what is dropped does not bring a control together out of its halves", "[console]") {
  using namespace std::string_view_literals;
  for (const auto line : {"\xc2\x01\x9b"
                          "2J"sv,
                          "\xc2\x1b[K\x9b"
                          "2J"sv,
                          "\xc2\x7f\x9b"
                          "2J"sv,
                          "\x1b\x1b[2J"sv, "\x1b\x01[2J"sv, "\x1b[\x1b[2J"sv}) {
    CAPTURE(quote(line));
    bool colored = false;
    const std::string shown = sanitize(line, colored);
    CHECK(shown.find('\x1b') == std::string::npos);
    CHECK(shown.find("\xc2\x9b") == std::string::npos);
  }
}

TEST_CASE("whatever the bytes, an escape that passes is a colour", "[console]") {
  std::uint64_t state = 7;
  constexpr std::string_view alphabet = "\x1b\x1b\x1b[[]mm;0123PX_^\\\a\xc2\x9b\x80J a\x01\x7f?";
  for (int round = 0; round < 20000; ++round) {
    std::string line;
    for (int i = 0; i < 24; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      line += alphabet[(state >> 33) % alphabet.size()];
    }
    bool colored = false;
    const std::string shown = sanitize(line, colored);
    const auto cut = static_cast<std::size_t>(round) % line.size();
    if (in_parts({std::string_view(line).substr(0, cut), std::string_view(line).substr(cut)}) != shown)
      FAIL(quote(line) << " cut at " << cut);
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const auto c = static_cast<unsigned char>(shown[i]);
      if (c == 0x1b) {
        const auto end = shown.find_first_not_of("0123456789;", i + 2);
        if (shown[i + 1] != '[' || end == std::string::npos || shown[end] != 'm') FAIL(quote(line) << " -> " << quote(shown));
      } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
        FAIL(quote(line) << " -> " << quote(shown));
      }
    }
    if (sanitize(shown, colored) != shown) FAIL("twice is not once: " << quote(line));
  }
}
