// exists and wait: questions that scripts ask by exit code.
#include <cstdio>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/error.hpp"
#include "podctl/text.hpp"
#include "podctl/wait.hpp"

namespace podctl::cli {
namespace {

constexpr int kTimedOut = 124;

constexpr Flag kWaitFlags[] = {
    {.name = "for",
     .value = "COND",
     .help = "terminated (default), condition=Ready, phase=P, container=C:running, container=C:terminated or removed.",
     .example = "podctl wait --for condition=Ready web"},
    {.name = "timeout", .value = "D", .help = "Give up after this time, with exit code 124.", .example = "podctl wait --timeout 30s web"},
    {.name = "exit-code", .help = "End with the pod's own exit code.", .example = "podctl wait --exit-code job"},
};

PodName only_name(const Arguments& arguments) {
  std::vector<std::string> words = arguments.names;
  PodName name = take_pod_name(words);
  if (!words.empty()) usage_error("one pod is enough: what is " + quote(words.front()) + '?');
  return name;
}

int exists(const Arguments& arguments) {
  const PodName name = only_name(arguments);
  const auto pod = try_look_at_pod(paths_from(arguments), name.pod);
  if (!pod) return 1;
  if (name.container.empty()) return 0;
  for (const auto& container : pod->summary.containers)
    if (container.name == name.container) return 0;
  return 1;
}

int pod_exit_code(const std::string& name, const std::optional<PodSummary>& pod) {
  if (pod && pod->exit) return pod->exit->code;
  throw Error({.id = "no-exit-code",
               .message = "pod " + quote(name) + " has ended, and nothing says with which exit code",
               .cause = !pod                    ? "its record is gone"
                        : !pod->problem.empty() ? pod->problem
                                                : "its monitor died before it could say",
               .pod = name});
}

int wait(const Arguments& arguments) {
  const WaitCondition condition = parse_wait_condition(arguments.has("for") ? arguments.text("for") : "terminated");
  const bool wants_code = arguments.is_set("exit-code");
  if (wants_code && condition.kind != WaitCondition::Kind::kTerminated) usage_error("--exit-code goes with --for terminated alone");
  const PodName name = only_name(arguments);
  if (!name.container.empty()) usage_error("wait takes a pod; for a container: --for container=" + name.container + ":terminated");
  const auto timeout = arguments.duration("timeout");
  const WaitOutcome outcome = wait_for(paths_from(arguments), name.pod, condition, timeout);
  switch (outcome.answer) {
    case WaitOutcome::Answer::kHolds: break;
    case WaitOutcome::Answer::kNever:
      throw Error({.id = "never",
                   .message = "pod " + quote(name.pod) + " will not come to " + condition.text,
                   .cause = outcome.why,
                   .pod = name.pod});
    case WaitOutcome::Answer::kTimeout: {
      const std::string now = outcome.summary ? "it is " + status_word(*outcome.summary) : std::string();
      const Error error({.id = "timeout",
                         .message = "waited " + arguments.text("timeout") + " in vain for " + condition.text + " of pod " + quote(name.pod),
                         .cause = now,
                         .pod = name.pod});
      std::fputs(render_error(error).c_str(), stderr);
      return kTimedOut;
    }
  }
  if (wants_code) return pod_exit_code(name.pod, outcome.summary);
  if (outcome.summary && !outcome.summary->problem.empty()) note(arguments, "pod '" + name.pod + "': " + outcome.summary->problem);
  if (!arguments.is_set("quiet")) print("pod/" + name.pod + " condition met\n");
  return 0;
}

constexpr std::string_view kWaitExamples[] = {
    "podctl wait web                             # until it has ended",
    "podctl wait --for condition=Ready --timeout 30s web || podctl describe web",
    "podctl wait --exit-code job                 # and end as it did",
};
constexpr std::string_view kExistsExamples[] = {"podctl exists web && podctl rm --force web"};

}  // namespace

const Command kExistsCommand{.name = "exists",
                             .group = Group::kControl,
                             .usage = "POD",
                             .summary = "Tell whether a pod exists.",
                             .details = "Exit code 0 when it does, running or ended, and 1 when it does not. Prints nothing.",
                             .examples = kExistsExamples,
                             .run = exists};
const Command kWaitCommand{.name = "wait",
                           .group = Group::kControl,
                           .usage = "[flags] POD",
                           .summary = "Wait for a pod.",
                           .details =
                               "Exit code 0 when the condition holds, 1 at once when it can no longer come true, 124 when the time is up.\n"
                               "A pod whose monitor was killed has ended.",
                           .flags = kWaitFlags,
                           .examples = kWaitExamples,
                           .run = wait};

}  // namespace podctl::cli
