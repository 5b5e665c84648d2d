#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <numeric>
#include <set>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/error.hpp"
#include "podctl/look.hpp"
#include "podctl/output.hpp"
#include "podctl/text.hpp"
#include "podctl/watch.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kFlags[] = {
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "json, yaml, name, wide or jsonpath=EXPRESSION. One name gives the Pod, several or none a list.",
     .example = "podctl ps -o wide"},
    selector_flag("podctl ps -l app=web,tier!=cache"),
    {.name = "containers", .letter = 'c', .help = "A row for each container; POD/C is that one.", .example = "podctl ps -c web"},
    {.name = "watch", .letter = 'w', .help = "Go on, with a row for every change.", .example = "podctl ps -w"},
    {.name = "sort-by",
     .value = "KEY",
     .help = "name (default), status, phase, ready, restarts, age, exit, or a JSONPath.",
     .example = "podctl ps --sort-by .status.startTime"},
    {.name = "no-headers", .help = "Rows alone.", .example = "podctl ps --no-headers | wc -l"},
    {.name = "all", .letter = 'a', .help = "Changes nothing: every pod is listed anyway.", .example = "podctl ps -a"},
};

constexpr std::array<std::string_view, 5> kForms{"json", "yaml", "name", "wide", "jsonpath"};

enum class Shape { kObject, kList };

// How pods are shown, by the flags. Kept for a watch, whose rows line up with those before.
class Printer {
 public:
  Printer(const Arguments& arguments, StorePaths paths)
      : form_(output_form(arguments, kForms, "table")), paths_(std::move(paths)), writer_(table_width()) {
    if (form_.name == "table" && arguments.is_set("quiet")) form_.name = "name";
    by_container_ = arguments.is_set("containers");
    headings_ = arguments.is_set("no-headers") ? Headings::kHide : Headings::kShow;
  }

  [[nodiscard]] bool is_table() const { return form_.name == "table" || form_.name == "wide"; }

  [[nodiscard]] Table table(const std::vector<PodSummary>& pods) const {
    const Detail detail = form_.name == "wide" ? Detail::kWide : Detail::kBrief;
    return by_container_ ? container_table(pods, detail, unix_now()) : pod_table(pods, detail, unix_now(), paths_);
  }

  void rows(const Table& table) { print(writer_.write(table, std::exchange(headings_, Headings::kHide))); }

  void objects(const std::vector<NamedPod>& pods, Shape shape) const {
    if (form_.name == "name") {
      for (const auto& pod : pods) print("pod/" + pod.record.name + '\n');
      return;
    }
    std::vector<PodRecord> records;
    records.reserve(pods.size());
    for (const auto& pod : pods) records.push_back(pod.record);
    print(in_form(shape == Shape::kObject ? pod_json(records.front()) : pod_list_json(records), form_));
  }

 private:
  OutputForm form_;
  StorePaths paths_;
  TableWriter writer_;
  bool by_container_ = false;
  Headings headings_ = Headings::kShow;
};

// A number that a JSONPath found sorts as one.
SortValue path_value(const NamedPod& pod, const std::string& path) {
  const std::string found = query_jsonpath(pod_json(pod.record), path);
  char* end = nullptr;
  const long long number = std::strtoll(found.c_str(), &end, 10);
  if (!found.empty() && *end == '\0') return {number, {}};
  return {INT64_MAX, found};
}

void sort_pods(std::vector<NamedPod>& pods, const Arguments& arguments) {
  const std::string given = arguments.text("sort-by");
  const bool path = !given.empty() && (given.front() == '.' || given.front() == '{' || given.front() == '$');
  const std::string key = path ? given : arguments.choice("sort-by", sort_keys(), "name");
  std::vector<std::pair<SortValue, std::size_t>> order;
  for (std::size_t i = 0; i < pods.size(); ++i) order.emplace_back(path ? path_value(pods[i], key) : sort_value(pods[i].summary, key), i);
  std::sort(order.begin(), order.end());
  std::vector<NamedPod> sorted;
  sorted.reserve(pods.size());
  for (const auto& [value, index] : order) sorted.push_back(std::move(pods[index]));
  pods = std::move(sorted);
}

std::vector<PodSummary> summaries(const std::vector<NamedPod>& pods) {
  std::vector<PodSummary> all;
  all.reserve(pods.size());
  for (const auto& pod : pods) all.push_back(pod.summary);
  return all;
}

void note_problems(const Arguments& arguments, const std::vector<NamedPod>& pods) {
  for (const auto& pod : pods)
    if (!pod.summary.problem.empty()) note(arguments, "pod '" + pod.record.name + "': " + pod.summary.problem);
}

// What of a row is more than time passing by: the cells without ages.
std::string essence(const PodSummary& pod) {
  std::string text =
      status_word(pod) + ' ' + std::to_string(restarts(pod).count) + ' ' + std::to_string(readiness(pod).ready) + ' ' + pod.uid;
  for (const auto& container : pod.containers)
    text += ' ' + std::to_string(static_cast<int>(container.state)) + container.reason + std::to_string(container.restarts) +
            (container.ready ? "r" : "");
  return text;
}

