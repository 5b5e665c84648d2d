#include "cli/changed_pods.hpp"

#include <algorithm>
#include <array>

#include "cli/pod_args.hpp"
#include "podctl/look.hpp"

namespace podctl::cli {
namespace {

constexpr std::array<std::string_view, 4> kForms{"name", "json", "yaml", "jsonpath"};

}  // namespace

ChangedPods::ChangedPods(const Arguments& arguments, StorePaths paths)
    : paths_(std::move(paths)), form_(output_form(arguments, kForms, "name")) {}

void ChangedPods::say(std::string_view pod, std::string_view container) const {
  if (form_.name != "name") return;
  std::string line = "pod/";
  line += pod;
  if (!container.empty()) line.append(1, '/').append(container);
  print(line + '\n');
}

void ChangedPods::add(const PodRecord& before, std::string_view container) {
  say(before.name, container);
  if (form_.name != "name") pods_.push_back(before);
}

void ChangedPods::add(std::string_view pod) {
  say(pod, {});
  if (form_.name != "name") pods_.push_back({.name = std::string(pod), .status_json = {}, .problem = {}});
}

void ChangedPods::print_objects(bool only) const {
  if (form_.name == "name") return;
  std::vector<PodRecord> records;
  for (const auto& pod : pods_) records.push_back(find_pod(paths_, pod.name).value_or(pod));
  std::sort(records.begin(), records.end(), [](const PodRecord& a, const PodRecord& b) { return a.name < b.name; });
  print(in_form(only && records.size() == 1 ? pod_json(records.front()) : pod_list_json(records), form_));
}

bool names_one_pod(const Arguments& arguments) { return named_pods(arguments, NoNames::kTakeAll).size() == 1; }

}  // namespace podctl::cli
