#include <unistd.h>

#include <charconv>
#include <chrono>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/logs.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kFlags[] = {
    {.name = "container",
     .letter = 'c',
     .value = "NAME",
     .help = "Of this container alone; the same as POD/NAME.",
     .example = "podctl logs web -c app"},
    {.name = "follow", .letter = 'f', .help = "Go on with what comes, until the pod ends.", .example = "podctl logs -f web"},
    {.name = "previous", .letter = 'p', .help = "Of the instance that ended before the last restart.", .example = "podctl logs -p web/app"},
    {.name = "tail", .value = "N", .help = "The last N stored lines of each container.", .example = "podctl logs --tail 20 web"},
    {.name = "since", .value = "D|TIME", .help = "Nothing older than D, or from before TIME.", .example = "podctl logs --since 5m web"},
    {.name = "until",
     .value = "D|TIME",
     .help = "Nothing from after TIME, or newer than D.",
     .example = "podctl logs --until 2026-01-02T03:04:05Z web"},
    {.name = "timestamps", .help = "Times before lines.", .example = "podctl logs --timestamps web"},
    {.name = "prefix",
     .help = "Names before lines: by default when several containers are shown.",
     .example = "podctl logs --prefix=false web"},
};

std::optional<std::chrono::nanoseconds> time_of(const Arguments& arguments, std::string_view flag) {
  if (!arguments.has(flag)) return std::nullopt;
  const std::string text = arguments.text(flag);
  if (const auto time = parse_moment(text, unix_now())) return time;
  usage_error("--" + std::string(flag) + ' ' + quote(text) + " is neither a duration nor a time",
              "write e.g. 10s, 5m or 1h30m for a time ago, or 2026-01-02T03:04:05Z");
}

std::optional<std::uint64_t> tail_of(const Arguments& arguments) {
  if (!arguments.has("tail")) return std::nullopt;
  const std::string text = arguments.text("tail");
  if (text == "-1" || text == "all") return std::nullopt;  // kubectl's and podman's word for all of it
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    usage_error("--tail " + quote(text) + " is no number of lines");
  return count;
}

int logs(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  const NamedPod pod = one_pod(arguments, paths, NoName::kTakeOnlyPod);
  LogOptions options{.container = pod.container,
                     .follow = arguments.is_set("follow"),
                     .previous = arguments.is_set("previous"),
                     .tail = tail_of(arguments),
                     .since = time_of(arguments, "since"),
                     .until = time_of(arguments, "until"),
                     .prefix = LogPrefix::kAuto,
                     .timestamps = arguments.is_set("timestamps"),
                     .terminal = ::isatty(1) == 1};
  if (arguments.has("prefix")) options.prefix = arguments.is_set("prefix") ? LogPrefix::kAlways : LogPrefix::kNever;
  show_logs(paths, pod.record.name, options, 1);
  return 0;
}

constexpr std::string_view kExamples[] = {
    "podctl logs web                             # all containers, by time",
    "podctl logs -f --tail 20 web/app            # one of them, as it goes on",
    "podctl logs -p web/app                      # what it said before it was restarted",
};

}  // namespace

const Command kLogsCommand{
    .name = "logs",
    .group = Group::kLook,
    .usage = "[flags] POD[/CONTAINER]",
    .summary = "Show what containers printed.",
    .details =
        "Of pods that run and of pods that have ended. Standard output and standard error of the containers both go to\n"
        "standard output. The newest 30 MiB of each container are kept.",
    .flags = kFlags,
    .examples = kExamples,
    .run = logs};

}  // namespace podctl::cli
