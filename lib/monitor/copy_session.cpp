// The command's side of cp. Two processes, joined by a pipe that carries a tar stream: this one has the caller's files, its child
// the container's. Neither ever names a file of the other's.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <functional>

#include "archive/pack.hpp"
#include "archive/tar.hpp"
#include "archive/unpack.hpp"
#include "base/text.hpp"
#include "monitor/client.hpp"
#include "podctl/control.hpp"
#include "podctl/process.hpp"
#include "run/enter.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

namespace raw = sys::raw;
using archive::Omissions;
using monitor::Client;
using monitor::Message;

constexpr std::string_view kStream = "-";
constexpr char kTop[] = "top";  // what the one thing that is copied is called between the two processes
constexpr std::string_view kSent = "what the container sent";
constexpr mode_t kOutside = 0777;
constexpr std::size_t kMostReport = std::size_t{1} << 20;

// A pipe that nobody reads any more is an error of a call and not the end of the process, as long as this lives.
class PipeSignalIgnored {
 public:
  PipeSignalIgnored() {
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignored, &before_);
  }
  PipeSignalIgnored(const PipeSignalIgnored&) = delete;
  PipeSignalIgnored& operator=(const PipeSignalIgnored&) = delete;
  ~PipeSignalIgnored() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

Message omissions_message(const Omissions& omissions) {
  Message message{{"leftOut", omissions.left_out}, {"firstLeftOut", omissions.first_left_out}, {"unread", omissions.unread}};
  if (omissions.unread_error) message["unreadError"] = monitor::error_message(*omissions.unread_error);
  return message;
}

Omissions omissions_of(const Message& message) {
  Omissions omissions{
      .left_out = message.at("leftOut"), .first_left_out = message.at("firstLeftOut"), .unread = message.at("unread"), .unread_error = {}};
  if (const auto error = message.find("unreadError"); error != message.end()) omissions.unread_error = monitor::error_of(*error);
  return omissions;
}

// Names of files are bytes, and a message is UTF-8: what does not fit is replaced.
std::string as_line(const Message& message) { return message.dump(-1, ' ', false, Message::error_handler_t::replace); }

// Whether an error of the container's side is only that the stream broke off.
bool is_consequence(const ErrorInfo& error) {
  return error.id == "not-a-tar" || (error.id == "stream-unwritable" && archive::is_reader_gone(error.error_number));
}

void close_all_but(std::array<int, 2> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 0;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > first) sys::check(raw::close_range(first, number - 1, 0), "close_range");
    first = number + 1;
  }
  sys::check(raw::close_range(first, ~0U, 0), "close_range");
}

// What the process in the container is to do, and where it finds what it needs for that.
struct Inside {
  const Plan& plan;
  int target;
  int stream, report;  // its ends of the pipes
  pid_t parent;
  std::function<Omissions()> work;

  // It leaves with what it has done or what failed. Of the caller's it holds nothing but two pipes once it is in the container.
  [[noreturn]] void run() const noexcept {
    std::string line;
    int code = 0;
    try {
      run::enter_files(plan, target);
      if (::getppid() != parent) raw::exit_group(1);
      close_all_but({stream, report});
      line = as_line(omissions_message(work()));
    } catch (const Error& error) {
      code = 1;
      // Then the caller's side has failed, and knows why.
      if (!is_consequence(error.info())) line = as_line(monitor::error_message(error.info()));
    } catch (const std::exception& error) {
      code = 1;
      line = as_line(monitor::error_message({.id = "copy-failed", .message = "cannot copy", .cause = error.what()}));
    }
    for (std::string_view rest = line; !rest.empty();) {
      const long written = raw::write(report, rest.data(), rest.size());
      if (written <= 0 && written != -EINTR) raw::exit_group(1);
      rest.remove_prefix(static_cast<std::size_t>(std::max(written, 0L)));
    }
    raw::exit_group(code);
  }
};

class CopySession {
 public:
  CopySession(const StorePaths& paths, const std::string& pod, const CopyRequest& request)
      : pod_(pod), request_(request), client_(paths, pod), inside_{.where = {}, .resolve = sys::kResolveNoMagicLinks} {
    // No program is run: of its steps those are taken that say who it would be.
    const Message answer = client_.ask({{"do", "exec"}, {"container", request.container}, {"command", {"cp"}}});
    std::vector<UniqueFd> received = client_.take_descriptors();
    if (received.empty()) throw Error({.id = "control-garbage", .message = "the monitor sent no process"});
    target_ = std::move(received.front());
    plan_ = monitor::plan_of(answer.at("plan"));
    inside_.where = cat(" in container '", plan_.members.front().name, "' of pod '", pod, "'");
    inside_path_ = request.inside.starts_with('/') ? request.inside : '/' + request.inside;
  }

  CopyResult copy_in() {
    if (request_.outside == kStream) {
      begin(Flow::kIn,
            [this] { return archive::unpack(stream_.theirs, "the stream", archive::open_destination_folder(inside_path_, inside_)); });
      return finish([this] {
        if (has_input()) archive::copy_stream(0, "standard input", stream_.ours.get(), archive::Names::kBytes);
        return Omissions();
      });
    }
    archive::Source source = archive::open_source(request_.outside, {});
    const std::string label = std::exchange(source.label, kTop);
    begin(Flow::kIn,
          [&] { return archive::unpack(stream_.theirs, "the stream", archive::open_destination(inside_path_, label, inside_)); });
    return finish([&] { return archive::pack(source, stream_.ours.get()); });
  }

