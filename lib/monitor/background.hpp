#pragma once

#include <optional>

#include "base/time.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::monitor {

/// What a detached monitor owes the command that started it.
struct Background {
  UniqueFd report;                       ///< a pipe: receives one message, that the pod has started or why it has not
  std::optional<Duration> ready_within;  ///< it has started once it is ready, which may take this long
};

}  // namespace podctl::monitor
