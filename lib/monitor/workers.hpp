#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "monitor/loop.hpp"
#include "net/probe.hpp"
#include "podctl/plan.hpp"
#include "run/member.hpp"

namespace podctl::monitor {

/// Which probe or hook of which container: there is at most one of each at a time.
struct WorkKey {
  std::size_t container = 0;
  int kind = 0;  ///< lifecycle::ProbeKind, or 3 + lifecycle::HookKind

  friend auto operator<=>(const WorkKey&, const WorkKey&) = default;
};

/// How a piece of work ended.
struct WorkAnswer {
  net::Result result = net::Result::kSuccess;
  std::string message;
};

/// The children that probe a pod and run its hooks. The monitor itself waits for nothing: each has a process of its own,
/// which is watched, and ended when its time is over.
class Workers {
 public:
  using Done = std::function<void(const WorkAnswer&)>;
  /// Speaks to the pod; called in a child that has joined its network.
  using Speak = std::function<net::Outcome()>;

  explicit Workers(Loop& loop) : loop_(loop) {}
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  /// Runs a program in a container: exit code 0 passes, what it prints is the message. Without `timeout` it may take for
  /// ever. @param target  pidfd of the container's main process; borrowed for the call
  void run(const WorkKey& key, Plan plan, const HostFacts& facts, int target, std::optional<Duration> timeout, Done done);
  /// @param pause  pidfd whose user and network namespaces are joined, those of `held`; borrowed for the call
  void speak(const WorkKey& key, int pause, const Namespaces& held, std::optional<Duration> timeout, const Speak& speak, Done done);
  /// Passes after a while.
  void sleep(const WorkKey& key, Duration time, Done done);
  /// Ends it; nobody is told.
  void abandon(const WorkKey& key) { drop(key); }

  [[nodiscard]] std::optional<Time> next_due() const;
  /// Ends what has taken too long, and finishes sleeps.
  void check(Time now);

 private:
  struct Worker {
    Done done;
    std::optional<Time> due;
    std::optional<run::Member> member;  // of a program in a container
    Process child;                      // of one that speaks
    UniqueFd output;
    std::string text;

    [[nodiscard]] const Process& process() const { return member ? member->process() : child; }
  };
  void watch(const WorkKey& key);
  void read_output(Worker& worker, bool to_the_end);
  void on_started(const WorkKey& key);
  void on_exit(const WorkKey& key);
  void drop(const WorkKey& key);
  void answer(const WorkKey& key, const WorkAnswer& answer);

  Loop& loop_;
  std::map<WorkKey, Worker> workers_;
};

}  // namespace podctl::monitor
