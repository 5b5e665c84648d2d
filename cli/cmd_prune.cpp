#include "cli/changed_pods.hpp"
#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/error.hpp"
#include "podctl/store.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kFlags[] = {
    {.name = "dry-run", .help = "Only say what would go.", .example = "podctl prune --dry-run"},
    {.name = "images", .help = "Unused images too.", .example = "podctl prune --images", .not_yet = "images are not kept yet"},
    {.name = "yes", .letter = 'y', .help = "Do not ask.", .example = "podctl prune --yes"},
    changed_output_flag("podctl prune --yes -o json"),
};

struct Candidate {
  SeenPod pod;
  std::uint64_t bytes = 0;
};

// A pod that was made and not started has not ended; it waits.
bool is_over(const PodSummary& pod) { return pod.liveness != Liveness::kRunning && status_word(pod) != "Created"; }

int prune(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  std::vector<Candidate> candidates;
  std::uint64_t total = 0;
  for (auto& pod : look_at_pods(paths)) {
    if (!is_over(pod.summary)) continue;
    const std::uint64_t bytes = disk_usage(paths, pod.record.name);
    total += bytes;
    candidates.push_back({std::move(pod), bytes});
  }
  ChangedPods gone(arguments, paths);
  const bool dry = arguments.is_set("dry-run");
  const std::string what =
      std::to_string(candidates.size()) + (candidates.size() == 1 ? " pod, " : " pods, ") + std::to_string(total) + " bytes";
  if (!dry && !arguments.is_set("yes") && !candidates.empty()) {
    if (!can_ask()) usage_error("prune asks before it forgets " + what + ", and nobody is there to answer", "podctl prune --yes");
    if (!confirm("forget " + what + '?')) return 1;
  }
  for (const auto& candidate : candidates) {
    const std::string& name = candidate.pod.record.name;
    try {
      if (!dry) remove_pod(paths, name);
    } catch (const Error& error) {
      // Meanwhile it was removed, or a new pod has taken its name: then nothing of it is left to prune.
      if (error.info().error_class != ErrorClass::kNotFound && error.info().error_class != ErrorClass::kConflict) throw;
      continue;
    }
    if (arguments.has("output")) {
      gone.add(candidate.pod.record);
      continue;
    }
    const char* lost = candidate.pod.record.liveness == Liveness::kLost ? " (lost)" : "";
    print("pod/" + name + lost + ": " + std::to_string(candidate.bytes) + " bytes\n");
  }
  gone.print_objects(/*only=*/false);
  return 0;
}

constexpr std::string_view kExamples[] = {"podctl prune                                # forget every pod that has ended",
                                          "podctl prune --yes                          # from a script"};

}  // namespace

const Command kPruneCommand{
    .name = "prune",
    .group = Group::kTidy,
    .usage = "[flags]",
    .summary = "Forget every pod that has ended, and what lost ones left.",
    .details = "Prints what goes and how much of the disk it takes. Asks first, unless --yes; without a terminal --yes is needed.",
    .flags = kFlags,
    .examples = kExamples,
    .run = prune,
    .most_names = 0};

}  // namespace podctl::cli
