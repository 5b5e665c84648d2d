#include <sys/utsname.h>

#include <array>

#include "cli/command.hpp"
#include "cli/environment.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kFlags[] = {
    {.name = "output",
     .letter = 'o',
     .value = "text|json",
     .help = "How it is printed. Default text.",
     .example = "podctl version -o json"},
};

int run(const Arguments& arguments) {
  constexpr std::array<std::string_view, 2> kForms{"text", "json"};
  utsname names{};
  ::uname(&names);
  const std::string kernel = std::string(names.sysname) + ' ' + names.release;
  if (arguments.choice("output", kForms, "text") == "json")
    print(std::string("{\"version\": \"") + PODCTL_VERSION + "\", \"commit\": \"" + PODCTL_COMMIT + "\", \"buildType\": \"" +
          PODCTL_BUILD_TYPE + "\", \"kernel\": \"" + kernel + "\"}\n");
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
