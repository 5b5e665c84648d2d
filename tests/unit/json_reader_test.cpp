#include "spec/json_reader.hpp"

#include "spec/decode.hpp"
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;
using spec::Node;

namespace {

struct Read {
  std::vector<Node> values;
  std::vector<Diagnostic> problems;
};

Read read(std::string_view text) {
  Read out;
  out.values = spec::read_json(text, out.problems);
  return out;
}

// Every value and key of a tree as "LINE:COLUMN what", in the order of the text.
void list_places(const Node& node, Lines& out) {
  out.push_back(cat(node.at.line, ':', node.at.column, ' ', spec::kind_name(node.kind)));
  for (const auto& item : node.items) list_places(item, out);
  for (const auto& member : node.members) {
    out.push_back(cat(member.at.line, ':', member.at.column, " key ", member.key));
    list_places(member.value, out);
  }
}

Lines places(std::string_view text) {
  const Read got = read(text);
  Lines out;
  for (const auto& problem : got.problems) out.push_back(line_of(problem));
  for (const auto& value : got.values) list_places(value, out);
  return out;
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

TEST_CASE("every value and key knows its line and column", "[json]") {
  CHECK(places("{\"a\": 1,\n \"b\" : [true, false,null],\r\n\t\"c\":{\"d\":\"x\"}\n}") ==
        Lines{"1:1 an object", "1:2 key a", "1:7 a number", "2:2 key b", "2:8 a list", "2:9 a boolean", "2:15 a boolean", "2:21 null",
              "3:2 key c", "3:6 an object", "3:7 key d", "3:11 a string"});
  CHECK(places("[-1.5e+3,0,\"\",{},[]]") ==
        Lines{"1:1 a list", "1:2 a number", "1:10 a number", "1:12 a string", "1:15 an object", "1:18 a list"});
}

TEST_CASE("columns count characters, and strings hide nothing from the count", "[json]") {
  CHECK(places("[\"ä€😀\", 1]") == Lines{"1:1 a list", "1:2 a string", "1:9 a number"});
  CHECK(places(R"(["\"]", "\\", "\u00e4\n", 1])") == Lines{"1:1 a list", "1:2 a string", "1:9 a string", "1:15 a string", "1:27 a number"});
  CHECK(places("\xef\xbb\xbf[1]") == Lines{"1:1 a list", "1:2 a number"});  // the byte order mark takes no column
}

TEST_CASE("a text may hold several values one after another", "[json]") {
  CHECK(places("{}{}\n {}\n") == Lines{"1:1 an object", "1:3 an object", "2:2 an object"});
  CHECK(read("").values.empty());
  CHECK(read(" \n\t\r ").values.empty());
  CHECK(read("\xef\xbb\xbf \n").problems.empty());
  // What follows a value is read as the next one, so its fault has its own place; the first value
  // is kept.
  const Read got = read("{\"a\":1}\n{\"b\":}");
  REQUIRE(got.values.size() == 1);
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].line == 2);
  CHECK(got.problems[0].column == 6);
}

TEST_CASE("numbers and keys are kept as they are written", "[json]") {
  for (const char* spelling : {"0", "-0", "1.50", "1e3", "5E-1", "0.1", "18446744073709551616", "-9223372036854775809",
                               "1234567890123456789012345678901234567890"}) {
    const Read got = read(cat("[", spelling, "]"));
    REQUIRE(got.values.size() == 1);
    CHECK(got.values[0].items[0].text == spelling);
  }
  const Read twice = read(R"({"a":1,"b":2,"a":3})");
  REQUIRE(twice.values[0].members.size() == 3);
  CHECK(twice.values[0].members[2].key == "a");
  CHECK(twice.values[0].find("a")->text == "3");  // the one that counts
  CHECK(twice.values[0].find("c") == nullptr);
}

TEST_CASE("a syntax error has its place and no more than one message", "[json]") {
  const struct {
    const char* text;
    const char* place;
  } rows[] = {
      {"{\"a\": }", "1:7 "},     {"{\"a\": 1", "1:8 "},        {"{\"a\" 1}", "1:6 "},    {"{a: 1}", "1:2 "},
      {"{\"a\": 1,}", "1:9 "},   {"[1,\n 2,\n ,3]", "3:2 "},   {"{\"a\": 1-2}", "1:9 "}, {"{} 1.5.5", "1:7 "},
      {"{\"a\": tru}", "1:10 "}, {"{'a': 1}", "1:2 "},         {"{\"a\": 01}", "1:8 "},  {"{\"a\": +1}", "1:7 "},
      {"{\"a\": .5}", "1:7 "},   {"{\"a\": 1} // x", "1:10 "}, {"{\"a\": NaN}", "1:7 "}, {"{\"ä\": \"ö\" x}", "1:11 "},
      {"{\"a\": 1}}", "1:9 "},   {"{} , {}", "1:4 "},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    const Read got = read(row.text);
    REQUIRE(got.problems.size() == 1);
    const std::string line = line_of(got.problems[0]);
    INFO(line);
    CHECK(line.substr(0, std::string(row.place).size()) == row.place);
    CHECK(line.find(": syntax error while parsing ") != std::string::npos);
    CHECK(line.find("json.exception") == std::string::npos);
    CHECK(line.find("last read") == std::string::npos);
  }
}

