#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/spec.hpp"

namespace podctl {

/// How unknown, duplicate and unsupported fields are taken; the values of kubectl's --validate.
enum class Validation { kStrict, kWarn, kIgnore };
inline constexpr std::array<std::string_view, 3> kValidationNames{"strict", "warn", "ignore"};

/// What the command line changes in a manifest before it is read: `run` and `plan` take the same.
struct Edits {
  std::optional<std::string> name, image, restart_policy, sharing, network;
  std::vector<std::pair<std::string, std::string>> annotations;
  std::vector<std::pair<std::string, std::string>> set;  ///< field path -> value, as `--set` takes them
  std::vector<std::string> env;                          ///< "NAME=VALUE"
  std::vector<std::string> volumes;                      ///< "HOST:CONTAINER[:ro]"
  bool stdin_open = false, terminal = false;
  std::optional<std::string> container;  ///< what env, volumes, stdin_open and terminal are meant for; all when absent
  std::string current_directory;         ///< relative host paths start here
  bool show_current_directory = false;   ///< at the same path, and the program starts in it
  bool current_directory_writable = false;
};

struct ParseOptions {
  Validation validation = Validation::kStrict;
  Edits edits;
};

/// What an input holds. `pods` are complete only while `diagnostics` has no error.
struct Manifest {
  std::vector<Pod> pods;
  std::vector<DataObject> objects;
  std::vector<Diagnostic> diagnostics;  ///< by place in the text

  [[nodiscard]] bool has_errors() const;
};

/// Reads a manifest: JSON when its first character that is not blank is '{', else YAML; one or several objects,
/// Lists flattened, the pods in their order. Collects every problem; throws nothing for bad input. Pure: the same
/// text gives the same result.
Manifest parse_manifest(std::string_view text, const ParseOptions& options = {});

/// The one-container pod that `run -- CMD` makes. `command` is taken literally.
Manifest make_command_pod(const std::vector<std::string>& command, const ParseOptions& options = {});

/// The pod as a JSON manifest with every default filled in; ends with a newline.
std::string manifest_json(const Pod& pod);

/// A ConfigMap or Secret as JSON, which parse_manifest() reads back as the same values; ends with a newline.
std::string object_json(const DataObject& object);

}  // namespace podctl
