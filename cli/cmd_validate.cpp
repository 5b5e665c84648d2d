#include <array>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/manifest_input.hpp"
#include "podctl/manifest.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

constexpr std::size_t kMostShown = 1000;

constexpr Flag kFlags[] = {
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "text (default), json, yaml or jsonpath=EXPRESSION. One file gives a report, several a list.",
     .example = "podctl validate -o json pod.json"},
    {.name = "strict",
     .help = "Refuse unknown and unsupported fields (default); with =false they are warnings.",
     .example = "podctl validate --strict=false pod.json"},
    {.name = "for-host",
     .help = "Add what this machine cannot do.",
     .example = "podctl validate --for-host pod.json",
     .not_yet = "it comes with doctor"},
};

int run(const Arguments& arguments) {
  constexpr std::array<std::string_view, 4> kForms{"text", "json", "yaml", "jsonpath"};
  const OutputForm form = output_form(arguments, kForms, "text");
  const bool lenient = arguments.has("strict") && !arguments.is_set("strict");
  const ParseOptions options{.validation = lenient ? Validation::kWarn : Validation::kStrict};
  if (arguments.names.empty()) usage_error("which manifest?", "podctl validate FILE...");
  bool valid = true;
  std::vector<ValidationReport> reports;
  for (const auto& file : arguments.names) {
    const Manifest manifest = parse_manifest(read_text(file), options);
    valid = valid && !manifest.has_errors();
    if (form.name != "text") {
      reports.push_back({file, manifest.diagnostics});
    } else if (manifest.diagnostics.empty()) {
      print(file + ": valid\n");
    } else {
      print(file + (manifest.has_errors() ? ": invalid\n" : ": valid\n") + render_diagnostics(manifest.diagnostics, kMostShown));
    }
  }
  if (form.name != "text") print(in_form(render_reports_json(reports), form));
  return valid ? 0 : 3;
}

constexpr std::string_view kExamples[] = {
    "podctl validate pod.json                    # every problem at once, with line and column",
    "podctl validate -o json *.json",
};

}  // namespace

const Command kValidateCommand{.name = "validate",
                               .group = Group::kLearn,
                               .usage = "[flags] FILE...",
                               .summary = "Check manifests.",
                               .details = "Exit code 0 when all are valid, 3 when one is not.",
                               .flags = kFlags,
                               .examples = kExamples,
                               .run = run};

}  // namespace podctl::cli
