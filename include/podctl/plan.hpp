#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/action.hpp"
#include "podctl/host.hpp"
#include "podctl/manifest.hpp"
#include "podctl/spec.hpp"

/// The plan of a pod: an ordered list of typed steps that is plain data. Running a pod carries it out;
/// `plan`, --explain, error messages, traces and fault injection are views of it.
namespace podctl {

/// What part of the start a step belongs to; also the names of `--step=`.
enum class Stage { kUserns, kSandbox, kNetwork, kVolumes, kMounts, kIdentity, kLimits, kLockdown, kExec, kReady };

/// Who carries a step out.
enum class Actor {
  kMonitor,  ///< podctl itself, in the host's namespaces
  kPause,    ///< PID 1 of the pod
  kNetwork,  ///< a child of pause that makes the network while pause makes the pod tree
  kMember,   ///< a container, between joining the pod and its exec
};

/// One change of one object.
struct Step {
  int number = 0;  ///< its place in the plan, from 1
  Stage stage = Stage::kSandbox;
  Actor actor = Actor::kMonitor;
  int member = -1;  ///< index into Plan::members, of a step that a container's start consists of
  Action action;
  std::string why;      ///< the manifest field or rule that asked for it
  std::string weakens;  ///< what is less safe because of it; empty for most
};

/// What is decided about a container besides its steps.
struct PlannedMember {
  std::string name;
  bool is_init = false;
  std::uint32_t uid = 0, gid = 0;
  bool stdin_open = false, stdin_once = false, terminal = false;
  std::string message_file;  ///< absolute below pause's root
  bool has_layer = false;    ///< a writable layer over its root
};

struct Plan {
  std::string pod;
  std::vector<Step> steps;
  std::vector<PlannedMember> members;  ///< init containers first
  Namespaces namespaces;               ///< held by pause
  bool pid_per_member = false;
  std::vector<IdMapping> uids, gids;
  std::string ipv4, ipv6;  ///< the pod's addresses; empty without a network of its own
  std::string host_name;
  std::string network;             ///< private, host or none
  std::string sharing;             ///< pod or kubernetes, the effective choice
  bool uses_disk = false;          ///< there are folders under the state directory
  bool layers_on_disk = false;     ///< writable layers among them
  std::vector<std::string> notes;  ///< what the user should know
};

/// A file in a volume that variables come from (fileKeyRef).
struct EnvFile {
  std::string volume, path;

  friend auto operator<=>(const EnvFile&, const EnvFile&) = default;
};
/// What such files hold.
using EnvFiles = std::map<EnvFile, StringMap>;

struct PlanOptions {
  std::string state_directory;             ///< of this pod: disk volumes and layers on disk live below it
  std::string volumes_directory;           ///< where volumes that outlive pods are, by the names of their claims
  std::string manifest_directory;          ///< relative rootfs: folders start here
  std::chrono::nanoseconds start_time{0};  ///< since 1970; names the folders of configMap volumes
  std::string pod_uid;
  EnvFiles env_files;  ///< those that are there already
};

/// What make_plan will want to know about the machine for this pod.
HostQuestions questions_for(const Pod& pod, const PlanOptions& options);

/// Everything that has to be done to start `pod`. Pure.
/// @throws Error  when this machine (by `facts`) cannot do what the manifest asks
Plan make_plan(const Pod& pod, const std::vector<DataObject>& objects, const HostFacts& facts, const PlanOptions& options);

/// The files that the environment of a container comes from; none for most.
std::vector<EnvFile> env_files_of(const Pod& pod, int member);
/// Fills in what a container takes from such files, before each of its starts. `options` are those of make_plan, with the
/// files that are there.
/// @throws Error  when a key that is not optional is missing
void complete_environment(Plan& plan, int member, const Pod& pod, const std::vector<DataObject>& objects, const HostFacts& facts,
                          const PlanOptions& options);

struct JoinOptions {
  unsigned attempt = 0;  ///< which instance of the container this is, from 0: names its writable layer
  bool in_turn = false;  ///< started together with the container before it, so it waits for its turn
};

/// The steps that bring one container into the pod, for its first start and for every restart: the monitor's
/// part (a fresh writable layer), then the member's. They keep their numbers in the plan.
std::vector<Step> make_join_plan(const Plan& plan, int member, const JoinOptions& options);

/// A step in words. The same ones everywhere: plan, --explain, errors, logs.
struct StepText {
  std::string id;      ///< of the kind of action, e.g. "mount-tmpfs"
  std::string what;    ///< e.g. "new tmpfs on /dev"
  std::string detail;  ///< e.g. "mode 0755, nosuid"
  std::string call;    ///< the system calls behind it
  std::string see;     ///< a command that shows the result, with PID for the process; may be empty
};
StepText describe(const Step& step);

std::string_view stage_name(Stage stage);

/// The plan as a table for people, and as JSON; both end with a newline.
std::string render_plan_text(const Plan& plan);
std::string render_plan_json(const Plan& plan);

/// A further program in a container that runs.
struct ExecOptions {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< NAME=VALUE, laid over the container's own
  std::string directory;                 ///< instead of the container's working directory
  /// Instead of the container's user; the group is that of `uid` when only it is given.
  struct Identity {
    std::uint32_t uid = 0, gid = 0;
  };
  std::optional<Identity> identity;
  bool stdin_open = false, terminal = false;
};

/// The plan of that: the member's steps without those that build what is there by now, numbered from 1, with the
/// container as its one member. It joins the container's own namespaces, those it was born in too.
Plan make_exec_plan(const Plan& plan, int member, const ExecOptions& options);

}  // namespace podctl
