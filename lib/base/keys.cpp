#include <cctype>

#include "base/text.hpp"
#include "podctl/text.hpp"

namespace podctl {

std::optional<std::string> parse_keys(std::string_view text) {
  std::string bytes;
  if (text.empty()) return bytes;
  for (const auto key : split(text, ',')) {
    constexpr std::string_view kControl = "ctrl-";
    if (key.size() == 1) {
      bytes += key.front();
      continue;
    }
    if (key.size() != kControl.size() + 1 || key.substr(0, kControl.size()) != kControl) return std::nullopt;
    const int letter = std::toupper(static_cast<unsigned char>(key.back()));
    if (letter < '@' || letter > '_') return std::nullopt;
    bytes += static_cast<char>(letter & 0x1f);
  }
  return bytes;
}

}  // namespace podctl
