#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "podctl/summary.hpp"

/// Records written by hand, as commands that look at pods read them.
namespace podtest {

using nlohmann::json;

inline json waiting(const std::string& reason) { return {{"waiting", {{"reason", reason}}}}; }
inline json running(const std::string& since = "2026-01-02T03:04:05Z") { return {{"running", {{"startedAt", since}}}}; }
inline json terminated(int code, const std::string& reason, const std::string& at = "2026-01-02T03:05:00Z") {
  json end{{"exitCode", code}, {"startedAt", "2026-01-02T03:04:05Z"}, {"finishedAt", at}};
  if (!reason.empty()) end["reason"] = reason;
  return {{"terminated", end}};
}

/// One container: its name, its state, and what else its status has.
struct Made {
  std::string name;
  json state;
  json more = json::object();
  json spec = json::object();
};

inline json record_of(const std::string& phase, const std::vector<Made>& inits, const std::vector<Made>& apps,
                      const json& own = json::object()) {
  json pod{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata", {{"name", "web"}, {"creationTimestamp", "2026-01-02T03:04:00Z"}}},
           {"spec", {{"restartPolicy", "Always"}}},
           {"status", {{"phase", phase}, {"podctl", {{"formatVersion", 1}}}}}};
  const auto add = [&](const char* specs, const char* statuses, const std::vector<Made>& made) {
    for (const auto& container : made) {
      json spec{{"name", container.name}};
      if (!container.spec.empty()) spec.update(container.spec);
      pod["spec"][specs].push_back(spec);
      json status{{"name", container.name},
                  {"state", container.state},
                  {"lastState", json::object()},
                  {"ready", container.state.contains("running")},
                  {"started", container.state.contains("running")},
                  {"restartCount", 0}};
      if (!container.more.empty()) status.update(container.more);
      pod["status"][statuses].push_back(status);
    }
  };
  add("initContainers", "initContainerStatuses", inits);
  add("containers", "containerStatuses", apps);
  pod["status"]["podctl"].update(own);
  return pod;
}

inline podctl::PodSummary summary_of(const json& record, podctl::Liveness liveness = podctl::Liveness::kRunning) {
  return podctl::summarize({.name = "web",
                            .liveness = liveness,
                            .monitor_pid = liveness == podctl::Liveness::kRunning ? 7 : 0,
                            .status_json = record.is_string() ? record.get<std::string>() : record.dump(1),
                            .problem = {}});
}

}  // namespace podtest
