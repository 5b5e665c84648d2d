#include <unistd.h>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "cli/settings.hpp"
#include "podctl/control.hpp"
#include "podctl/error.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kExecFlags[] = {
    container_flag("podctl exec web -c app -- ps"),
    {.name = "stdin", .letter = 'i', .help = "Pass standard input on.", .example = "podctl exec -i web -- sh < script"},
    {.name = "tty", .letter = 't', .help = "Give the command a terminal.", .example = "podctl exec -it web -- sh"},
    {.name = "user",
     .letter = 'u',
     .value = "USER",
     .help = "As another user: NAME, UID, and :GROUP perhaps.",
     .example = "podctl exec -u 1000 web -- id"},
    {.name = "workdir",
     .letter = 'w',
     .value = "DIR",
     .help = "In this folder of the container.",
     .example = "podctl exec -w /tmp web -- pwd"},
    {.name = "env", .letter = 'e', .value = "K=V", .repeats = true, .help = "Set a variable.", .example = "podctl exec -e A=1 web -- env"},
};

int exec(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  const NamedPod pod = one_pod(arguments, paths, NoName::kRefuse);
  ExecRequest request;
  request.container = container_of(arguments, pod);
  if (arguments.command) request.command = *arguments.command;
  if (request.command.empty()) usage_error("which command?", "podctl exec " + pod.record.name + " -- sh");
  request.environment = arguments.all("env");
  for (const auto& entry : request.environment)
    if (entry.find('=') == std::string::npos || entry.front() == '=') usage_error("-e " + entry + " is not NAME=VALUE");
  request.directory = arguments.text("workdir");
  if (arguments.has("workdir") && (request.directory.empty() || request.directory.front() != '/'))
    usage_error("-w " + request.directory + " is no absolute path");
  request.user = arguments.text("user");
  request.input = arguments.is_set("stdin");
  request.terminal = arguments.is_set("tty");
  if (request.terminal && request.input && ::isatty(0) != 1)
    note(arguments, "standard input is no terminal; the command gets one all the same");
  return exec_in_pod(paths, pod.record.name, request);
}

constexpr Flag kAttachFlags[] = {
    container_flag("podctl attach web -c app"),
    {.name = "stdin", .letter = 'i', .help = "Pass standard input on.", .example = "podctl attach -i web"},
    {.name = "detach-keys",
     .value = "KEYS",
     .help = "Keys that end the attachment, by commas; default ctrl-],ctrl-]. \"\": none.",
     .example = "podctl attach -i --detach-keys ctrl-p,ctrl-q web"},
};

int attach(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  const NamedPod pod = one_pod(arguments, paths, NoName::kRefuse);
  AttachRequest request;
  request.container = container_of(arguments, pod);
  request.input = arguments.is_set("stdin");
  request.detach_keys = setting(arguments, "detachKeys").value;
  return attach_to_pod(paths, pod.record.name, request);
}

constexpr std::string_view kExecExamples[] = {
    "podctl exec web -- cat /etc/hosts           # in the pod's first app container",
    "podctl exec -it web/log -- sh               # a shell in container log",
};
constexpr std::string_view kAttachExamples[] = {
    "podctl attach web                           # what it prints from now on; Ctrl-] twice ends that",
    "podctl attach -i web                        # and what is typed goes to it",
};

}  // namespace

const Command kExecCommand{.name = "exec",
                           .group = Group::kControl,
                           .usage = "[flags] POD [--] CMD [ARG...]",
                           .summary = "Run a command in a container.",
                           .details =
                               "It joins every namespace of the container and has its user, capabilities and environment.\n"
                               "The exit code is the command's. Flags after CMD are its own.",
                           .flags = kExecFlags,
                           .examples = kExecExamples,
                           .run = exec,
                           .runs_workload = true,
                           .pods_before_command = 1};
const Command kAttachCommand{.name = "attach",
                             .group = Group::kControl,
                             .usage = "[flags] POD",
                             .summary = "Connect to a container's streams.",
                             .flags = kAttachFlags,
                             .examples = kAttachExamples,
                             .run = attach,
                             .runs_workload = true,
                             .most_names = 2};

}  // namespace podctl::cli
