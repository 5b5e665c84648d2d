#include "monitor/setup.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "base/errno_text.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/pod_tree.hpp"
#include "run/freezer.hpp"
#include "spec/env_file.hpp"
#include "sys/sys.hpp"
#include "view/record_reader.hpp"

namespace podctl::monitor {
namespace {

namespace raw = sys::raw;

void random_bytes(unsigned char* bytes, std::size_t count) {
  if (::getrandom(bytes, count, 0) != static_cast<ssize_t>(count)) throw SysError(errno, "getrandom");
}

}  // namespace

Time now() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

std::string make_uuid() {
  unsigned char bytes[16];
  random_bytes(bytes, sizeof bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    append(text, kHex[bytes[i] >> 4], kHex[bytes[i] & 15]);
  }
  return text;
}

std::string generated_name(const std::string& base) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";  // no vowels: no words by accident
  unsigned char bytes[5];
  random_bytes(bytes, sizeof bytes);
  std::string name = base.substr(0, 58);
  for (const unsigned char byte : bytes) name += kLetters[byte % kLetters.size()];
  return name;
}

void raise_open_files(const HostFacts& facts) {
  if (facts.open_files_soft >= facts.open_files_hard) return;
  const std::uint64_t limit[2] = {facts.open_files_hard, facts.open_files_hard};
  sys::check(raw::prlimit64(0, RLIMIT_NOFILE, limit, nullptr), "prlimit64(RLIMIT_NOFILE)");
}

UniqueFd block_and_watch_signals() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    ::sigaction(number, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&watched, number);  // nohup means it
  }
  sigaddset(&watched, SIGWINCH);
  sigset_t blocked = watched;
  sigaddset(&blocked, SIGPIPE);
  if (::sigprocmask(SIG_BLOCK, &blocked, nullptr) != 0) throw SysError(errno, "sigprocmask");
  UniqueFd fd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) throw SysError(errno, "signalfd");
  return fd;
}

bool needs_user_namespace(const Plan& plan, const HostFacts& facts) {
  return plan.uses_disk && facts.uid != 0 && (plan.uids.size() > 1 || plan.uids[0].count > 1);
}

namespace {

// Removes a pod's folder. Files of subordinate ids, which a monitor that was killed could not clear away, only
// the pod's own ids may remove.
void remove_folder(const std::string& path) {
  try {
    return sys::remove_tree(AT_FDCWD, path);
  } catch (const SysError& error) {
    if (error.code() != EACCES && error.code() != EPERM) throw;
  }
  const HostFacts facts = probe_host({.id_ranges = true});
  const auto map = [](std::uint32_t own, const std::vector<IdSpan>& spans) {
    std::vector<IdMapping> ids{{0, own, 1}};
    std::uint32_t next = 1;
    for (const auto& span : spans) {
      ids.push_back({next, span.first, span.count});
      next += span.count;
    }
    return ids;
  };
  if (facts.has_id_helpers) {
    const UniqueFd space = run::remake_user_namespace(map(facts.uid, facts.sub_uids), map(facts.gid, facts.sub_gids), facts);
    const UniqueFd folder = sys::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    run::Removal(folder.get(), {"upper", "volumes"}, space.get()).finish();
  }
  sys::remove_tree(AT_FDCWD, path);
}

}  // namespace

void clear_cgroup(state::PodFolder& folder) {
  const auto path = folder.noted_cgroup();
  if (!path) return;
  if (!path->empty()) run::remove_cgroup(*path);
  folder.forget_cgroup();
}

void clear_leftovers(state::PodFolder& folder) {
  clear_cgroup(folder);
  folder.forget_state_fd();
  folder.forget_secrets();
  remove_folder(folder.state());
}

