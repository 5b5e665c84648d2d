#include "cli/pod_args.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "podctl/error.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

// A person reads the answer, and what podctl says beside it.
bool is_read_by_a_person() { return ::isatty(1) == 1 && ::isatty(2) == 1; }

std::string named_by_flag(const Arguments& arguments) { return arguments.text("container"); }

void require_container(const PodSummary& pod, const std::string& name) {
  // The record of a pod that has only just begun, or that is torn, names none.
  if (name.empty() || pod.containers.empty()) return;
  std::vector<std::string_view> known;
  std::string list;
  for (const auto& container : pod.containers) {
    if (container.name == name) return;
    known.push_back(container.name);
    list += (list.empty() ? "" : ", ") + container.name;
  }
  const auto near = did_you_mean(name, known);
  throw Error(
      {.id = "no-such-container",
       .message = "pod " + quote(pod.name) + " has no container " + quote(name) + (near ? "; did you mean " + quote(*near) + '?' : ""),
       .hint = "its containers are: " + list,
       .error_class = ErrorClass::kNotFound,
       .pod = pod.name,
       .container = name});
}

NamedPod look_up(const StorePaths& paths, const PodName& name, const std::string& container) {
  if (!name.container.empty() && !container.empty() && name.container != container)
    usage_error(quote(name.pod + '/' + name.container) + " and -c " + quote(container) + " name two containers");
  NamedPod pod{look_at_pod(paths, name.pod), name.container.empty() ? container : name.container};
  require_container(pod.summary, pod.container);
  return pod;
}

NamedPod only_pod(const Arguments& arguments, const StorePaths& paths) {
  if (!is_read_by_a_person()) usage_error("which pod?", "podctl ps        # lists the pods");
  std::vector<SeenPod> all = look_at_pods(paths);
  if (all.size() != 1)
    usage_error(all.empty() ? "which pod? there is none" : "which pod? there are " + std::to_string(all.size()),
                all.empty() ? "podctl run FILE" : "podctl ps        # lists the pods");
  NamedPod pod{std::move(all.front()), named_by_flag(arguments)};
  require_container(pod.summary, pod.container);
  note(arguments, "pod " + pod.record.name);
  return pod;
}

}  // namespace

NamedPod one_pod(const Arguments& arguments, const StorePaths& paths, NoName no_name) {
  std::vector<std::string> words = arguments.names;
  if (words.empty() && no_name == NoName::kTakeOnlyPod) return only_pod(arguments, paths);
  const PodName name = take_pod_name(words);
  if (!words.empty()) usage_error("one pod is enough: what is " + quote(words.front()) + '?');
  return look_up(paths, name, named_by_flag(arguments));
}

std::vector<PodName> named_pods(const Arguments& arguments, NoNames no_names) {
  const bool kind_alone = arguments.names.size() == 1 && is_pod_kind(arguments.names.front());
  if (kind_alone && no_names == NoNames::kTakeAll) return {};
  return parse_pod_names(arguments.names);
}

std::vector<NamedPod> several_pods(const Arguments& arguments, const StorePaths& paths, NoNames no_names, Missing missing) {
  const std::vector<PodName> names = named_pods(arguments, no_names);
  const bool selected = arguments.has("selector"), all = arguments.is_set("all") && no_names == NoNames::kRefuse;
  if (!names.empty() && (all || selected)) usage_error(std::string("name pods, or use ") + (all ? "--all" : "-l") + ", but not both");
  std::vector<NamedPod> pods;
  for (const auto& name : names) {
    if (std::any_of(pods.begin(), pods.end(),
                    [&](const NamedPod& pod) { return pod.record.name == name.pod && pod.container == name.container; }))
      continue;  // named twice
    try {
      pods.push_back(look_up(paths, name, named_by_flag(arguments)));
    } catch (const Error& error) {
      if (error.info().id != "no-such-pod" || missing != Missing::kIgnore) throw;
    }
  }
  if (!names.empty()) return pods;
  if (!all && !selected && no_names == NoNames::kRefuse) usage_error("which pods?", "name them, or use -l SELECTOR or --all");
  const LabelSelector selector = selected ? parse_label_selector(arguments.text("selector")) : LabelSelector();
  for (auto& pod : look_at_pods(paths))
    if (matches(selector, pod.summary.labels)) pods.push_back({std::move(pod), named_by_flag(arguments)});
  return pods;
}

std::string container_of(const Arguments& arguments, const NamedPod& pod) {
  if (!pod.container.empty()) return pod.container;
  const auto& containers = pod.summary.containers;
  std::string chosen = default_container(pod.summary);
  if (containers.size() > 1 && !chosen.empty() && is_read_by_a_person()) {
    std::string others;
    for (const auto& container : containers)
      if (container.name != chosen) others += (others.empty() ? "" : ", ") + container.name;
    note(arguments, "container " + chosen + " of pod " + pod.record.name + "; -c chooses another: " + others);
  }
  return chosen;
}

bool can_ask() { return ::isatty(0) == 1 && ::isatty(2) == 1; }

bool confirm(const std::string& question) {
  std::fputs(("podctl: " + question + " [y/N] ").c_str(), stderr);
  std::string answer;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) answer += static_cast<char>(c);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void note(const Arguments& arguments, std::string_view text) {
  if (!arguments.is_set("quiet")) std::fputs(("podctl: note: " + std::string(text) + '\n').c_str(), stderr);
}

}  // namespace podctl::cli
