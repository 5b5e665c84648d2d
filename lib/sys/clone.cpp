// clone(2) as the kernel has it: libc's would leave the reason of a failure in errno, which belongs to
// whoever else runs on the same memory.
#include "sys/raw.hpp"

namespace podctl::sys::raw {

int clone(int (*entry)(void*), void* stack_top, int flags, void* argument, int* pidfd, std::uint32_t* clear_word) noexcept {
  // The child starts with nothing but the new stack pointer, so what it needs lies there.
  char* aligned = static_cast<char*>(stack_top) - (reinterpret_cast<std::uintptr_t>(stack_top) & 15);
  void** top = reinterpret_cast<void**>(aligned);
  *--top = argument;
  *--top = reinterpret_cast<void*>(entry);
  long result;
#if defined(__x86_64__)
  register int* r10_clear __asm__("r10") = reinterpret_cast<int*>(clear_word);
  register long r8 __asm__("r8") = 0;
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"  // the outermost frame
      "popq %%rax\n\t"
      "popq %%rdi\n\t"
      "call *%%rax\n\t"
      "movl %%eax, %%edi\n\t"
      "movl %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone), "D"(static_cast<long>(flags)), "S"(top), "d"(pidfd), "r"(r10_clear), "r"(r8), [exit] "i"(SYS_exit_group)
      : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = SYS_clone;
  register long x0 __asm__("x0") = flags;
  register void** x1 __asm__("x1") = top;
  register int* x2 __asm__("x2") = pidfd;
  register long x3 __asm__("x3") = 0;
  register std::uint32_t* x4 __asm__("x4") = clear_word;
  __asm__ volatile(
      "svc 0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, #0\n\t"
      "mov x30, #0\n\t"
      "ldp x9, x0, [sp], #16\n\t"
      "blr x9\n\t"
      "mov x8, %[exit]\n\t"
      "svc 0\n\t"
      "brk #0\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [exit] "i"(SYS_exit_group)
      : "x9", "x29", "x30", "memory");
  result = x0;
#endif
  return static_cast<int>(result);
}

}  // namespace podctl::sys::raw
