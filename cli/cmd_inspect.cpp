// inspect and top: a living pod as the kernel shows it.
#include <algorithm>
#include <array>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/error.hpp"
#include "podctl/output.hpp"
#include "podctl/processes.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

constexpr std::array<std::string_view, 3> kInspectForms{"json", "yaml", "jsonpath"};
constexpr std::array<std::string_view, 4> kTopForms{"table", "json", "yaml", "jsonpath"};

constexpr Flag kInspectFlags[] = {
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "json (default), yaml or jsonpath=EXPRESSION.",
     .example = "podctl inspect -o jsonpath='{.status.podctl.pause.got.namespaces.net}' web"},
    selector_flag("podctl inspect -l app=web"),
    all_flag("podctl inspect --all"),
};

int inspect(const Arguments& arguments) {
  const OutputForm form = output_form(arguments, kInspectForms, "json");
  const StorePaths paths = paths_from(arguments);
  const bool several = arguments.has("selector") || arguments.is_set("all");
  if (arguments.names.empty() && !several) {
    print(in_form(inspect_json(one_pod(arguments, paths, NoName::kTakeOnlyPod)), form));
    return 0;
  }
  std::vector<NamedPod> pods = several_pods(arguments, paths, NoNames::kRefuse);
  std::sort(pods.begin(), pods.end(), [](const NamedPod& a, const NamedPod& b) { return a.record.name < b.record.name; });
  std::vector<std::string> objects;
  objects.reserve(pods.size());
  for (const auto& pod : pods) objects.push_back(inspect_json(pod));
  const bool one = !several && objects.size() == 1;
  print(in_form(one ? objects.front() : inspect_list_json(objects), form));
  return 0;
}

constexpr Flag kTopFlags[] = {
    {.name = "all", .help = "Show pause too.", .example = "podctl top --all web"},
    {.name = "no-headers", .help = "Rows alone.", .example = "podctl top --no-headers web | wc -l"},
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "table (default), json, yaml or jsonpath=EXPRESSION.",
     .example = "podctl top -o json web"},
};

int top(const Arguments& arguments) {
  const OutputForm form = output_form(arguments, kTopForms, "table");
  const NamedPod pod = one_pod(arguments, paths_from(arguments), NoName::kTakeOnlyPod);
  if (pod.summary.liveness != Liveness::kRunning)
    throw Error({.id = "not-running",
                 .message = "pod " + quote(pod.record.name) + " does not run: it has no processes",
                 .cause = "it is " + status_word(pod.summary),
                 .error_class = ErrorClass::kConflict,
                 .pod = pod.record.name});
  std::vector<PodProcess> processes = look_at_processes(pod.summary);
  if (!pod.container.empty()) std::erase_if(processes, [&](const PodProcess& process) { return process.container != pod.container; });
  const Which which = arguments.is_set("all") ? Which::kAll : Which::kContainers;
  if (form.name != "table") {
    print(in_form(process_list_json(pod.record.name, processes, which, machine_uptime()), form));
    return 0;
  }
  const Headings headings = arguments.is_set("no-headers") ? Headings::kHide : Headings::kShow;
  print(TableWriter(table_width()).write(process_table(processes, which, machine_uptime()), headings));
  return 0;
}

constexpr std::string_view kInspectExamples[] = {
    "podctl inspect web                          # everything, as JSON",
    "podctl inspect -o jsonpath='{.status.podctl.containers.app.got.capabilities.effective}' web",
};
constexpr std::string_view kTopExamples[] = {"podctl top web                              # every process, and whose it is",
                                             "podctl top web/app                          # those of one container"};

}  // namespace

const Command kInspectCommand{
    .name = "inspect",
    .group = Group::kLook,
    .usage = "[flags] POD...",
    .summary = "A pod as JSON.",
    .details =
        "The Pod object; under status.podctl what was asked, and, while the pod lives, what pause and each container\n"
        "got: process ids, namespaces, id maps, mounts, capabilities, seccomp and cgroup, read from the kernel.",
    .flags = kInspectFlags,
    .examples = kInspectExamples,
    .run = inspect};
const Command kTopCommand{
    .name = "top",
    .group = Group::kLook,
    .usage = "[flags] POD[/CONTAINER]",
    .summary = "The processes of a pod.",
    .details =
        "PID is what the process calls itself, HOST-PID what podctl's user sees; USER is the id inside the pod. %CPU is\n"
        "over the whole life of the process, as ps(1) has it. STAT: R running, S sleeping, D waiting for a device, T stopped,\n"
        "Z ended and not yet reaped; s leads a session, l has threads. A process whose container cannot be told shows as ?.",
    .flags = kTopFlags,
    .examples = kTopExamples,
    .run = top};

}  // namespace podctl::cli
