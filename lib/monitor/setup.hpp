#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lifecycle/pod_state.hpp"
#include "podctl/host.hpp"
#include "podctl/plan.hpp"
#include "podctl/store.hpp"
#include "run/remove.hpp"
#include "state/pod_folder.hpp"

/// What a monitor needs around a pod's life: before the first step, and after the last.
namespace podctl::monitor {

/// The clock of a pod's life: it goes on while the machine sleeps (CLOCK_BOOTTIME), and no one sets it.
Time now();

/// A random UUID, version 4 (RFC 9562).
std::string make_uuid();

/// A fresh name for a pod that has only generateName: the base cut to 58 characters and five more.
std::string generated_name(const std::string& base);

/// Raises this process's soft limit on open files to the hard one; containers get the old one back.
void raise_open_files(const HostFacts& facts);

/// Blocks every signal that could end this process and gives a descriptor (signalfd(2)) that delivers those
/// a user sends, and SIGWINCH. SIGPIPE stays blocked: a write says EPIPE instead.
UniqueFd block_and_watch_signals();

/// Whether files on disk may belong to ids that only the pod's user namespace can touch.
bool needs_user_namespace(const Plan& plan, const HostFacts& facts);

/// Removes the cgroup in which a pod was frozen. @throws SysError  EBUSY when somebody is in it
void clear_cgroup(state::PodFolder& folder);
/// Removes what an ended pod left under its name; also one whose monitor was killed.
void clear_leftovers(state::PodFolder& folder);
/// PodFolder::set_previous_aside(), also where a start that was killed is in the way.
void set_previous_aside(state::PodFolder& folder);
/// Removes what set_previous_aside() kept, in a process of its own; nothing when there is nothing.
std::optional<run::Removal> begin_drop_previous(state::PodFolder& folder);
void finish_drop_previous(const state::PodFolder& folder, run::Removal& removal);
/// The folders under upper/ that are the writable layers of one instance.
std::vector<std::string> layers_of(const Plan& plan, int member, unsigned instance);
/// Forgets finished pods beyond the `keep` newest; never `current`.
void forget_oldest(const StorePaths& paths, const state::PodFolder& current, std::size_t keep);

/// Reads a file that variables come from (fileKeyRef) in the pod tree, where a container may have put anything: no link leads
/// out of its volume, and a file is what is read. Nothing when it is not there.
/// @throws Error  in words about that file
std::optional<StringMap> read_env_file(int tree, const EnvFile& file);

/// Takes away the result of an earlier run, so that it is not taken for this one's.
void forget_result(const std::string& path);
/// Writes a file of the user's in one step.
void write_result(const std::string& path, const std::string& content);

int first_step_of(const Plan& plan, int member);
int last_step_of(const Plan& plan, int member);

/// "pod web: 1 init, 2 containers · files: host, read-only · network: private"
std::string headline(const Pod& pod, const Plan& plan);
/// How it ended, for people: one line.
std::string closing_line(const Pod& pod, const lifecycle::PodState& state);

/// Bytes that a folder takes on disk; 0 for one that is not there. What cannot be read is not counted, as du(1) would not.
std::uint64_t folder_usage(const std::string& folder);

/// The volume that holds more on disk than its sizeLimit, in the kubelet's words; "" for none.
std::string volume_over_limit(const PodSpec& spec, const std::string& state_directory);
bool has_limited_disk_volume(const PodSpec& spec);

}  // namespace podctl::monitor
