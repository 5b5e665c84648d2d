// The command's side of exec and attach.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/text.hpp"
#include "host/accounts.hpp"
#include "monitor/client.hpp"
#include "monitor/relay.hpp"
#include "podctl/control.hpp"
#include "run/exec.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

using monitor::Client;
using monitor::Message;
using monitor::Relay;
namespace raw = sys::raw;

HostFacts facts_of_caller() {
  // What a failed step is explained with, and whether pipes have to be given away: no more of the machine is asked.
  return probe_host({});
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

// The ids of a user of the container, by the container's own files.
UserIds user_of(int target, const std::string& text) {
  const std::string root = cat("/proc/", sys::pid_of(target), "/root");
  const UniqueFd folder = sys::open(root, O_PATH | O_DIRECTORY);
  const auto read = [&](const char* file) -> std::string {
    // The container may have put anything there: a link that leads out is followed inside its root, a pipe is not waited for.
    const sys::OpenHow how{.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY, .resolve = sys::kResolveInRoot | sys::kResolveNoMagicLinks};
    const UniqueFd fd(raw::openat2(folder.get(), file, how));
    return fd ? sys::read_file(fd.get(), file, std::size_t{1} << 20) : std::string();
  };
  if (const auto ids = find_user(read("etc/passwd"), read("etc/group"), text)) return *ids;
  throw Error({.id = "no-such-user",
               .message = cat("the container has no user ", quote(text)),
               .hint = "a number works without an entry in its /etc/passwd: -u 1000",
               .error_class = ErrorClass::kNotFound});
}

// A further program holds none of the caller's terminals: its streams are pipes where the caller's are one. Everything
// else is handed over as it is.
struct ExecStreams {
  run::Streams theirs;
  UniqueFd pipes[3];     // the program's ends
  UniqueFd terminal[2];  // ours and the program's, of the socket that its terminal comes over
  UniqueFd held;         // its terminal, so that a program that has closed it and not ended yet is not hung up on
  Relay relay;

  explicit ExecStreams(const ExecRequest& request) {
    if (request.terminal) {
      int ends[2];
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw SysError(errno, "socketpair");
      terminal[0].reset(ends[0]);
      terminal[1].reset(ends[1]);
      const winsize size = monitor::terminal_size(0);
      theirs = {.terminal = ends[1], .rows = size.ws_row, .columns = size.ws_col};
      return;
    }
    theirs = {.in = request.input ? 0 : -1, .out = 1, .err = 2};
    if (theirs.in == 0 && is_terminal(0)) {
      sys::Pipe pipe = sys::make_pipe();
      relay.in = std::move(pipe.write_end);
      sys::set_nonblocking(relay.in.get());
      pipes[0] = std::move(pipe.read_end);
      theirs.in = pipes[0].get();
    }
    for (const int fd : {1, 2}) {
      if (!is_terminal(fd)) continue;
      sys::Pipe pipe = sys::make_pipe();
      (fd == 1 ? relay.out : relay.err) = std::move(pipe.read_end);
      pipes[fd] = std::move(pipe.write_end);
      (fd == 1 ? theirs.out : theirs.err) = pipes[fd].get();
    }
  }

  void started(const ExecRequest& request) {
    for (auto& pipe : pipes) pipe.reset();
    terminal[1].reset();
    if (!terminal[0]) return;
    monitor::MessageReader reader;
    static_cast<void>(reader.read(terminal[0].get()));
    std::vector<UniqueFd> received = reader.take_descriptors();
    if (received.empty()) return;  // its start failed
    relay.out = std::move(received.front());
    sys::set_nonblocking(relay.out.get());
    relay.in_is_terminal = true;
    held.reset(::fcntl(relay.out.get(), F_DUPFD_CLOEXEC, 3));
    if (request.input) relay.in.reset(::fcntl(relay.out.get(), F_DUPFD_CLOEXEC, 3));
  }
};

Message exec_message(const ExecRequest& request) {
  Message message{{"do", "exec"},
                  {"container", request.container},
                  {"command", request.command},
                  {"environment", request.environment},
                  {"directory", request.directory},
                  {"input", request.input},
                  {"terminal", request.terminal}};
  return message;
}

UniqueFd first(std::vector<UniqueFd> descriptors) {
  if (descriptors.empty()) throw Error({.id = "control-garbage", .message = "the monitor sent no process"});
  return std::move(descriptors.front());
}

// How a container ended that has just done so: its monitor knows, or, when it was the last one, the record.
int exit_code_of(Client& client, const StorePaths& paths, const std::string& pod, const std::string& container) {
  try {
    return client.ask({{"do", "last-exit"}, {"container", container}}).at("code");
  } catch (const Error&) {
    client.await_end();
  }
  const auto record = find_pod(paths, pod);
  const Message status = record ? Message::parse(record->status_json, nullptr, false) : Message();
  for (const char* list : {"/status/initContainerStatuses", "/status/containerStatuses"}) {
    const Message::json_pointer place(list);
    if (!status.contains(place)) continue;
    for (const auto& one : status[place])
      if (one.value("name", std::string()) == container)
        return one.value(Message::json_pointer("/state/terminated/exitCode"),
                         one.value(Message::json_pointer("/lastState/terminated/exitCode"), 0));
  }
  throw Error({.id = "no-exit-code", .message = cat("nothing tells how container '", container, "' of pod '", pod, "' ended"), .pod = pod});
}

}  // namespace

