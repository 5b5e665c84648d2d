// The program of PID 1 of a pod. It holds the namespaces by being there, reaps what loses its parent, and
// ends with SIGKILL alone. No libc, no heap, no descriptor, under a kilobyte; libpodctl carries it as bytes
// and executes it from a sealed memory file, inside the pod's user namespace.
#include <linux/capability.h>
#include <sys/syscall.h>

#include "sys/raw_syscall.hpp"

namespace {

using podctl::sys::raw::call;

constexpr long kPrSetDumpable = 4, kPrSetName = 15;
constexpr long kSigBlock = 0, kSigChild = 17;
constexpr long kNoHang = 1, kAll = 0x40000000;  // WNOHANG, __WALL

long address(const void* pointer) { return reinterpret_cast<long>(pointer); }

[[noreturn]] void live() {
  // Nobody inside may look into this process (ptrace(2), PTRACE_MODE_READ): its root is the pod tree.
  call(SYS_prctl, kPrSetDumpable, 0);
  call(SYS_prctl, kPrSetName, address("podctl-pause"));
  const unsigned long every_signal = ~0UL;
  call(SYS_rt_sigprocmask, kSigBlock, address(&every_signal), 0, sizeof every_signal);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  call(SYS_capset, address(&header), address(none));

  // Standard input is an eventfd: one more says that PID 1 is ready.
  const unsigned long one = 1;
  call(SYS_close_range, 1, ~0U, 0);
  call(SYS_write, 0, address(&one), sizeof one);
  call(SYS_close, 0);

  const unsigned long child_signal = 1UL << (kSigChild - 1);
  for (;;) {
    int status = 0;
    while (call(SYS_wait4, -1, address(&status), kNoHang | kAll, 0) > 0) {
    }
    call(SYS_rt_sigtimedwait, address(&child_signal), 0, 0, sizeof child_signal);
  }
}

}  // namespace

extern "C" [[noreturn]] void _start();
extern "C" void _start() {
#if defined(__x86_64__)
  __asm__ volatile("andq $-16, %rsp");
#endif
  live();
}
