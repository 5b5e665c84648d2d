#include <sys/utsname.h>

#include <array>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/settings.hpp"
#include "podctl/version.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kFlags[] = {
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "text (default), json, yaml or jsonpath=EXPRESSION.",
     .example = "podctl version -o json"},
};

int run(const Arguments& arguments) {
  constexpr std::array<std::string_view, 4> kForms{"text", "json", "yaml", "jsonpath"};
  const OutputForm form = output_form(arguments, kForms, "text");
  utsname names{};
  ::uname(&names);
  const VersionInfo info{.version = PODCTL_VERSION,
                         .commit = PODCTL_COMMIT,
                         .build_type = PODCTL_BUILD_TYPE,
                         .kernel = std::string(names.sysname) + ' ' + names.release,
                         .features = {"yaml", "tar", "http-probes", "https-probes", "grpc-probes"},
                         .settings = settings(arguments)};
  print(form.name == "text" ? version_text(info) : in_form(version_json(info), form));
  return 0;
}

constexpr std::string_view kExamples[] = {"podctl version"};

}  // namespace

std::string version_line() { return std::string("podctl ") + PODCTL_VERSION + '\n'; }

const Command kVersionCommand{.name = "version",
                              .group = Group::kLearn,
                              .usage = "[flags]",
                              .summary = "Which podctl this is.",
                              .details = "With every setting, and where its value comes from.",
                              .flags = kFlags,
                              .examples = kExamples,
                              .run = run,
                              .most_names = 0};

}  // namespace podctl::cli
