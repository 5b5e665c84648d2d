// The commands that make pods and bring them back.
#include <unistd.h>

#include "cli/changed_pods.hpp"
#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/log.hpp"
#include "cli/manifest_input.hpp"
#include "cli/pod_args.hpp"
#include "cli/settings.hpp"
#include "podctl/control.hpp"
#include "podctl/error.hpp"
#include "podctl/run.hpp"

namespace podctl::cli {
namespace {

// --- create -----------------------------------------------------------------------------------------------

int create(const Arguments& arguments) {
  const Input input = read_pods(arguments);
  RunOptions options;
  options.paths = paths_from(arguments);
  options.manifest_directory = input.directory;
  ChangedPods changed(arguments, options.paths);
  for (const auto& pod : input.manifest.pods) changed.add(create_pod(pod, input.manifest.objects, options));
  changed.print_objects(input.manifest.pods.size() == 1);
  return 0;
}

// --- start ------------------------------------------------------------------------------------------------

constexpr Flag kStartFlags[] = {
    {.name = "attach", .letter = 'a', .help = "In the foreground, as podctl run.", .example = "podctl start -a web"},
    {.name = "wait-ready",
     .value = "D",
     .bare = "30s",
     .help = "Return when the pod is ready.",
     .example = "podctl start --wait-ready web"},
    selector_flag("podctl start -l app=web"),
    all_flag("podctl start --all"),
    changed_output_flag("podctl start -o json web"),
};

RunOptions start_options(const Arguments& arguments, const StorePaths& paths) {
  RunOptions options;
  options.paths = paths;
  options.manifest_directory = "/";  // a kept manifest has no relative folders
  options.terminal = ::isatty(1) == 1;
  options.color = wants_color(arguments, options.terminal);
  options.quiet = arguments.is_set("quiet");
  options.log_limits = log_limits(arguments);
  options.keep_finished = keep_finished(arguments);
  options.log = make_log(arguments);
  return options;
}

int start(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  const std::vector<NamedPod> pods = several_pods(arguments, paths, NoNames::kRefuse);
  const bool attached = arguments.is_set("attach");
  if (attached && pods.size() != 1) usage_error("start -a takes one pod", "podctl start POD...");
  for (const char* flag : {"wait-ready", "output"})
    if (attached && arguments.has(flag)) usage_error("--" + std::string(flag) + " does not go with -a");
  ChangedPods changed(arguments, paths);
  for (const auto& pod : pods) {
    const std::string& name = pod.record.name;
    if (pod.record.liveness == Liveness::kRunning) {
      if (attached) usage_error("pod " + name + " runs already", "podctl attach " + name);
      changed.add(pod.record);
      continue;
    }
    const Manifest manifest = kept_manifest(paths, name);
    const RunOptions options = start_options(arguments, paths);
    if (attached) return run_pod(manifest.pods.front(), manifest.objects, options).code;
    changed.add(run_detached(manifest.pods.front(), manifest.objects, options, arguments.duration("wait-ready")));
  }
  changed.print_objects(names_one_pod(arguments));
  return 0;
}

// --- restart ----------------------------------------------------------------------------------------------

constexpr Flag kRestartFlags[] = {
    {.name = "grace",
     .value = "D",
     .help = "Time between the stop signal and SIGKILL, instead of the pod's own.",
     .example = "podctl restart --grace 5s web"},
    container_flag("podctl restart -c app web"),
    selector_flag("podctl restart -l app=web"),
    all_flag("podctl restart --all"),
    changed_output_flag("podctl restart -o json web"),
};

int restart(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  const StopOptions stopping{arguments.duration("grace")};
  ChangedPods changed(arguments, paths);
  for (const auto& pod : several_pods(arguments, paths, NoNames::kRefuse)) {
    const std::string& name = pod.record.name;
    if (arguments.has("container") || !pod.container.empty()) {
      const std::string container = container_of(arguments, pod);
      restart_container(paths, name, container, stopping);
      changed.add(pod.record, container);
      continue;
    }
    const Manifest manifest = kept_manifest(paths, name);
    stop_pod(paths, name, stopping);
    changed.add(run_detached(manifest.pods.front(), manifest.objects, start_options(arguments, paths), {}));
  }
  changed.print_objects(names_one_pod(arguments));
  return 0;
}

constexpr std::string_view kCreateExamples[] = {
    "podctl create web.json                      # checked and kept; podctl start web runs it",
    "podctl create --name job -- make test       # the same with a command",
};
constexpr std::string_view kStartExamples[] = {
    "podctl start web                            # in the background",
    "podctl start -a web                         # in the foreground, with its exit code",
};
constexpr std::string_view kRestartExamples[] = {
    "podctl restart web                          # stopped as by podctl stop, then started in the background",
    "podctl restart web/app                      # one container; the others go on",
};

}  // namespace

static const std::vector<Flag> kCreateFlags = [] {
  std::vector<Flag> flags{changed_output_flag("podctl create -o json web.json")};
  for (const auto& flag : manifest_flags()) flags.push_back(flag);
  return flags;
}();
const Command kCreateCommand{.name = "create",
                             .group = Group::kRun,
                             .usage = "[flags] FILE | - | -- CMD [ARG...]",
                             .summary = "Prepare a pod without starting it.",
                             .details = "Takes the flags of run that change the manifest. No process runs until podctl start.",
                             .flags = kCreateFlags,
                             .examples = kCreateExamples,
                             .run = create};
const Command kStartCommand{.name = "start",
                            .group = Group::kRun,
                            .usage = "[flags] POD...",
                            .summary = "Start pods that were created or have ended.",
                            .details = "One that runs already is no error.",
                            .flags = kStartFlags,
                            .examples = kStartExamples,
                            .run = start,
                            .workload_flag = "attach"};
const Command kRestartCommand{.name = "restart",
                              .group = Group::kControl,
                              .usage = "[flags] POD...",
                              .summary = "Restart pods, or a container.",
                              .flags = kRestartFlags,
                              .examples = kRestartExamples,
                              .run = restart};

}  // namespace podctl::cli
