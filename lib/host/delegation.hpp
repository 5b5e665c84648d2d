#pragma once

#include <string>

#include "podctl/host.hpp"

/// Where this process may make cgroups of its own.
namespace podctl {

struct Delegation {
  std::string folder;   ///< the cgroup this process is in, when others may be made below it; else ""
  std::string refusal;  ///< why not
};

/// Finds out whether this process's own cgroup is in a pure v2 hierarchy and its own to divide: whoever manages a cgroup is alone
/// in making others below it (systemd, "Control Group APIs and Delegation"). It is ours when it is marked as delegated, when
/// it is that of a container as a whole, or when it belongs to this user; the last says nothing of the machine's root, to whom all belong.
/// Read-only. @throws SysError when /proc cannot be read
Delegation probe_delegation(const HostFacts& facts);

}  // namespace podctl
