#include <algorithm>

#include "base/text.hpp"
#include "plan/builder.hpp"
#include "spec/names.hpp"
#include "spec/validate.hpp"

namespace podctl {
namespace plan {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string home_of(const Draft& draft, const Place& place) {
  const std::uint32_t uid = draft.plan.members[static_cast<std::size_t>(place.index)].uid;
  if (const auto root = draft.facts.accounts.find(place.root); root != draft.facts.accounts.end())
    if (const auto account = root->second.find(uid); account != root->second.end()) return account->second.home;
  return uid == 0 ? "/root" : "/";
}

std::optional<std::string> file_value(const Draft& draft, const FileKeyRef& ref) {
  const auto file = draft.options.env_files.find({ref.volume_name, ref.path});
  if (file == draft.options.env_files.end()) return std::nullopt;
  const auto found = file->second.find(ref.key);
  return found == file->second.end() ? std::nullopt : std::optional(found->second);
}

// The value of a variable that comes from elsewhere; nothing for an optional one that is not there.
std::optional<std::string> value_from(const Draft& draft, const Container& container, const EnvVarSource& source) {
  if (source.field_ref) return field_value(draft, *source.field_ref);
  if (source.resource_field_ref) return resource_value(draft, *source.resource_field_ref, container);
  if (source.file_key_ref) return file_value(draft, *source.file_key_ref);
  const bool secret = source.secret_key_ref.has_value();
  const KeyRef& ref = secret ? *source.secret_key_ref : *source.config_map_key_ref;
  const DataObject* object = spec::find_object(draft.objects, secret ? DataObject::Kind::kSecret : DataObject::Kind::kConfigMap,
                                               draft.pod.metadata.name_space, ref.name);
  if (object == nullptr || object->binary.contains(ref.key)) return std::nullopt;
  const auto found = object->data.find(ref.key);
  return found == object->data.end() ? std::nullopt : std::optional(found->second);
}

void add_all_keys(const Draft& draft, const EnvFromSource& from, StringMap& variables) {
  const bool secret = from.secret_ref.has_value();
  const DataObject* object = spec::find_object(draft.objects, secret ? DataObject::Kind::kSecret : DataObject::Kind::kConfigMap,
                                               draft.pod.metadata.name_space, secret ? from.secret_ref->name : from.config_map_ref->name);
  if (object == nullptr) return;  // an optional one
  for (const auto& [key, value] : object->data)
    if (!object->binary.contains(key)) variables[cat(from.prefix, key)] = value;
}

// The manifest's variables alone: what $(NAME) can see.
StringMap manifest_variables(const Draft& draft, const Container& container) {
  StringMap variables;
  for (const auto& from : container.env_from) add_all_keys(draft, from, variables);
  for (const auto& entry : container.env) {
    if (!entry.value_from) variables[entry.name] = expand(entry.value, variables);
    else if (auto value = value_from(draft, container, *entry.value_from)) variables[entry.name] = std::move(*value);
  }
  return variables;
}

bool uses_secrets(const Container& container) {
  const auto from = [](const EnvFromSource& source) { return source.secret_ref.has_value(); };
  const auto variable = [](const EnvVar& entry) { return entry.value_from && entry.value_from->secret_key_ref; };
  return std::any_of(container.env_from.begin(), container.env_from.end(), from) ||
         std::any_of(container.env.begin(), container.env.end(), variable);
}

// The first $(NAME) in `text` that stands for nothing.
std::optional<std::string> missing_name(std::string_view text, const StringMap& variables) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '$') continue;
    const auto close = text.find(')', i);
    if (text[i + 1] == '(' && close != std::string_view::npos) {
      const std::string name(text.substr(i + 2, close - i - 2));
      const auto found = variables.find(name);
      if (found == variables.end() || found->second.empty()) return name;
      i = close;
    } else if (text[i + 1] == '$') {
      ++i;
    }
  }
  return std::nullopt;
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

