#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "podctl/store.hpp"

/// What containers print: how much of it is kept, and reading it back.
namespace podctl {

/// Whether lines begin with the name of the container: by default where it would not be clear.
enum class LogPrefix { kAuto, kAlways, kNever };

/// How much of one container instance's output is kept. Beyond it the oldest goes.
struct LogLimits {
  std::uint64_t size = std::uint64_t{10} << 20;  ///< bytes after which a new file is begun; 0: never
  unsigned files = 3;                            ///< including the current one
};

struct LogOptions {
  std::string container;                          ///< of this one alone; empty: of all, init containers too
  bool follow = false;                            ///< go on with what comes, until the pod ends
  bool previous = false;                          ///< of the instance before the current one
  std::optional<std::uint64_t> tail;              ///< the last records of each container alone
  std::optional<std::chrono::nanoseconds> since;  ///< since 1970: no line before it
  std::optional<std::chrono::nanoseconds> until;  ///< since 1970: no line after it; following ends then
  LogPrefix prefix = LogPrefix::kAuto;            ///< "[pod/POD/CONTAINER] "; by default when there are several containers
  bool timestamps = false;                        ///< before each line, as the log has them
  bool terminal = false;                          ///< whoever reads it obeys escape sequences: they are dropped but for colours
};

/// Writes what the containers of a pod have printed to `fd`, by time. Lines that were stored in pieces are put together,
/// bytes are kept as they are (but see `terminal`; prefixed lines are cleaned as for one). It may run or have ended.
/// With `follow` it returns when the pod has ended, or when nobody reads `fd` any more.
/// @throws Error  kNotFound for a pod, a container or a previous instance that does not exist; kConflict for a
/// container that has not run yet, and for a pod that keeps no logs
void show_logs(const StorePaths& paths, const std::string& pod, const LogOptions& options, int fd);

}  // namespace podctl
