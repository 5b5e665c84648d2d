#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "podctl/spec.hpp"

/// Files that variables come from (fileKeyRef): lines KEY='value'. The value is taken as it stands, newlines too; blank
/// lines and those that begin with # say nothing (Kubernetes' KEP-3721).
namespace podctl::spec {

inline constexpr std::size_t kMaxEnvFile = std::size_t{64} << 10;
inline constexpr std::size_t kMaxEnvFileKey = 128;
inline constexpr std::size_t kMaxEnvFileValue = std::size_t{32} << 10;

struct EnvFileText {
  StringMap variables;  ///< of a key that comes twice, the last
  std::string problem;  ///< what is wrong, and in which line; "" when nothing is
};
/// Pure. The text is not trusted: a container wrote it.
EnvFileText parse_env_file(std::string_view text);

}  // namespace podctl::spec
