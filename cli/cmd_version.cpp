#include <sys/utsname.h>

#include <array>

#include "cli/command.hpp"
#include "cli/environment.hpp"

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
  const std::string kernel = std::string(names.sysname) + ' ' + names.release;
  if (form.name != "text")
    print(in_form(std::string("{\"version\": \"") + PODCTL_VERSION + "\", \"commit\": \"" + PODCTL_COMMIT + "\", \"buildType\": \"" +
                      PODCTL_BUILD_TYPE + "\", \"kernel\": \"" + kernel + "\"}\n",
                  form));
  else print(version_line() + "commit   " + PODCTL_COMMIT + "\nbuild    " + PODCTL_BUILD_TYPE + "\nkernel   " + kernel + '\n');
  return 0;
}

constexpr std::string_view kExamples[] = {"podctl version"};

}  // namespace

std::string version_line() { return std::string("podctl ") + PODCTL_VERSION + '\n'; }

const Command kVersionCommand{.name = "version",
                              .group = Group::kLearn,
                              .usage = "[flags]",
                              .summary = "Which podctl this is.",
                              .flags = kFlags,
                              .examples = kExamples,
                              .run = run,
                              .most_names = 0};

}  // namespace podctl::cli
