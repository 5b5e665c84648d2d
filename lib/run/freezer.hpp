#pragma once

#include <string>

#include "podctl/plan.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::run {

/// A cgroup (v2) of a pod's own, in which its processes are stopped and let go without noticing it (cgroup.freeze). No controller
/// is enabled in it. Processes that were in it stay in it. Made when it is first needed.
class Freezer {
 public:
  /// @param path  of the cgroup; the one above it must be ours to divide
  /// @throws SysError
  explicit Freezer(std::string path);
  Freezer(const Freezer&) = delete;
  Freezer& operator=(const Freezer&) = delete;
  ~Freezer();

  /// Moves every process of the pod into it, pause too, and returns when all of them stand still; within some seconds. When it
  /// throws, all go on.
  /// @param pause  its pidfd; borrowed
  /// @param held   the pod's namespaces
  /// @param proc   a procfs of the pod's pid namespace, a folder; borrowed
  /// @throws SysError  ETIMEDOUT when they multiply faster than they are found, or one cannot be stopped
  void freeze(int pause, const Namespaces& held, int proc);
  void thaw();
  /// Removes it when all that was in it has ended. @throws SysError
  void remove();

 private:
  void set_frozen(bool frozen);
  void await_frozen() const;

  std::string path_;
  UniqueFd folder_;
};

/// Removes a cgroup in which nobody is any more; one that is not there is no error.
/// @throws SysError  EBUSY when somebody is, also after a moment
void remove_cgroup(const std::string& path);

}  // namespace podctl::run
