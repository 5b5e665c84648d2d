#pragma once

#include <fcntl.h>

#include <chrono>

#include "base/text.hpp"
#include "state/log_file.hpp"
#include "support/catch.hpp"
#include "unit/state_support.hpp"

/// A container's log in a folder of the test's own.
namespace podtest {

using namespace std::chrono_literals;

inline constexpr auto kNow = 1136214245s + 42ns;
inline constexpr const char* kStamp = "2006-01-02T15:04:05.000000042Z";

struct Log {
  TempFolder temp;
  podctl::UniqueFd folder{::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  podctl::state::LogFile file;

  explicit Log(podctl::state::LogFile::Limits limits = {}) : file(folder.get(), "app", 2, limits) {}
  [[nodiscard]] std::string path(const char* suffix = "") const { return temp.path() + "/logs/app/2.log" + suffix; }
  // The records, without the stamp that all of them have.
  [[nodiscard]] std::string records(const char* suffix = "") const {
    const std::string content = content_of(path(suffix));
    std::string text;
    for (const auto line : podctl::split(content, '\n')) {
      if (line.empty()) continue;
      REQUIRE(line.substr(0, 31) == podctl::cat(kStamp, ' '));
      podctl::append(text, line.substr(31), '\n');
    }
    return text;
  }
};

}  // namespace podtest
