// Golden files: tests/cli/golden/NAME.test holds commands and what they say. With PODCTL_ACCEPT=1 the files are
// rewritten to what podctl says now; read the difference before it is committed.
//
//   file NAME          a file of the world the commands run in; its lines follow, each after "| "
//   $ COMMAND          for sh, in the world's folder; podctl is in its PATH, PODCTL_ROOT is set, $EXAMPLES is examples/
//   exit N             and the exit code, then the sections out and err when they are not empty
//
// Anything else (comments, blank lines) stays as it is.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "support/catch.hpp"
#include "support/command.hpp"

using podtest::World;

namespace {

namespace fs = std::filesystem;

std::string from_environment(const char* name, const char* otherwise) {
  const char* set = std::getenv(name);
  return set != nullptr ? set : otherwise;
}

struct Rule {
  std::regex pattern;
  std::string replacement;
};

using Rules = std::vector<Rule>;

Rules make_rules(const std::vector<std::pair<const char*, const char*>>& list) {
  Rules rules;
  for (const auto& [pattern, replacement] : list)
    rules.push_back({std::regex(pattern, std::regex::ECMAScript | std::regex::optimize), replacement});
  return rules;
}

// What differs from run to run and from build to build, in every line.
const Rules kEverywhere = make_rules({{"[0-9]+\\.[0-9]+ m?s\\b", "TIME"},
                                      {"(process|kill|nsenter -t) [0-9]+", "$1 PID"},
                                      {"step [0-9]+ of [0-9]+", "step N of M"},
                                      {"^podctl [0-9]+\\.[0-9]+\\.[0-9]+$", "podctl VERSION"},
                                      {"^(commit|build|kernel)   .*", "$1   IT"},
                                      {"\"(version|commit|buildType|kernel)\": \"[^\"]*\"", "\"$1\": \"IT\""}});

// Rows of plans and of --explain: their numbers and widths, and what is the caller's own.
const std::regex kRow("([ !] [a-z0-9-]+ +[0-9]+  |\\[ *[0-9]+/[0-9]+\\] ).*");
const Rules kInRows = make_rules({{"^([ !]) ([a-z0-9-]+) +[0-9]+  ", "$1 $2  "},
                                  {"^\\[ *[0-9]+/[0-9]+\\] \\+", "[N/M] "},
                                  {"^\\[ *[0-9]+/[0-9]+\\] ", "[N/M] "},
                                  {"map of user and group ids .*", "map of user and group ids  MAP"},
                                  {"soft [0-9]+, hard [0-9]+", "soft N, hard M"},
                                  {"(user 0, group 0)(  +| \\()groups of the caller stay: one id is mapped\\)?", "$1"},
                                  {"setgroups, (setresgid, setresuid)", "$1"},
                                  {"/proc/(self|PID)/uid_map", "/proc/IT/uid_map"},
                                  {"open_tree, (mount_setattr, move_mount  host )", "$1"},
                                  {", owner [0-9]+", ""},
                                  {"\\.\\.[0-9]{4}(_[0-9]{2}){5}\\.[0-9]+", "..MOMENT"},
                                  {"([^ ])  +", "$1  "},
                                  // Whether pause runs its program already when the rows are written is a matter of luck.
                                  {"^\\[N/M\\] (TIME|-)(  ready .*\\))(  TIME)?$", "[N/M] TIME$2"}});

// Steps that some callers' plans have and others' have not: the machine's root takes trees beforehand and changes to
// its pod's ids, and not every machine has the same folders at its top.
const std::regex kCallersOwn(
    ".*( mounts of /| user 0, group 0 of the pod| host /(?!usr )[a-z0-9]+ in the pod tree| mount of /(?!usr )[a-z0-9]+ +\\(?moved from /h/).*");

std::string normal(std::string line) {
  const bool row = std::regex_match(line, kRow);
  for (const auto& rule : kEverywhere) line = std::regex_replace(line, rule.pattern, rule.replacement);
  if (row)
    for (const auto& rule : kInRows) line = std::regex_replace(line, rule.pattern, rule.replacement);
  return line;
}

std::string replace_all(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
  return text;
}

// A section of a golden file: each line after "| ", of the normalised text.
std::string section(const std::string& title, const std::string& text, const std::string& world) {
  if (text.empty()) return {};
  std::string out = title + '\n';
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, kRow) && std::regex_match(line, kCallersOwn)) continue;
    line = normal(replace_all(line, world, "WORLD"));
    out += line.empty() ? "|\n" : "| " + line + '\n';
  }
  return text.back() == '\n' ? out : out + "\\ no newline\n";
}

