#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/store.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::state {

/// A name taken for as long as the object lives, and the folders that go with it. The lock is a POSIX one
/// (fcntl(2), F_SETLK): it ends with the process in every way a process can end, and F_GETLK names its
/// holder. Its file must not be opened and closed elsewhere in the process: any close drops the lock.
class PodFolder {
 public:
  /// Takes the name. What an ended pod of it left behind must be cleared with clear() before use.
  /// @throws Error  kConflict when a monitor holds it
  PodFolder(const StorePaths& paths, const std::string& name);
  PodFolder(const PodFolder&) = delete;
  PodFolder& operator=(const PodFolder&) = delete;
  ~PodFolder();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Folder of the record, logs, volumes and layers; made by make_state().
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  [[nodiscard]] const std::string& runtime() const noexcept { return runtime_; }
  [[nodiscard]] bool has_state() const;
  void make_state();
  /// An open descriptor of state(), for the *at calls.
  int state_fd();
  /// Makes state() again, which somebody has removed. Descriptors that were handed out before stay open, and lead nowhere.
  void remake_state();
  /// An open descriptor (O_PATH) of runtime(), where the control socket is.
  int runtime_fd();

  enum class Durability { kNone, kDisk };
  /// Replaces a file of the record in one step: it is either the old one or the new one, never half.
  void write(const std::string& file, std::string_view content, Durability durability = Durability::kNone);
  std::optional<std::string> read(const std::string& file);

  /// Keeps `text`, which must never lie on a disk, beside the lock: for as long as there is a record, and no longer than that
  /// folder, which goes with the session or the machine. False when that folder is not in memory, and nothing is kept then.
  [[nodiscard]] bool keep_secrets(std::string_view text);

  /// An ended pod of the name keeps its record until the new one has started: it is renamed out of the way,
  /// and brought back when the start fails.
  void set_previous_aside();
  void bring_previous_back();
  [[nodiscard]] bool has_previous() const noexcept { return has_previous_; }
  void forget_previous() noexcept;
  [[nodiscard]] std::string previous() const;
  void forget_state_fd() noexcept { state_fd_.reset(); }

  /// The cgroup that is made for the pod: noted beside its lock before it is made, so that whoever has the name next finds it
  /// when its monitor was killed.
  void note_cgroup(const std::string& path);
  std::optional<std::string> noted_cgroup();
  void forget_cgroup() noexcept;

  /// Removes a file or folder below state(). Content that belongs to subordinate ids needs
  /// run::remove_as_pod.
  void remove(const std::string& entry);
  /// Removes state() itself, which must be empty but for the record's own files, and the secrets.
  void remove_state();
  void forget_secrets() noexcept;

 private:
  std::string name_, state_, runtime_;
  UniqueFd lock_, state_fd_, runtime_fd_;
  std::vector<UniqueFd> removed_;  // of state() as it was before
  bool has_previous_ = false;
};

/// What keep_secrets() has kept of a pod; nothing when there is none.
std::optional<std::string> kept_secrets(const StorePaths& paths, const std::string& name);

/// The process that holds the lock of a pod; 0 when nobody does.
int lock_holder(const StorePaths& paths, const std::string& name);

/// Makes a folder that must be ours alone: mode 0700, owned by us.
void make_private_folder(const std::string& path);

/// Names of the folders in `folder`; none when it does not exist.
std::vector<std::string> folder_names(const std::string& folder);

}  // namespace podctl::state
