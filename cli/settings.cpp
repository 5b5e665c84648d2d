#include "cli/settings.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include "cli/environment.hpp"
#include "cli/manifest_input.hpp"
#include "podctl/control.hpp"
#include "podctl/error.hpp"
#include "podctl/run.hpp"

namespace podctl::cli {
namespace {

using Text = std::optional<std::string>;

template <class E, std::size_t N>
Text name_of(const std::optional<E>& value, const std::array<std::string_view, N>& names) {
  return value ? Text(names[static_cast<std::size_t>(*value)]) : std::nullopt;
}
template <class N>
Text digits(const std::optional<N>& value) {
  return value ? Text(std::to_string(*value)) : std::nullopt;
}

struct Known {
  std::string_view key, flag;
  const char* variable = nullptr;
  std::span<const std::string_view> choices;  // none: any text
  bool is_number = false;
  Text (*configured)(const Config&);
  std::string (*standard)();
};

constexpr Known kSettings[] = {
    {.key = "color",
     .flag = "color",
     .variable = "PODCTL_COLOR",
     .choices = kWhenNames,
     .configured = [](const Config& config) { return name_of(config.color, kWhenNames); },
     .standard = [] { return std::string("auto"); }},
    {.key = "detachKeys",
     .flag = "detach-keys",
     .configured = [](const Config& config) { return config.detach_keys; },
     .standard = [] { return AttachRequest().detach_keys; }},
    {.key = "keepFinished",
     .is_number = true,
     .configured = [](const Config& config) { return digits(config.keep_finished); },
     .standard = [] { return std::to_string(RunOptions().keep_finished); }},
    {.key = "logMaxFiles",
     .is_number = true,
     .configured = [](const Config& config) { return digits(config.log_max_files); },
     .standard = [] { return std::to_string(LogLimits().files); }},
    {.key = "logMaxSize",
     .is_number = true,
     .configured = [](const Config& config) { return config.log_max_size ? digits(std::optional(config.log_max_size->value)) : Text(); },
     .standard = [] { return std::to_string(LogLimits().size); }},
    {.key = "validate",
     .flag = "validate",
     .variable = "PODCTL_VALIDATE",
     .choices = kValidationNames,
     .configured = [](const Config& config) { return name_of(config.validate, kValidationNames); },
     .standard = [] { return std::string("strict"); }},
};

Setting find(const Arguments& arguments, const Known& known) {
  Setting found{.key = std::string(known.key), .is_number = known.is_number};
  const auto take = [&](std::string value, std::string source) {
    found.value = std::move(value);
    found.source = std::move(source);
    return found;
  };
  if (!known.flag.empty() && arguments.has(known.flag))
    return take(known.choices.empty() ? arguments.text(known.flag) : arguments.choice(known.flag, known.choices, {}),
                "--" + std::string(known.flag));
  if (std::string value = known.variable != nullptr ? variable(known.variable) : ""; !value.empty()) {
    require_choice(std::string(known.variable) + '=', value, known.choices);
    return take(std::move(value), known.variable);
  }
  for (const auto& file : arguments.configuration)
    if (auto value = known.configured(file.config)) return take(std::move(*value), file.path);
  return take(known.standard(), "built in");
}

std::uint64_t number(const Arguments& arguments, std::string_view key) {
  return std::strtoull(setting(arguments, key).value.c_str(), nullptr, 10);
}

}  // namespace

void read_configuration(Arguments& arguments) {
  const auto take = [&](const std::string& path) {
    try {
      arguments.configuration.push_back({path, parse_config(read_text(path), path)});
    } catch (InvalidInput& error) {
      error.info().hint = "podctl --config /dev/null ...        # goes on without it";
      throw;
    }
  };
  const auto take_if_there = [&](const std::string& path) {
    if (::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)) take(path);
  };
  const std::string named = arguments.has("config") ? arguments.text("config") : variable("PODCTL_CONFIG");
  if (named == "-") usage_error("a configuration is no standard input", "podctl --config FILE ...");
  if (!named.empty()) return take(named);
  std::string own = variable("XDG_CONFIG_HOME");
  if (own.empty() || own.front() != '/') own = variable("HOME").empty() ? std::string() : variable("HOME") + "/.config";
  if (!own.empty()) take_if_there(own + "/podctl/config.json");
  take_if_there("/etc/podctl/config.json");
}

Setting setting(const Arguments& arguments, std::string_view key) {
  for (const auto& known : kSettings)
    if (known.key == key) return find(arguments, known);
  throw std::logic_error("no setting " + std::string(key));
}

std::vector<Setting> settings(const Arguments& arguments) {
  std::vector<Setting> all;
  for (const auto& known : kSettings) all.push_back(find(arguments, known));
  return all;
}

LogLimits log_limits(const Arguments& arguments) {
  return {.size = number(arguments, "logMaxSize"), .files = static_cast<unsigned>(number(arguments, "logMaxFiles"))};
}

std::size_t keep_finished(const Arguments& arguments) { return number(arguments, "keepFinished"); }

}  // namespace podctl::cli
