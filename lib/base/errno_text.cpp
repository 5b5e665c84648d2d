#include "base/errno_text.hpp"

#include <csignal>
#include <cstring>

#include "base/text.hpp"

namespace podctl {

std::string errno_name(int error_number) {
  const char* name = strerrorname_np(error_number);  // glibc 2.32
  return name != nullptr ? std::string(name) : cat(error_number);
}

std::string errno_text(int error_number) {
  const char* text = strerrordesc_np(error_number);
  return cat(text != nullptr ? text : "Unknown error", " (", errno_name(error_number), ")");
}

std::string signal_name(int signal_number) {
  const char* name = sigabbrev_np(signal_number);
  return name != nullptr ? cat("SIG", name) : cat("SIG", signal_number);
}

int parse_signal(std::string_view text) {
  if (const auto number = parse_number<int>(text)) return *number >= 1 && *number <= 64 ? *number : 0;
  if (text.substr(0, 3) == "SIG") text.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number) {
    const char* name = sigabbrev_np(number);
    if (name != nullptr && text == name) return number;
  }
  // Real-time signals by their distance from either end, as glibc counts them.
  const auto from = [&](std::string_view end, int base, char sign, int step) {
    if (text.substr(0, end.size()) != end) return 0;
    if (text.size() == end.size()) return base;
    const auto distance = text[end.size()] == sign ? parse_number<int>(text.substr(end.size() + 1)) : std::nullopt;
    return distance && *distance >= 0 && *distance <= SIGRTMAX - SIGRTMIN ? base + step * *distance : 0;
  };
  const int low = from("RTMIN", SIGRTMIN, '+', 1);
  return low != 0 ? low : from("RTMAX", SIGRTMAX, '-', -1);
}

}  // namespace podctl
