// The commands that end, hold and restart pods that run.
#include <algorithm>
#include <cctype>
#include <csignal>

#include "cli/changed_pods.hpp"
#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/control.hpp"
#include "podctl/error.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kGraceFlag{.name = "grace",
                          .value = "D",
                          .help = "Time between the stop signal and SIGKILL, instead of the pod's own.",
                          .example = "podctl stop --grace 5s web"};

// The container that was named, which a pod without one does not have.
std::string named_container(const Arguments& arguments, const NamedPod& pod) {
  return arguments.has("container") || !pod.container.empty() ? container_of(arguments, pod) : std::string();
}

// The pods that were named. With --all and -l: those that run, since finished ones stay until they are removed.
std::vector<NamedPod> running_or_named(const Arguments& arguments, const StorePaths& paths) {
  std::vector<NamedPod> pods = several_pods(arguments, paths, NoNames::kRefuse);
  if (arguments.is_set("all") || arguments.has("selector"))
    std::erase_if(pods, [](const NamedPod& pod) { return pod.record.liveness != Liveness::kRunning; });
  return pods;
}

// --- stop -------------------------------------------------------------------------------------------------

constexpr Flag kStopFlags[] = {
    kGraceFlag,
    container_flag("podctl stop -c app web"),
    selector_flag("podctl stop -l app=web"),
    all_flag("podctl stop --all"),
    changed_output_flag("podctl stop -o json web"),
};

int stop(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  const StopOptions options{arguments.duration("grace")};
  ChangedPods changed(arguments, paths);
  for (const auto& pod : several_pods(arguments, paths, NoNames::kRefuse)) {
    const std::string container = named_container(arguments, pod);
    if (container.empty()) stop_pod(paths, pod.record.name, options);
    else stop_container(paths, pod.record.name, container, options);
    changed.add(pod.record, container);
  }
  changed.print_objects(names_one_pod(arguments));
  return 0;
}

// --- kill -------------------------------------------------------------------------------------------------

constexpr Flag kKillFlags[] = {
    {.name = "signal",
     .letter = 's',
     .value = "SIG",
     .help = "Which signal: a name or a number; default KILL.",
     .example = "podctl kill -s HUP web"},
    container_flag("podctl kill -c app web"),
    selector_flag("podctl kill -l app=web"),
    all_flag("podctl kill --all"),
    changed_output_flag("podctl kill -o json web"),
};

int kill(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  int number = SIGKILL;
  if (arguments.has("signal")) {
    std::string name = arguments.text("signal");
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    number = parse_signal(name);
    if (number == 0) usage_error("-s " + quote(arguments.text("signal")) + " is no signal", "kill -l lists them");
  }
  ChangedPods changed(arguments, paths);
  for (const auto& pod : running_or_named(arguments, paths)) {
    const std::string container = named_container(arguments, pod);
    kill_pod(paths, pod.record.name, container, number);
    changed.add(pod.record, container);
  }
  changed.print_objects(names_one_pod(arguments));
  return 0;
}

// --- pause, unpause ---------------------------------------------------------------------------------------

constexpr Flag kFreezeFlags[] = {selector_flag("podctl pause -l app=web"), all_flag("podctl pause --all"),
                                 changed_output_flag("podctl pause -o json web")};

std::string in_words(const Freeze& freeze, std::string_view by_signal) {
  if (freeze.method == FreezeMethod::kCgroup) return "by the cgroup freezer";
  return "by " + std::string(by_signal) + (freeze.refusal.empty() ? "" : " (" + freeze.refusal + ")");
}

int hold(const Arguments& arguments, Freeze (*change)(const StorePaths&, const std::string&), std::string_view by_signal) {
  const StorePaths paths = paths_from(arguments);
  ChangedPods changed(arguments, paths);
  for (const auto& pod : running_or_named(arguments, paths)) {
    const Freeze freeze = change(paths, pod.record.name);
    if (freeze.method) note(arguments, pod.record.name + ": " + in_words(freeze, by_signal));
    changed.add(pod.record);
  }
  changed.print_objects(names_one_pod(arguments));
  return 0;
}

int pause(const Arguments& arguments) { return hold(arguments, freeze_pod, "SIGSTOP to each of its processes"); }
int unpause(const Arguments& arguments) { return hold(arguments, thaw_pod, "SIGCONT to each of its processes"); }

constexpr std::string_view kStopExamples[] = {
    "podctl stop web                             # preStop, SIGTERM, up to 30 s, SIGKILL",
    "podctl stop --grace 1s -l app=web           # every pod with that label",
};
constexpr std::string_view kKillExamples[] = {
    "podctl kill web                             # SIGKILL: at once, without hooks",
    "podctl kill -s HUP -c app web               # a signal to one container's main process",
};
constexpr std::string_view kPauseExamples[] = {"podctl pause web                            # its processes stand still"};
constexpr std::string_view kUnpauseExamples[] = {"podctl unpause web                          # and go on"};

}  // namespace

const Command kStopCommand{
    .name = "stop",
    .group = Group::kControl,
    .usage = "[flags] POD...",
    .summary = "Stop pods.",
    .details = "Ends them as Kubernetes does, and returns when they are over. One that has ended already is no error.",
    .flags = kStopFlags,
    .examples = kStopExamples,
    .run = stop};
const Command kKillCommand{.name = "kill",
                           .group = Group::kControl,
                           .usage = "[flags] POD...",
                           .summary = "Send a signal to a pod.",
                           .details =
                               "Without flags: SIGKILL to all of it, which ends it. Other signals go to the containers' main\n"
                               "processes; what follows is up to them and to the restart policy.",
                           .flags = kKillFlags,
                           .examples = kKillExamples,
                           .run = kill};
const Command kPauseCommand{.name = "pause",
                            .group = Group::kControl,
                            .usage = "POD...",
                            .summary = "Freeze a pod.",
                            .flags = kFreezeFlags,
                            .examples = kPauseExamples,
                            .run = pause};
const Command kUnpauseCommand{.name = "unpause",
                              .group = Group::kControl,
                              .usage = "POD...",
                              .summary = "Thaw a pod.",
                              .flags = kFreezeFlags,
                              .examples = kUnpauseExamples,
                              .run = unpause};

}  // namespace podctl::cli
