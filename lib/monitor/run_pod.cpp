#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "monitor/message.hpp"
#include "monitor/pod_runner.hpp"
#include "monitor/setup.hpp"
#include "podctl/text.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

void require_container(const Pod& pod, const std::string& name, std::string_view flag) {
  if (name.empty()) return;
  std::vector<std::string> known;
  for (const Container* container : all_containers(pod.spec)) known.push_back(container->name);
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const auto near = did_you_mean(name, candidates);
  throw Error({.id = "no-such-container",
               .message = cat(flag, ' ', name, ": pod '", pod.metadata.name, "' has no such container",
                              near ? cat("; did you mean ", quote(*near), '?') : ""),
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

Pod checked(Pod pod, const RunOptions& options) {
  if (pod.metadata.name.empty()) pod.metadata.name = monitor::generated_name(pod.metadata.generate_name);
  require_container(pod, options.until, "--until");
  require_container(pod, options.code_from, "--exit-code-from");
  return pod;
}

// The monitor of a detached pod, in a process and a session of its own.
[[noreturn]] void be_monitor(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options, monitor::Background background) {
  const UniqueFd report(::fcntl(background.report.get(), F_DUPFD_CLOEXEC, 3));
  try {
    ::setsid();
    const UniqueFd nothing = sys::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) sys::check(sys::raw::dup3(nothing.get(), fd, 0), "dup3");
    auto folder = take_name(pod, options);
    sys::check(sys::raw::chdir("/"), "chdir");  // it keeps no file system of the caller's busy
    monitor::PodRunner(std::move(pod), objects, options, std::move(folder), std::move(background)).run();
  } catch (const Error& error) {
    const std::string text = monitor::error_message(error.info()).dump(-1, ' ', false, monitor::Message::error_handler_t::replace) + '\n';
    static_cast<void>(sys::raw::write(report.get(), text.data(), text.size()));
    ::_exit(1);
  }
  ::_exit(0);
}

// What the monitor says, or nothing when a signal came first or it died without a word.
std::optional<monitor::Message> await_report(int report, int signals) {
  monitor::MessageReader reader;
  for (;;) {
    pollfd polls[2] = {{report, POLLIN, 0}, {signals, POLLIN, 0}};
    sys::raw::poll(polls, 2, -1);
    if (polls[1].revents != 0) return std::nullopt;
    const monitor::MessageReader::State state = reader.read(report);
    if (auto message = reader.next()) return message;
    if (state != monitor::MessageReader::State::kOpen) return std::nullopt;
  }
}

}  // namespace

RunOutcome run_pod(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options) {
  if (!options.result_file.empty()) monitor::forget_result(options.result_file);
  pod = checked(std::move(pod), options);
  settle_descriptors();
  auto folder = take_name(pod, options);
  monitor::PodRunner runner(std::move(pod), objects, options, std::move(folder));
  return runner.run();
}

std::string run_detached(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options,
                         std::optional<std::chrono::nanoseconds> ready_within) {
  pod = checked(std::move(pod), options);
  settle_descriptors();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw SysError(errno, "socketpair");
  UniqueFd ours(ends[0]), theirs(ends[1]);
  const UniqueFd signals = monitor::block_and_watch_signals();
  const pid_t child = ::fork();
  if (child < 0) throw SysError(errno, "fork");
  const std::string name = pod.metadata.name;
  if (child == 0) {
    ours.reset();
    be_monitor(std::move(pod), objects, options, {std::move(theirs), ready_within});
  }
  theirs.reset();
  const auto report = await_report(ours.get(), signals.get());
  ours.reset();
  if (report && !monitor::error_of(*report)) return report->value("pod", name);
  int status = 0;  // it undoes what it has begun, and then nothing is left
  if (!report)
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  if (report) throw Error(*monitor::error_of(*report));
  pollfd poll{signals.get(), POLLIN, 0};
  signalfd_siginfo info{};
  if (sys::raw::poll(&poll, 1, 0) > 0 && sys::raw::read(signals.get(), &info, sizeof info) == sizeof info)
    throw Error({.id = "interrupted",
                 .message = cat("the start of pod '", name, "' was interrupted; nothing was left behind"),
                 .run_code = 128 + static_cast<int>(info.ssi_signo),
                 .pod = name});
  throw Error({.id = "monitor-died", .message = cat("the monitor of pod '", name, "' died while it was starting"), .pod = name});
}

}  // namespace podctl
