#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/error.hpp"
#include "podctl/events.hpp"
#include "podctl/text.hpp"
#include "podctl/watch.hpp"

namespace podctl::cli {
namespace {

constexpr std::array<std::string_view, 4> kForms{"table", "json", "yaml", "jsonpath"};

constexpr Flag kFlags[] = {
    {.name = "follow",
     .letter = 'f',
     .help = "Go on with what happens; for one pod, until it has ended.",
     .example = "podctl events -f web"},
    {.name = "since",
     .value = "T",
     .help = "Only what happened since: a duration ago, or an RFC 3339 time.",
     .example = "podctl events --since 10m"},
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "table (default), json, yaml or jsonpath=EXPRESSION. With -f, json is one event a line.",
     .example = "podctl events -o json web"},
    {.name = "no-headers", .help = "Rows alone.", .example = "podctl events --no-headers web"},
};

// Collects events of one pod or of all, in the order of their times.
class Collector {
 public:
  Collector(StorePaths paths, std::optional<UnixTime> since, std::string container)
      : paths_(std::move(paths)), since_(since), container_(std::move(container)) {}

  void add(const std::string& pod, EventReader::Last last, std::vector<PodEvent>& events) {
    for (auto& event : readers_.try_emplace(pod, paths_, pod).first->second.read(last)) {
      const bool old = since_ && event.time && *event.time < *since_;
      if (!old && (container_.empty() || event.container == container_)) events.push_back(std::move(event));
    }
  }

  // The one event that no record keeps.
  void add_removal(const std::string& pod, std::vector<PodEvent>& events) {
    if (!readers_.contains(pod) || find_pod(paths_, pod)) return;
    readers_.erase(pod);
    events.push_back({.pod = pod, .time = unix_now(), .type = "Normal", .reason = "Removed"});
  }

 private:
  StorePaths paths_;
  std::optional<UnixTime> since_;
  std::string container_;
  std::map<std::string, EventReader> readers_;
};

void sort_by_time(std::vector<PodEvent>& events) {
  // A line that is no event stays behind the one it came after.
  std::optional<UnixTime> last;
  std::vector<std::pair<UnixTime, PodEvent>> timed;
  for (auto& event : events) {
    if (event.time) last = event.time;
    timed.emplace_back(last.value_or(UnixTime{0}), std::move(event));
  }
  std::stable_sort(timed.begin(), timed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < events.size(); ++i) events[i] = std::move(timed[i].second);
}

std::optional<UnixTime> since(const Arguments& arguments) {
  if (!arguments.has("since")) return std::nullopt;
  const auto moment = parse_moment(arguments.text("since"), unix_now());
  if (!moment) usage_error("--since " + quote(arguments.text("since")) + " is no time", "write e.g. 10m, 1h30m or 2026-01-02T15:04:05Z");
  return moment;
}

int run(const Arguments& arguments) {
  const OutputForm form = output_form(arguments, kForms, "table");
  const StorePaths paths = paths_from(arguments);
  const bool follows = arguments.is_set("follow");
  if (follows && form.name != "table" && form.name != "json") usage_error("-f prints tables and json alone");
  std::optional<NamedPod> only;
  if (!arguments.names.empty()) only = one_pod(arguments, paths, NoName::kRefuse);
  Collector collector(paths, since(arguments), only ? only->container : std::string());
  TableWriter writer(table_width());
  Headings headings = arguments.is_set("no-headers") ? Headings::kHide : Headings::kShow;
  const auto show = [&](std::vector<PodEvent> events) {
    sort_by_time(events);
    if (form.name == "json" && follows) {
      for (const auto& event : events) print(event_line(event));
    } else if (form.name != "table") {
      print(in_form(event_list_json(events), form));
    } else if (!events.empty()) {
      print(writer.write(event_table(events, only ? PodColumn::kHide : PodColumn::kShow, unix_now()),
                         std::exchange(headings, Headings::kHide)));
    }
  };
  std::optional<StoreWatch> changes;
  if (follows) changes.emplace(paths, only ? only->record.name : std::string());
  const auto last = follows ? EventReader::Last::kWhenWhole : EventReader::Last::kAsItIs;
  std::vector<PodEvent> events;
  if (only) collector.add(only->record.name, last, events);
  else
    for (const auto& pod : list_pods(paths)) collector.add(pod.name, last, events);
  if (events.empty() && form.name == "table" && !follows) note(arguments, "there are no events");
  show(std::move(events));
  while (follows) {
    // Asked before the rest is read: what a pod says at its very end is not missed.
    const auto pod = only ? try_look_at_pod(paths, only->record.name) : std::nullopt;
    const bool over = only && (!pod || pod->summary.liveness != Liveness::kRunning);
    std::vector<PodEvent> more;
    if (only) collector.add(only->record.name, over ? EventReader::Last::kAsItIs : last, more);
    if (only && !pod) collector.add_removal(only->record.name, more);
    show(std::move(more));
    if (over) return 0;
    const auto names = changes->wait(std::nullopt);
    if (only) continue;
    std::vector<PodEvent> others;
    for (const auto& name : names) {
      collector.add(name, last, others);
      collector.add_removal(name, others);
    }
    show(std::move(others));
  }
  return 0;
}

constexpr std::string_view kExamples[] = {
    "podctl events                               # of every pod, by time",
    "podctl events -f web                        # and what happens from now on",
};

}  // namespace

const Command kEventsCommand{.name = "events",
                             .group = Group::kLook,
                             .usage = "[flags] [POD[/CONTAINER]]",
                             .summary = "What happened to a pod.",
                             .details = "A line of the record that is no event, as a crash may leave one, is shown as what it is.",
                             .flags = kFlags,
                             .examples = kExamples,
                             .run = run,
                             .most_names = 2};

}  // namespace podctl::cli
