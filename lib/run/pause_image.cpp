#include "run/pause_image.hpp"

__asm__(
    ".section .rodata\n"
    ".global podctl_pause_image_begin\n"
    ".global podctl_pause_image_end\n"
    "podctl_pause_image_begin:\n"
    ".incbin \"" PODCTL_PAUSE_IMAGE
    "\"\n"
    "podctl_pause_image_end:\n"
    ".previous\n");

extern "C" const char podctl_pause_image_begin[], podctl_pause_image_end[];

namespace podctl::run {

std::string_view pause_image() noexcept {
  return {podctl_pause_image_begin, static_cast<std::size_t>(podctl_pause_image_end - podctl_pause_image_begin)};
}

}  // namespace podctl::run