Table gone_row(const Printer& printer, const PodSummary& pod) {
  Table table = printer.table({pod});
  for (auto& row : table.rows) {
    const auto column = std::find_if(table.headings.begin(), table.headings.end(),
                                     [](const std::string& heading) { return heading == "STATUS" || heading == "STATE"; });
    row[static_cast<std::size_t>(column - table.headings.begin())] = "Removed";
  }
  return table;
}

// Which pods were asked for, and with -c which of their containers.
class Wanted {
 public:
  explicit Wanted(const Arguments& arguments)
      : names_(named_pods(arguments, NoNames::kTakeAll)), by_container_(arguments.is_set("containers")) {
    if (arguments.has("selector")) selector_ = parse_label_selector(arguments.text("selector"));
  }

  [[nodiscard]] bool is_one_pod() const { return names_.size() == 1; }

  [[nodiscard]] bool includes(const PodSummary& pod) const {
    if (names_.empty()) return matches(selector_, pod.labels);
    return is_named([&](const PodName& name) { return name.pod == pod.name; });
  }

  void keep_named_containers(PodSummary& pod) const {
    if (names_.empty() || !by_container_) return;
    std::erase_if(pod.containers, [&](const ContainerSummary& container) {
      return !is_named(
          [&](const PodName& name) { return name.pod == pod.name && (name.container.empty() || name.container == container.name); });
    });
  }

 private:
  template <class Condition>
  [[nodiscard]] bool is_named(Condition condition) const {
    return std::any_of(names_.begin(), names_.end(), condition);
  }

  std::vector<PodName> names_;
  LabelSelector selector_;
  bool by_container_;
};

// A pod that is named by several of its containers is listed once.
void keep_first_of_each(std::vector<NamedPod>& pods) {
  std::set<std::string> seen;
  std::erase_if(pods, [&](const NamedPod& pod) { return !seen.insert(pod.record.name).second; });
}

// A pod that is just being made has no record yet, and one that is being removed has none any more.
bool has_record(const SeenPod& pod) { return !pod.record.status_json.empty() || pod.record.is_unreadable; }

[[noreturn]] void watch(const Wanted& wanted, const StorePaths& paths, StoreWatch& changes, const std::vector<NamedPod>& shown,
                        Printer& printer) {
  std::map<std::string, PodSummary> known;
  for (const auto& pod : shown) known[pod.record.name] = pod.summary;
  for (;;) {
    for (const auto& name : changes.wait(std::nullopt)) {
      const auto before = known.find(name);
      auto pod = try_look_at_pod(paths, name);
      if (!pod) {
        if (before == known.end()) continue;
        if (printer.is_table()) printer.rows(gone_row(printer, before->second));
        known.erase(before);
        continue;
      }
      if (!has_record(*pod)) continue;
      PodSummary& now = pod->summary;
      wanted.keep_named_containers(now);
      if (!wanted.includes(now) || (before != known.end() && essence(before->second) == essence(now))) continue;
      known[name] = now;
      if (printer.is_table()) printer.rows(printer.table({now}));
      else printer.objects({{std::move(*pod), {}}}, Shape::kObject);
    }
  }
}

int run(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  Printer printer(arguments, paths);
  const bool watches = arguments.is_set("watch");
  std::optional<StoreWatch> changes;
  if (watches) changes.emplace(paths, std::string());  // before the first look, so that nothing is missed between
  const Wanted wanted(arguments);
  std::vector<NamedPod> pods = several_pods(arguments, paths, NoNames::kTakeAll);
  if (watches) std::erase_if(pods, [](const NamedPod& pod) { return !has_record(pod); });
  keep_first_of_each(pods);
  sort_pods(pods, arguments);
  for (auto& pod : pods) wanted.keep_named_containers(pod.summary);
  note_problems(arguments, pods);
  if (!printer.is_table()) printer.objects(pods, wanted.is_one_pod() ? Shape::kObject : Shape::kList);
  else if (pods.empty()) note(arguments, "there are no pods" + std::string(arguments.has("selector") ? " that match" : ""));
  else printer.rows(printer.table(summaries(pods)));
  if (watches) watch(wanted, paths, *changes, pods, printer);
  return 0;
}

constexpr std::string_view kExamples[] = {
    "podctl ps                                   # every pod, those that have ended too",
    "podctl ps -o jsonpath='{.status.phase}' web",
    "podctl ps -w -l app=web                     # a row whenever something changes",
};

}  // namespace

const Command kPsCommand{.name = "ps",
                         .alias = "get",
                         .group = Group::kLook,
                         .usage = "[flags] [POD...]",
                         .summary = "List pods.",
                         .details =
                             "STATUS is one word as kubectl has it; Lost is a pod whose monitor died before it could say how it ended.\n"
                             "-q prints names alone.",
                         .flags = kFlags,
                         .examples = kExamples,
                         .run = run};

}  // namespace podctl::cli
