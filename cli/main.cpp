#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/help.hpp"
#include "cli/log.hpp"
#include "cli/settings.hpp"
#include "podctl/error.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

// Where the verb stands: the first word that is no flag and no flag's value.
std::vector<std::string>::iterator find_verb(std::vector<std::string>& words) {
  for (auto word = words.begin(); word != words.end() && *word != "--"; ++word) {
    if (word->empty() || word->front() != '-') return word;
    if (*word == "-n" || *word == "--namespace") return words.end();  // kubectl's; what follows is no verb
    for (const auto& flag : global_flags())
      if (!flag.value.empty() && (*word == "--" + std::string(flag.name))) {
        if (word + 1 != words.end()) ++word;
        break;
      }
  }
  return words.end();
}

// "apply -f FILE" is "run -d --replace FILE", for fingers that know kubectl.
std::vector<std::string> as_run(std::vector<std::string> words) {
  constexpr std::string_view kAttached[] = {"--filename=", "-f=", "-f"};
  for (auto word = words.begin(); word != words.end() && *word != "--"; ++word) {
    if (*word == "-f" || *word == "--filename") {
      words.erase(word);
      break;
    }
    if (const auto flag = std::find_if(std::begin(kAttached), std::end(kAttached), [&](auto start) { return word->starts_with(start); });
        flag != std::end(kAttached)) {
      word->erase(0, flag->size());
      break;
    }
  }
  words.insert(words.begin() + 1, {"--detach", "--replace"});
  return words;
}

// Whether errors are to be JSON too. Asked of the words themselves: they may be what is wrong.
bool asks_for_json(const Command& command, const std::vector<std::string>& words) {
  if (std::none_of(command.flags.begin(), command.flags.end(), [](const Flag& flag) { return flag.name == "output"; })) return false;
  for (auto word = words.begin(); word != words.end() && *word != "--"; ++word) {
    if (*word == "-ojson" || *word == "-o=json" || *word == "--output=json" || *word == "--as=json") return true;
    if ((*word == "-o" || *word == "--output" || *word == "--as") && word + 1 != words.end() && word[1] == "json") return true;
  }
  return false;
}

bool runs_workload(const Command* command, const std::optional<Arguments>& arguments) {
  if (command == nullptr) return false;
  return command->runs_workload || (!command->workload_flag.empty() && arguments && arguments->is_set(command->workload_flag));
}

int run(std::vector<std::string> words) {
  const Command* command = nullptr;
  bool json = false;
  std::optional<Arguments> arguments;
  try {
    auto verb = find_verb(words);
    if (verb == words.end()) {
      const Arguments alone = parse({.name = ""}, words);
      if (!words.empty() && !alone.is_set("help") && !alone.is_set("version")) usage_error("which command?", "podctl help");
      print(alone.is_set("version") ? version_line() : overview());
      return 0;
    }
    if (*verb == "apply") {
      *verb = "run";
      std::vector<std::string> run = as_run(std::vector<std::string>(verb, words.end()));
      words.erase(verb, words.end());
      words.insert(words.end(), run.begin(), run.end());
      verb = find_verb(words);
    }
    command = find_command(*verb);
    if (command == nullptr) unknown_command(*verb);
    words.erase(verb);
    if (command->run == nullptr) usage_error("podctl " + std::string(command->name) + " does not work yet");
    json = asks_for_json(*command, words);
    arguments = parse(*command, words);
    if (arguments->is_set("version")) {
      print(version_line());
      return 0;
    }
    if (arguments->is_set("help")) {
      const bool brief = std::find(words.begin(), std::find(words.begin(), words.end(), "--"), "-h") != words.end();
      print(brief ? help_screen(*command) : help_page(*command));
      return 0;
    }
    if (command->name != "help") {  // which has to work whatever is set
      check_log_level(*arguments);
      read_configuration(*arguments);
    }
    return command->run(*arguments);
  } catch (const Error& error) {
    std::fputs((json ? render_error_json(error) : render_error(error)).c_str(), stderr);
    return runs_workload(command, arguments) ? error.info().run_code : static_cast<int>(error.info().error_class);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "podctl: a bug in podctl: %s\n  hint: please report it with the command line and the manifest\n", error.what());
    return runs_workload(command, arguments) ? 125 : 1;
  }
}

}  // namespace
}  // namespace podctl::cli

int main(int argc, char** argv) { return podctl::cli::run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc)); }
