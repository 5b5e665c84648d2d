#include "base/text.hpp"
#include "plan/builder.hpp"

namespace podctl::plan {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string home_of(const Draft& draft, const Place& place) {
  const std::uint32_t uid = draft.plan.members[static_cast<std::size_t>(place.index)].uid;
  if (const auto root = draft.facts.accounts.find(place.root); root != draft.facts.accounts.end())
    if (const auto account = root->second.find(uid); account != root->second.end()) return account->second.home;
  return uid == 0 ? "/root" : "/";
}

// The manifest's variables alone: what $(NAME) can see.
StringMap manifest_variables(const Container& container) {
  StringMap variables;
  for (const auto& entry : container.env) variables[entry.name] = expand(entry.value, variables);
  return variables;
}

}  // namespace

std::string expand(std::string_view text, const StringMap& variables) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
    } else if (text[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (text[i + 1] == '(') {
      const auto close = text.find(')', i + 2);
      if (close == std::string_view::npos) {
        out += text[i];
        continue;
      }
      const std::string name(text.substr(i + 2, close - i - 2));
      const auto found = variables.find(name);
      if (found != variables.end()) out += found->second;
      else out += text.substr(i, close - i + 1);
      i = close;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> environment(const Draft& draft, const Place& place) {
  StringMap all = manifest_variables(*place.container);
  all.try_emplace("PATH", kDefaultPath);
  all.try_emplace("HOSTNAME", draft.plan.host_name);
  all.try_emplace("HOME", home_of(draft, place));
  std::vector<std::string> list;
  list.reserve(all.size());
  for (const auto& [name, value] : all) list.push_back(cat(name, '=', value));
  return list;
}

action::ExecProgram exec_program(const Draft& draft, const Place& place) {
  const StringMap variables = manifest_variables(*place.container);
  action::ExecProgram exec;
  for (const auto* list : {&place.container->command, &place.container->args})
    for (const auto& word : *list) exec.argv.push_back(expand(word, variables));
  exec.environment = environment(draft, place);
  const std::string& program = exec.argv.front();
  // An empty name is not looked for, as with execvp(3): DIR/ would be a folder, and it is none that was meant.
  if (program.empty() || program.find('/') != std::string::npos) {
    exec.candidates = {program};
    return exec;
  }
  for (const auto& entry : exec.environment) {
    if (entry.substr(0, 5) != "PATH=") continue;
    for (const auto folder : split(std::string_view(entry).substr(5), ':'))
      exec.candidates.push_back(folder.empty() ? cat("./", program) : cat(folder, '/', program));
  }
  return exec;
}

}  // namespace podctl::plan
