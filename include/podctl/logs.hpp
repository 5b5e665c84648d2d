#pragma once

#include <cstdint>

/// What containers print: how much of it is kept.
namespace podctl {

/// Whether lines begin with the name of the container: by default where it would not be clear.
enum class LogPrefix { kAuto, kAlways, kNever };

/// How much of one container instance's output is kept. Beyond it the oldest goes.
struct LogLimits {
  std::uint64_t size = std::uint64_t{10} << 20;  ///< bytes after which a new file is begun; 0: never
  unsigned files = 3;                            ///< including the current one
};

}  // namespace podctl
