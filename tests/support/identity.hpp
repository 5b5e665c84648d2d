#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Who runs the tests, and so what a pod of theirs may have. Found out without podctl's help.
namespace podtest {

enum class Caller {
  kMachineRoot,  ///< root of the machine: the pod gets a range of ids of its own
  kRange,        ///< a plain user with a line in /etc/subuid, and newuidmap
  kNoRange,      ///< a plain user without
  kNestedRoot,   ///< root of somebody's user namespace of one id, as `unshare -r` makes it
};

struct IdRange {
  std::uint32_t pod = 0, host = 0, count = 0;
};

Caller caller();

/// Whether a pod of ours may have more ids than one.
bool has_id_range();

/// What error text a pod gets that needs ids we cannot give, as parts it must contain. Empty with a range.
std::vector<std::string> id_refusal();

/// The map a pod must have, in the form of /proc/PID/uid_map (or gid_map), when it wants the one id `pod_id`,
/// or several of them.
enum class Kind { kUser, kGroup };
std::vector<IdRange> expected_map(Kind kind, bool several, std::uint32_t pod_id);

/// /proc/PID/uid_map or the like, read.
std::vector<IdRange> read_map(const std::string& path);
std::string to_text(const std::vector<IdRange>& map);

/// By /proc/sys/kernel/osrelease.
bool kernel_is_at_least(unsigned version, unsigned patchlevel);

/// Says what this machine lacks, and whether the test can go on. PODCTL_TESTS_MUST_RUN=1 makes the lack a failure.
bool has_means(bool there, const std::string& what);

}  // namespace podtest
