#pragma once

#include "run/page.hpp"

/// Finding and making mount points inside a root file system that somebody else filled: every path is
/// resolved below a descriptor, so no link leads out of it. Runs between clone and exec.
namespace podctl::run {

enum class Want { kDirectory, kFile };

struct TargetError {
  int rc = 0;  ///< -errno
  Call call = Call::kNone;
};

/// A descriptor (O_PATH) of `path` below `root`; links are followed as if `root` were "/". What is missing
/// is made, step by step: folders 0755, and at the end a folder or an empty file 0644.
int open_target(int root, const char* path, Want want, TargetError& error) noexcept;

/// A descriptor (O_PATH) of `path` inside the volume `root`. Links that stay inside are followed, others give
/// EXDEV. A missing path is made as folders with the mode of the volume's own.
int open_sub_path(int root, const char* path, TargetError& error) noexcept;

}  // namespace podctl::run
