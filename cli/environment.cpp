#include "cli/environment.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "podctl/error.hpp"
#include "podctl/host.hpp"

namespace podctl::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

StorePaths paths_from(const Arguments& arguments) {
  std::string root = arguments.has("root") ? arguments.text("root") : variable("PODCTL_ROOT");
  if (!root.empty() && root.front() != '/') {
    char buffer[4096];
    if (::getcwd(buffer, sizeof buffer) == nullptr) throw SysError(errno, "getcwd");
    root = std::string(buffer) + '/' + root;
  }
  return store_paths(root, account_id(), variable);
}

bool wants_color(const Arguments& arguments, bool terminal) {
  constexpr std::array<std::string_view, 3> kWhen{"auto", "always", "never"};
  const std::string preset = variable("PODCTL_COLOR");
  const std::string when = arguments.choice("color", kWhen, preset.empty() ? "auto" : preset);
  if (when != "auto") return when == "always";
  if (!variable("FORCE_COLOR").empty()) return true;
  return terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

Plan plan_for(const Arguments& arguments, const Input& input) {
  Pod pod = input.manifest.pods.front();
  if (pod.metadata.name.empty()) pod.metadata.name = pod.metadata.generate_name + "xxxxx";  // run makes a fresh one
  const PlanOptions options{.state_directory = paths_from(arguments).state + '/' + pod.metadata.name,
                            .volumes_directory = volumes_folder(paths_from(arguments)),
                            .manifest_directory = input.directory,
                            .start_time = std::chrono::system_clock::now().time_since_epoch()};
  return make_plan(pod, input.manifest.objects, probe_host(questions_for(pod, options)), options);
}

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(1, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SysError(errno, "write", "standard output");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace podctl::cli
