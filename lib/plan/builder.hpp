#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/pod_tree.hpp"
#include "podctl/plan.hpp"

/// The pieces make_plan() is put together from; one file each. All pure.
namespace podctl::plan {

/// Everything a piece may look at, and the plan it adds to.
struct Draft {
  const Pod& pod;
  const std::vector<DataObject>& objects;
  const HostFacts& facts;
  const PlanOptions& options;
  Plan& plan;
  std::vector<Step>& first;  ///< steps that come before those of the plan

  /// What has to be on the host before pause looks at it. The machine's root takes its trees before the pod
  /// exists, so then this comes first of all; else it is done while pause makes the network.
  void prepare(Stage stage, Action action, std::string why) const;
  void monitor(Stage stage, Action action, std::string why, std::string weakens = {}) const;
  void pause(Stage stage, Action action, std::string why, std::string weakens = {}) const;
  void network(Action action, std::string why) const;
  void member(int index, Stage stage, Action action, std::string why, std::string weakens = {}) const;
};

/// A container of the pod, with where it stands in the manifest and in the plan.
struct Place {
  const Container* container = nullptr;
  int index = 0;     ///< into Plan::members
  std::string path;  ///< "spec.containers[0]"
  std::string root;  ///< canonical image: "host", or the absolute folder of rootfs:
};
std::vector<Place> places(const Pod& pod, const PlanOptions& options);

/// What podctl's own annotation asks for; "" when it is absent.
std::string annotation(const Pod& pod, std::string_view key);

/// All containers work in pause's own mount namespace, with one root file system.
bool shares_mounts(const Pod& pod);
bool uses_host_network(const Pod& pod);
bool has_pid_per_member(const Pod& pod);

/// Decides the id maps and each member's ids. Fills Plan::uids, gids and members[].uid, gid.
/// @throws Error when the machine has no ids for them
void choose_ids(const Draft& draft, const std::vector<Place>& all);
/// The ids a container asks for; no group when it is left to the root file system's /etc/passwd.
struct WantedIds {
  std::uint32_t uid = 0;
  std::optional<std::uint32_t> gid;
};
WantedIds wanted_ids(const Pod& pod, const Container& container);

void add_host_folders(const Draft& draft, const std::vector<Place>& all);
void add_sandbox(const Draft& draft);
void add_network(const Draft& draft);
void add_pod_tree(const Draft& draft, const std::vector<Place>& all);
void add_volumes(const Draft& draft);
/// Volumes whose files are written into memory, and what all of them take there.
bool is_projection(const Volume& volume);
std::size_t projected_bytes(const Draft& draft);
void add_projection(const Draft& draft, const Volume& volume, const std::string& why);
void add_member(const Draft& draft, const Place& place, const std::vector<Place>& all);
/// The root file system of a container with everything mounted in it, up to its pivot_root. `actor` is the
/// member, or pause when all containers share one.
void add_root(const Draft& draft, const Place& place, const std::vector<Place>& all, Actor actor);

/// Makes sure that the pod's folder on disk is there.
void use_disk(const Draft& draft, Stage stage);

/// Writable layers are in memory, each container's own; otherwise in the pod's folder on disk.
/// @throws Error when podctl.dev/layers asks for memory and the kernel cannot
bool layers_in_memory(const Draft& draft);
/// The writable layers of a container's root: none, one, or one for each folder of the host.
std::vector<std::string> layer_names(const Draft& draft, const Place& place);
action::MakeLayer make_layer(const Draft& draft, const Place& place, std::string name);
/// Makes those on disk, before the container is born.
void add_layers(const Draft& draft, const Place& place);

/// Shows a host path in the pod tree, the way this machine needs it.
void bind_host(const Draft& draft, Stage stage, action::BindHost bind, bool shift_ids, const std::string& why,
               const std::string& weakens = {});

/// Where a container finds the file for its final message; "" when it has none.
std::string message_target(const Container& container);

/// What is hidden and read-only of a procfs mounted at `base`.
action::MaskPaths proc_masks(std::string base);
/// The device nodes of a container's /dev.
std::vector<std::string> device_names();

/// What fieldRef and resourceFieldRef stand for. `own` is the container that asks.
std::string field_value(const Draft& draft, const FieldRef& ref);
std::string resource_value(const Draft& draft, const ResourceFieldRef& ref, const Container& own);
/// Whether one of them needs to know about the machine.
bool wants_node(const Pod& pod);

/// The subPath of a mount, with subPathExpr expanded.
/// @param path  of the container in the manifest
/// @throws Error when it refers to a variable that is empty or not there, or leads out of the volume
std::string sub_path_of(const Draft& draft, const Container& container, const VolumeMount& mount, const std::string& path);

/// The environment of a container: defaults, then the manifest's variables in order, $(NAME) expanded.
std::vector<std::string> environment(const Draft& draft, const Place& place);
/// What the container runs: command and args expanded, and where to look for the program.
action::ExecProgram exec_program(const Draft& draft, const Place& place);
/// Where to look for a program, as execvp(3) does: the name itself when it has a slash, else every folder of PATH.
std::vector<std::string> program_candidates(const std::string& program, const std::vector<std::string>& environment);
/// `text` with $(NAME) replaced from `variables`; $$ is $, unknown names stay as they are.
std::string expand(std::string_view text, const StringMap& variables);

std::string hosts_file(const Draft& draft);
std::string resolv_conf_file(const Draft& draft);

/// The capabilities a container keeps, by bit.
std::uint64_t kept_capabilities(const SecurityContext& context);
inline constexpr std::uint64_t kDefaultCapabilities = 0x00000000a80425fb;

std::string host_name_of(const Pod& pod, const HostFacts& facts);

}  // namespace podctl::plan