void set_previous_aside(state::PodFolder& folder) {
  clear_cgroup(folder);
  struct stat status {};
  // Both are there: the newer one is a start that was killed, and it may take the pod's ids to remove it.
  const bool both = raw::fstatat(AT_FDCWD, folder.previous().c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && folder.has_state();
  if (both) clear_leftovers(folder);
  folder.set_previous_aside();
}

std::optional<run::Removal> begin_drop_previous(state::PodFolder& folder) {
  if (!folder.has_previous()) return std::nullopt;
  folder.forget_previous();
  return std::make_optional<run::Removal>(AT_FDCWD, std::vector{folder.previous()}, -1);
}

void finish_drop_previous(const state::PodFolder& folder, run::Removal& removal) {
  try {
    removal.finish();
  } catch (const SysError&) {
    remove_folder(folder.previous());  // it may need the ids of a pod that was killed
  }
}

std::optional<StringMap> read_env_file(int tree, const EnvFile& file) {
  const auto fail = [&](std::string_view cause, std::string hint = {}) -> Error {
    return Error({.id = "env-file",
                  .cause = cat("file ", quote(file.path), " of volume ", quote(file.volume), ": ", cause),
                  .hint = std::move(hint)});
  };
  const UniqueFd volume(raw::openat2(tree, cat(plan::kVolumesFolder, '/', file.volume).c_str(),
                                     {.flags = O_PATH | O_DIRECTORY, .resolve = sys::kResolveInRoot | sys::kResolveNoSymlinks}));
  if (!volume) throw fail(errno_text(-volume.get()));
  const UniqueFd opened(
      raw::openat2(volume.get(), file.path.c_str(),
                   {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY, .resolve = sys::kResolveBeneath | sys::kResolveNoMagicLinks}));
  if (opened.get() == -ENOENT || opened.get() == -ENOTDIR) return std::nullopt;
  if (opened.get() == -EACCES) throw fail(errno_text(EACCES), "its writer must make it readable for the pod's user 0, e.g. chmod 0644");
  if (!opened) throw fail(errno_text(-opened.get()));
  struct stat status {};
  sys::check(raw::fstat(opened.get(), &status), "stat", file.path);
  if (!S_ISREG(status.st_mode)) throw fail("it is no regular file");
  if (status.st_size > static_cast<off_t>(spec::kMaxEnvFile)) throw fail(cat("it is larger than ", spec::kMaxEnvFile / 1024, " KiB"));
  spec::EnvFileText text = spec::parse_env_file(sys::read_file(opened.get(), file.path, spec::kMaxEnvFile));
  if (!text.problem.empty()) throw fail(text.problem);
  return std::move(text.variables);
}

std::vector<std::string> layers_of(const Plan& plan, int member, unsigned instance) {
  std::vector<std::string> names;
  for (const auto& step : plan.steps) {
    const auto* layer = std::get_if<action::MakeLayer>(&step.action);
    if (layer == nullptr || step.member != member) continue;
    for (const auto part : {plan::kUpper, plan::kWork}) names.push_back(cat(layer->name, '.', instance, part));
  }
  return names;
}

void forget_oldest(const StorePaths& paths, const state::PodFolder& current, std::size_t keep) {
  std::vector<std::string> names = state::folder_names(paths.state);
  if (names.size() <= keep) return;
  // Those that run hold their lock, and have a folder for it.
  std::vector<std::string> running = state::folder_names(paths.runtime);
  std::erase_if(running, [&](const std::string& name) { return name == current.name() || state::lock_holder(paths, name) == 0; });
  std::erase_if(names, [&](const std::string& name) { return std::binary_search(running.begin(), running.end(), name); });
  std::size_t kept = names.size();  // at most: who waits to be started is found out from the oldest on, as far as need be
  std::vector<std::pair<std::int64_t, std::string>> by_age;
  for (const auto& name : names) {
    struct stat status {};
    if (name != current.name() && raw::fstatat(AT_FDCWD, cat(paths.state, '/', name, "/status.json").c_str(), &status, 0) == 0)
      by_age.emplace_back(std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec, name);
  }
  std::sort(by_age.begin(), by_age.end());
  for (const auto& [age, name] : by_age) {
    static_cast<void>(age);
    if (kept <= keep) return;
    --kept;
    try {
      state::PodFolder old(paths, name);
      const std::optional<std::string> record = old.read("status.json");
      if (!record || view::read_record(*record).own_status == "Created") continue;
      clear_leftovers(old);
    } catch (const Error&) {
      // It has begun to run, or it is somebody else's turn to clear it: the next run looks again.
    }
  }
}

void forget_result(const std::string& path) {
  struct stat status {};
  if (raw::fstatat(AT_FDCWD, path.c_str(), &status, 0) == 0 && S_ISREG(status.st_mode)) raw::unlinkat(AT_FDCWD, path.c_str(), 0);
}

void write_result(const std::string& path, const std::string& content) {
  struct stat status {};
  const int there = raw::fstatat(AT_FDCWD, path.c_str(), &status, 0);
  const bool replaces = there == -ENOENT || (there == 0 && S_ISREG(status.st_mode));
  const std::string fresh = replaces ? path + ".podctl-new" : path;  // a pipe or device is written to, not replaced
  try {
    {
      const UniqueFd out = sys::open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0644);
      sys::write_all(out.get(), content, path);
    }
    if (replaces && ::rename(fresh.c_str(), path.c_str()) != 0) throw SysError(errno, "rename", path);
  } catch (SysError& error) {
    if (replaces) raw::unlinkat(AT_FDCWD, fresh.c_str(), 0);
    error.info().id = "result-not-written";
    error.info().cause = error.what();
    error.info().message = "the pod has ended, but its result could not be written";
    throw;
  }
}

