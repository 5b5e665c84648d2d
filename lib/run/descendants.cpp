#include "run/descendants.hpp"

#include <poll.h>
#include <sys/stat.h>

#include <csignal>
#include <vector>

#include "base/text.hpp"
#include "podctl/unique_fd.hpp"
#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

constexpr int kRounds = 1000;                      // a container that forks as fast as we kill does not hold us for ever
constexpr std::int64_t kPatience = 1'000'000'000;  // for the death of one process

// Children of pause that carry the mark, as pidfds: a number may be somebody else's a moment later.
std::vector<UniqueFd> marked_orphans(pid_t pause, std::uint64_t mark) {
  std::vector<UniqueFd> found;
  const auto children = sys::try_read_file(cat("/proc/", pause, "/task/", pause, "/children"), std::size_t{16} << 20);
  if (!children) return found;
  for (const auto word : split(trim(*children), ' ')) {
    const auto pid = parse_number<pid_t>(word);
    if (!pid) continue;
    UniqueFd pidfd(raw::pidfd_open(*pid, 0));
    if (!pidfd) continue;
    struct stat status {};
    const int rc = raw::fstatat(AT_FDCWD, cat("/proc/", *pid, "/ns/cgroup").c_str(), &status, 0);
    if (rc == 0 && status.st_ino == mark) found.push_back(std::move(pidfd));
  }
  return found;
}

}  // namespace

unsigned kill_descendants(pid_t pause, std::uint64_t mark) {
  unsigned killed = 0;
  if (mark == 0) return killed;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<UniqueFd> orphans = marked_orphans(pause, mark);
    if (orphans.empty()) return killed;
    for (const auto& orphan : orphans) killed += raw::pidfd_send_signal(orphan.get(), SIGKILL) == 0 ? 1 : 0;
    // Their own children become orphans once they are dead, and are found in the next round.
    for (const auto& orphan : orphans) {
      pollfd poll{orphan.get(), POLLIN, 0};
      raw::poll(&poll, 1, kPatience);
    }
  }
  return killed;
}

}  // namespace podctl::run