  CopyResult copy_out() {
    const bool is_stream = request_.outside == kStream;
    const std::string label = archive::last_name(request_.inside);
    archive::Destination destination;
    if (!is_stream) destination = archive::open_destination(request_.outside, label, {});
    destination.kept = kOutside;
    begin(Flow::kOut, [&] {
      archive::Source source = archive::open_source(inside_path_, inside_);
      if (!is_stream) source.label = kTop;
      return archive::pack(source, stream_.theirs);
    });
    if (is_stream)
      return finish([this] {
        archive::copy_stream(stream_.ours.get(), std::string(kSent), 1, archive::Names::kText);
        return Omissions();
      });
    return finish([&] { return archive::unpack(stream_.ours.get(), std::string(kSent), destination); });
  }

 private:
  enum class Flow { kIn, kOut };

  void begin(Flow flow, std::function<Omissions()> work) {
    sys::Pipe stream = sys::make_pipe(), report = sys::make_pipe();
    UniqueFd& theirs = flow == Flow::kIn ? stream.read_end : stream.write_end;
    stream_.ours = std::move(flow == Flow::kIn ? stream.write_end : stream.read_end);
    stream_.theirs = theirs.get();
    const Inside inside{plan_, target_.get(), theirs.get(), report.write_end.get(), ::getpid(), std::move(work)};
    const pid_t pid = ::fork();
    if (pid < 0) throw SysError(errno, "fork");
    if (pid == 0) inside.run();
    child_ = Process(pid, sys::open_pidfd(pid));
    report_ = std::move(report.read_end);
  }

  // Does our side, then looks at how the other one went: an error of the container's explains one that we have only because the
  // stream broke off.
  CopyResult finish(const std::function<Omissions()>& own_work) {
    Omissions own;
    std::optional<ErrorInfo> own_error;
    try {
      own = own_work();
    } catch (const Error& error) {
      own_error = error.info();
    }
    stream_.ours.reset();
    const Omissions theirs = read_report(own_error);
    if (own_error) throw Error(*own_error);
    return result_of(own, theirs);
  }

  Omissions read_report(const std::optional<ErrorInfo>& own_error) {
    std::string line;
    std::array<char, 4096> buffer;
    while (line.size() < kMostReport) {
      const long got = raw::read(report_.get(), buffer.data(), buffer.size());
      if (got == -EINTR) continue;
      if (sys::check(got, "read", "the copying process's report") == 0) break;
      line.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const ExitStatus status = child_.wait();
    const Message report = Message::parse(line, nullptr, false);
    if (report.is_object())
      if (auto error = monitor::error_of(report)) throw Error(located(std::move(*error)));
    if (status.code() == 0 && report.is_object()) return omissions_of(report);
    if (own_error && !status.signaled) return {};
    throw Error({.id = "copy-failed",
                 .message = cat("the process that copies", inside_.where, " was ended"),
                 .cause = status.signaled ? cat("signal ", status.value) : cat("exit code ", status.value),
                 .pod = pod_});
  }

  // An error that names no path yet, such as one of joining, gets to know where it was.
  ErrorInfo located(ErrorInfo error) const {
    if (error.message.empty()) error.message = cat("cannot copy", inside_.where);
    error.pod = pod_;
    error.container = plan_.members.front().name;
    return error;
  }

  static CopyResult result_of(const Omissions& own, const Omissions& theirs) {
    const Omissions& first_unread = own.unread > 0 ? own : theirs;
    if (first_unread.unread_error) {
      ErrorInfo error = *first_unread.unread_error;
      const std::size_t more = own.unread + theirs.unread - 1;
      if (more > 0) append(error.cause, "; and ", counted(more, "other file"), " likewise");
      error.hint = "everything else is copied";
      throw Error(error);
    }
    return {.left_out = own.left_out + theirs.left_out, .first_left_out = own.left_out > 0 ? own.first_left_out : theirs.first_left_out};
  }

  // Waits until standard input says something. False when who shall have it has given up before that.
  bool has_input() const {
    pollfd polls[2] = {{0, POLLIN, 0}, {stream_.ours.get(), 0, 0}};
    sys::check(raw::poll(polls, 2, -1), "poll", "standard input");
    return (polls[1].revents & POLLERR) == 0;
  }

  const std::string& pod_;
  const CopyRequest& request_;
  Client client_;
  archive::Side inside_;
  std::string inside_path_;
  UniqueFd target_;
  Plan plan_;
  PipeSignalIgnored quiet_;
  struct {
    UniqueFd ours;
    int theirs = -1;
  } stream_;
  UniqueFd report_;
  Process child_;
};

}  // namespace

CopyResult copy_into_pod(const StorePaths& paths, const std::string& pod, const CopyRequest& request) {
  return CopySession(paths, pod, request).copy_in();
}

CopyResult copy_out_of_pod(const StorePaths& paths, const std::string& pod, const CopyRequest& request) {
  return CopySession(paths, pod, request).copy_out();
}

}  // namespace podctl