int exec_in_pod(const StorePaths& paths, const std::string& pod, const ExecRequest& request) {
  Client client(paths, pod);
  Message message = exec_message(request);
  if (!request.user.empty()) {
    client.ask({{"do", "target"}, {"container", request.container}});
    const UniqueFd target = first(client.take_descriptors());
    const auto identity = user_of(target.get(), request.user);
    message["identity"] = {identity.uid, identity.gid};
  }
  const Message answer = client.ask(message);
  const UniqueFd target = first(client.take_descriptors());
  const UniqueFd signals = monitor::watch_relayed_signals();
  ExecStreams streams(request);
  run::Member member = run::start_exec(monitor::plan_of(answer.at("plan")), facts_of_caller(), target.get(), streams.theirs);

  pollfd polls[2] = {{member.started_fd(), POLLIN, 0}, {member.process().pidfd(), POLLIN, 0}};
  while (raw::poll(polls, 2, -1) <= 0) {
  }
  if (auto failure = member.take_start_result()) {
    failure->message = cat("cannot run ", quote(request.command.front()), " in container '", failure->container, "' of pod '", pod, "'");
    throw Error(*failure);
  }
  streams.started(request);
  {
    const monitor::RawTerminal keys(streams.relay.in_is_terminal && streams.relay.in ? 0 : -1);
    streams.relay.process = streams.relay.forward_to = member.process().pidfd();
    streams.relay.run(signals.get());
  }
  return member.process().wait().code();
}

int attach_to_pod(const StorePaths& paths, const std::string& pod, const AttachRequest& request) {
  Relay relay;
  relay.awaits_output = true;
  relay.detach = monitor::KeySequence(request.detach_keys);
  Client client(paths, pod);
  const Message answer = client.ask({{"do", "attach"}, {"container", request.container}, {"input", request.input}});
  std::vector<UniqueFd> received = client.take_descriptors();
  const bool terminal = answer.value("terminal", false), input = answer.value("input", false);
  if (received.size() != std::size_t{2} + (terminal ? 0 : 1) + (input ? 1 : 0))
    throw Error({.id = "control-garbage", .message = "the monitor sent other descriptors than it said"});
  const UniqueFd target = std::move(received[0]);
  relay.process = target.get();
  relay.out = std::move(received[1]);
  if (!terminal) relay.err = std::move(received[2]);
  if (input) relay.in = std::move(received.back());
  relay.in_is_terminal = terminal;
  const UniqueFd signals = monitor::watch_relayed_signals();
  if (const winsize size = monitor::terminal_size(0); terminal && input && size.ws_row != 0) ::ioctl(relay.in.get(), TIOCSWINSZ, &size);
  Relay::Result result;
  {
    using Mode = monitor::RawTerminal::Mode;
    relay.reads_keys = !input && !relay.detach.is_none() && monitor::has_keyboard(0);
    const monitor::RawTerminal keys((terminal && input) || relay.reads_keys ? 0 : -1, relay.reads_keys ? Mode::kKeysOnly : Mode::kRaw);
    result = relay.run(signals.get());
  }
  if (result.end == Relay::End::kKeys) return 0;
  if (result.end == Relay::End::kSignal) return 128 + result.signal_number;
  return exit_code_of(client, paths, pod, request.container);
}

}  // namespace podctl
