#pragma once

#include <utility>

namespace podctl {

/// Runs `undo` when the scope is left, unless cancel() was called: the guard of half-done work.
template <class Undo>
class [[nodiscard]] ScopeExit {
 public:
  explicit ScopeExit(Undo undo) noexcept : undo_(std::move(undo)) {}
  ScopeExit(const ScopeExit&) = delete;
  ScopeExit& operator=(const ScopeExit&) = delete;
  ~ScopeExit() {
    if (armed_) undo_();
  }
  void cancel() noexcept { armed_ = false; }

 private:
  Undo undo_;
  bool armed_ = true;
};

}  // namespace podctl
