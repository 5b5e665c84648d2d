// What commands ask of a living pod.
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <csignal>

#include "base/text.hpp"
#include "monitor/kept_manifest.hpp"
#include "monitor/pod_runner.hpp"
#include "monitor/setup.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

using lifecycle::StopCause;

std::optional<Duration> grace_of(const Message& request) {
  const auto grace = request.find("graceMs");
  if (grace == request.end()) return std::nullopt;
  return std::chrono::milliseconds(grace->get<std::int64_t>());
}

bool is_readable(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return sys::raw::poll(&poll, 1, 0) > 0;
}

Error conflict(std::string id, std::string message) {
  return Error({.id = std::move(id), .message = std::move(message), .error_class = ErrorClass::kConflict});
}

}  // namespace

void PodRunner::open_control() {
  if (control_) return;
  control_.emplace(loop_, folder_->runtime_fd(), [this](const Message& request) { return answer(request); });
}

std::size_t PodRunner::container_of(const Message& request) const {
  std::string name = request.value("container", std::string());
  if (name.empty()) {  // as kubectl chooses
    const auto chosen = pod_.metadata.annotations.find("kubectl.kubernetes.io/default-container");
    name = chosen != pod_.metadata.annotations.end() ? chosen->second : pod_.spec.containers.front().name;
  }
  for (std::size_t i = 0; i < plan_.members.size(); ++i)
    if (plan_.members[i].name == name) return i;
  std::vector<std::string> known;
  for (const auto& member : plan_.members) known.push_back(member.name);
  throw Error({.id = "no-such-container",
               .message = cat("pod '", plan_.pod, "' has no container ", quote(name)),
               .hint = cat("its containers are: ", join(known, ", ")),
               .error_class = ErrorClass::kNotFound,
               .pod = plan_.pod});
}

// A container whose program has begun and not ended.
PodRunner::Container& PodRunner::running_container(std::size_t index) {
  Container& container = containers_[index];
  if (!container.member || container.exited || container.member->started_fd() >= 0)
    throw conflict("container-not-running", cat("container '", plan_.members[index].name, "' of pod '", plan_.pod, "' does not run"));
  return container;
}

Control::Answer PodRunner::answer(const Message& request) {
  const std::string what = request.value("do", std::string());
  if (what == "stop") return answer_stop(request);
  if (what == "stop-container")
    return recorded(answer_container(request, lifecycle::ContainerStopRequested{container_of(request), grace_of(request)}));
  if (what == "restart-container")
    return recorded(answer_container(request, lifecycle::ContainerRestartRequested{container_of(request), grace_of(request)}));
  if (what == "kill") return recorded(answer_kill(request));
  if (what == "settle") return recorded(answer_settle());
  if (what == "exec") return answer_exec(request);
  if (what == "target") return answer_target(request);
  if (what == "attach") return answer_attach(request);
  if (what == "last-exit") return answer_last_exit(request);
  if (what == "manifest")
    return {{{"manifest", kept_manifest_json(pod_, objects_, options_.manifest_directory) + secrets_json(objects_)}}, {}};
  if (what == "freeze") return recorded(answer_freeze());
  if (what == "thaw") return recorded(answer_thaw());
  throw Error({.id = "unknown-request", .message = cat("the monitor of pod '", plan_.pod, "' does not know the request ", quote(what))});
}

// Who looks next finds what was done.
Control::Answer PodRunner::recorded(Control::Answer answer) {
  if (record_due_) keep_record();
  return answer;
}

// Takes note of what has ended already, which may have been seen by others first.
Control::Answer PodRunner::answer_settle() {
  for (std::size_t i = 0; i < containers_.size(); ++i)
    if (const Container& container = containers_[i];
        container.member && !container.exited && is_readable(container.member->process().pidfd()))
      on_exit(i);
  return {{{"ok", true}}, {}};
}

Control::Answer PodRunner::answer_stop(const Message& request) {
  feed(lifecycle::StopRequested{StopCause::kUser, grace_of(request) ? grace_of(request) : options_.grace, {}});
  return {{{"ok", true}}, {}};
}

// The answer brings the process that is to end, if there is one, so that its end can be waited for.
Control::Answer PodRunner::answer_container(const Message& request, const lifecycle::Event& event) {
  const std::size_t index = container_of(request);
  if (const auto why = lifecycle::refusal(state_, event); !why.empty())
    throw conflict("wrong-state", cat("container '", plan_.members[index].name, "' of pod '", plan_.pod, "': ", why));
  Control::Answer answer{{{"ok", true}}, {}};
  if (const Container& container = containers_[index]; container.member && !container.exited)
    answer.descriptors.emplace_back(::fcntl(container.member->process().pidfd(), F_DUPFD_CLOEXEC, 3));
  feed(event);
  return answer;
}

