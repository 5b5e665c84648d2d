// The configuration file: its field table, and reading it as manifests are read.
#include "podctl/config.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "podctl/text.hpp"
#include "spec/decode.hpp"
#include "spec/json_reader.hpp"
#include "spec/report.hpp"

namespace podctl::spec {

template <>
const ObjectInfo& object_info<Config>() {
  // None has a default here: what one file leaves open another may say.
  static constexpr std::string_view kNoImages = "images are not read yet";
  static constexpr Field fields[] = {
      field<&Config::color>("color", "When output is coloured."),
      field<&Config::validate>("validate", "How unknown and unsupported fields of manifests are taken."),
      field<&Config::log_max_size>("logMaxSize", "Size after which a container's log goes on in a new file; 0: never."),
      field<&Config::log_max_files>("logMaxFiles", "How many files of a log there are, the current one included."),
      field<&Config::keep_finished>("keepFinished", "How many finished pods are kept."),
      field<&Config::detach_keys>("detachKeys", "Keys that end attach, by commas."),
      rejected("network", kString, "Which network pods have.", "it is the manifest's: annotation podctl.dev/network, or run --network"),
      rejected("overlay", kBoolean, "Whether the host's folders are writable.",
               "it is the manifest's: annotation podctl.dev/overlay, or run --overlay"),
      rejected("grace", kString, "Time between stop signal and SIGKILL.",
               "it is the manifest's: spec.terminationGracePeriodSeconds, or run --grace and stop --grace"),
      rejected("init", kString, "PID 1 of pods.", "there is one, podctl-pause"),
      rejected("pull", kString, "When images are pulled.", kNoImages),
      rejected("registries", kStrings, "Where images are pulled from.", kNoImages),
  };
  static constexpr ObjectInfo info{"Config", fields};
  return info;
}

}  // namespace podctl::spec

namespace podctl {
namespace {

constexpr std::int32_t kMostLogFiles = 1000;  // each is renamed when a new one is begun
constexpr std::int32_t kMostKept = 100'000;

void require_within(spec::Report& report, const char* name, std::optional<std::int32_t> value, std::int32_t least, std::int32_t most) {
  if (value && (*value < least || *value > most))
    report.error(spec::Path(name), cat("Invalid value: ", *value, ": must be between ", least, " and ", most));
}

}  // namespace

Config parse_config(std::string_view text, const std::string& source) {
  std::vector<Diagnostic> problems;
  const std::vector<spec::Node> nodes = spec::read_json(text, problems);
  Config config;
  if (nodes.size() > 1) problems.push_back({nodes[1].at.line, nodes[1].at.column, "", "only one object is expected", Severity::kError});
  if (!nodes.empty() && problems.empty()) {
    spec::Decoder decoder(spec::Strictness::kStrict, problems);
    decoder.decode(nodes.front(), config);
    spec::Report report(nodes.front(), problems);
    if (config.log_max_size && config.log_max_size->value < 0)
      report.error(spec::Path("logMaxSize"), cat("Invalid value: ", config.log_max_size->text, ": must not be negative"));
    require_within(report, "logMaxFiles", config.log_max_files, 2, kMostLogFiles);
    require_within(report, "keepFinished", config.keep_finished, 1, kMostKept);
    if (config.detach_keys && !parse_keys(*config.detach_keys))
      report.error(spec::Path("detachKeys"),
                   cat("Invalid value: ", quote(*config.detach_keys), ": write single characters and ctrl-X, by commas"));
  }
  if (problems.empty()) return config;
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return std::pair(a.line, a.column) < std::pair(b.line, b.column); });
  InvalidInput error(source, "configuration", std::move(problems));
  error.info().id = "config-invalid";
  error.info().error_class = ErrorClass::kUsage;
  throw error;
}

}  // namespace podctl
