#include "cli/command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "podctl/error.hpp"
#include "podctl/select.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kGlobalFlags[] = {
    {.name = "help",
     .letter = 'h',
     .help = "Say what the command and each flag does; -h fits on one screen.",
     .example = "podctl run --help"},
    {.name = "version", .help = "One line; podctl version says more.", .example = "podctl --version"},
    {.name = "quiet",
     .letter = 'q',
     .help = "No notes and no progress on standard error; errors stay.",
     .example = "podctl run -q pod.json"},
    {.name = "verbose",
     .value = "",
     .repeats = true,
     .help = "A line for each step podctl takes.",
     .example = "podctl run --verbose pod.json"},
    {.name = "color",
     .value = "WHEN",
     .help = "auto, always or never. Default auto: on a terminal, unless NO_COLOR is set.",
     .example = "podctl run --color never pod.json"},
    {.name = "root", .value = "DIR", .help = "A separate world: own state and names.", .example = "podctl --root /tmp/class run pod.json"},
    {.name = "config",
     .value = "FILE",
     .help = "Read this configuration and no other.",
     .example = "podctl --config /dev/null run pod.json"},
};

// A command that the design has and this version does not.
constexpr Command planned(std::string_view name, std::string_view alias, Group group, std::string_view summary) {
  const bool runs_workload = name == "exec" || name == "attach" || name == "debug";
  return {.name = name, .alias = alias, .group = group, .summary = summary, .runs_workload = runs_workload};
}

const std::vector<Command>& table() {
  static const std::vector<Command> all{
      kRunCommand,
      kCreateCommand,
      kStartCommand,
      kPsCommand,
      kLogsCommand,
      kInspectCommand,
      kDescribeCommand,
      kTopCommand,
      planned("stats", "", Group::kLook, "What pods use."),
      kEventsCommand,
      planned("graph", "", Group::kLook, "Who shares which namespace."),
      kExecCommand,
      kAttachCommand,
      planned("debug", "", Group::kControl, "Look into a pod with another container."),
      kCpCommand,
      planned("port-forward", "", Group::kControl, "Reach a port of a pod."),
      kStopCommand,
      kKillCommand,
      kRestartCommand,
      kPauseCommand,
      kUnpauseCommand,
      kWaitCommand,
      kExistsCommand,
      kValidateCommand,
      kPlanCommand,
      planned("explain", "", Group::kLearn, "What a field or a kernel topic means."),
      planned("schema", "", Group::kLearn, "JSON Schema of input and output."),
      planned("doctor", "", Group::kLearn, "Find out what this machine allows."),
      kHelpCommand,
      kVersionCommand,
      kRmCommand,
      kPruneCommand,
      planned("image", "", Group::kTidy, "Keep images."),
      planned("completion", "", Group::kTidy, "Print a shell's completion script."),
  };
  return all;
}

std::string dashed(const Flag& flag) {
  return flag.letter != 0 ? std::string("-") + flag.letter + ",--" + std::string(flag.name) : "--" + std::string(flag.name);
}

// "podctl run", or "podctl" alone where no command was named.
std::string own_name(const Command& command) { return command.name.empty() ? "podctl" : "podctl " + std::string(command.name); }

bool is_boolean(const Flag& flag) { return flag.value.empty() && flag.bare.empty(); }

// Whether the word after the flag is its value, when no "=" gives one.
bool takes_value(const Flag& flag) { return !flag.value.empty() && flag.bare.empty(); }

// kubectl's habit, which deserves more than "no such flag".
bool asks_for_namespace(const std::string& word) {
  for (const std::string_view flag : {"--namespace", "--all-namespaces"})
    if (word == flag || word.rfind(std::string(flag) + '=', 0) == 0) return true;
  return word.rfind("-n", 0) == 0 || word == "-A";
}

