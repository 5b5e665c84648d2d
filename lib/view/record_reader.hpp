#pragma once

#include <string_view>

#include "podctl/summary.hpp"

namespace podctl::view {

/// Version of what stands under status.podctl; a reader refuses a newer major one.
inline constexpr std::int64_t kFormatVersion = 1;

enum class Reading { kWhole, kTorn };

/// Picks what a PodSummary has from the text of a record, whatever the order of its keys. Of a torn one `pod` receives
/// what stood before the tear.
Reading read_record(std::string_view text, PodSummary& pod);

/// A summary's fault in words; "" for none.
std::string fault_text(const PodSummary& pod);

}  // namespace podctl::view
