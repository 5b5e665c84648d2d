#pragma once

#include <memory>
#include <string>
#include <vector>

#include "podctl/host.hpp"
#include "podctl/plan.hpp"
#include "podctl/process.hpp"

namespace podctl::run {

/// Folders of a pod that are being removed, in a child of its own beside everything else. Files that a
/// container made as another of its ids belong to a subordinate id of the host, which only the pod's user
/// namespace may touch; the child joins it.
class Removal {
 public:
  /// @param dir             folder they are in (borrowed for the start)
  /// @param user_namespace  the pod's, borrowed for the start; -1 when we may remove them ourselves
  Removal(int dir, std::vector<std::string> names, int user_namespace);
  Removal(Removal&&) noexcept;
  Removal& operator=(Removal&&) noexcept;
  ~Removal();
  [[nodiscard]] bool is_done() const;
  /// Waits for the end. @throws SysError for what could not be removed
  void finish();

 private:
  struct Work;
  // On a stack that AddressSanitizer does not know, where it would warn of a function that does not return.
  [[gnu::no_sanitize_address]] static int work_main(void* work) noexcept;
  std::unique_ptr<Work> work_;
  Process process_;
};

/// A user namespace with a pod's maps again, for clearing up after one that is gone.
/// @throws SysError when the helpers refuse
UniqueFd remake_user_namespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids, const HostFacts& facts);

}  // namespace podctl::run
