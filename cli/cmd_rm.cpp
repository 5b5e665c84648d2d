#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "podctl/error.hpp"
#include "podctl/store.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kRmFlags[] = {
    {.name = "ignore-not-found", .help = "A pod that does not exist is no error.", .example = "podctl rm --ignore-not-found web"},
    {.name = "force",
     .letter = 'f',
     .help = "Stop a running pod first.",
     .example = "podctl rm --force web",
     .not_yet = "there is no stop yet; end the other podctl"},
};

int remove(const Arguments& arguments) {
  if (arguments.names.empty()) usage_error("which pod?", "podctl rm POD...");
  const StorePaths paths = paths_from(arguments);
  for (const auto& name : arguments.names) {
    const std::string pod = name.substr(0, 4) == "pod/" ? name.substr(4) : name;
    try {
      remove_pod(paths, pod);
    } catch (const Error& error) {
      if (error.info().error_class != ErrorClass::kNotFound || !arguments.is_set("ignore-not-found")) throw;
      continue;
    }
    if (!arguments.is_set("quiet")) print("pod/" + pod + "\n");
  }
  return 0;
}

constexpr Flag kPruneFlags[] = {
    {.name = "dry-run", .help = "Only say what would go.", .example = "podctl prune --dry-run"},
};

int prune(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  for (const auto& pod : list_pods(paths)) {
    if (pod.liveness == Liveness::kRunning) continue;
    if (!arguments.is_set("dry-run")) remove_pod(paths, pod.name);
    if (!arguments.is_set("quiet")) print("pod/" + pod.name + (pod.liveness == Liveness::kLost ? " (lost)\n" : "\n"));
  }
  return 0;
}

constexpr std::string_view kRmExamples[] = {"podctl rm web                               # forget a pod that has ended"};
constexpr std::string_view kPruneExamples[] = {"podctl prune                                # forget every pod that has ended"};

}  // namespace

const Command kRmCommand{.name = "rm",
                         .alias = "delete",
                         .group = Group::kTidy,
                         .usage = "[flags] POD...",
                         .summary = "Forget pods that have ended.",
                         .flags = kRmFlags,
                         .examples = kRmExamples,
                         .run = remove};
const Command kPruneCommand{.name = "prune",
                            .group = Group::kTidy,
                            .usage = "[flags]",
                            .summary = "Forget every pod that has ended, and what lost ones left.",
                            .flags = kPruneFlags,
                            .examples = kPruneExamples,
                            .run = prune,
                            .most_names = 0};

}  // namespace podctl::cli
