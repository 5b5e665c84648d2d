#pragma once

#include <string_view>

namespace podctl::plan {

/// Where things are in the pod tree.
inline constexpr std::string_view kRootsFolder = "/r";      // rootfs: folders, by number
inline constexpr std::string_view kHostFolder = "/h";       // folders of the host root
inline constexpr std::string_view kMembersFolder = "/m";    // mount points of the containers' roots
inline constexpr std::string_view kVolumesFolder = "/v";    // every volume once, by name
inline constexpr std::string_view kTemplatesFolder = "/t";  // proc, sys, dev, shm
inline constexpr std::string_view kFilesFolder = "/f";      // hosts, hostname, resolv.conf
inline constexpr std::string_view kScratchFolder = "/s";    // what members write before they have a root
inline constexpr std::string_view kLayersFolder = "/w";     // writable layers
/// The two folders of a writable layer, behind its name: what was written, and what overlayfs works in.
inline constexpr std::string_view kUpper = ".upper", kWork = ".work";

}  // namespace podctl::plan