TEST_CASE("text that is no proper string is a syntax error", "[json]") {
  const std::string texts[] = {
      std::string("{\"a\": \"x\ny\"}"),              // a raw line feed
      std::string("{\"a\": \"x\x01\"}"),             // a raw control character
      std::string("{\"a\": \"x\0\"}", 11),           // a raw NUL
      std::string("{\"a\": \"\xff\"}"),              // no UTF-8
      std::string("{\"a\": \"\xc0\xaf\"}"),          // overlong
      std::string("{\"a\": \"\xed\xa0\x80\"}"),      // a surrogate in UTF-8
      std::string("{\"a\": \"\xf4\x90\x80\x80\"}"),  // above U+10FFFF
      std::string("{\"a\": \"\xe2\x82\"}"),          // cut off
      std::string(R"({"a": "\ud800"})"),
      std::string(R"({"a": "\ud800\u0041"})"),
      std::string(R"({"a": "\udc00"})"),
      std::string(R"({"a": "\u12g4"})"),
      std::string(R"({"a": "\x41"})"),
  };
  for (const auto& text : texts) {
    INFO(quote(text));
    const Read got = read(text);
    REQUIRE(got.problems.size() == 1);
    CHECK(got.values.empty());
    CHECK(got.problems[0].line == 1);
    CHECK(got.problems[0].message.find("syntax error") == 0);
    for (const char c : got.problems[0].message) CHECK(static_cast<unsigned char>(c) >= 0x20);  // safe for a terminal
  }
}

TEST_CASE("escapes become the characters they stand for", "[json]") {
  const Read got = read(R"(["\u0000", "\u00e4", "\ud83d\ude00", "\/\b\f\n\r\t\"\\"])");
  REQUIRE(got.problems.empty());
  const auto& items = got.values.at(0).items;
  CHECK(items[0].text == std::string(1, '\0'));
  CHECK(items[1].text == "ä");
  CHECK(items[2].text == "😀");
  CHECK(items[3].text == "/\b\f\n\r\t\"\\");
}

TEST_CASE("a NUL outside strings is no end of the text", "[json]") {
  for (const auto& text : {std::string("{\"a\":\0 1}", 9), std::string("{}\0", 3), std::string("{}\0{}", 5), std::string("\0{}", 3)}) {
    INFO(quote(text));
    CHECK(read(text).problems.size() == 1);
  }
}

TEST_CASE("a number no machine can hold is refused by name", "[json]") {
  const Read got = read("{\"a\":\n 1e999}");
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].line == 2);
  CHECK(got.problems[0].message == "number overflow parsing '1e999'");
}

TEST_CASE("a hundred levels are read, one more is not", "[json]") {
  CHECK(read(nested(100)).problems.empty());
  CHECK(places(nested(101)) == Lines{"1:101 : nested deeper than 100 levels"});
  CHECK(places(nested(1000000)) == Lines{"1:101 : nested deeper than 100 levels"});
  std::string objects;
  for (int i = 0; i < 101; ++i) objects += "{\"a\":";
  CHECK(places(objects) == Lines{"1:501 : nested deeper than 100 levels"});
  // Levels count from the value, not from the ones before it.
  CHECK(read(nested(100) + nested(100)).values.size() == 2);
}

TEST_CASE("three MiB are read, one byte more is not", "[json]") {
  std::string text = "\"\"";
  text.insert(1, spec::kMaxManifestBytes - 2, 'x');
  REQUIRE(text.size() == std::size_t{3} * 1024 * 1024);
  CHECK(read(text).problems.empty());
  text.insert(1, 1, 'x');
  CHECK(places(text) == Lines{"0:0 : the manifest is larger than 3 MiB"});
  CHECK(places(std::string(10'000'000, '{')) == Lines{"0:0 : the manifest is larger than 3 MiB"});
}

TEST_CASE("the words of a syntax error do not repeat the whole text", "[json]") {
  for (const std::string character : {"x", "€"}) {
    std::string text = "{\"a\": \"";
    for (int i = 0; i < 500'000; ++i) text += character;
    const Read got = read(text);
    REQUIRE(got.problems.size() == 1);
    CHECK(got.problems[0].message.size() < 300);
    CHECK(got.problems[0].column == 500'008);
  }
}

TEST_CASE("a value of a flag is one value and has no place", "[json]") {
  Node node;
  REQUIRE(spec::try_read_json_value(R"( {"a": [1, {"b": null}]} )", node));
  Lines out;
  list_places(node, out);
  for (const auto& line : out) CHECK(line.substr(0, 4) == "0:0 ");
  CHECK(out.size() == 7);
  for (const char* wrong : {"", " ", "x", "1 2", "{", "[1,]", "01", "1-2", "1.5.5", "1e5e5", "\"a"})
    CHECK_FALSE(spec::try_read_json_value(wrong, node));
}

TEST_CASE("a tree is written as the JSON it was read from", "[json]") {
  const std::string text = R"({"a":[1,-2.5,true,false,null,"x\n\u0001ä\"\\"],"b":{"c":{},"d":[]}})";
  const Read got = read(text);
  REQUIRE(got.problems.empty());
  CHECK(spec::to_json_text(got.values[0]) == text);
  CHECK(spec::to_pretty_json(read("{\"a\":[1]}").values[0]) == "{\n  \"a\": [\n    1\n  ]\n}");
}
