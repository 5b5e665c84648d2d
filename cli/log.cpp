#include "cli/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>

#include "cli/environment.hpp"

namespace podctl::cli {

void check_log_level(const Arguments& arguments) {
  constexpr std::array<std::string_view, 2> kLevels{"step", "syscall"};
  const std::string preset = variable("PODCTL_LOG");
  if (!preset.empty()) require_choice("PODCTL_LOG=", preset, kLevels);
  const std::size_t asked = arguments.all("verbose").size();
  if (asked < 2 && (asked == 1 || preset != "syscall")) return;
  usage_error((asked > 1 ? "--verbose twice" : "PODCTL_LOG=syscall") + std::string(" does not work yet: system calls are not told yet"),
              "podctl run --explain FILE        # each step, and the call behind it");
}

std::function<void(const std::string&)> make_log(const Arguments& arguments) {
  if (arguments.has("verbose") ? !arguments.is_set("verbose") : variable("PODCTL_LOG").empty()) return {};
  auto logger = std::make_shared<spdlog::logger>("podctl", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_pattern("podctl: %H:%M:%S.%f %v");
  return [logger](const std::string& line) { logger->info(line); };
}

}  // namespace podctl::cli
