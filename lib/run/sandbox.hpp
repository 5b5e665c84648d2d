#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/plan.hpp"
#include "podctl/process.hpp"
#include "run/compile.hpp"
#include "run/launch_memory.hpp"
#include "run/member.hpp"

namespace podctl::run {

struct StartRequest {
  int member = 0;
  JoinOptions options;
  Streams streams;
};
struct StartResult {
  std::optional<Member> member;
  std::optional<ErrorInfo> failure;
};

/// What a test may change about a launch.
struct Fault {
  int step = 0;  ///< number of the step that fails
  int error_number = 0;
};

/// A pod's pause with the namespaces it holds. Destruction ends everything in it.
class Sandbox {
 public:
  /// Carries out the monitor's steps of the plan, and starts pause on its own. Everything made is undone when
  /// it throws. Only from the thread that lives as long as the pod: its end ends the pod.
  /// @throws Error  in the plan's words
  /// Borrows the plan.
  Sandbox(const Plan& plan, const HostFacts& facts, std::span<const Fault> faults = {});
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  [[nodiscard]] Process& pause() noexcept { return pause_; }
  [[nodiscard]] const Process& pause() const noexcept { return pause_; }
  /// Does the monitor's part of every container's first start ahead of it, while pause is at work.
  void prepare_members();
  /// Waits until pause has done its steps and members may join. @throws Error  in the plan's words
  void await_ready();
  /// Number of the last step before the members'.
  [[nodiscard]] int last_step() const noexcept;
  /// Brings containers into the pod, all of them side by side. Returns once their processes exist, not when
  /// their programs run. One result for each request, in order: the member, or why there is none.
  std::vector<StartResult> start(std::span<const StartRequest> requests);
  /// When each step was done (CLOCK_MONOTONIC, ns; 0: not yet), by step number.
  [[nodiscard]] std::int64_t done_at(int step) const noexcept { return page_.cells()[step].done_ns; }
  [[nodiscard]] std::int64_t began_at() const noexcept { return began_ns_; }
  /// What pause met, when it is gone before its time.
  [[nodiscard]] ErrorInfo pause_failure() const;
  /// The pod tree, for reading what members left in it (O_PATH); -1 when pause is gone.
  int tree();
  /// The procfs of the pod's pid namespace, a folder. @throws SysError  also when it is not where it was mounted
  [[nodiscard]] UniqueFd open_proc();
  /// Folders and files on the host that did not exist before; for undoing a start that failed later.
  void undo_host_changes() noexcept;

 private:
  struct MonitorSteps;
  void carry_out(const Step& step);
  [[nodiscard]] Slot& network_slot() const noexcept { return page_.slot(plan_.members.size() + 1); }
  void start_pause(const action::NewSandbox& sandbox);
  void map_ids(const action::MapIds& map);
  void do_monitor_step(const Step& step);
  void give_streams(const StartRequest& request) const;
  Member begin_start(const StartRequest& request);

  bool members_prepared_ = false;

  const Plan& plan_;
  const HostFacts& facts_;
  SharedPage page_;
  StackPool stacks_;
  std::int64_t began_ns_ = 0;
  std::uint64_t changed_signals_ = 0;
  UniqueFd monitor_pidfd_, pause_program_, pause_ready_, null_, tree_;
  UniqueFd shift_namespace_;
  std::vector<UniqueFd> held_;  // volumes that outlive the pod, locked while it lives
  std::vector<UniqueFd> taken_;
  std::vector<int> taken_fds_;
  std::vector<std::string> made_;  // on the host, outermost first
  std::unique_ptr<CompiledProgram> pause_compiled_, network_compiled_;
  Process pause_;
};

}  // namespace podctl::run
