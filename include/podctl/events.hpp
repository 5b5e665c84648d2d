#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/look.hpp"
#include "podctl/store.hpp"
#include "podctl/summary.hpp"

/// What happened to pods: events.jsonl of each pod's record, one JSON object a line.
namespace podctl {

struct PodEvent {
  std::string pod;
  std::optional<UnixTime> time;
  std::string type, reason, container, message;
  bool garbled = false;  ///< the line is no event; `message` is its text
};

/// "Warning" for what somebody should look at, else "Normal".
std::string_view event_type(std::string_view reason);

/// One line. What is not an event becomes one that says so: nothing is left out in silence.
PodEvent parse_event(std::string_view line, const std::string& pod);

/// Reads a pod's events, and then those that are added. A file that is missing has none; one that was replaced is read
/// from its beginning.
class EventReader {
 public:
  EventReader(const StorePaths& paths, std::string pod);
  enum class Last {
    kAsItIs,     ///< a last line without its end is shown as what it is
    kWhenWhole,  ///< it is left for the next time
  };
  std::vector<PodEvent> read(Last last);

 private:
  std::string path_, pod_;
  std::uint64_t inode_ = 0, offset_ = 0;
};

enum class PodColumn { kShow, kHide };
Table event_table(std::span<const PodEvent> events, PodColumn column, UnixTime now);
/// One event as a line of JSON.
std::string event_line(const PodEvent& event);
/// {"apiVersion": "podctl/v1", "kind": "EventList", "items": [...]}
std::string event_list_json(std::span<const PodEvent> events);

}  // namespace podctl
