#include <array>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/manifest_input.hpp"
#include "podctl/plan.hpp"

namespace podctl::cli {
namespace {

std::vector<Flag> plan_flags() {
  std::vector<Flag> flags{
      {.name = "as",
       .value = "text|json|shell",
       .help = "How the plan is printed. Default text.",
       .example = "podctl plan --as json pod.json"},
      {.name = "output", .letter = 'o', .value = "text|json", .help = "The same.", .example = "podctl plan -o json pod.json"},
  };
  for (const auto& flag : manifest_flags()) flags.push_back(flag);
  return flags;
}

int run(const Arguments& arguments) {
  constexpr std::array<std::string_view, 3> kForms{"text", "json", "shell"};
  const std::string form = arguments.choice(arguments.has("as") ? "as" : "output", kForms, "text");
  if (form == "shell") usage_error("--as shell does not work yet: plans are printed as text and json");
  const Input input = read_one_pod(arguments);
  const Plan plan = plan_for(arguments, input);
  print(form == "json" ? render_plan_json(plan) : render_plan_text(plan));
  return 0;
}

constexpr std::string_view kExamples[] = {
    "podctl plan pod.json                        # every step `run` would take here; changes nothing",
    "podctl plan -- hostname",
};

}  // namespace

static const std::vector<Flag> kPlanFlags = plan_flags();
const Command kPlanCommand{.name = "plan",
                           .group = Group::kLearn,
                           .usage = "[flags] FILE | - | -- CMD [ARG...]",
                           .summary = "Print the steps run would take.",
                           .details = "Lines that begin with ! make the pod less isolated, and say how.",
                           .flags = kPlanFlags,
                           .examples = kExamples,
                           .run = run};

}  // namespace podctl::cli
