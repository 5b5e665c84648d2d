// Changes that the command line makes in a manifest. The bytes are lines: a letter for the flag,
// then its value.
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "fuzz/require.hpp"
#include "podctl/manifest.hpp"
#include "spec/fields.hpp"

namespace {

using namespace podctl;
using podfuzz::require;

constexpr std::string_view kManifest =
    R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
 "spec": {"volumes": [{"name": "data", "emptyDir": {}}], "initContainers": [{"name": "first"}],
  "containers": [{"name": "app", "command": ["sh"], "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
                 {"name": "log", "image": "host", "env": [{"name": "A", "value": "1"}]}]}})";

struct Script {
  ParseOptions options;
  std::vector<std::string> command;
};

void take_set(const std::string& value, Edits& edits) {
  const auto equals = value.find('=');
  if (equals == std::string::npos || equals == 0) return;
  edits.set.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  const auto* type = spec::find_type(spec::object_info<Pod>(), edits.set.back().first);
  require(type == nullptr || type->kind <= spec::Kind::kAny, "a type is one of the kinds");
}

void take_line(std::string_view line, Script& script) {
  if (line.empty()) return;
  Edits& edits = script.options.edits;
  const std::string value(line.substr(1));
  switch (line.front()) {
    case 's': return take_set(value, edits);
    case 'a':
      return static_cast<void>(
          edits.annotations.emplace_back(value.substr(0, value.find('=')), value.substr(std::min(value.size(), value.find('=')))));
    case 'n': edits.name = value; return;
    case 'i': edits.image = value; return;
    case 'r': edits.restart_policy = value; return;
    case 'p': edits.sharing = value; return;
    case 'N': edits.network = value; return;
    case 'e': edits.env.push_back(value); return;
    case 'v': edits.volumes.push_back(value); return;
    case 'I': edits.stdin_open = true; return;
    case 'c': edits.container = value; return;
    case 'd':
      edits.current_directory = '/' + value;
      edits.show_current_directory = true;
      return;
    case 'w': edits.current_directory_writable = true; return;
    case 'V': script.options.validation = value == "ignore" ? Validation::kIgnore : Validation::kWarn; return;
    default: script.command.push_back(value); return;
  }
}

void check(const Manifest& manifest, const char* what) {
  for (const auto& d : manifest.diagnostics) require(!d.message.empty(), "a problem has words", what);
  if (manifest.has_errors()) return;
  require(manifest.pods.size() == 1, "an edited manifest still holds one pod", what);
  const std::string once = manifest_json(manifest.pods.front());
  const Manifest again = parse_manifest(once, {.validation = Validation::kIgnore, .edits = {}});
  require(!again.has_errors(), "an edited pod is valid when written out", once + render_diagnostics(again.diagnostics, 10));
  require(manifest_json(again.pods.front()) == once, "an edited pod reads back as it was written", once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  Script script;
  script.options.edits.current_directory = "/home/alice/work";
  for (const auto line : split(podfuzz::as_text(data, size), '\n')) take_line(line, script);
  check(parse_manifest(kManifest, script.options), "a manifest");
  if (script.command.empty()) script.command.emplace_back("true");
  check(make_command_pod(script.command, script.options), "a command");
  return 0;
}
