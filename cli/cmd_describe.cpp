#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/describe_pod.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kFlags[] = {selector_flag("podctl describe -l app=web"), all_flag("podctl describe --all")};

int run(const Arguments& arguments) {
  const StorePaths paths = paths_from(arguments);
  std::vector<NamedPod> pods;
  if (arguments.names.empty() && !arguments.has("selector") && !arguments.is_set("all"))
    pods.push_back(one_pod(arguments, paths, NoName::kTakeOnlyPod));
  else pods = several_pods(arguments, paths, NoNames::kRefuse);
  for (std::size_t i = 0; i < pods.size(); ++i)
    print((i == 0 ? "" : "\n") + render_description(look_closely(paths, std::move(pods[i])), unix_now()));
  return 0;
}

constexpr std::string_view kExamples[] = {"podctl describe web                         # what it is, what happened, what to do next"};

}  // namespace

const Command kDescribeCommand{.name = "describe",
                               .group = Group::kLook,
                               .usage = "[flags] POD...",
                               .summary = "A pod in words.",
                               .details = "For people; programs read inspect. Values of the environment are not shown.",
                               .flags = kFlags,
                               .examples = kExamples,
                               .run = run};

}  // namespace podctl::cli
