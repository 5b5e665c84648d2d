#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/config.hpp"

namespace podctl::cli {

/// One flag of a command: parsing, help and whatever documents the command line read this and nothing else.
struct Flag {
  std::string_view name;   ///< long name without dashes
  char letter = 0;         ///< short name, or 0
  std::string_view value;  ///< what its value is called; empty for a boolean
  std::string_view bare;   ///< of a flag whose value is optional: what --name alone means
  bool repeats = false;
  std::string_view help;
  std::string_view example;
  std::string_view not_yet;  ///< why it is refused, for a flag that does not work yet
};

struct ConfigFile {
  std::string path;
  Config config;
};

class Arguments;

enum class Group { kRun, kLook, kControl, kLearn, kTidy };

struct Command {
  std::string_view name, alias;
  Group group = Group::kRun;
  std::string_view usage;  ///< after "podctl NAME"
  std::string_view summary;
  std::string_view details;
  std::span<const Flag> flags;
  std::span<const std::string_view> examples;
  int (*run)(const Arguments&) = nullptr;  ///< null for a command that is not there yet
  bool runs_workload = false;              ///< its exit codes are the workload's; podctl's own failures are 125
  std::string_view workload_flag;          ///< the same, but only with this flag
  std::size_t most_names = SIZE_MAX;       ///< how many words it takes that are no flags
  /// After so many pods a word begins a command of the caller's, which may have flags of its own.
  std::size_t pods_before_command = SIZE_MAX;
};

/// What the command line says.
class Arguments {
 public:
  std::vector<std::string> names;                   ///< positional
  std::optional<std::vector<std::string>> command;  ///< the caller's: what follows "--", or the names
  std::vector<ConfigFile> configuration;            ///< by read_configuration(); the first that says something wins

  [[nodiscard]] bool has(std::string_view flag) const { return values_.contains(std::string(flag)); }
  /// A boolean flag; false for --flag=false.
  [[nodiscard]] bool is_set(std::string_view flag) const;
  /// The value of a flag, or "".
  [[nodiscard]] std::string text(std::string_view flag) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view flag) const;
  /// @throws Error kUsage for what is no duration
  [[nodiscard]] std::optional<std::chrono::nanoseconds> duration(std::string_view flag) const;
  /// One of `choices`. @throws Error kUsage
  [[nodiscard]] std::string choice(std::string_view flag, std::span<const std::string_view> choices, std::string_view standard) const;

  void set(std::string_view flag, std::vector<std::string> values) { values_[std::string(flag)] = std::move(values); }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

std::span<const Command> commands();
std::span<const Flag> global_flags();
/// By name or alias; null when there is none.
const Command* find_command(std::string_view name);
/// The usage error for a word that is no command, with what was perhaps meant.
[[noreturn]] void unknown_command(const std::string& word);

/// @throws Error kUsage
Arguments parse(const Command& command, const std::vector<std::string>& words);

/// @throws Error kUsage, beginning with `label`, for a value that is none of `choices`
void require_choice(std::string_view label, const std::string& value, std::span<const std::string_view> choices);

/// A usage error of `command`.
[[noreturn]] void usage_error(std::string message, std::string hint = {});

/// What --version prints.
std::string version_line();

// Tables of the commands; each stands beside what it runs.
extern const Command kAttachCommand, kCpCommand, kCreateCommand, kDescribeCommand, kEventsCommand, kExecCommand, kExistsCommand,
    kHelpCommand, kInspectCommand, kKillCommand, kLogsCommand, kPauseCommand, kPlanCommand, kPruneCommand, kPsCommand, kRestartCommand,
    kRmCommand, kRunCommand, kStartCommand, kStopCommand, kTopCommand, kUnpauseCommand, kValidateCommand, kVersionCommand, kWaitCommand;

}  // namespace podctl::cli
