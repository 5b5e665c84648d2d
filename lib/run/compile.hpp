#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "podctl/plan.hpp"
#include "run/program.hpp"

namespace podctl::run {

/// Descriptors and words that only exist once a launch has begun.
struct ProgramContext {
  Slot* slot = nullptr;
  StepCell* cells = nullptr;
  Handoff* handoff = nullptr;
  int monitor_pidfd = -1;
  int pause_program = -1;  ///< the sealed memory file
  int pause_ready = -1;    ///< eventfd that pause's program writes to
  int pause_pidfd = -1;
  int streams[3] = {-1, -1, -1};
  int terminal = -1;  ///< a socket that receives the other end of the member's terminal, where it has one
  unsigned rows = 0, columns = 0;
  bool gives_streams = false;                      ///< the member hands its pipes to its own user: several ids, and not root's own pod
  std::uint64_t changed_signals = 0;               ///< bit N-1: signal N is ignored or handled by the monitor
  const std::uint32_t* previous_member = nullptr;  ///< Slot::on_our_memory of the one before
  const Program* network = nullptr;                ///< what pause starts a child with, for the steps of kNetwork
  void* network_stack = nullptr;
  const std::vector<int>* taken_trees = nullptr;  ///< by order of the plan's TakeTree steps
};

/// A program with all memory it points into. Must outlive the process that runs it, up to its exec.
class CompiledProgram {
 public:
  /// `steps` are those of one actor, in order; owned, or borrowed for as long as the program lives. Their
  /// strings are used in place.
  CompiledProgram(std::vector<Step> steps, const Plan& plan, const ProgramContext& context);
  CompiledProgram(std::vector<const Step*> steps, const Plan& plan, const ProgramContext& context);
  CompiledProgram(const CompiledProgram&) = delete;
  CompiledProgram& operator=(const CompiledProgram&) = delete;

  [[nodiscard]] const Program& program() const noexcept { return program_; }
  [[nodiscard]] Program& program() noexcept { return program_; }
  [[nodiscard]] const std::vector<const Step*>& steps() const noexcept { return steps_; }

 private:
  friend struct Compiler;
  void compile(const Plan& plan, const ProgramContext& context);

  std::vector<Step> own_;
  std::vector<const Step*> steps_;
  Program program_;
  std::vector<Op> ops_;
  std::deque<std::string> texts_;
  std::deque<std::vector<Item>> items_;
  std::deque<std::vector<const char*>> lists_;
  std::deque<std::vector<gid_t>> groups_;
};

/// CLONE_NEW* of a set.
std::uint64_t clone_flags(const Namespaces& set);

}  // namespace podctl::run
