#include "view/explain.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace podctl::view {
namespace {

// Hundredths of a millisecond, as "0.11 ms".
std::string milliseconds(std::int64_t ns) {
  const std::int64_t hundredths = (ns + 5000) / 10000;
  const std::int64_t rest = hundredths % 100;
  return cat(hundredths / 100, '.', rest < 10 ? "0" : "", rest, " ms");
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string with_pid(std::string text, int pid) {
  for (auto at = text.find("PID"); at != std::string::npos; at = text.find("PID")) text.replace(at, 3, cat(pid));
  return text;
}

// The step that the same actor did before this one: the time between the two is its own.
std::int64_t time_before(const Plan& plan, const Step& step, const std::function<std::int64_t(int)>& done_at, std::int64_t began) {
  for (int number = step.number - 1; number > 0; --number) {
    const Step& other = plan.steps[static_cast<std::size_t>(number) - 1];
    if (other.actor == step.actor && other.member == step.member && done_at(number) != 0) return done_at(number);
  }
  return began;
}

}  // namespace

std::string explain_steps(const Plan& plan, int first, int last, bool brief, const std::function<std::int64_t(int)>& done_at,
                          std::int64_t began, int pause_pid) {
  std::string out;
  const std::string total = cat(plan.steps.size());
  for (int number = first; number <= last; ++number) {
    const Step& step = plan.steps[static_cast<std::size_t>(number) - 1];
    const StepText text = describe(step);
    const std::int64_t done = done_at(number);
    const std::string position = cat(number);
    append(out, '[', std::string(total.size() - std::min(total.size(), position.size()), ' '), position, '/', total, "] ");
    append(out, pad(done == 0 ? "-" : cat('+', milliseconds(done - began)), 11), step.weakens.empty() ? "  " : "! ");
    append(out, pad(step.member >= 0 ? plan.members[static_cast<std::size_t>(step.member)].name : std::string(stage_name(step.stage)), 9),
           ' ', text.call, "  ", text.what, text.detail.empty() ? "" : cat(" (", text.detail, ')'));
    // The step before it may have been noted a moment later, by the process that began it for this one.
    if (done != 0) append(out, "  ", milliseconds(std::max<std::int64_t>(0, done - time_before(plan, step, done_at, began))));
    out += '\n';
    if (brief) continue;
    append(out, "         why    ", step.why, '\n');
    if (!step.weakens.empty()) append(out, "         risk   ", step.weakens, '\n');
    if (!text.see.empty()) append(out, "         see    ", with_pid(text.see, pause_pid), '\n');
  }
  return out;
}

}  // namespace podctl::view
