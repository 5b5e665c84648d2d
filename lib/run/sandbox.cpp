#include "run/sandbox.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>

#include "base/path.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "plan/pod_tree.hpp"
#include "run/pause_image.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kSideBySide = 8;  // members that are started at once; more only queue for the CPUs
constexpr std::int64_t kTick = 20'000'000;

std::int64_t now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

bool is_readable(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return raw::poll(&poll, 1, 0) > 0;
}

std::string map_text(const std::vector<IdMapping>& map) {
  std::string text;
  for (const auto& m : map) append(text, m.pod, ' ', m.host, ' ', m.count, '\n');
  return text;
}

}  // namespace

// --- Sandbox: the launch --------------------------------------------------------------------------------

Sandbox::Sandbox(const Plan& plan, const HostFacts& facts, std::span<const Fault> faults)
    : plan_(plan), facts_(facts), page_(plan_.members.size() + 2, plan_.steps.size() + 1) {
  for (const auto& fault : faults) page_.cells()[fault.step].control = kFaultBase + static_cast<std::uint32_t>(fault.error_number);
  ScopeExit undo{[&]() noexcept {
    pause_ = Process();
    undo_host_changes();
  }};
  began_ns_ = now();
  monitor_pidfd_ = sys::open_pidfd(::getpid());
  pause_program_ = sys::make_sealed_file("podctl-pause", pause_image());
  pause_ready_ = sys::make_eventfd();
  null_ = sys::open("/dev/null", O_RDONLY);

  for (const auto& step : plan_.steps)
    if (step.actor == Actor::kMonitor && step.member < 0) do_monitor_step(step);
  __atomic_store_n(&page_.handoff().monitor_done, 1, __ATOMIC_RELEASE);
  raw::futex_wake(&page_.handoff().monitor_done);
  undo.cancel();
}

Sandbox::~Sandbox() = default;

void Sandbox::do_monitor_step(const Step& step) {
  StepCell& cell = page_.cells()[step.number];
  try {
    if (cell.control >= kFaultBase) throw SysError(static_cast<int>(cell.control - kFaultBase), "injected fault");
    carry_out(step);
  } catch (SysError& error) {
    ErrorInfo& info = error.info();
    Slot slot;
    slot.step = static_cast<std::uint32_t>(step.number);
    slot.error = info.error_number;
    ErrorInfo full = launch_failure(plan_, facts_, step, slot);
    full.cause = info.cause;
    full.call = info.call;
    full.object = info.object;
    throw Error(full);
  }
  cell.done_ns = now();
}

