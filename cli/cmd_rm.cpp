#include "cli/changed_pods.hpp"
#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/control.hpp"
#include "podctl/error.hpp"
#include "podctl/store.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kRmFlags[] = {
    {.name = "ignore-not-found", .help = "A pod that does not exist is no error.", .example = "podctl rm --ignore-not-found web"},
    selector_flag("podctl rm -l app=web"),
    {.name = "all", .help = "Every pod. Asks first, unless --yes.", .example = "podctl rm --all --yes"},
    {.name = "yes", .letter = 'y', .help = "Do not ask.", .example = "podctl rm --all --yes"},
    {.name = "force", .letter = 'f', .help = "Stop a running pod first.", .example = "podctl rm --force web"},
    changed_output_flag("podctl rm -o json web"),
};

// One live pod among several ends the command before anything is gone.
void refuse_live(const StorePaths& paths, const std::vector<NamedPod>& pods) {
  for (const auto& pod : pods)
    if (pod.record.liveness == Liveness::kRunning) remove_pod(paths, pod.record.name);  // which says that it runs, and who looks after it
}

// --all is more than was named: a person is asked, and a script says that it means it.
bool is_meant(const Arguments& arguments, const std::vector<NamedPod>& pods) {
  if (!arguments.is_set("all") || arguments.is_set("yes") || pods.empty()) return true;
  if (!can_ask())
    usage_error("rm --all asks before it forgets " + std::to_string(pods.size()) + " pods, and nobody is there to answer",
                "podctl rm --all --yes");
  return confirm("forget " + std::to_string(pods.size()) + (pods.size() == 1 ? " pod?" : " pods?"));
}

int remove(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  const Missing missing = arguments.is_set("ignore-not-found") ? Missing::kIgnore : Missing::kRefuse;
  const std::vector<NamedPod> pods = several_pods(arguments, paths, NoNames::kRefuse, missing);
  for (const auto& pod : pods)
    if (!pod.container.empty()) usage_error("rm takes pods, and " + quote(pod.record.name + '/' + pod.container) + " is a container");
  const bool force = arguments.is_set("force");
  ChangedPods changed(arguments, paths);
  if (!force) refuse_live(paths, pods);
  if (!is_meant(arguments, pods)) return 1;
  for (const auto& pod : pods) {
    try {
      if (force) stop_pod(paths, pod.record.name, {});
      remove_pod(paths, pod.record.name);
    } catch (const Error& error) {
      if (error.info().error_class != ErrorClass::kNotFound) throw;  // it was there: somebody else was faster, or its own --rm
    }
    changed.add(pod.record);
  }
  changed.print_objects(names_one_pod(arguments));
  return 0;
}

constexpr std::string_view kRmExamples[] = {"podctl rm web                               # forget a pod that has ended"};

}  // namespace

const Command kRmCommand{.name = "rm",
                         .alias = "delete",
                         .group = Group::kTidy,
                         .usage = "[flags] POD...",
                         .summary = "Forget pods that have ended.",
                         .details = "When one of them runs, none is forgotten.",
                         .flags = kRmFlags,
                         .examples = kRmExamples,
                         .run = remove};
}  // namespace podctl::cli
