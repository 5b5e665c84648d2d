#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "cli/changed_pods.hpp"
#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/log.hpp"
#include "cli/manifest_input.hpp"
#include "cli/settings.hpp"
#include "podctl/control.hpp"
#include "podctl/error.hpp"
#include "podctl/plan.hpp"
#include "podctl/run.hpp"

namespace podctl::cli {
namespace {

std::vector<Flag> run_flags() {
  std::vector<Flag> flags{
      {.name = "rm", .help = "Keep no record and no logs when the pod has ended.", .example = "podctl run --rm job.json"},
      {.name = "timeout",
       .value = "D",
       .help = "End the pod after this time, with exit code 124.",
       .example = "podctl run --timeout 60s job.json"},
      {.name = "until",
       .value = "C",
       .help = "End the pod when container C ends, with its exit code.",
       .example = "podctl run --until tests ci-pod.json"},
      {.name = "exit-code-from",
       .value = "C",
       .help = "Return the exit code of container C.",
       .example = "podctl run --exit-code-from tests ci-pod.json"},
      {.name = "grace", .value = "D", .help = "Time between the stop signal and SIGKILL.", .example = "podctl run --grace 5s web.json"},
      {.name = "strict-grace",
       .help = "Wait the grace period out even where the kernel drops the stop signal.",
       .example = "podctl run --strict-grace --sharing kubernetes web.json"},
      {.name = "log-prefix",
       .value = "WHEN",
       .help = "Names before lines: auto (default), always or never.",
       .example = "podctl run --log-prefix never web.json"},
      {.name = "timestamps", .help = "Times before lines.", .example = "podctl run --timestamps web.json"},
      {.name = "result", .value = "FILE", .help = "Write the final status as JSON.", .example = "podctl run --result r.json job.json"},
      {.name = "status-fd",
       .value = "N",
       .help = "Write one JSON event a line to this descriptor.",
       .example = "podctl run --status-fd 3 job.json 3>events"},
      {.name = "explain",
       .value = "brief|full",
       .bare = "full",
       .help = "Tell every kernel step on standard error.",
       .example = "podctl run --explain demo.json"},
      {.name = "dry-run",
       .value = "plan|manifest",
       .bare = "plan",
       .help = "Print the plan, or the manifest with every default, and change nothing.",
       .example = "podctl run --dry-run=manifest -- true"},
      {.name = "keep-on-error", .help = "Leave the files of a failed start to look at.", .example = "podctl run --keep-on-error web.json"},
      {.name = "detach", .letter = 'd', .help = "Return when the containers run.", .example = "podctl run -d web.json"},
      {.name = "replace", .help = "End a live pod of that name first.", .example = "podctl run --replace web.json"},
      {.name = "wait-ready",
       .value = "D",
       .bare = "30s",
       .help = "With -d: return when the pod is ready.",
       .example = "podctl run -d --wait-ready web.json"},
      changed_output_flag("podctl run -d -o json web.json"),
      {.name = "step",
       .value = "STAGE,...",
       .bare = "all",
       .help = "Stop before each step.",
       .example = "podctl run --step=mounts demo.json",
       .not_yet = "single steps are not there yet"},
      {.name = "trace",
       .value = "FILE",
       .help = "Write a timeline of the start.",
       .example = "podctl run --trace t.json demo.json",
       .not_yet = "traces are not written yet"},
  };
  for (const auto& flag : manifest_flags()) flags.push_back(flag);
  return flags;
}

RunOptions options_from(const Arguments& arguments, const Input& input) {
  RunOptions options;
  options.paths = paths_from(arguments);
  options.manifest_directory = input.directory;
  options.forget = arguments.is_set("rm");
  options.keep_on_error = arguments.is_set("keep-on-error");
  options.any_name = input.is_command && !arguments.has("name");
  options.timeout = arguments.duration("timeout");
  options.grace = arguments.duration("grace");
  options.strict_grace = arguments.is_set("strict-grace");
  options.until = arguments.text("until");
  options.code_from = arguments.text("exit-code-from");
  constexpr std::array<std::string_view, 3> kPrefix{"auto", "always", "never"};
  const std::string prefix = arguments.choice("log-prefix", kPrefix, "auto");
  options.log_prefix = prefix == "auto" ? LogPrefix::kAuto : prefix == "always" ? LogPrefix::kAlways : LogPrefix::kNever;
  options.timestamps = arguments.is_set("timestamps");
  options.terminal = ::isatty(1) == 1;
  options.color = wants_color(arguments, options.terminal);
  options.quiet = arguments.is_set("quiet");
  constexpr std::array<std::string_view, 2> kExplain{"brief", "full"};
  if (arguments.has("explain"))
    options.explain = arguments.choice("explain", kExplain, "full") == "brief" ? Explain::kBrief : Explain::kFull;
  options.result_file = arguments.text("result");
  if (arguments.has("status-fd")) {
    const std::string text = arguments.text("status-fd");
    struct stat status {};
    char* end = nullptr;
    const long fd = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || fd < 0 || fd > 1'000'000 || ::fstat(static_cast<int>(fd), &status) != 0)
      usage_error("--status-fd " + text + " is no open descriptor", "open it in the shell: podctl run --status-fd 3 pod.json 3>events");
    options.status_fd = static_cast<int>(fd);
  }
  options.log_limits = log_limits(arguments);
  options.keep_finished = keep_finished(arguments);
  options.log = make_log(arguments);
  return options;
}

int dry_run(const Arguments& arguments, const Input& input) {
  constexpr std::array<std::string_view, 2> kKinds{"plan", "manifest"};
  const Pod& pod = input.manifest.pods.front();
  if (arguments.choice("dry-run", kKinds, "plan") == "manifest") {
    print(manifest_json(pod));
    return 0;
  }
  print(render_plan_text(plan_for(arguments, input)));
  return 0;
}

// As for any command that takes a manifest, and that this one has started nothing.
Input read_pod_to_run(const Arguments& arguments) {
  try {
    return arguments.is_set("detach") ? read_pods(arguments) : read_one_pod(arguments);
  } catch (InvalidInput& error) {
    if (!arguments.has("dry-run")) error.info().message += ", nothing was started";
    throw;
  }
}

// What only the foreground can do, and what only the background can.
void check_flags(const Arguments& arguments) {
  if (!arguments.is_set("detach")) {
    if (arguments.has("wait-ready")) usage_error("--wait-ready needs -d", "podctl run -d --wait-ready pod.json");
    if (arguments.has("output"))
      usage_error("-o needs -d: in the foreground the output is the containers'", "podctl run --result r.json pod.json");
    return;
  }
  for (const char* flag : {"until", "exit-code-from", "result", "status-fd", "explain", "timestamps", "log-prefix"})
    if (arguments.has(flag))
      usage_error("--" + std::string(flag) + " does not go with -d: nobody waits for the pod's end or sees its output");
}

int run(const Arguments& arguments) {
  check_flags(arguments);
  const Input input = read_pod_to_run(arguments);
  if (arguments.has("dry-run")) return dry_run(arguments, input);
  const RunOptions options = options_from(arguments, input);
  if (!options.paths.note.empty() && !options.quiet) std::fputs(("podctl: note: " + options.paths.note + '\n').c_str(), stderr);
  ChangedPods changed(arguments, options.paths);
  for (const auto& pod : input.manifest.pods) {
    try {
      if (arguments.is_set("replace") && find_pod(options.paths, pod.metadata.name)) stop_pod(options.paths, pod.metadata.name, {});
      if (!arguments.is_set("detach")) return run_pod(pod, input.manifest.objects, options).code;
      changed.add(run_detached(pod, input.manifest.objects, options, arguments.duration("wait-ready")));
    } catch (Error& error) {
      if (input.is_command) error.info().path.clear();  // a field of a manifest that nobody wrote
      if (error.info().message.empty()) error.info().message = "cannot run pod '" + pod.metadata.name + "'";
      throw;
    }
  }
  changed.print_objects(input.manifest.pods.size() == 1);
  return 0;
}

constexpr std::string_view kExamples[] = {
    "podctl run demo.json                        # start it, show its output, end with its exit code",
    "podctl run --cwd rw -- make test            # host files read-only, no network, this folder writable",
    "podctl run --rm --timeout 60s --result r.json experiment.json",
    "podctl run -d --wait-ready web.yaml          # in the background, once it is ready",
};

}  // namespace

static const std::vector<Flag> kRunFlags = run_flags();
const Command kRunCommand{.name = "run",
                          .group = Group::kRun,
                          .usage = "[flags] FILE | - | -- CMD [ARG...]",
                          .summary = "Run a pod.",
                          .details =
                              "FILE (JSON or YAML; - is standard input) holds one Pod, and may hold the ConfigMaps and Secrets it uses.\n"
                              "In the foreground, unless -d: shows its output and ends with its exit code.\n"
                              "With -- CMD a pod of one container is made; what follows -- is taken literally.",
                          .flags = kRunFlags,
                          .examples = kExamples,
                          .run = run,
                          .runs_workload = true};

}  // namespace podctl::cli
