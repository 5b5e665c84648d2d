#include "spec/capabilities.hpp"

#include <sys/capability.h>

#include <string>

namespace podctl::spec {

std::optional<int> capability_number(std::string_view name) {
  std::string full = name.substr(0, 4) == "CAP_" ? std::string(name) : "CAP_" + std::string(name);
  for (char& c : full) {
    if (c >= 'a' && c <= 'z') return std::nullopt;  // libcap would take any case; manifests have one
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  cap_value_t number = 0;
  if (cap_from_name(full.c_str(), &number) != 0) return std::nullopt;
  return number;
}

}  // namespace podctl::spec
