#include <nlohmann/json.hpp>
#include <algorithm>

#include "base/text.hpp"
#include "podctl/plan.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;

std::string column_name(const Plan& plan, const Step& step) {
  return step.member >= 0 ? plan.members[static_cast<std::size_t>(step.member)].name : std::string(stage_name(step.stage));
}

std::string_view actor_name(Actor actor) {
  switch (actor) {
    case Actor::kMonitor: return "monitor";
    case Actor::kPause: return "pause";
    case Actor::kNetwork: return "network";
    case Actor::kMember: return "member";
  }
  return "";
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

std::string render_plan_text(const Plan& plan) {
  struct Row {
    std::string name, number, what, detail, why;
    bool weakens = false;
  };
  std::vector<Row> rows;
  std::size_t name_width = 0, what_width = 0, number_width = 0;
  for (const auto& step : plan.steps) {
    const StepText text = describe(step);
    Row row{column_name(plan, step), cat(step.number), text.what, text.detail, {}, !step.weakens.empty()};
    row.why = row.weakens ? cat("weakens: ", step.weakens) : cat("why: ", step.why);
    name_width = std::max(name_width, row.name.size());
    number_width = std::max(number_width, row.number.size());
    what_width = std::max(what_width, std::min<std::size_t>(row.what.size(), 44));
    rows.push_back(std::move(row));
  }
  std::string out;
  for (const auto& row : rows)
    append(out, row.weakens ? "! " : "  ", pad(row.name, name_width), "  ", std::string(number_width - row.number.size(), ' '), row.number,
           "  ", pad(row.what, what_width), row.detail.empty() ? "" : "  ", row.detail, "  ", row.why, '\n');
  for (const auto& note : plan.notes) append(out, "  note: ", note, '\n');
  return out;
}

std::string render_plan_json(const Plan& plan) {
  json steps = json::array();
  for (const auto& step : plan.steps) {
    const StepText text = describe(step);
    json row{{"number", step.number}, {"stage", stage_name(step.stage)}, {"actor", actor_name(step.actor)}};
    if (step.member >= 0) row["container"] = plan.members[static_cast<std::size_t>(step.member)].name;
    row["action"] = text.id;
    row["what"] = text.what;
    row["detail"] = text.detail;
    row["call"] = text.call;
    row["why"] = step.why;
    if (!step.weakens.empty()) row["weakens"] = step.weakens;
    steps.push_back(std::move(row));
  }
  const json plan_json{{"apiVersion", "podctl/v1"}, {"kind", "Plan"},          {"pod", plan.pod},    {"hostname", plan.host_name},
                       {"network", plan.network},   {"sharing", plan.sharing}, {"podIP", plan.ipv4}, {"steps", std::move(steps)}};
  return plan_json.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace podctl
