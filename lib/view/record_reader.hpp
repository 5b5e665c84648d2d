#pragma once

#include <string_view>

#include "podctl/summary.hpp"

namespace podctl::view {

/// Version of what stands under status.podctl; a reader refuses a newer major one.
inline constexpr std::int64_t kFormatVersion = 1;

/// Picks what a PodSummary has from the text of a record, whatever the order of its keys. Of a torn one it has what stood
/// before the tear. Its fault is what the text alone tells.
PodSummary read_record(std::string_view text);

/// The record says how the pod ended, and can be relied on.
bool is_final(const PodSummary& pod);

/// Corrects what was read by what is known beside it: who holds the lock, and whether the record could be read at all.
void settle(PodSummary& pod, const PodRecord& record);

/// A summary's fault in words; "" for none.
std::string fault_text(const PodSummary& pod);

}  // namespace podctl::view