Control::Answer PodRunner::answer_kill(const Message& request) {
  const int number = request.at("signal");
  if (request.contains("container")) return answer_container(request, lifecycle::ContainerSignalRequested{container_of(request), number});
  if (number == SIGKILL) {
    feed(lifecycle::StopRequested{StopCause::kKilled, {}, {}});
  } else {
    for (auto& container : containers_)
      if (container.member && !container.exited) container.member->process().signal(number);
  }
  return {{{"ok", true}}, {}};
}

// An id that the pod does not have would be refused by the kernel, which does not say why.
ExecOptions::Identity PodRunner::mapped_identity(ExecOptions::Identity identity) const {
  const auto require = [&](std::string_view what, std::uint32_t id, const std::vector<IdMapping>& map) {
    if (std::any_of(map.begin(), map.end(), [&](const IdMapping& m) { return id >= m.pod && id - m.pod < m.count; })) return;
    throw Error({.id = "no-such-id",
                 .message = cat(what, ' ', id, " does not exist in pod '", plan_.pod, "'"),
                 .cause = map.size() == 1 && map[0].count == 1 ? cat("it has one, ", map[0].pod)
                                                               : cat("its ids end at ", map.back().pod + map.back().count - 1),
                 .error_class = ErrorClass::kConflict,
                 .pod = plan_.pod});
  };
  require("user", identity.uid, plan_.uids);
  require("group", identity.gid, plan_.gids);
  return identity;
}

Control::Answer PodRunner::answer_target(const Message& request) {
  if (held_)  // what joins it would run on its own
    throw Error({.id = "pod-paused",
                 .message = cat("pod '", plan_.pod, "' is paused"),
                 .hint = cat("podctl unpause ", plan_.pod),
                 .error_class = ErrorClass::kConflict,
                 .pod = plan_.pod});
  const Container& container = running_container(container_of(request));
  Control::Answer answer{{{"ok", true}}, {}};
  answer.descriptors.emplace_back(::fcntl(container.member->process().pidfd(), F_DUPFD_CLOEXEC, 3));
  return answer;
}

Control::Answer PodRunner::answer_exec(const Message& request) {
  const std::size_t index = container_of(request);
  Control::Answer answer = answer_target(request);
  ExecOptions options{.argv = request.at("command"),
                      .environment = request.value("environment", std::vector<std::string>()),
                      .directory = request.value("directory", std::string()),
                      .identity = {},
                      .stdin_open = request.value("input", false),
                      .terminal = request.value("terminal", false)};
  if (options.argv.empty()) throw Error({.id = "usage", .message = "no command to run", .error_class = ErrorClass::kUsage});
  if (const auto identity = request.find("identity"); identity != request.end())
    options.identity = mapped_identity({identity->at(0), identity->at(1)});
  answer.message["plan"] = plan_message(make_exec_plan(plan_, static_cast<int>(index), options));
  return answer;
}

void PodRunner::require_input(std::size_t index) const {
  const PlannedMember& planned = plan_.members[index];
  const auto refuse = [&](const char* what, const char* cause, const char* hint) {
    throw Error({.id = "no-input",
                 .message = cat("container '", planned.name, "' of pod '", plan_.pod, "' has no ", what),
                 .cause = cause,
                 .hint = hint,
                 .error_class = ErrorClass::kConflict,
                 .pod = plan_.pod});
  };
  switch (containers_[index].io->input()) {
    case ContainerIo::Input::kOpen: return;
    case ContainerIo::Input::kCallers: return refuse("standard input to give", "it is that of the podctl that runs the pod", "");
    case ContainerIo::Input::kNone:
      if (!planned.stdin_open) return refuse("open standard input", "", "set stdin: true in the manifest");
      return refuse("open standard input", planned.stdin_once ? "its first reader is done (stdinOnce: true)" : "", "");
  }
}

Control::Answer PodRunner::answer_attach(const Message& request) {
  const std::size_t index = container_of(request);
  Container& container = running_container(index);
  const bool with_input = request.value("input", false);
  if (with_input) require_input(index);
  ContainerIo::Attachment attachment = container.io->attach(with_input, plan_.members[index].stdin_once);
  Control::Answer answer{{{"ok", true}, {"terminal", plan_.members[index].terminal}, {"input", static_cast<bool>(attachment.in)}}, {}};
  answer.descriptors.emplace_back(::fcntl(container.member->process().pidfd(), F_DUPFD_CLOEXEC, 3));
  for (UniqueFd* fd : {&attachment.out, &attachment.err, &attachment.in})
    if (*fd) answer.descriptors.push_back(std::move(*fd));
  return answer;
}

Control::Answer PodRunner::answer_last_exit(const Message& request) {
  const std::size_t index = container_of(request);
  const Container& container = containers_[index];
  if (container.member && !container.exited && is_readable(container.member->process().pidfd())) on_exit(index);
  const lifecycle::ContainerState& state = state_.containers[index];
  const auto& end = state.terminated ? state.terminated : state.last;
  if (!end) throw conflict("never-ended", cat("container '", plan_.members[index].name, "' has not ended yet"));
  return {{{"code", end->exit.code()}}, {}};
}

}  // namespace podctl::monitor
