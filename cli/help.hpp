#pragma once

#include <string>

#include "cli/command.hpp"

namespace podctl::cli {

/// The page of one command: examples first, then flags.
std::string help_page(const Command& command);
/// What -h shows: the examples and the names of the flags, on one screen.
std::string help_screen(const Command& command);
/// What `podctl` alone prints: at most 25 lines.
std::string overview();

}  // namespace podctl::cli
