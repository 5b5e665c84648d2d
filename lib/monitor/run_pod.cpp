#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "monitor/pod_runner.hpp"
#include "monitor/setup.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

void require_container(const Pod& pod, const std::string& name, std::string_view flag) {
  if (name.empty()) return;
  std::vector<std::string> known;
  for (const Container* container : all_containers(pod.spec)) known.push_back(container->name);
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  throw Error({.id = "no-such-container",
               .message = cat(flag, ' ', name, ": pod '", pod.metadata.name, "' has no such container"),
               .hint = cat("its containers are: ", join(known, ", ")),
               .error_class = ErrorClass::kUsage});
}

// Takes the pod's name, or the next free one of NAME-2, NAME-3, ...
std::unique_ptr<state::PodFolder> take_name(Pod& pod, const RunOptions& options) {
  const std::string name = pod.metadata.name;
  for (unsigned number = 2;; ++number) {
    try {
      return std::make_unique<state::PodFolder>(options.paths, pod.metadata.name);
    } catch (const Error& error) {
      if (!options.any_name || error.info().error_class != ErrorClass::kConflict || number > 10000) throw;
    }
    pod.metadata.name = cat(name, '-', number);
  }
}

// Descriptors 0 to 2 exist, so that nothing podctl opens is taken for one of them; whatever else the caller
// left open reaches no container.
void settle_descriptors() {
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(sys::open("/dev/null", O_RDWR).release());
  sys::check(sys::raw::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
}

}  // namespace

RunOutcome run_pod(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options) {
  if (pod.metadata.name.empty()) pod.metadata.name = monitor::generated_name(pod.metadata.generate_name);
  require_container(pod, options.until, "--until");
  require_container(pod, options.code_from, "--exit-code-from");
  settle_descriptors();
  auto folder = take_name(pod, options);
  monitor::PodRunner runner(std::move(pod), objects, options, std::move(folder));
  return runner.run();
}

}  // namespace podctl