int first_step_of(const Plan& plan, int member) {
  for (const auto& step : plan.steps)
    if (step.member == member) return step.number;
  return 0;
}

int last_step_of(const Plan& plan, int member) {
  int last = 0;
  for (const auto& step : plan.steps)
    if (step.member == member) last = step.number;
  return last;
}

std::string headline(const Pod& pod, const Plan& plan) {
  std::string files;
  for (const Container* container : all_containers(pod.spec)) {
    const std::string root = container->image.empty() || container->image == "host" ? "host, read-only" : container->image;
    if (files.empty()) files = root;
    else if (files != root) files = "several";
  }
  const std::size_t inits = pod.spec.init_containers.size();
  return cat("pod ", plan.pod, ": ", inits > 0 ? cat(inits, " init, ") : "", counted(pod.spec.containers.size(), "container"),
             " · files: ", files, " · network: ", plan.network);
}

std::string closing_line(const Pod& pod, const lifecycle::PodState& state) {
  std::string line;
  for (std::size_t i = 0; i < state.containers.size(); ++i) {
    const auto& container = state.containers[i];
    if (!container.terminated || state.rules[i].role == lifecycle::Role::kInit) continue;
    const ExitStatus& exit = container.terminated->exit;
    append(line, line.empty() ? "" : " · ", state.rules[i].name,
           exit.signaled ? cat(" ended by ", signal_name(exit.value), " (", exit.code(), ')') : cat(" exited ", exit.value), " after ",
           short_duration(container.terminated->finished_at - container.terminated->started_at));
  }
  return cat(line, line.empty() ? "" : " · ", pod.metadata.name, ": ", lifecycle::status_word(state));
}

namespace {

std::uint64_t disk_usage(int folder, int depth) {
  std::uint64_t total = 0;
  if (depth > 200) return total;
  alignas(8) char buffer[8192];
  for (;;) {
    const long got = raw::call(SYS_getdents64, folder, raw::arg(buffer), sizeof buffer);
    if (got <= 0) return total;
    for (long at = 0; at < got;) {
      struct Entry {
        std::uint64_t inode;
        std::int64_t offset;
        unsigned short length;
        unsigned char type;
        char name[1];
      };
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->length;
      const std::string_view name = entry->name;
      struct stat status {};
      if (name == "." || name == ".." || raw::fstatat(folder, entry->name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      total += static_cast<std::uint64_t>(status.st_blocks) * 512;
      if (!S_ISDIR(status.st_mode)) continue;
      const UniqueFd inside(raw::openat(folder, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      if (inside) total += disk_usage(inside.get(), depth + 1);
    }
  }
}

bool is_limited_disk_volume(const Volume& volume) {
  return volume.empty_dir && volume.empty_dir->medium == StorageMedium::kDisk && volume.empty_dir->size_limit &&
         volume.empty_dir->size_limit->value > 0;
}

}  // namespace

std::uint64_t folder_usage(const std::string& folder) {
  const UniqueFd fd(raw::openat(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return fd ? disk_usage(fd.get(), 0) : 0;
}

bool has_limited_disk_volume(const PodSpec& spec) { return std::any_of(spec.volumes.begin(), spec.volumes.end(), is_limited_disk_volume); }

std::string volume_over_limit(const PodSpec& spec, const std::string& state_directory) {
  for (const auto& volume : spec.volumes) {
    if (!is_limited_disk_volume(volume)) continue;
    if (folder_usage(cat(state_directory, "/volumes/", volume.name)) > static_cast<std::uint64_t>(volume.empty_dir->size_limit->value))
      return cat("Usage of EmptyDir volume ", quote(volume.name), " exceeds the limit ", quote(volume.empty_dir->size_limit->text), ". ");
  }
  return {};
}

}  // namespace podctl::monitor