// The steps that are the monitor's own.
struct Sandbox::MonitorSteps {
  Sandbox& self;
  void operator()(const action::MakeHostDirectory& a) const {
    const auto made = sys::make_directories(a.path, a.mode);
    self.made_.insert(self.made_.end(), made.begin(), made.end());
    if (made.empty()) return;  // what was there keeps its mode and owner
    if ((a.mode & 022) != 0) sys::check(raw::fchmodat(AT_FDCWD, a.path.c_str(), a.mode), "chmod", a.path);  // despite the umask
    if (a.owner) {
      const UniqueFd folder = sys::open(a.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      sys::check(raw::fchown(folder.get(), *a.owner, *a.owner), "chown", a.path);
    }
  }
  void operator()(const action::MakeHostFile& a) const {
    const int fd = raw::openat(AT_FDCWD, a.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, a.mode);
    if (fd == -EEXIST) return;
    const UniqueFd file(static_cast<int>(sys::check(fd, "open", a.path)));
    self.made_.push_back(a.path);
  }
  void operator()(const action::HoldVolume& a) const {
    UniqueFd folder = sys::open(a.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    sys::check(raw::flock(folder.get(), (a.exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB), "flock", a.path);
    self.held_.push_back(std::move(folder));
  }
  void operator()(const action::MakeLayer& a) const {
    const auto give = [&](const UniqueFd& entry, const std::string& path) {
      if (a.owner) sys::check(raw::fchown(entry.get(), *a.owner, *a.owner), "chown", path);
    };
    const auto make_folder = [&](const std::string& path) {
      sys::check(raw::mkdirat(AT_FDCWD, path.c_str(), 0755), "mkdir", path);
      if (a.owner) give(sys::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), path);
    };
    for (const auto part : {plan::kUpper, plan::kWork}) make_folder(cat(a.folder, '/', a.name, part));
    if (a.etc_files.empty()) return;
    const std::string etc = cat(a.folder, '/', a.name, plan::kUpper, "/etc");
    make_folder(etc);
    for (const auto& name : a.etc_files) {
      const std::string path = cat(etc, '/', name);
      give(sys::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644), path);
    }
  }
  void operator()(const action::TakeTree& a) const {
    UniqueFd tree = sys::clone_tree(a.path);
    if (a.shift_ids) {
      if (!self.shift_namespace_) self.shift_namespace_ = sys::make_user_namespace(map_text(self.plan_.uids), map_text(self.plan_.gids));
      sys::shift_ids(tree.get(), self.shift_namespace_.get(), a.path);
    }
    self.taken_fds_.push_back(tree.get());
    self.taken_.push_back(std::move(tree));
  }
  void operator()(const action::NewSandbox& a) const { self.start_pause(a); }
  void operator()(const action::MapIds& a) const { self.map_ids(a); }
  // Everything else belongs to pause and members.
  template <class Other>
  void operator()(const Other&) const {
    throw Error({.message = "a step of the monitor is not one it can do: a bug in podctl"});
  }
};

void Sandbox::carry_out(const Step& step) { std::visit(MonitorSteps{*this}, step.action); }

void Sandbox::start_pause(const action::NewSandbox& sandbox) {
  const auto steps_of = [&](Actor actor) {
    std::vector<const Step*> steps;
    for (const auto& step : plan_.steps)
      if (step.actor == actor) steps.push_back(&step);
    return steps;
  };
  ProgramContext context{.slot = &page_.slot(0),
                         .cells = page_.cells(),
                         .handoff = &page_.handoff(),
                         .monitor_pidfd = monitor_pidfd_.get(),
                         .pause_program = pause_program_.get(),
                         .pause_ready = pause_ready_.get(),
                         .taken_trees = &taken_fds_};
  const StackPool::Pair stacks = stacks_.take();
  if (auto steps = steps_of(Actor::kNetwork); !steps.empty()) {
    ProgramContext own = context;
    own.slot = &network_slot();
    network_compiled_ = std::make_unique<CompiledProgram>(std::move(steps), plan_, own);
    context.network = &network_compiled_->program();
    context.network_stack = stacks.short_top;
  }
  pause_compiled_ = std::make_unique<CompiledProgram>(steps_of(Actor::kPause), plan_, context);
  // CLONE_VM: no copy of our page tables, and no fault on our side for every page we write meanwhile. The
  // memory is its own again at its exec.
  const int flags = CLONE_VM | CLONE_PIDFD | SIGCHLD | static_cast<int>(clone_flags(sandbox.namespaces));
  int pidfd = -1;
  const SignalsBlocked blocked;
  const int pid = raw::clone(pause_main, stacks.long_top, flags, &pause_compiled_->program(), &pidfd, nullptr);
  sys::check(pid, "clone");
  pause_ = Process(pid, UniqueFd(pidfd));
  page_.slot(0).pid = pid;
}

void Sandbox::map_ids(const action::MapIds& map) {
  if (map.method == action::MapIds::Method::kDirect) {
    const auto write = [&](const char* name, const std::vector<IdMapping>& ids) {
      const std::string path = cat("/proc/", pause_.pid(), '/', name);
      sys::write_all(sys::open(path, O_WRONLY).get(), map_text(ids), path);
    };
    write("uid_map", map.uids);
    write("gid_map", map.gids);
    return;
  }
  const auto command = [&](const std::string& program, const std::vector<IdMapping>& ids) {
    std::vector<std::string> argv{program, cat(pause_.pid())};
    for (const auto& id : ids)
      for (const auto number : {id.pod, id.host, id.count}) argv.push_back(cat(number));
    return argv;
  };
  // Side by side: each is a setuid program that costs more than everything else here.
  sys::Helper uids = sys::start_helper(command(facts_.newuidmap, map.uids));
  sys::Helper gids = sys::start_helper(command(facts_.newgidmap, map.gids));
  std::string uid_output, gid_output;
  const ExitStatus uid_status = sys::finish_helper(std::move(uids), uid_output);
  const ExitStatus gid_status = sys::finish_helper(std::move(gids), gid_output);
  const auto require = [](const ExitStatus& status, std::string_view name, const std::string& output) {
    if (status.code() != 0) throw SysError(EPERM, cat(name, " (", trim(output.substr(0, output.find('\n'))), ')'));
  };
  require(uid_status, "newuidmap", uid_output);
  require(gid_status, "newgidmap", gid_output);
}

int Sandbox::last_step() const noexcept {
  int last = 0;
  for (const auto& step : plan_.steps)
    if (step.member < 0) last = step.number;
  return last;
}

void Sandbox::prepare_members() {
  changed_signals_ = changed_signals();
  for (int i = 0; i < static_cast<int>(plan_.members.size()); ++i)
    for (const auto& step : make_join_plan(plan_, i, {}))
      if (step.actor == Actor::kMonitor) do_monitor_step(step);
  members_prepared_ = true;
}

void Sandbox::await_ready() {
  const std::uint32_t& ready = page_.handoff().tree_ready;
  while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) == 0) {
    raw::futex_wait(&ready, 0, kTick);
    if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) == 0 && is_readable(pause_.pidfd())) break;
  }
  if (ready != 1) {
    pause_.wait();
    throw Error(pause_failure());
  }
  taken_.clear();
  shift_namespace_.reset();
}

