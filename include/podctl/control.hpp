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

struct AttachRequest {
  std::string container;
  bool input = false;
  std::string detach_keys = "ctrl-],ctrl-]";  ///< typed in this order they end the attachment; "" for none
};
/// Shows what a container prints from now on, until it ends or the keys are typed. Returns its exit code, or 0 after the
/// keys.
int attach_to_pod(const StorePaths& paths, const std::string& pod, const AttachRequest& request);

}  // namespace podctl
