#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace podctl::view {

inline constexpr int kMaxJsonDepth = 100;

/// One JSON value with its keys in order.
/// @throws Error  when `text` is none, or nested deeper than kMaxJsonDepth levels
nlohmann::ordered_json parse_json(std::string_view text);

}  // namespace podctl::view
