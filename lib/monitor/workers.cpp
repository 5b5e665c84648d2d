#include "monitor/workers.hpp"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/text.hpp"
#include "monitor/setup.hpp"
#include "run/exec.hpp"
#include "sys/sys.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;
using namespace std::chrono_literals;

constexpr std::size_t kMostOutput = 10240;  // of a probe's words, as a kubelet keeps them
constexpr Duration kSlack = 1s;             // for a child that minds its time itself
constexpr int kResultFd = 3;

// The life of a child that speaks. It holds nothing of the monitor's but the pipe, and leaves with what it has found out.
[[noreturn]] void be_speaker(int pause, int joined, int result_pipe, const Workers::Speak& speak) noexcept {
  raw::prctl(PR_SET_PDEATHSIG, SIGKILL);
  net::Outcome outcome{net::Result::kError, {}};
  const int rc = joined == 0 ? 0 : raw::setns(pause, joined);
  if (rc < 0) outcome.message = cat("setns: ", -rc);
  if (result_pipe != kResultFd && raw::dup3(result_pipe, kResultFd, O_CLOEXEC) < 0) raw::exit_group(1);
  raw::close_range(kResultFd + 1, ~0U, 0);
  if (rc == 0) outcome = speak();
  std::string text(1, static_cast<char>(outcome.result));
  text += outcome.message;
  static_cast<void>(raw::write(kResultFd, text.data(), text.size()));
  raw::exit_group(0);
}

}  // namespace

Workers::~Workers() {
  while (!workers_.empty()) drop(workers_.begin()->first);
}

void Workers::run(const WorkKey& key, Plan plan, const HostFacts& facts, int target, std::optional<Duration> timeout, Done done) {
  drop(key);
  Worker worker;
  worker.done = std::move(done);
  if (timeout) worker.due = now() + *timeout;
  sys::Pipe pipe = sys::make_pipe();
  sys::set_nonblocking(pipe.read_end.get());
  try {
    worker.member =
        run::start_exec(std::move(plan), facts, target, {.out = pipe.write_end.get(), .err = pipe.write_end.get(), .gives_away = true});
  } catch (const Error& error) {
    return worker.done({net::Result::kError, error.info().cause});
  }
  worker.output = std::move(pipe.read_end);
  workers_[key] = std::move(worker);
  loop_.add(workers_[key].member->started_fd(), EPOLLIN, [this, key](std::uint32_t) { on_started(key); });
  watch(key);
}

void Workers::speak(const WorkKey& key, int pause, const Namespaces& held, std::optional<Duration> timeout, const Speak& speak, Done done) {
  drop(key);
  Worker worker;
  worker.done = std::move(done);
  if (timeout) worker.due = now() + *timeout + kSlack;
  sys::Pipe pipe = sys::make_pipe();
  const int joined = held.net ? (held.user ? CLONE_NEWUSER : 0) | CLONE_NEWNET : 0;
  const pid_t pid = ::fork();
  if (pid < 0) return worker.done({net::Result::kError, cat("fork: errno ", errno)});
  if (pid == 0) be_speaker(pause, joined, pipe.write_end.get(), speak);
  worker.child = Process(pid, sys::open_pidfd(pid));
  worker.output = std::move(pipe.read_end);
  sys::set_nonblocking(worker.output.get());
  workers_[key] = std::move(worker);
  watch(key);
}

void Workers::sleep(const WorkKey& key, Duration time, Done done) {
  drop(key);
  Worker worker;
  worker.done = std::move(done);
  worker.due = now() + time;
  workers_[key] = std::move(worker);
}

void Workers::watch(const WorkKey& key) {
  Worker& worker = workers_.at(key);
  loop_.add(worker.process().pidfd(), EPOLLIN, [this, key](std::uint32_t) { on_exit(key); });
  loop_.add(worker.output.get(), EPOLLIN, [this, key](std::uint32_t) { read_output(workers_.at(key), false); });
}

// What is beyond the limit is read and thrown away: a probe must not hang because it is talkative.
void Workers::read_output(Worker& worker, bool to_the_end) {
  static std::array<char, 4096> buffer;
  while (worker.output) {
    const long got = raw::read(worker.output.get(), buffer.data(), buffer.size());
    if (got == -EAGAIN) return;
    if (got == -EINTR) continue;
    if (got <= 0) {
      loop_.remove(worker.output.get());
      worker.output.reset();
      return;
    }
    worker.text.append(buffer.data(), std::min(static_cast<std::size_t>(got), kMostOutput - std::min(kMostOutput, worker.text.size())));
    if (!to_the_end) return;
  }
}

void Workers::on_started(const WorkKey& key) {
  Worker& worker = workers_.at(key);
  loop_.remove(worker.member->started_fd());
  const auto failure = worker.member->take_start_result();
  if (failure) answer(key, {net::Result::kError, failure->cause});
}

void Workers::on_exit(const WorkKey& key) {
  if (const Worker& worker = workers_.at(key); worker.member && worker.member->started_fd() >= 0) {
    on_started(key);  // heard of first
    if (!workers_.contains(key)) return;
  }
  Worker& worker = workers_.at(key);
  read_output(worker, true);
  loop_.remove(worker.process().pidfd());
  const bool is_program = worker.member.has_value();
  const ExitStatus status = is_program ? worker.member->process().wait() : worker.child.wait();
  const std::string text = std::move(worker.text);
  if (is_program) {
    std::string message(trim(text));
    if (message.empty() && status.code() != 0)
      message = status.signaled ? cat("ended by signal ", status.value) : cat("exit code ", status.value);
    return answer(key, {status.code() == 0 ? net::Result::kSuccess : net::Result::kFailure, std::move(message)});
  }
  if (status.code() != 0 || text.empty()) return answer(key, {net::Result::kError, "the prober died"});
  answer(key, {static_cast<net::Result>(text.front()), text.substr(1)});
}

void Workers::drop(const WorkKey& key) {
  const auto found = workers_.find(key);
  if (found == workers_.end()) return;
  Worker& worker = found->second;
  if (worker.output) loop_.remove(worker.output.get());
  if (worker.member && worker.member->started_fd() >= 0) loop_.remove(worker.member->started_fd());
  if (worker.process()) loop_.remove(worker.process().pidfd());
  workers_.erase(found);  // its process is killed and reaped with it
}

void Workers::answer(const WorkKey& key, const WorkAnswer& answer) {
  const Done done = std::move(workers_.at(key).done);
  drop(key);
  done(answer);
}

std::optional<Time> Workers::next_due() const {
  std::optional<Time> next;
  for (const auto& [key, worker] : workers_)
    if (worker.due) next = next ? std::min(*next, *worker.due) : *worker.due;
  return next;
}

void Workers::check(Time moment) {
  std::vector<WorkKey> due;
  for (const auto& [key, worker] : workers_)
    if (worker.due && moment >= *worker.due) due.push_back(key);
  for (const auto& key : due) {
    const auto found = workers_.find(key);
    if (found == workers_.end()) continue;
    const bool is_sleep = !found->second.process();
    answer(key, is_sleep ? WorkAnswer{} : WorkAnswer{net::Result::kFailure, "it took too long"});
  }
}

}  // namespace podctl::monitor
