#include "cli/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace podctl::cli {

std::function<void(const std::string&)> make_log(const Arguments& arguments) {
  const char* preset = std::getenv("PODCTL_LOG");
  if (!arguments.is_set("verbose") && (preset == nullptr || *preset == '\0')) return {};
  auto logger = std::make_shared<spdlog::logger>("podctl", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_pattern("podctl: %H:%M:%S.%f %v");
  return [logger](const std::string& line) { logger->info(line); };
}

}  // namespace podctl::cli
