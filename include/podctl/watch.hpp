#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "podctl/store.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl {

/// Sleeps until pods may have changed: a record was written, a lock was taken or let go (also by a monitor that was
/// killed: the kernel closes its files, and inotify(7) tells), an event was added, a pod came or went. It tells a little
/// too much rather than too little, so whoever watches reads again. Make it first and read then: what happens between
/// is told.
class StoreWatch {
 public:
  /// @param only  the pod whose changes are told; "" for all
  /// @throws Error  kHost when the machine allows no more watches
  StoreWatch(StorePaths paths, std::string only);

  /// Names of pods that may have changed; none when the time is up.
  std::set<std::string> wait(std::optional<std::chrono::nanoseconds> timeout);
  /// Readable when wait() would return at once; for who has other things to wait for.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }

 private:
  struct Place {
    std::string folder;  ///< whose entries are pods; or of one pod
    std::string pod;     ///< "" for a folder of pods
  };
  enum class Watching { kNothing, kAlready, kNewly };
  Watching watch(const std::string& folder, const std::string& pod);
  void watch_all(std::set<std::string>& changed);
  void read_events(std::set<std::string>& changed);

  StorePaths paths_;
  std::string only_;
  UniqueFd inotify_;
  std::map<int, Place> places_;
  bool complete_ = false;  ///< both folders of pods exist, and are watched
};

}  // namespace podctl
