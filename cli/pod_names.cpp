#include "cli/pod_names.hpp"

#include <unistd.h>

#include <cstdio>

namespace podctl::cli {
namespace {

bool is_kind(const std::string& word) { return word == "pod" || word == "pods"; }

std::string only_pod(const Arguments& arguments, const StorePaths& paths, const std::string& usage) {
  if (::isatty(0) == 1 && ::isatty(1) == 1)
    if (const auto pods = list_pods(paths); pods.size() == 1) {
      if (!arguments.is_set("quiet")) std::fputs(("podctl: note: pod " + pods.front().name + " is meant, the only one\n").c_str(), stderr);
      return pods.front().name;
    }
  usage_error("which pod?", usage);
}

}  // namespace

PodName one_pod(const Arguments& arguments, const StorePaths& paths, const std::string& usage) {
  std::vector<std::string> names = arguments.names;
  if (names.size() > 1 && is_kind(names.front())) names.erase(names.begin());
  if (names.size() > 1) usage_error("one pod at a time: " + names[0] + " or " + names[1] + '?', usage);
  PodName name;
  if (names.empty()) name.pod = only_pod(arguments, paths, usage);
  else name.pod = names.front();
  if (const auto slash = name.pod.find('/'); slash != std::string::npos && is_kind(name.pod.substr(0, slash))) name.pod.erase(0, slash + 1);
  if (const auto slash = name.pod.find('/'); slash != std::string::npos) {
    name.container = name.pod.substr(slash + 1);
    name.pod.resize(slash);
    if (name.container.empty()) usage_error("which container of pod " + name.pod + '?', usage);
  }
  if (name.pod.empty()) usage_error("which pod?", usage);
  if (!arguments.has("container")) return name;
  const std::string container = arguments.text("container");
  if (!name.container.empty() && name.container != container)
    usage_error("which container: " + name.container + " or " + container + '?', usage);
  name.container = container;
  return name;
}

}  // namespace podctl::cli
