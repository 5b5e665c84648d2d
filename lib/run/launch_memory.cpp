#include "run/launch_memory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <new>

#include "podctl/error.hpp"

namespace podctl::run {
namespace {

constexpr std::size_t kLongStack = 65536, kShortStack = 16384, kGuard = 4096;

}  // namespace

SignalsBlocked::SignalsBlocked() {
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before_);
}
SignalsBlocked::~SignalsBlocked() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

StackPool::Pair StackPool::take() {
  if (!free_.empty()) {
    const Pair pair = free_.back();
    free_.pop_back();
    return pair;
  }
  constexpr std::size_t kSize = kGuard + kLongStack + kShortStack;
  char* bottom = static_cast<char*>(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
  if (bottom == MAP_FAILED) throw SysError(errno, "mmap");
  ::mprotect(bottom, kGuard, PROT_NONE);
  all_.push_back(bottom);
  return {bottom + kGuard + kLongStack, bottom + kSize};
}

StackPool::~StackPool() {
  for (void* bottom : all_) ::munmap(bottom, kGuard + kLongStack + kShortStack);
}

SharedPage::SharedPage(std::size_t slots, std::size_t cells) {
  size_ = sizeof(Handoff) + slots * sizeof(Slot) + cells * sizeof(StepCell);
  void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SysError(errno, "mmap");
  // Cells and slots hold 64-bit words: the larger alignment comes first.
  cells_ = static_cast<StepCell*>(memory);
  for (std::size_t i = 0; i < cells; ++i) new (&cells_[i]) StepCell;
  slots_ = reinterpret_cast<Slot*>(cells_ + cells);
  for (std::size_t i = 0; i < slots; ++i) new (&slots_[i]) Slot;
  handoff_ = new (slots_ + slots) Handoff;
}

SharedPage::~SharedPage() { ::munmap(cells_, size_); }

}  // namespace podctl::run