[[noreturn]] void unknown_flag(const Command& command, const std::string& word) {
  if (asks_for_namespace(word))
    usage_error("there are no Kubernetes namespaces here: metadata.namespace is kept and shown, and a pod is known by its name alone",
                "podctl --root DIR " + (command.name.empty() ? "..." : std::string(command.name)) + "        # a separate world of names");
  std::vector<std::string_view> names;
  for (const auto flags : {command.flags, global_flags()})
    for (const auto& flag : flags) names.push_back(flag.name);
  const std::string name = word.substr(word.find_first_not_of('-'), word.find('=') - word.find_first_not_of('-'));
  const auto near = word.substr(0, 2) == "--" ? did_you_mean(name, names) : std::nullopt;
  usage_error(own_name(command) + " has no flag " + quote(word) + (near ? "; did you mean \"--" + *near + "\"?" : ""),
              own_name(command) + " --help");
}

}  // namespace

std::span<const Command> commands() { return table(); }
std::span<const Flag> global_flags() { return kGlobalFlags; }

const Command* find_command(std::string_view name) {
  for (const auto& command : table())
    if (command.name == name || (!command.alias.empty() && command.alias == name)) return &command;
  return nullptr;
}

void unknown_command(const std::string& word) {
  // Words of other tools for what podctl calls run.
  for (const char* other : {"play", "kube", "up"})
    if (word == other) usage_error("there is no command " + quote(word) + "; did you mean: podctl run FILE", "podctl help");
  std::vector<std::string_view> names;
  for (const auto& command : commands()) names.push_back(command.name);
  const auto near = did_you_mean(word, names);
  usage_error("there is no command " + quote(word) + (near ? "; did you mean " + quote(*near) + '?' : ""), "podctl help");
}

void usage_error(std::string message, std::string hint) {
  throw Error({.id = "usage", .message = std::move(message), .hint = std::move(hint), .error_class = ErrorClass::kUsage});
}

bool Arguments::is_set(std::string_view flag) const {
  const std::string value = text(flag);
  return has(flag) && value != "false" && value != "0";
}

std::string Arguments::text(std::string_view flag) const {
  const auto found = values_.find(std::string(flag));
  return found == values_.end() || found->second.empty() ? std::string() : found->second.back();
}

std::vector<std::string> Arguments::all(std::string_view flag) const {
  const auto found = values_.find(std::string(flag));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::optional<std::chrono::nanoseconds> Arguments::duration(std::string_view flag) const {
  if (!has(flag)) return std::nullopt;
  const auto value = parse_duration(text(flag));
  if (!value)
    usage_error("--" + std::string(flag) + ' ' + quote(text(flag)) + " is no duration",
                "write e.g. 300ms, 10s, 5m or 1h30m; a bare number is seconds");
  return value;
}

std::string Arguments::choice(std::string_view flag, std::span<const std::string_view> choices, std::string_view standard) const {
  if (!has(flag)) return std::string(standard);
  std::string value = text(flag);
  require_choice("--" + std::string(flag) + ' ', value, choices);
  return value;
}

void require_choice(std::string_view label, const std::string& value, std::span<const std::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  std::string list;
  for (const auto choice : choices) list += (list.empty() ? "" : ", ") + std::string(choice);
  const auto near = did_you_mean(value, choices);
  usage_error(std::string(label) + quote(value) + " is none of " + list + (near ? "; did you mean " + quote(*near) + "?" : ""));
}

namespace {

// Whether a word of the command line could be this flag. Only those are made known to the parser: making an
// option costs more than everything else here.
bool is_mentioned(const Flag& flag, std::span<const std::string> words) {
  for (const auto& word : words) {
    if (word.size() < 2 || word[0] != '-') continue;
    if (word[1] != '-' ? flag.letter != 0 && word.find(flag.letter, 1) != std::string::npos
                       : word.compare(2, flag.name.size(), flag.name) == 0)
      return true;
  }
  return false;
}

template <class Wanted>
const Flag* find_flag(const Command& command, Wanted wanted) {
  for (const auto flags : {command.flags, global_flags()})
    if (const auto found = std::find_if(flags.begin(), flags.end(), wanted); found != flags.end()) return &*found;
  return nullptr;
}

// Adds a word of flags ("-it", "--env=A=1") to podctl's own. Whether the next word is the value of its last one.
bool add_flags(const Command& command, const std::string& word, std::vector<std::string>& own) {
  const auto equals = word.find('=');
  if (word[1] == '-') {
    own.push_back(word);
    const Flag* flag = find_flag(command, [&](const Flag& f) { return word.compare(2, std::string::npos, f.name) == 0; });
    return flag != nullptr && takes_value(*flag);
  }
  for (std::size_t i = 1; i < word.size(); ++i) {
    const Flag* flag = find_flag(command, [&](const Flag& f) { return f.letter == word[i]; });
    if (flag == nullptr) break;
    if (i + 1 == equals) {  // "-o=json", which is kubectl's and not the parser's
      if (i > 1) own.push_back(word.substr(0, i));
      own.push_back("--" + std::string(flag->name) + word.substr(equals));
      return false;
    }
    if (!takes_value(*flag)) continue;
    own.push_back(word);
    return i + 1 == word.size();
  }
  own.push_back(word);
  return false;
}

// What of the words is podctl's. The rest, after "--" or as soon as all names are there, is a command of the caller's.
std::vector<std::string> take_own(const Command& command, const std::vector<std::string>& words,
                                  std::optional<std::vector<std::string>>& rest) {
  std::vector<std::string> own;
  std::size_t pods = 0;
  bool is_value = false, has_kind = false;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (*word == "--") {
      rest.emplace(word + 1, words.end());
      break;
    }
    if (is_value) {
      own.push_back(*word);
      is_value = false;
    } else if (word->size() > 1 && word->front() == '-') {
      is_value = add_flags(command, *word, own);
    } else if (pods == command.pods_before_command) {
      rest.emplace(word, words.end());
      break;
    } else {
      if (pods == 0 && !has_kind && is_pod_kind(*word)) has_kind = true;
      else ++pods;
      own.push_back(*word);
    }
  }
  return own;
}

}  // namespace

