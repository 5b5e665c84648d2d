#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "podctl/store.hpp"

/// What can be done to a pod that runs, by asking its monitor. All of it throws Error: kNotFound when there is no such
/// pod, kConflict when it does not run or cannot do that now.
namespace podctl {

struct StopOptions {
  std::optional<std::chrono::nanoseconds> grace;  ///< instead of the pod's own
};

/// Ends a pod as a signal to a foreground run does, and returns when it is over and its name free. A pod that has ended
/// already is no error.
void stop_pod(const StorePaths& paths, const std::string& pod, const StopOptions& options);
/// Ends one container, which stays down while the rest of the pod goes on. Returns when it has ended.
void stop_container(const StorePaths& paths, const std::string& pod, const std::string& container, const StopOptions& options);
/// Ends one container and begins it again, whatever its restart policy. Returns when that is under way.
void restart_container(const StorePaths& paths, const std::string& pod, const std::string& container, const StopOptions& options);
/// Sends a signal to the main process of a container, or of all of them when `container` is "". SIGKILL to all ends the
/// pod, and is waited for.
void kill_pod(const StorePaths& paths, const std::string& pod, const std::string& container, int signal_number);

/// How the processes of a pod are held.
enum class FreezeMethod {
  kCgroup,  ///< the cgroup v2 freezer: no process notices
  kSignal,  ///< SIGSTOP to each: a parent inside may notice
};
struct Freeze {
  std::optional<FreezeMethod> method;  ///< none: it was not held
  std::string refusal;                 ///< why not by the freezer; "" when it was held already
};
/// Holds every process of a pod until thaw_pod().
Freeze freeze_pod(const StorePaths& paths, const std::string& pod);
Freeze thaw_pod(const StorePaths& paths, const std::string& pod);

struct ExecRequest {
  std::string container;
  std::vector<std::string> command;
  std::vector<std::string> environment;  ///< NAME=VALUE, laid over the container's
  std::string directory;                 ///< instead of its working directory; absolute
  std::string user;                      ///< NAME or UID, and :GROUP or :GID perhaps; "": the container's
  bool input = false;                    ///< passes standard input on
  bool terminal = false;                 ///< gives the command a terminal
};
/// Runs a further program in a container, in all of its namespaces and with its restrictions, on the caller's own
/// standard streams. Returns its exit code, 128+N for signal N. It dies with this process.
int exec_in_pod(const StorePaths& paths, const std::string& pod, const ExecRequest& request);

struct CopyRequest {
  std::string container;
  std::string inside;   ///< a path of the container; one that is not absolute counts from its root
  std::string outside;  ///< a path of the caller's; "-": a tar stream on standard input or output
};
/// What a copy did not take along although it went well.
struct CopyResult {
  std::size_t left_out = 0;    ///< what is neither file, folder nor link, and what went away meanwhile
  std::string first_left_out;  ///< one of them, and why
};
/// Copies a file or a folder into a container, as cp(1) -r does, with modes and times. What is made belongs to the container's
/// user and can do nothing that a program of the container could not.
CopyResult copy_into_pod(const StorePaths& paths, const std::string& pod, const CopyRequest& request);
/// The other way. The container is not trusted: nothing is made outside of what `outside` names, and no set-uid bit is kept.
/// @throws Error  kFailed also when only some files could not be read; all others are there then
CopyResult copy_out_of_pod(const StorePaths& paths, const std::string& pod, const CopyRequest& request);

struct AttachRequest {
  std::string container;
  bool input = false;
  std::string detach_keys = "ctrl-],ctrl-]";  ///< typed in this order they end the attachment; "" for none
};
/// Shows what a container prints from now on, until it ends or the keys are typed. Returns its exit code, or 0 after the
/// keys.
int attach_to_pod(const StorePaths& paths, const std::string& pod, const AttachRequest& request);

}  // namespace podctl
