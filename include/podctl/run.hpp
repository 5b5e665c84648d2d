#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/logs.hpp"
#include "podctl/manifest.hpp"
#include "podctl/plan.hpp"
#include "podctl/store.hpp"

namespace podctl {

enum class Explain { kOff, kBrief, kFull };

/// A step of the plan that fails instead of being done: how tests look for what a failure leaves behind.
struct InjectedFault {
  int step = 0;  ///< number in the plan
  int error_number = 0;
};

struct RunOptions {
  StorePaths paths;
  std::string manifest_directory;                   ///< relative rootfs: folders start here
  bool forget = false;                              ///< keep no record when it has ended (--rm)
  bool keep_on_error = false;                       ///< leave a failed start's files to look at
  bool any_name = false;                            ///< when the name is taken by a live pod, take NAME-2, NAME-3, ...
  std::optional<std::chrono::nanoseconds> timeout;  ///< ends the pod, with exit code 124
  std::optional<std::chrono::nanoseconds> grace;    ///< instead of terminationGracePeriodSeconds
  bool strict_grace = false;                        ///< wait it out even where the kernel drops the stop signal
  std::string until;                                ///< ends the pod when this container has ended
  std::string code_from;                            ///< whose exit code is returned; `until` implies it
  LogLimits log_limits;                             ///< of each container instance's log
  std::size_t keep_finished = 50;                   ///< finished pods that are kept, the newest
  LogPrefix log_prefix = LogPrefix::kAuto;
  bool timestamps = false;
  bool color = false;
  bool quiet = false;
  bool terminal = false;  ///< standard output is one
  Explain explain = Explain::kOff;
  std::string result_file;  ///< receives the final status as JSON
  int status_fd = -1;       ///< receives one JSON event a line
  double time_scale = 1.0;  ///< of back-off, least grace, probes and sleeps; other than 1 in tests alone
  std::vector<InjectedFault> faults;
  std::function<void(const std::string&)> log;  ///< podctl's own doings, for --verbose; may be empty
};

struct RunOutcome {
  int code = 0;           ///< of `podctl run`, by the rules of docs/exit-codes
  std::string source;     ///< container, signal, timeout or podctl
  std::string container;  ///< whose code it is
};

/// Runs a pod in the foreground: starts it, shows its output on descriptors 1 and 2, obeys INT, TERM and
/// HUP, and returns when it has ended. Nothing but the record is left then, and with `forget` not that.
/// Must be called from the process's main thread; blocks signals for the calling process.
/// @throws Error  when the pod cannot start; everything is undone then
RunOutcome run_pod(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options);

/// The same in the background: starts a monitor of its own, and returns the pod's name once every app container has
/// begun, or, with `ready_within`, once the pod is ready. A signal that ends this process before that undoes the pod.
/// Options that are about showing output are ignored. Blocks signals for the calling process, as run_pod() does.
/// @throws Error  when the pod cannot start, or ends before that
std::string run_detached(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options,
                         std::optional<std::chrono::nanoseconds> ready_within);

/// Checks everything that can be checked and keeps the pod to be started later; no process runs. Returns its name.
/// @throws Error  as run_pod() before its first step
std::string create_pod(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options);

/// What a pod that was created, or has ended, was made from: one pod and the objects it was given.
/// @throws Error  kNotFound, and kConflict when it can no longer be read
Manifest kept_manifest(const StorePaths& paths, const std::string& pod);

}  // namespace podctl
