#pragma once

#include <string>
#include <vector>

#include "podctl/manifest.hpp"

namespace podctl::monitor {

/// How a pod was made: the pod with every default, then the objects it was given but for Secrets, which never lie on disk.
/// It no longer depends on where it was read. Together with secrets_json() it is an input for parse_manifest().
/// @param directory  what relative rootfs: folders are relative to
std::string kept_manifest_json(const Pod& pod, const std::vector<DataObject>& objects, const std::string& directory);
/// The Secrets among the objects; "" when there are none.
std::string secrets_json(const std::vector<DataObject>& objects);

}  // namespace podctl::monitor
