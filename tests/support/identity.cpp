#include "support/identity.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/command.hpp"

namespace podtest {
namespace {

// What podctl documents for the machine's root without a line of its own.
constexpr std::uint32_t kDefaultBase = 0x7fff0000, kDefaultCount = 65536;

std::string user_name() {
  std::ifstream file("/etc/passwd");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, password, uid;
    std::getline(fields, name, ':');
    std::getline(fields, password, ':');
    std::getline(fields, uid, ':');
    if (uid == std::to_string(::geteuid())) return name;
  }
  return {};
}

// Lines NAME:FIRST:COUNT of /etc/subuid or /etc/subgid (subuid(5)) that are ours.
std::vector<IdRange> own_ranges(Kind kind) {
  std::vector<IdRange> ranges;
  std::ifstream file(kind == Kind::kUser ? "/etc/subuid" : "/etc/subgid");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':'), second = line.rfind(':');
    if (first == std::string::npos || first == second) continue;
    const std::string owner = line.substr(0, first);
    if (owner != user_name() && owner != std::to_string(::geteuid())) continue;
    ranges.push_back({0, static_cast<std::uint32_t>(std::stoul(line.substr(first + 1))),
                      static_cast<std::uint32_t>(std::stoul(line.substr(second + 1)))});
  }
  return ranges;
}

bool has_helpers() { return ::access("/usr/bin/newuidmap", X_OK) == 0 && ::access("/usr/bin/newgidmap", X_OK) == 0; }

}  // namespace

std::vector<IdRange> read_map(const std::string& path) {
  std::vector<IdRange> map;
  std::istringstream text(read_file(path));
  for (IdRange range; text >> range.pod >> range.host >> range.count;) map.push_back(range);
  return map;
}

std::string to_text(const std::vector<IdRange>& map) {
  std::string text;
  for (const auto& range : map)
    text += std::to_string(range.pod) + ' ' + std::to_string(range.host) + ' ' + std::to_string(range.count) + '\n';
  return text;
}

Caller caller() {
  const auto map = read_map("/proc/self/uid_map");
  const bool whole = map.size() == 1 && map[0].host == 0 && map[0].count == 0xffffffff;
  if (::geteuid() == 0) return whole ? Caller::kMachineRoot : Caller::kNestedRoot;
  return !own_ranges(Kind::kUser).empty() && !own_ranges(Kind::kGroup).empty() && has_helpers() ? Caller::kRange : Caller::kNoRange;
}

bool has_id_range() { return caller() == Caller::kMachineRoot || caller() == Caller::kRange; }

std::vector<std::string> id_refusal() {
  switch (caller()) {
    case Caller::kMachineRoot:
    case Caller::kRange: return {};
    case Caller::kNestedRoot: return {"user namespace", "unshare -r"};
    case Caller::kNoRange: break;
  }
  if (own_ranges(Kind::kUser).empty()) return {"/etc/subuid", "usermod --add-subuids", user_name()};
  if (own_ranges(Kind::kGroup).empty()) return {"/etc/subgid", "usermod --add-subuids", user_name()};
  return {"newuidmap", "uidmap"};
}

std::vector<IdRange> expected_map(Kind kind, bool several, std::uint32_t pod_id) {
  const std::uint32_t own = kind == Kind::kUser ? ::geteuid() : ::getegid();
  const bool root = caller() == Caller::kMachineRoot;
  if (!several && !root) return {{pod_id, own, 1}};
  std::vector<IdRange> map;
  std::uint32_t next = 0;
  if (!root) map.push_back({next++, own, 1});
  auto ranges = own_ranges(kind);
  if (root && ranges.empty()) ranges.push_back({0, kDefaultBase, kDefaultCount});
  for (const auto& range : ranges) {
    map.push_back({next, range.host, range.count});
    next += range.count;
  }
  return map;
}

bool kernel_is_at_least(unsigned version, unsigned patchlevel) {
  std::ifstream file("/proc/sys/kernel/osrelease");
  unsigned has = 0, has_patch = 0;
  char dot = 0;
  if (!(file >> has >> dot >> has_patch)) throw std::runtime_error("/proc/sys/kernel/osrelease cannot be read");
  return has > version || (has == version && has_patch >= patchlevel);
}

bool has_means(bool there, const std::string& what) {
  if (there) return true;
  const char* must_run = std::getenv("PODCTL_TESTS_MUST_RUN");
  if (must_run != nullptr && std::string(must_run) == "1") FAIL("this machine lacks " << what);
  WARN("not tested: this machine lacks " << what);
  return false;
}

}  // namespace podtest
