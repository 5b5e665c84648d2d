#include "spec/yaml_reader.hpp"

#include "podctl/output.hpp"
#include "spec/decode.hpp"
#include "spec/json_reader.hpp"
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;
using spec::Node;

namespace {

// The documents of a text as JSON, and what was wrong with it.
Lines read(std::string_view text) {
  std::vector<Diagnostic> problems;
  Lines out;
  for (const auto& node : spec::read_yaml(text, problems)) out.push_back(spec::to_json_text(node));
  for (const auto& problem : problems) out.push_back(line_of(problem));
  return out;
}

void list_places(const Node& node, Lines& out) {
  out.push_back(cat(node.at.line, ':', node.at.column, ' ', spec::kind_name(node.kind)));
  for (const auto& item : node.items) list_places(item, out);
  for (const auto& member : node.members) {
    out.push_back(cat(member.at.line, ':', member.at.column, " key ", member.key));
    list_places(member.value, out);
  }
}

Lines places(std::string_view text) {
  std::vector<Diagnostic> problems;
  Lines out;
  for (const auto& node : spec::read_yaml(text, problems)) list_places(node, out);
  for (const auto& problem : problems) out.push_back(line_of(problem));
  return out;
}

// The one value of "k: TEXT" as JSON.
std::string value_of(std::string_view text) {
  const Lines got = read(cat("k: ", text));
  if (got.size() != 1 || got[0].substr(0, 5) != "{\"k\":") return cat("not one value: ", join(got, " | "));
  return got[0].substr(5, got[0].size() - 6);
}

}  // namespace

TEST_CASE("every YAML value and key knows its line and column", "[yaml]") {
  CHECK(places("a: 1\nb:\n  - true\n  - x: \"ä\"\n    y: ~\nc: {d: [e, ö, f]}\n") ==
        Lines{"1:1 an object", "1:1 key a", "1:4 a number", "2:1 key b", "3:3 a list", "3:5 a boolean", "4:5 an object", "4:5 key x",
              "4:8 a string", "5:5 key y", "5:8 null", "6:1 key c", "6:4 an object", "6:5 key d", "6:8 a list", "6:9 a string",
              "6:12 a string", "6:15 a string"});
  CHECK(places("\xef\xbb\xbf# note\r\n\r\na:\r\n  b: |\r\n    x\r\n") ==
        Lines{"3:1 an object", "3:1 key a", "4:3 an object", "4:3 key b", "4:6 a string"});
}

TEST_CASE("plain scalars mean what kubectl takes them for", "[yaml]") {
  for (const char* text : {"~", "null", "Null", "NULL", ""}) CHECK(value_of(text) == "null");
  for (const char* text : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) CHECK(value_of(text) == "true");
  for (const char* text : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) CHECK(value_of(text) == "false");
  const struct {
    const char* text;
    const char* value;
  } numbers[] = {{"0", "0"},        {"-7", "-7"},     {"+5", "5"},
                 {"0644", "420"},   {"0o644", "420"}, {"-0644", "-420"},
                 {"0x1F", "31"},    {"0b101", "5"},   {"1_000", "1000"},
                 {"00", "0"},       {"09", "9"},      {"1.50", "1.5"},
                 {".5", "0.5"},     {"5.", "5.0"},    {"-.5", "-0.5"},
                 {"1e3", "1000.0"}, {"1E-2", "0.01"}, {"18446744073709551615", "18446744073709551615"}};
  for (const auto& row : numbers) CHECK(value_of(row.text) == row.value);
  for (const char* text :
       {"y", "n",  "tRUE", "yes.", "12:30:45", "2026-11-25", "1.2.3", "64Mi", "0x",          "0xg", "0b2", "1e", "e5",    ".",
        "-", "_1", "_",    "+",    "1,000",    "inf",        "nan",   "a b",  "http://x/#y", "x#y", "=",   "-v", "08080a"})
    if (text != std::string_view("-")) CHECK(value_of(text) == quote(text));
  for (const char* text : {"\"yes\"", "'yes'"}) CHECK(value_of(text) == "\"yes\"");
  CHECK(value_of("\"0644\"") == "\"0644\"");
  CHECK(read("k: .inf") == Lines{"1:4 : Invalid value: .inf: there is no such number in JSON"});
  CHECK(read("k: -.NaN") == Lines{"1:4 : Invalid value: -.NaN: there is no such number in JSON"});
  CHECK(read("a: 1\nk: 1e999") == Lines{"2:4 : Invalid value: 1e999: is out of range"});
}

