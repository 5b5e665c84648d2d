#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "podctl/plan.hpp"

namespace podctl::view {

/// The steps first..last as `--explain` tells them: number, time since the start, stage, call, duration, and
/// (unless brief) why it is done, which field asked for it, and how to see it.
/// @param done_at  when a step was done (ns), 0 if it was not
std::string explain_steps(const Plan& plan, int first, int last, bool brief, const std::function<std::int64_t(int)>& done_at,
                          std::int64_t began, int pause_pid);

}  // namespace podctl::view