Arguments parse(const Command& command, const std::vector<std::string>& words) {
  Arguments arguments;
  std::vector<std::string> own = take_own(command, words, arguments.command);
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<std::string_view, std::vector<std::string>> values;
  std::vector<std::pair<const Flag*, CLI::Option*>> options;
  for (const auto flags : {command.flags, global_flags()}) {
    for (const auto& flag : flags) {
      if (!is_mentioned(flag, own)) continue;
      auto& store = values[flag.name];
      CLI::Option* option = nullptr;
      if (!takes_value(flag)) {
        const std::string standard = flag.bare.empty() ? "true" : std::string(flag.bare);
        option = app.add_flag(dashed(flag) + '{' + standard + '}', store);
      } else {
        option = app.add_option(dashed(flag), store)->allow_extra_args(false)->expected(1);
      }
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      options.emplace_back(&flag, option);
    }
  }
  app.add_option("names", arguments.names);

  std::reverse(own.begin(), own.end());  // CLI11 takes words from the back
  try {
    app.parse(std::move(own));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();  // "--name: ..."
    usage_error(text.substr(0, text.find(':')) + " needs a value", own_name(command) + " --help");
  } catch (const CLI::ParseError& error) {
    usage_error(own_name(command) + ": " + error.what(), own_name(command) + " --help");
  }
  for (const auto& word : app.remaining())
    if (word.size() > 1 && word[0] == '-') unknown_flag(command, word);
  for (const auto& [flag, option] : options) {
    if (option->count() == 0) continue;
    for (const auto& value : values[flag->name])
      if (is_boolean(*flag) && value != "true" && value != "false" && value != "1" && value != "0")
        usage_error("--" + std::string(flag->name) + ' ' + quote(value) + " is neither true nor false");
    if (!flag->not_yet.empty()) usage_error("--" + std::string(flag->name) + " does not work yet: " + std::string(flag->not_yet));
    arguments.set(flag->name, std::move(values[flag->name]));
  }
  if (arguments.names.size() > command.most_names)
    usage_error(own_name(command) + " takes no " + quote(arguments.names[command.most_names]), own_name(command) + " --help");
  return arguments;
}

}  // namespace podctl::cli
