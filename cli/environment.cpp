#include "cli/environment.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "cli/settings.hpp"
#include "podctl/error.hpp"
#include "podctl/host.hpp"
#include "podctl/output.hpp"

namespace podctl::cli {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

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
  const std::string when = setting(arguments, "color").value;
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

std::size_t table_width() {
  if (::isatty(1) != 1) return 0;
  winsize size{};
  const std::string columns = variable("COLUMNS");
  const unsigned long wanted = columns.empty() ? 0 : std::strtoul(columns.c_str(), nullptr, 10);
  if (wanted > 0 && wanted < 100000) return wanted;
  return ::ioctl(1, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::chrono::nanoseconds unix_now() { return std::chrono::system_clock::now().time_since_epoch(); }

OutputForm output_form(const Arguments& arguments, std::span<const std::string_view> forms, std::string_view standard) {
  constexpr std::string_view kPath = "jsonpath";
  const std::string text = arguments.text("output");
  const bool has_path = std::find(forms.begin(), forms.end(), kPath) != forms.end();
  if (has_path && text.rfind("jsonpath=", 0) == 0) return {std::string(kPath), text.substr(kPath.size() + 1)};
  if (has_path && text == kPath) usage_error("-o jsonpath needs an expression", "-o jsonpath='{.status.phase}'");
  return {arguments.choice("output", forms, standard), {}};
}

std::string in_form(const std::string& json, const OutputForm& form) {
  if (form.name == "yaml") return json_to_yaml(json);
  if (form.name != "jsonpath") return json;
  std::string found = query_jsonpath(json, form.expression);
  if (found.empty() || found.back() != '\n') found += '\n';
  return found;
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