ErrorInfo Sandbox::pause_failure() const {
  for (const Slot* slot : {&network_slot(), &page_.slot(0)}) {  // pause fails when the network does
    if (slot->state != SlotState::kFailed) continue;
    for (const auto& step : plan_.steps)
      if (step.number == static_cast<int>(slot->step)) return launch_failure(plan_, facts_, step, *slot);
  }
  ErrorInfo info;
  info.id = "pause-died";
  info.message = cat("the sandbox of pod '", plan_.pod, "' died");
  info.cause = "PID 1 of the pod was killed from outside; every process of the pod went with it";
  info.error_class = ErrorClass::kFailed;
  info.pod = plan_.pod;
  return info;
}

void Sandbox::undo_host_changes() noexcept {
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
    // Only what is still as empty as it was made.
    if (raw::unlinkat(AT_FDCWD, path->c_str(), AT_REMOVEDIR) == -ENOTDIR) {
      struct stat status {};
      if (raw::fstatat(AT_FDCWD, path->c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size == 0)
        raw::unlinkat(AT_FDCWD, path->c_str(), 0);
    }
  }
  made_.clear();
}

int Sandbox::tree() {
  if (!tree_) {
    const int fd = raw::openat(AT_FDCWD, cat("/proc/", pause_.pid(), "/root").c_str(), O_PATH | O_DIRECTORY);
    if (fd < 0) return -1;
    tree_.reset(fd);
  }
  return tree_.get();
}

UniqueFd Sandbox::open_proc() {
  struct stat ours {
  }, theirs{};
  sys::check(raw::fstatat(AT_FDCWD, cat("/proc/", pause_.pid(), "/ns/pid").c_str(), &ours, 0), "stat", "pid namespace of the pod");
  // Members that share pause's mounts have it at the root they share, where they can put something else in its place.
  for (const char* place : {"/t/proc", "/proc"}) {
    const sys::OpenHow how{.flags = O_RDONLY | O_DIRECTORY, .resolve = sys::kResolveInRoot | sys::kResolveNoSymlinks};
    UniqueFd proc(raw::openat2(tree(), place, how));
    if (proc && raw::fstatat(proc.get(), "1/ns/pid", &theirs, 0) == 0 && theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev)
      return proc;
  }
  throw SysError(ENOENT, "open", "procfs of the pod");
}

// --- members --------------------------------------------------------------------------------------------

std::vector<StartResult> Sandbox::start(std::span<const StartRequest> requests) {
  std::vector<StartResult> results(requests.size());
  const auto guarded = [](StartResult& result, const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      result.member.reset();
      result.failure = error.info();
    }
  };
  for (std::size_t from = 0; from < requests.size(); from += kSideBySide) {
    const std::size_t to = std::min(requests.size(), from + kSideBySide);
    for (std::size_t i = from; i < to; ++i) guarded(results[i], [&] { results[i].member.emplace(begin_start(requests[i])); });
    for (std::size_t i = from; i < to; ++i)
      if (results[i].member) guarded(results[i], [&] { MemberLaunch::finish(*results[i].member); });
  }
  return results;
}

// Pipes that the machine's root has made belong to nobody in the pod; their reader there must be able to open
// /dev/stdout again. (An ordinary user's pod gives them away itself, where that is needed.)
void Sandbox::give_streams(const StartRequest& request) const {
  if (!facts_.privileged) return;
  const auto host_id = [](const std::vector<IdMapping>& map, std::uint32_t pod_id) {
    for (const auto& m : map)
      if (pod_id >= m.pod && pod_id - m.pod < m.count) return m.host + (pod_id - m.pod);
    return map.front().host;
  };
  const PlannedMember& member = plan_.members[static_cast<std::size_t>(request.member)];
  for (const int fd : {request.streams.in, request.streams.out, request.streams.err})
    if (fd >= 0) sys::check(raw::fchown(fd, host_id(plan_.uids, member.uid), host_id(plan_.gids, member.gid)), "fchown");
}

Member Sandbox::begin_start(const StartRequest& request) {
  const auto index = static_cast<std::size_t>(request.member);
  give_streams(request);
  std::vector<Step> steps = make_join_plan(plan_, request.member, request.options);
  if (request.options.attempt > 0 || !members_prepared_)
    for (const auto& step : steps)
      if (step.actor == Actor::kMonitor) do_monitor_step(step);

  Slot& slot = page_.slot(index + 1);
  slot = Slot{};
  ProgramContext context{.slot = &slot,
                         .cells = page_.cells(),
                         .handoff = &page_.handoff(),
                         .monitor_pidfd = monitor_pidfd_.get(),
                         .pause_ready = pause_ready_.get(),
                         .pause_pidfd = pause_.pidfd(),
                         .streams = {request.streams.in >= 0 ? request.streams.in : null_.get(), request.streams.out, request.streams.err},
                         .terminal = request.streams.terminal,
                         .rows = request.streams.rows,
                         .columns = request.streams.columns,
                         .gives_streams = !facts_.privileged && (plan_.uids.size() > 1 || plan_.uids[0].count > 1),
                         .changed_signals = changed_signals_};
  if (request.options.in_turn && index > 0) context.previous_member = &page_.slot(index).on_our_memory;
  return MemberLaunch::begin({plan_, facts_, stacks_}, std::move(steps), context);
}

}  // namespace podctl::run
