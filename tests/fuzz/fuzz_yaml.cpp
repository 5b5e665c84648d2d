// Any bytes as YAML: reading them must neither crash nor hang nor name a place outside of them, and what was read,
// written as YAML and read again, must be the same. JSONPath sees the bytes as an expression.
#include <algorithm>

#include "base/text.hpp"
#include "fuzz/require.hpp"
#include "podctl/error.hpp"
#include "podctl/output.hpp"
#include "spec/decode.hpp"
#include "spec/yaml_reader.hpp"

namespace {

using namespace podctl;
using podfuzz::require;

void check_place(spec::Position at, int lines) {
  require(at.line >= 1 && at.line <= lines && at.column >= 1, "a place lies in the text", cat(at.line, ':', at.column));
}

void check_places(const spec::Node& node, int lines) {
  check_place(node.at, lines);
  for (const auto& item : node.items) check_places(item, lines);
  for (const auto& member : node.members) {
    check_place(member.at, lines);
    check_places(member.value, lines);
  }
}

void check_round_trip(const spec::Node& node) {
  const std::string json = spec::to_json_text(node);
  const std::string yaml = json_to_yaml(json);
  std::vector<Diagnostic> problems;
  const auto again = spec::read_yaml(yaml, problems);
  require(problems.empty(), "YAML that podctl writes is YAML", problems.empty() ? "" : problems[0].message + '\n' + yaml);
  require(again.size() == 1, "one value is read back", yaml);
  require(spec::to_json_text(again[0]) == json, "a value reads back as it was written", json + '\n' + yaml);
}

void query(std::string_view expression) {
  try {
    static_cast<void>(query_jsonpath(R"({"a":{"b":[1,"x",{"c":null}]},"a b":[[]]})", expression));
  } catch (const Error& error) {
    require(error.info().error_class == ErrorClass::kUsage, "a bad expression is the user's", error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = podfuzz::as_text(data, size);
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  std::vector<Diagnostic> problems;
  const auto documents = spec::read_yaml(text, problems);
  require(problems.size() <= 1, "reading ends with the first problem");
  for (const auto& problem : problems)
    if (problem.line != 0) check_place({problem.line, problem.column}, lines);
  for (const auto& document : documents) {
    check_places(document, lines);
    check_round_trip(document);
  }
  query(text);
  return 0;
}