TEST_CASE("tags may say what a scalar is, and no others are known", "[yaml]") {
  CHECK(value_of("!!str 12") == "\"12\"");
  CHECK(value_of("! 12") == "\"12\"");
  CHECK(value_of("!!str") == "\"\"");
  CHECK(value_of("!!int 0x10") == "16");
  CHECK(value_of("!!float 3") == "3");
  CHECK(value_of("!!bool yes") == "true");
  CHECK(value_of("!!map {a: 1}") == "{\"a\":1}");
  CHECK(value_of("!!seq [a]") == "[\"a\"]");
  CHECK(read("k: !!int x") == Lines{"1:4 : Invalid value: its tag says that it is an int"});
  CHECK(read("k: !!bool 1") == Lines{"1:4 : Invalid value: its tag says that it is a bool"});
  CHECK(read("k: !!binary aGk=") == Lines{"1:4 : syntax error: the tag \"tag:yaml.org,2002:binary\" is not known"});
  CHECK(read("k: !own x") == Lines{"1:4 : syntax error: the tag \"!own\" is not known"});
  CHECK(read("k: !own {}") == Lines{"1:4 : syntax error: the tag \"!own\" is not known"});
}

TEST_CASE("texts of several lines are folded as YAML says", "[yaml]") {
  CHECK(value_of("|\n  a\n   b\n\n  c\n\n") == R"("a\n b\n\nc\n")");
  CHECK(value_of("|-\n  a\n") == R"("a")");
  CHECK(value_of("|+\n  a\n\n\n") == R"("a\n\n\n")");
  CHECK(value_of(">\n  a\n  b\n\n  c\n") == R"("a b\nc\n")");
  CHECK(value_of("|\r\n  a\r\n  b\r\n") == R"("a\nb\n")");
  CHECK(value_of("a\n  b\n\n  c") == R"("a b\nc")");
  CHECK(value_of("'it''s\n  so  \n\n  \n  x '") == R"("it's so\n\nx ")");
  CHECK(value_of("'a\n\n\n  '") == R"("a\n\n")");  // as some programs write a text that ends in empty lines
  CHECK(value_of("'\n\n  '") == R"("\n")");
  CHECK(value_of("\"a\\n\\\n    \\  b\\\n    c\\td\"") == R"("a\n  bc\td")");
  CHECK(value_of("\"a  \n  b\\ \n  c\\\\\n  d\"") == R"("a b  c\\ d")");
  CHECK(value_of("\"\\x41\\u00e4\n  \\U0001F600\\_\\/\\\"\"") == "\"Aä 😀\xc2\xa0/\\\"\"");
  CHECK(read("k: >+\n  a\n").at(0).substr(0, 26) == "1:4 : not supported: text ");
}

TEST_CASE("keys become text, and duplicates are kept for the report", "[yaml]") {
  CHECK(read("8080: a\n0644: b\nyes: c\n'no': d\n? e\n: f\n") == Lines{R"({"8080":"a","420":"b","true":"c","no":"d","e":"f"})"});
  CHECK(places("a: 1\na: 2\n") == Lines{"1:1 an object", "1:1 key a", "1:4 a number", "2:1 key a", "2:4 a number"});
  CHECK(read("~: a") == Lines{"1:1 : syntax error: a key must be text, not null"});
  CHECK(read("? [a]\n: b") == Lines{"1:3 : syntax error: a key must be text, not a list"});
  CHECK(read("? {a: b}\n: c") == Lines{"1:3 : syntax error: a key must be text, not an object"});
}

TEST_CASE("aliases stand for their anchors, and merge keys for members", "[yaml]") {
  CHECK(read("a: &x {k: [1, 2]}\nb: *x\nc: &y text\n*y : *y\n") == Lines{R"({"a":{"k":[1,2]},"b":{"k":[1,2]},"c":"text","text":"text"})"});
  CHECK(read("a: &x 1\nb: &x 2\nc: *x\n") == Lines{R"({"a":1,"b":2,"c":2})"});
  // A map's own members win wherever they stand, and earlier merges over later ones.
  CHECK(
      read("a: &x {k: 1, l: 1}\nb: &y {k: 2, m: 2}\nc: {k: 0, <<: *x}\nd: {<<: *x, k: 0}\ne: {<<: [*x, *y]}\nf: {<<: *y, '<<': z}\n") ==
      Lines{
          R"({"a":{"k":1,"l":1},"b":{"k":2,"m":2},"c":{"k":0,"l":1},"d":{"k":0,"l":1},"e":{"k":1,"l":1,"m":2},"f":{"<<":"z","k":2,"m":2}})"});
  CHECK(read("a: {<<: {k: 1}, <<: {l: 2}}") == Lines{R"({"a":{"k":1,"l":2}})"});
  CHECK(read("- <<\n- a: <<\n") == Lines{R"(["<<",{"a":"<<"}])"});
  CHECK(read("a: *x") == Lines{"1:4 : syntax error: there is no anchor of that name before it"});
  CHECK(read("a: &x [*x]") == Lines{"1:8 : syntax error: an alias inside of what it stands for"});
  CHECK(read("--- &x a\n--- *x\n") == Lines{"\"a\"", "2:5 : syntax error: there is no anchor of that name before it"});
  CHECK(read("a: {<<: 5}") == Lines{"1:9 : syntax error: << takes an object or a list of them, not a number"});
  CHECK(read("a: {<<: [{}, x]}") == Lines{"1:9 : syntax error: << takes an object or a list of them, not a string"});
}

TEST_CASE("a text may hold several documents, and empty ones are left out", "[yaml]") {
  CHECK(read("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n---\nnull\n--- [c]\n") == Lines{R"({"a":1})", R"({"b":2})", R"(["c"])"});
  CHECK(read("%YAML 1.1\n---\na: 1\n...\nb: 2\n") == Lines{R"({"a":1})", R"({"b":2})"});
  for (const char* text : {"", "---", "# only this\n", "\n\n", "~", "...\n"}) CHECK(read(text).empty());
  CHECK(read("[1]\n[2]\n") == Lines{"[1]", "2:1 : syntax error: this belongs to nothing before it"});
}

TEST_CASE("a YAML syntax error has its place and one message", "[yaml]") {
  const struct {
    const char* text;
    const char* problem;
  } rows[] = {
      {"a:\n  b: 1\n c: 2\n", "3:2 : syntax error: this line fits nothing above it"},
      {"a: 1\n- b\n", "2:1 : syntax error: this line fits nothing above it"},
      {"a: b: c\n", "1:5 : syntax error: no value can begin at this ':'"},
      {"a: - b\n", "1:4 : syntax error: no list item can begin here"},
      {"a:\n\tb: 1\n", "2:3 : syntax error: YAML is indented with spaces, not with tabs"},
      {"ö: [1, @x]\n", "1:8 : syntax error: no value begins with this character"},
      {"a: [1, 2\n", "2:1 : syntax error: "},
      {"a: 1\n}\n", "2:1 : syntax error: "},
      {"a: \"b\n", "1:4 : syntax error: the quote that begins here is never closed"},
      {"a: &q !!str 'b\n", "1:4 : syntax error: the quote that begins here is never closed"},
      {"a: \"\\q\"\n", "1:7 : syntax error: unknown escape character: q"},
      {"a: \"\\ud800\"\n", "1:11 : syntax error: invalid unicode"},
      {"a: ä\xff", "1:5 : syntax error: not UTF-8"},
      {"a: b\x04", "1:5 : syntax error: a control character"},
      {"a: b\rc: d", "1:5 : syntax error: a carriage return"},
      {"a: 1\n\xef\xbb\xbf"
       "b: 2",
       "2:1 : syntax error: a byte order mark"},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    const Lines got = read(row.text);
    REQUIRE(!got.empty());
    INFO(got.back());
    CHECK(got.back().substr(0, std::string(row.problem).size()) == row.problem);
  }
  CHECK(read(std::string("a: \0", 4)).at(0).substr(0, 20) == "1:4 : syntax error: ");
}

TEST_CASE("what would grow without a limit is refused", "[yaml]") {
  const auto repeated = [](std::string_view text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
  };
  const std::string deep = "nested deeper than 100 levels";
  CHECK(read(repeated("[", 100) + repeated("]", 100)).size() == 1);
  CHECK(read(repeated("[", 101) + repeated("]", 101)) == Lines{cat("1:101 : ", deep)});
  CHECK(read(repeated("- ", 100000)).back() == cat("1:201 : ", deep));
  CHECK(read(cat(repeated("{a: ", 200), "b", repeated("}", 200))) == Lines{cat("1:401 : ", deep)});
  // Depth counts what an alias stands for.
  CHECK(read(cat("- &a ", repeated("[", 60), repeated("]", 60), "\n- ", repeated("[", 39), "*a", repeated("]", 39))).size() == 1);
  CHECK(read(cat("- &a ", repeated("[", 60), repeated("]", 60), "\n- ", repeated("[", 40), "*a", repeated("]", 40))) ==
        Lines{cat("2:43 : ", deep)});

  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'p'; ++c) append(bomb, c, ": &", c, " [", repeated(cat('*', static_cast<char>(c - 1), ", "), 9), "]\n");
  const Lines refused = read(bomb);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].find("larger than 3 MiB with its aliases expanded") != std::string::npos);

  std::string keys;
  for (int i = 0; i < 20000; ++i) append(keys, 'k', i, ": v, ");
  const Lines merged = read(cat("a: &a {", keys, "}\nb:\n", repeated("- {<<: *a}\n", 1000)));
  REQUIRE(merged.size() == 1);
  CHECK(merged[0].find("larger than 3 MiB with its aliases expanded") != std::string::npos);

  CHECK(read(std::string((std::size_t{3} << 20) + 1, '#')) == Lines{"0:0 : the manifest is larger than 3 MiB"});
}

TEST_CASE("what json_to_yaml writes reads back as the same value", "[yaml]") {
  const std::string json =
      R"({"yes":"no","8080":"0644","":"","a: b":"- x","e":[1.5,1e300,-0.0,null,true,[],{},[[["x"]]]],"lines":"a\n  b\n\n\n","tail":"a\n",)"
      R"("q":"it's \"x\" \\ \u0001\u0085\u2028\ufeff","blank":" x ","m":"\n","n":"a\r\nb\n","<<":{"&a":"*a","!t":"%"},"ö":"😀 ~"})";
  const Lines got = read(json_to_yaml(json));
  Node direct;
  REQUIRE(spec::try_read_json_value(json, direct));
  CHECK(got == Lines{spec::to_json_text(direct)});
}
