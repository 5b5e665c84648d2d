#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace podctl {

/// A point on a clock that never goes back and counts suspended time (CLOCK_BOOTTIME), in nanoseconds.
using Time = std::chrono::nanoseconds;
using Duration = std::chrono::nanoseconds;

/// "2026-01-02T03:04:05Z"; with fractions of 3 or 9 digits: "...05.123Z". `unix_time` counts from 1970.
std::string rfc3339(std::chrono::nanoseconds unix_time, int fraction_digits = 0);

/// The shortest spelling people read at a glance: "0.02 s", "12 s", "3m20s", "2h5m".
std::string short_duration(Duration duration);

}  // namespace podctl