struct Block {
  std::string head;  // the line that begins it, or a line that stays as it is
  std::string body;  // what follows
};

std::vector<Block> read_blocks(const fs::path& path) {
  std::vector<Block> blocks;
  std::istringstream lines(podtest::read_file(path));
  for (std::string line; std::getline(lines, line);) {
    const bool in_block = !blocks.empty() && (blocks.back().head.rfind("$ ", 0) == 0 || blocks.back().head.rfind("file ", 0) == 0);
    const bool follows =
        line.rfind("exit ", 0) == 0 || line == "out" || line == "err" || line.rfind('|', 0) == 0 || line.rfind('\\', 0) == 0;
    if (in_block && follows) blocks.back().body += line + '\n';
    else blocks.push_back({line, {}});
  }
  return blocks;
}

std::string file_content(const std::string& body) {
  std::string content;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) content += (line.size() > 2 ? line.substr(2) : "") + '\n';
  return content;
}

std::string run_block(const World& world, const std::string& command) {
  podtest::Options options{.directory = world.path()};
  options.environment = {{"PATH", world.path() + "/bin:/usr/local/bin:/usr/bin:/bin"},
                         {"PODCTL_ROOT", world.path() + "/root"},
                         {"EXAMPLES", from_environment("PODCTL_EXAMPLES", PODCTL_EXAMPLES)}};
  const auto result = podtest::run({"sh", "-c", command}, options);
  return "exit " + std::to_string(result.code) + '\n' + section("out", result.out, world.path()) + section("err", result.err, world.path());
}

// What was expected and what came, from the first line that differs to the last.
std::string difference(const std::string& expected, const std::string& actual) {
  const auto lines = [](const std::string& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  };
  auto left = lines(expected), right = lines(actual);
  std::size_t first = 0;
  while (first < left.size() && first < right.size() && left[first] == right[first]) ++first;
  while (left.size() > first && right.size() > first && left.back() == right.back()) {
    left.pop_back();
    right.pop_back();
  }
  std::string text;
  for (std::size_t i = first; i < left.size(); ++i) text += "\n- " + left[i];
  for (std::size_t i = first; i < right.size(); ++i) text += "\n+ " + right[i];
  return text;
}

// Runs one file; the number of its commands.
int run_file(const fs::path& path, bool accept) {
  const World world;
  fs::create_directory(world.path() + "/bin");
  fs::create_symlink(podtest::podctl_path(), world.path() + "/bin/podctl");
  int commands = 0;
  std::string fresh;
  for (const auto& block : read_blocks(path)) {
    std::string body = block.body;
    if (block.head.rfind("file ", 0) == 0) world.file(block.head.substr(5), file_content(block.body));
    if (block.head.rfind("$ ", 0) == 0) {
      ++commands;
      body = run_block(world, block.head.substr(2));
      INFO(path.filename().string() << ": " << block.head);
      if (!accept) CHECK(difference(block.body, body) == "");
    }
    fresh += block.head + '\n' + body;
  }
  if (accept) {
    std::ofstream out(path, std::ios::binary);
    out << fresh << std::flush;
    INFO("cannot write " << path);
    CHECK(out.good());
  }
  return commands;
}

}  // namespace

TEST_CASE("commands say what their golden files say", "[golden]") {
  const bool accept = from_environment("PODCTL_ACCEPT", "") == "1";
  int files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(from_environment("PODCTL_TEST_DATA", PODCTL_TEST_DATA)) / "cli/golden")) {
    if (entry.path().extension() != ".test") continue;
    ++files;
    INFO(entry.path().filename().string());
    CHECK(run_file(entry.path(), accept) > 0);
  }
  CHECK(files > 0);
}
