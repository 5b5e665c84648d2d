#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "podctl/look.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;

// A record whose text cannot be given on, as the least Pod there is.
json stand_in(const PodSummary& pod) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", pod.name}}},
          {"status", {{"phase", pod.phase}, {"podctl", json::object()}}}};
}

json pod_object(const PodRecord& record) {
  const PodSummary pod = summarize(record);
  const bool usable = pod.fault == PodSummary::Fault::kNone && !record.status_json.empty();
  json object = usable ? json::parse(record.status_json) : stand_in(pod);
  json& status = object["status"];
  status["phase"] = pod.phase;
  json& own = status["podctl"];  // once nothing more is added beside it, which would move it
  own["status"] = status_word(pod);
  if (!pod.problem.empty()) own["problem"] = pod.problem;
  if (pod.liveness != Liveness::kRunning)
    for (const char* gone : {"monitorPid", "pausePid", "containerPids"}) own.erase(gone);
  else own["monitorPid"] = pod.monitor_pid;
  return object;
}

std::string text_of(const json& value) { return value.dump(2, ' ', false, json::error_handler_t::replace) + '\n'; }

}  // namespace

std::string pod_json(const PodRecord& record) { return text_of(pod_object(record)); }

std::string pod_list_json(std::span<const PodRecord> records) {
  json items = json::array();
  for (const auto& record : records) items.push_back(pod_object(record));
  return text_of({{"apiVersion", "podctl/v1"}, {"kind", "PodList"}, {"items", std::move(items)}});
}

}  // namespace podctl
