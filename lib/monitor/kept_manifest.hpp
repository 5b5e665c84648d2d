#pragma once

#include <string>
#include <vector>

#include "podctl/manifest.hpp"

namespace podctl::monitor {

enum class Secrets {
  kLeftOut,  ///< for a file: a secret never lies on disk
  kGiven,    ///< for another podctl, in memory
};
/// How a pod was made: the pod with every default, then the objects it was given, as one input for parse_manifest(). It no
/// longer depends on where it was read.
/// @param directory  what relative rootfs: folders are relative to
std::string kept_manifest_json(const Pod& pod, const std::vector<DataObject>& objects, const std::string& directory, Secrets secrets);

}  // namespace podctl::monitor
