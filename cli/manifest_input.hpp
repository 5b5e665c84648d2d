#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "podctl/manifest.hpp"

namespace podctl::cli {

/// Flags that choose and change a manifest; the same ones for every command that takes one.
std::vector<Flag> manifest_flags();

/// The manifest that the command line names, changed as it asks.
struct Input {
  Manifest manifest;
  std::string source;       ///< for messages: the file, "-" for standard input, or "--"
  std::string directory;    ///< what relative folders in it are relative to
  bool is_command = false;  ///< made from what follows "--"
};
Input read_input(const Arguments& arguments);

/// The same, and an error unless it holds valid pods, at least one. Warnings and notes go to standard error. A flag that
/// changes a pod is refused when there are several. @throws InvalidInput
Input read_pods(const Arguments& arguments);

/// The same, and an error unless it holds exactly one valid pod. Warnings and notes go to standard error.
/// @throws InvalidInput
Input read_one_pod(const Arguments& arguments);

/// The text of a file, "-" for standard input; cut off where no manifest may go on.
std::string read_text(const std::string& file);

}  // namespace podctl::cli
