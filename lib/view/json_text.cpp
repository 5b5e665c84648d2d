#include "view/json_text.hpp"

#include "base/text.hpp"
#include "podctl/error.hpp"

namespace podctl::view {

using json = nlohmann::ordered_json;

json parse_json(std::string_view text) {
  const auto refuse = [](std::string cause) -> json {
    throw Error({.id = "not-json", .message = "cannot read what should be printed", .cause = std::move(cause)});
  };
  bool too_deep = false;
  // Printing calls itself for every level.
  const auto watch = [&](int depth, json::parse_event_t event, json&) {
    const bool opens = event == json::parse_event_t::array_start || event == json::parse_event_t::object_start;
    too_deep = too_deep || (opens && depth >= kMaxJsonDepth);
    return !too_deep;
  };
  json value = json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (too_deep) return refuse(cat("nested deeper than ", kMaxJsonDepth, " levels"));
  if (value.is_discarded()) return refuse("it is not one JSON value");
  return value;
}

}  // namespace podctl::view
