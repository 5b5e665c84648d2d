#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "podctl/manifest.hpp"
#include "podctl/spec.hpp"

/// What a user or a machine sets once instead of at every call. What a manifest should say has no place here: a pod means the
/// same to whoever runs it.
namespace podctl {

enum class When { kAuto, kAlways, kNever };
inline constexpr std::array<std::string_view, 3> kWhenNames{"auto", "always", "never"};

/// One configuration file. What it leaves out is absent, so that another one may say it.
struct Config {
  std::optional<When> color;
  std::optional<Validation> validate;
  std::optional<Quantity> log_max_size;       ///< bytes
  std::optional<std::int32_t> log_max_files;  ///< from 2 on
  std::optional<std::int32_t> keep_finished;  ///< from 1 on
  std::optional<std::string> detach_keys;
};

/// Reads a configuration: one JSON object, or nothing at all. Pure.
/// @param source  name of the file, for the error
/// @throws InvalidInput  that lists every problem, unknown keys too; of class kUsage
Config parse_config(std::string_view text, const std::string& source);

}  // namespace podctl
