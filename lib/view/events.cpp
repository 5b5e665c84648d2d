#include "podctl/events.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/time.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;

json event_object(const PodEvent& event) {
  json object = json::object();
  if (event.time) object["time"] = rfc3339(*event.time, 3);
  if (event.garbled) return {{"pod", event.pod}, {"garbled", true}, {"text", event.message}};
  object["type"] = event.type;
  object["pod"] = event.pod;
  object["reason"] = event.reason;
  if (!event.container.empty()) object["container"] = event.container;
  if (!event.message.empty()) object["message"] = event.message;
  return object;
}

std::string text_member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string_view event_type(std::string_view reason) {
  constexpr std::array<std::string_view, 8> kWarnings{"BackOff",      "Unhealthy",        "OOMKilled",  "Evicted",
                                                      "ProbeWarning", "DeadlineExceeded", "StartError", "SandboxDied"};
  const bool warning = std::find(kWarnings.begin(), kWarnings.end(), reason) != kWarnings.end() || reason.substr(0, 6) == "Failed";
  return warning ? "Warning" : "Normal";
}

PodEvent parse_event(std::string_view line, const std::string& pod) {
  PodEvent event{.pod = pod, .time = {}, .type = {}, .reason = {}, .container = {}, .message = {}, .garbled = false};
  const json object = line.size() > (std::size_t{1} << 20) ? json() : json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (object.is_object()) {
    event.time = parse_time(text_member(object, "time"));
    event.reason = text_member(object, "reason");
    event.type = text_member(object, "type");
    event.container = text_member(object, "container");
    event.message = text_member(object, "message");
    if (event.type.empty()) event.type = event_type(event.reason);
  }
  if (event.time && !event.reason.empty()) return event;
  constexpr std::size_t kMostShown = 200;
  return {.pod = pod,
          .time = {},
          .type = {},
          .reason = {},
          .container = {},
          .message = std::string(line.substr(0, kMostShown)),
          .garbled = true};
}

Table event_table(std::span<const PodEvent> events, PodColumn column, UnixTime now) {
  Table table{.headings = {"AGE", "TYPE", "REASON", "CONTAINER", "MESSAGE"}, .rows = {}};
  if (column == PodColumn::kShow) table.headings.insert(table.headings.begin() + 1, "POD");
  for (const auto& event : events) {
    std::vector<std::string> row{event.time ? human_duration(now - *event.time) : "?", event.garbled ? "?" : event.type,
                                 event.garbled ? "?" : event.reason, event.container,
                                 event.garbled ? cat("no event: ", event.message) : event.message};
    if (column == PodColumn::kShow) row.insert(row.begin() + 1, event.pod);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string event_line(const PodEvent& event) { return event_object(event).dump(-1, ' ', false, json::error_handler_t::replace) + '\n'; }

std::string event_list_json(std::span<const PodEvent> events) {
  json list{{"apiVersion", "podctl/v1"}, {"kind", "EventList"}, {"items", json::array()}};
  for (const auto& event : events) list["items"].push_back(event_object(event));
  return list.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace podctl
