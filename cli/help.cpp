#include "cli/help.hpp"

#include <algorithm>
#include <array>

#include "cli/environment.hpp"

namespace podctl::cli {
namespace {

std::string pad(std::string text, std::size_t width) {
  text.append(width - std::min(width, text.size()), ' ');
  return text;
}

std::string flag_text(const Flag& flag, std::string_view no_letter) {
  std::string text = flag.letter != 0 ? std::string("-") + flag.letter + ", --" : std::string(no_letter) + "--";
  text += flag.name;
  if (!flag.bare.empty()) text += "[=" + std::string(flag.value) + ']';
  else if (!flag.value.empty()) text += ' ' + std::string(flag.value);
  return text;
}

std::string flag_list(std::span<const Flag> flags) {
  std::string out;
  for (const auto& flag : flags) {
    if (!flag.not_yet.empty()) continue;
    out += "  " + pad(flag_text(flag, "    "), 34) + ' ' + std::string(flag.help) +
           (flag.repeats && !flag.value.empty() ? " Repeats." : "") + '\n';
  }
  return out;
}

int run_help(const Arguments& arguments) {
  if (arguments.names.empty()) {
    print(overview());
    return 0;
  }
  const Command* command = find_command(arguments.names.front());
  if (command == nullptr) unknown_command(arguments.names.front());
  print(help_page(*command));
  return 0;
}

constexpr std::string_view kExamples[] = {"podctl help run"};

}  // namespace

std::string help_page(const Command& command) {
  if (command.run == nullptr) return "podctl " + std::string(command.name) + " does not work yet: " + std::string(command.summary) + '\n';
  std::string out = std::string(command.summary) + "\n\n";
  for (const auto example : command.examples) out += "  " + std::string(example) + '\n';
  out += "\nUsage: podctl " + std::string(command.name) + ' ' + std::string(command.usage) + '\n';
  if (!command.details.empty()) out += '\n' + std::string(command.details) + '\n';
  if (!command.flags.empty()) out += "\nFlags:\n" + flag_list(command.flags);
  out += "\nEverywhere:\n" + flag_list(global_flags());
  return out;
}

std::string help_screen(const Command& command) {
  constexpr std::size_t kWidth = 78;
  std::string out = std::string(command.summary) + "\n\n";
  for (const auto example : command.examples) out += "  " + std::string(example) + '\n';
  out += "\nUsage: podctl " + std::string(command.name) + ' ' + std::string(command.usage) + "\n\nFlags:";
  std::size_t column = 6;
  for (const auto flags : {command.flags, global_flags()}) {
    for (const auto& flag : flags) {
      if (!flag.not_yet.empty()) continue;
      const std::string text = flag_text(flag, "");
      if (column + 2 + text.size() > kWidth) {
        out += "\n      ";
        column = 6;
      }
      out += "  " + text;
      column += 2 + text.size();
    }
  }
  return out + "\n\npodctl " + std::string(command.name) + " --help says what each of them does.\n";
}

std::string overview() {
  struct Heading {
    Group group;
    std::string_view title;
  };
  constexpr std::array<Heading, 5> kHeadings{
      {{Group::kRun, "Run"}, {Group::kLook, "Look"}, {Group::kControl, "Control"}, {Group::kLearn, "Learn"}, {Group::kTidy, "Tidy up"}}};
  std::string out = "podctl runs a Kubernetes Pod on this machine, as you, straight on namespaces.\n\n";
  for (const auto& heading : kHeadings) {
    std::string verbs;
    for (const auto& command : commands())
      if (command.group == heading.group && command.run != nullptr) verbs += (verbs.empty() ? "" : " · ") + std::string(command.name);
    if (!verbs.empty()) out += "  " + pad(std::string(heading.title), 8) + "  " + verbs + '\n';
  }
  out +=
      "\n  podctl run pod.json        run a pod, see its output, end with its exit code\n"
      "  podctl run -- CMD          run one command in a sandbox of the host's own files\n"
      "  podctl plan pod.json       see every kernel step before it happens\n"
      "\npodctl help COMMAND says more.\n";
  return out;
}

const Command kHelpCommand{.name = "help",
                           .group = Group::kLearn,
                           .usage = "[COMMAND]",
                           .summary = "Say what a command does.",
                           .examples = kExamples,
                           .run = run_help,
                           .most_names = 1};

}  // namespace podctl::cli
