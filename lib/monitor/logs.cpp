// podctl logs: the logs of a pod's containers, merged by time, while they are written and afterwards.
#include "podctl/logs.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include <nlohmann/json.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "monitor/log_printer.hpp"
#include "state/log_reader.hpp"
#include "state/pod_folder.hpp"
#include "sys/sys.hpp"
#include "view/status.hpp"

namespace podctl {
namespace {

using namespace std::chrono_literals;
using monitor::LogPrinter;
using state::LogReader;
using Reading = LogReader::Reading;

constexpr std::size_t kBatch = 65536;                       // of text, before it is written
constexpr std::chrono::milliseconds kGlance = 1000ms;       // what no notification tells is looked for this often
constexpr std::chrono::milliseconds kGlanceAlone = 200ms;   // the same where nothing can be notified of
constexpr std::chrono::milliseconds kFirstRecord = 2000ms;  // a pod that starts is recorded by then

std::chrono::nanoseconds unix_now() { return std::chrono::system_clock::now().time_since_epoch(); }

[[noreturn]] void not_found(std::string id, std::string message, std::string hint, const std::string& pod,
                            const std::string& container = {}) {
  ErrorInfo info;
  info.id = std::move(id);
  info.message = std::move(message);
  info.hint = std::move(hint);
  info.error_class = ErrorClass::kNotFound;
  info.pod = pod;
  info.container = container;
  throw Error(info);
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names, std::string_view otherwise) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = did_you_mean(word, candidates);
  return near ? cat("did you mean ", quote(*near), "?") : std::string(otherwise);
}

// --- which logs -------------------------------------------------------------------------------------------

PodRecord require_pod(const StorePaths& paths, const std::string& name) {
  if (auto record = find_pod(paths, name)) return *record;
  std::vector<std::string> names;
  for (const auto& record : list_pods(paths)) names.push_back(record.name);
  not_found("no-such-pod", cat("pods ", quote(name), " not found"), suggestion(name, names, ""), name);
}

UniqueFd open_record(const StorePaths& paths, const PodRecord& pod) {
  const nlohmann::json record = nlohmann::json::parse(pod.status_json, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer place("/status/podctl/keepsLogs");
  const bool keeps = !record.is_object() || !record.contains(place) || record[place] != false;
  auto folder = sys::try_open_at(AT_FDCWD, cat(paths.state, '/', pod.name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (keeps && folder) return std::move(*folder);
  throw Error({.id = "no-logs",
               .message = cat("pod '", pod.name, "' keeps no logs"),
               .cause = "it runs in the foreground with --rm",
               .error_class = ErrorClass::kConflict,
               .pod = pod.name});
}

// What the record says; of a pod without a sound one, what its logs show. One that has just been started is recorded
// in a moment.
std::vector<view::RecordedContainer> containers_of(const StorePaths& paths, PodRecord& record) {
  const auto until = std::chrono::steady_clock::now() + kFirstRecord;
  std::vector<view::RecordedContainer> containers = view::recorded_containers(record.status_json);
  while (containers.empty() && record.liveness == Liveness::kRunning && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(5ms);
    record = require_pod(paths, record.name);
    containers = view::recorded_containers(record.status_json);
  }
  if (containers.empty())
    for (const auto& name : state::folder_names(cat(paths.state, '/', record.name, "/logs"))) containers.push_back({.name = name});
  return containers;
}

// The instance whose log is meant; nothing when there is none yet.
std::optional<unsigned> current_instance(const view::RecordedContainer& container, const std::vector<unsigned>& written) {
  if (written.empty()) return container.current;
  return std::max(container.current.value_or(0), written.back());  // a record is a little late
}

std::optional<unsigned> previous_instance(const view::RecordedContainer& container, const std::vector<unsigned>& written) {
  if (container.previous) return container.previous;
  return !container.current && written.size() > 1 ? std::optional(written[written.size() - 2]) : std::nullopt;
}

struct Source {
  std::string container;
  std::optional<unsigned> instance;  // nothing before the first
  std::unique_ptr<LogReader> reader;
  const state::LogRecord* head = nullptr;  // the next record, when it has been read
  bool is_dry = false;                     // its next record has not been written
  bool is_left = false;                    // a later instance has written: this one holds all it ever will
};

std::vector<Source> choose_sources(const PodRecord& pod, const std::vector<view::RecordedContainer>& containers, int folder,
                                   const LogOptions& options) {
  std::vector<Source> sources;
  std::vector<std::string> names;
  for (const auto& container : containers) {
    names.push_back(container.name);
    if (!options.container.empty() && container.name != options.container) continue;
    const auto written = state::log_instances(folder, container.name);
    const auto instance = options.previous ? previous_instance(container, written) : current_instance(container, written);
    const bool is_only = !options.container.empty();
    if (!instance && is_only && !options.previous) {
      ErrorInfo info;
      info.id = "not-started";
      info.message = cat("container ", quote(container.name), " in pod ", quote(pod.name),
                         pod.liveness == Liveness::kRunning ? cat(" is waiting to start: ", container.waiting_reason) : " has never run");
      info.error_class = ErrorClass::kConflict;
      info.pod = pod.name;
      info.container = container.name;
      throw Error(info);
    }
    if (instance || !options.previous) sources.push_back({.container = container.name, .instance = instance, .reader = {}});
  }
  const std::string hint = names.empty() ? std::string() : cat("its containers are: ", join(names, ", "));
  if (!options.container.empty() && std::find(names.begin(), names.end(), options.container) == names.end())
    not_found("no-such-container", cat("pod ", quote(pod.name), " has no container ", quote(options.container)),
              suggestion(options.container, names, hint), pod.name, options.container);
  if (options.previous && sources.empty())
    not_found("no-previous",
              options.container.empty()
                  ? cat("no container of pod ", quote(pod.name), " was restarted: there is no previous instance")
                  : cat("previous terminated container ", quote(options.container), " in pod ", quote(pod.name), " not found"),
              "", pod.name, options.container);
  return sources;
}

monitor::LogStyle style_of(const std::string& pod, const std::vector<Source>& sources, const LogOptions& options) {
  const bool prefix = options.prefix == LogPrefix::kAlways || (options.prefix == LogPrefix::kAuto && sources.size() > 1);
  monitor::LogStyle style{.prefixes = {},
                          .timestamps = options.timestamps,
                          .clean = options.terminal || prefix,
                          .since = options.since,
                          .until = options.until};
  if (prefix)
    for (const auto& source : sources) style.prefixes.push_back(cat("[pod/", pod, '/', source.container, "] "));
  return style;
}

// --- following --------------------------------------------------------------------------------------------

// Wakes when a log of the pod may have grown, or when the pod may have ended.
class Watch {
 public:
  Watch(int folder, int monitor_pid) : folder_(folder), notify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    const int pidfd = sys::raw::pidfd_open(monitor_pid, 0);
    if (pidfd >= 0) monitor_.reset(pidfd);  // it may have ended already
  }

  // Folders that have come since are watched as well. Before what is there is read: what comes after that wakes.
  void update(const std::vector<Source>& sources) {
    add("");
    add("logs");
    for (const auto& source : sources) add(cat("logs/", source.container));
  }

  // False when nobody reads `out` any more.
  bool wait(int out, std::chrono::nanoseconds most) {
    std::array<pollfd, 3> polls{{{notify_.get(), POLLIN, 0}, {monitor_.get(), POLLIN, 0}, {out, 0, 0}}};
    sys::raw::poll(polls.data(), polls.size(), std::min<std::chrono::nanoseconds>(most, is_alone_ ? kGlanceAlone : kGlance).count());
    std::array<char, 4096> events;
    while (notify_ && sys::raw::read(notify_.get(), events.data(), events.size()) > 0) continue;
    if ((polls[1].revents & POLLIN) != 0) monitor_.reset();
    return (polls[2].revents & (POLLERR | POLLHUP)) == 0;
  }

 private:
  // A user has a limited number of watches (inotify(7), /proc/sys/fs/inotify): without one there is looking now and then.
  void add(const std::string& name) {
    const int rc = ::inotify_add_watch(notify_.get(), cat("/proc/self/fd/", folder_, '/', name).c_str(),
                                       IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR);
    if (rc < 0 && errno != ENOENT) is_alone_ = true;
  }

  int folder_;
  UniqueFd notify_, monitor_;
  bool is_alone_ = false;
};

class LogView {
 public:
  LogView(int folder, std::vector<Source> sources, LogPrinter printer, const LogOptions& options, int out)
      : folder_(folder), sources_(std::move(sources)), printer_(std::move(printer)), options_(options), out_(out) {}

  void show_present(Reading reading) {
    open_readers(reading, options_.tail);
    drain();
    printer_.finish();
    flush();
  }

  void follow(const StorePaths& paths, const PodRecord& pod) {
    Watch watch(folder_, pod.monitor_pid);
    watch.update(sources_);
    open_readers(Reading::kOngoing, options_.tail);
    for (;;) {
      const auto left = options_.until ? *options_.until - unix_now() : std::chrono::nanoseconds(kGlance);
      const bool over = left.count() <= 0 || state::lock_holder(paths, pod.name) != pod.monitor_pid;
      watch.update(sources_);
      if (over)
        for (auto& source : sources_)
          if (source.reader) source.reader->settle();
      // An instance that is over is read to its end before the next one is begun.
      do drain();
      while (go_on_to_next_instances(over ? Reading::kFinished : Reading::kOngoing));
      if (over) printer_.finish();
      flush();
      if (over || !watch.wait(out_, left)) return;
    }
  }

 private:
  void open_readers(Reading reading, std::optional<std::uint64_t> tail) {
    for (auto& source : sources_) {
      if (!source.instance) continue;
      source.reader = std::make_unique<LogReader>(folder_, source.container, *source.instance, reading);
      if (tail) source.reader->skip_to_last(*tail);
    }
  }

  // Everything there is, the earliest first; of the same moment, in the order of the containers.
  void drain() {
    for (auto& source : sources_) source.is_dry = !source.reader;
    for (;;) {
      Source* first = nullptr;
      for (auto& source : sources_) {
        if (source.head == nullptr && !source.is_dry) source.is_dry = (source.head = source.reader->next()) == nullptr;
        if (source.head != nullptr && (first == nullptr || source.head->time < first->head->time)) first = &source;
      }
      if (first == nullptr) return;
      printer_.print(static_cast<std::size_t>(first - sources_.data()), *std::exchange(first->head, nullptr));
      if (printer_.text().size() >= kBatch) flush();
    }
  }

  bool go_on_to_next_instances(Reading reading) {
    bool any = false;
    for (auto& source : sources_) {
      const auto written = state::log_instances(folder_, source.container);
      const auto next = source.instance ? std::upper_bound(written.begin(), written.end(), *source.instance) : written.begin();
      if (next == written.end()) continue;
      if (source.reader && !source.is_left) {  // what was written before the next one began comes first
        source.is_left = true;
        any = true;
        continue;
      }
      source.is_left = false;
      source.instance = *next;
      source.reader = std::make_unique<LogReader>(folder_, source.container, *next, reading);
      any = true;
    }
    return any;
  }

  void flush() {
    if (printer_.text().empty()) return;
    sys::write_all(out_, printer_.text(), "standard output");
    printer_.text().clear();
  }

  int folder_;
  std::vector<Source> sources_;
  LogPrinter printer_;
  const LogOptions& options_;
  int out_;
};

}  // namespace

void show_logs(const StorePaths& paths, const std::string& pod, const LogOptions& options, int fd) {
  PodRecord record = require_pod(paths, pod);
  const UniqueFd folder = open_record(paths, record);
  const auto containers = containers_of(paths, record);
  std::vector<Source> sources = choose_sources(record, containers, folder.get(), options);
  LogPrinter printer(style_of(pod, sources, options), sources.size());
  LogView view(folder.get(), std::move(sources), std::move(printer), options, fd);
  const bool is_live = record.liveness == Liveness::kRunning;
  if (options.follow && is_live && !options.previous) view.follow(paths, record);
  else view.show_present(is_live && !options.previous ? Reading::kPresent : Reading::kFinished);
}

}  // namespace podctl
