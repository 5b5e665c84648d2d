#pragma once

#include <string_view>

namespace podctl::run {

/// The pause program (lib/run/pause) as an ELF file.
std::string_view pause_image() noexcept;

}  // namespace podctl::run
