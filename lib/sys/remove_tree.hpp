#pragma once

namespace podctl::sys::raw {

/// What stood in the way of remove_tree().
struct RemoveError {
  int error_number = 0;
  const char* call = "";
  char name[256] = {};
};

/// Removes `name` of the folder `dir`, and everything below it. Follows no link and crosses no mount; modes
/// that are in the way are changed. True when nothing of it is there any more. Like everything raw it may
/// run on the monitor's memory; however deep the tree, it needs 128 KiB of stack and few descriptors.
bool remove_tree(int dir, const char* name, RemoveError& error) noexcept;

}  // namespace podctl::sys::raw
