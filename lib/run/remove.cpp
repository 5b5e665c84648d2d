#include "run/remove.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/text.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

// In a child of its own: a process that has joined a user namespace cannot leave it again.
template <class Work>
void in_child(const Work& work, std::string_view what) {
  sys::Pipe pipe = sys::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError(errno, "fork");
  if (pid == 0) {
    std::string problem;
    try {
      work();
    } catch (const Error& error) {
      problem = error.what();
    }
    static_cast<void>(raw::write(pipe.write_end.get(), problem.data(), problem.size()));
    ::_exit(problem.empty() ? 0 : 1);
  }
  Process child(pid, sys::open_pidfd(pid));
  pipe.write_end.reset();
  std::string problem;
  char buffer[512];
  for (long got = 0; (got = raw::read(pipe.read_end.get(), buffer, sizeof buffer)) > 0;) problem.append(buffer, static_cast<std::size_t>(got));
  if (child.wait().code() != 0) throw Error({.id = "clean-up", .message = cat("cannot ", what), .cause = problem});
}

}  // namespace

void remove_as_pod(int dir, const std::string& name, int user_namespace) {
  if (user_namespace < 0) return sys::remove_tree(dir, name);
  in_child(
      [&] {
        sys::check(raw::setns(user_namespace, CLONE_NEWUSER), "setns");
        sys::check(raw::setresgid(0), "setresgid");
        sys::check(raw::setresuid(0), "setresuid");
        sys::remove_tree(dir, name);
      },
      cat("remove ", name));
}

UniqueFd remake_user_namespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids, const HostFacts& facts) {
  const bool one = uids.size() == 1 && uids[0].count == 1;
  if (facts.uid == 0 || one || uids.empty()) return UniqueFd();
  // A child in a new namespace, waiting until the helpers have written its maps.
  sys::Pipe hold = sys::make_pipe(), ready = sys::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError(errno, "fork");
  if (pid == 0) {
    const char made = raw::unshare(CLONE_NEWUSER) == 0 ? 1 : 0;
    static_cast<void>(raw::write(ready.write_end.get(), &made, 1));
    hold.write_end.reset();
    char end = 0;
    static_cast<void>(raw::read(hold.read_end.get(), &end, 1));
    ::_exit(0);
  }
  Process child(pid, sys::open_pidfd(pid));
  char made = 0;
  if (sys::check(raw::read(ready.read_end.get(), &made, 1), "read") != 1 || made != 1) throw SysError(EPERM, "unshare(CLONE_NEWUSER)");
  const auto write = [&](const std::string& program, const std::vector<IdMapping>& map) {
    std::vector<std::string> argv{program, cat(pid)};
    for (const auto& m : map)
      for (const auto number : {m.pod, m.host, m.count}) argv.push_back(cat(number));
    std::string output;
    if (sys::finish_helper(sys::start_helper(argv), output).code() != 0) throw SysError(EPERM, program);
  };
  write(facts.newuidmap, uids);
  write(facts.newgidmap, gids);
  return sys::open(cat("/proc/", pid, "/ns/user"), O_RDONLY);
}

}  // namespace podctl::run
