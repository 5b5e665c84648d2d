#pragma once

#include <csignal>
#include <cstddef>
#include <vector>

#include "run/page.hpp"

/// What a launch needs of this process's memory: stacks for those who run on it, the page that all of them share, and
/// quiet from signals while they are born.
namespace podctl::run {

/// No signal handler of the process may run in a child that shares its memory: none is delivered while this
/// lives, and the child inherits that.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

/// Memory for the stacks of processes that run on ours. One allocation serves two of them, a long-lived one of
/// 64 KiB and a short-lived one of 16 KiB (a member and its helper), with a guard page below.
class StackPool {
 public:
  struct Pair {
    void* long_top = nullptr;
    void* short_top = nullptr;
  };
  StackPool() = default;
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;
  ~StackPool();
  /// @throws SysError when there is no memory
  Pair take();
  void give_back(const Pair& pair) { free_.push_back(pair); }

 private:
  std::vector<Pair> free_;
  std::vector<void*> all_;
};

/// The page that is shared with everybody launched: hand-offs, a slot per actor, a cell per step.
class SharedPage {
 public:
  SharedPage(std::size_t slots, std::size_t cells);
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;
  ~SharedPage();

  [[nodiscard]] Handoff& handoff() const noexcept { return *handoff_; }
  [[nodiscard]] Slot& slot(std::size_t index) const noexcept { return slots_[index]; }
  [[nodiscard]] StepCell* cells() const noexcept { return cells_; }

 private:
  std::size_t size_ = 0;
  Handoff* handoff_ = nullptr;
  Slot* slots_ = nullptr;
  StepCell* cells_ = nullptr;
};

}  // namespace podctl::run