std::string sub_path_of(const Draft& draft, const Container& container, const VolumeMount& mount, const std::string& path) {
  if (mount.sub_path_expr.empty()) return mount.sub_path;
  const auto refuse = [&](std::string cause) {
    const auto number = &mount - container.volume_mounts.data();
    throw Error({.id = "bad-sub-path",
                 .message = cat("cannot start pod '", draft.pod.metadata.name, "' (container '", container.name, "')"),
                 .cause = std::move(cause),
                 .error_class = ErrorClass::kInvalid,
                 .pod = draft.pod.metadata.name,
                 .container = container.name,
                 .stage = std::string(stage_name(Stage::kVolumes)),
                 .path = cat(path, ".volumeMounts[", number, "].subPathExpr")});
  };
  const StringMap variables = manifest_variables(draft, container);
  if (const auto name = missing_name(mount.sub_path_expr, variables))
    refuse(cat("missing value for ", quote(*name), ": the variable is empty, or the manifest does not define it"));
  std::string expanded = expand(mount.sub_path_expr, variables);
  // What it was made from may be a Secret, so it is not shown.
  if (const auto rule = spec::check_local_path(expanded); !rule.empty()) refuse(cat(quote(mount.sub_path_expr), " expanded ", rule));
  if (expanded.find('\0') != std::string::npos) refuse(cat(quote(mount.sub_path_expr), " expanded must not contain NUL characters"));
  return expanded;
}

std::vector<std::string> environment(const Draft& draft, const Place& place) {
  StringMap all = manifest_variables(draft, *place.container);
  all.try_emplace("PATH", kDefaultPath);
  all.try_emplace("HOSTNAME", draft.plan.host_name);
  all.try_emplace("HOME", home_of(draft, place));
  if (place.container->tty) all.try_emplace("TERM", "xterm");
  std::vector<std::string> list;
  list.reserve(all.size());
  for (const auto& [name, value] : all) list.push_back(cat(name, '=', value));
  return list;
}

action::ExecProgram exec_program(const Draft& draft, const Place& place) {
  const StringMap variables = manifest_variables(draft, *place.container);
  action::ExecProgram exec;
  const auto refers = [](const std::string& word) { return word.find("$(") != std::string::npos; };
  for (const auto* list : {&place.container->command, &place.container->args})
    exec.has_secrets = exec.has_secrets || (uses_secrets(*place.container) && std::any_of(list->begin(), list->end(), refers));
  for (const auto* list : {&place.container->command, &place.container->args})
    for (const auto& word : *list) exec.argv.push_back(expand(word, variables));
  exec.environment = environment(draft, place);
  exec.candidates = program_candidates(exec.argv.front(), exec.environment);
  return exec;
}

std::vector<std::string> program_candidates(const std::string& program, const std::vector<std::string>& environment) {
  // An empty name is not looked for, as with execvp(3): DIR/ would be a folder, and it is none that was meant.
  if (program.empty() || program.find('/') != std::string::npos) return {program};
  std::vector<std::string> candidates;
  for (const auto& entry : environment) {
    if (entry.substr(0, 5) != "PATH=") continue;
    for (const auto folder : split(std::string_view(entry).substr(5), ':'))
      candidates.push_back(folder.empty() ? cat("./", program) : cat(folder, '/', program));
  }
  return candidates;
}

}  // namespace plan

std::vector<EnvFile> env_files_of(const Pod& pod, int member) {
  std::vector<EnvFile> files;
  for (const auto& entry : all_containers(pod.spec)[static_cast<std::size_t>(member)]->env)
    if (entry.value_from && entry.value_from->file_key_ref)
      files.push_back({entry.value_from->file_key_ref->volume_name, entry.value_from->file_key_ref->path});
  return files;
}

void complete_environment(Plan& plan, int member, const Pod& pod, const std::vector<DataObject>& objects, const HostFacts& facts,
                          const PlanOptions& options) {
  std::vector<Step> none;
  const plan::Draft draft{pod, objects, facts, options, plan, none};
  const plan::Place place = plan::places(pod, options)[static_cast<std::size_t>(member)];
  const auto& env = place.container->env;
  for (std::size_t i = 0; i < env.size(); ++i) {
    if (!env[i].value_from || !env[i].value_from->file_key_ref) continue;
    const FileKeyRef& ref = *env[i].value_from->file_key_ref;
    if (ref.optional || plan::file_value(draft, ref)) continue;
    const bool has_file = options.env_files.contains({ref.volume_name, ref.path});
    throw Error({.id = "env-file",
                 .message = cat("cannot start pod '", pod.metadata.name, "' (container '", place.container->name, "')"),
                 .cause = has_file ? cat("environment variable key ", quote(ref.key), " not found in file ", quote(ref.path), " of volume ",
                                         quote(ref.volume_name))
                                   : cat("there is no file ", quote(ref.path), " in volume ", quote(ref.volume_name)),
                 .pod = pod.metadata.name,
                 .container = place.container->name,
                 .stage = std::string(stage_name(Stage::kExec)),
                 .path = cat(place.path, ".env[", i, "].valueFrom.fileKeyRef")});
  }
  for (auto& step : plan.steps)
    if (step.member == member && std::holds_alternative<action::ExecProgram>(step.action)) step.action = plan::exec_program(draft, place);
}

}  // namespace podctl
