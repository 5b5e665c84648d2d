#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace podfuzz {

/// Ends the fuzzer, and with that the run, when something does not hold.
inline void require(bool holds, const char* what, const std::string& detail = {}) {
  if (holds) return;
  std::fprintf(stderr, "podctl fuzzer: does not hold: %s\n%s\n", what, detail.c_str());
  std::abort();
}

inline std::string_view as_text(const unsigned char* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace podfuzz
