#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.hpp"
#include "host/accounts.hpp"
#include "podctl/host.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kMaxEtcFile = std::size_t{1} << 20;
// Where the machine's root gives its pods their ids when /etc/subuid has no line for it: the last 65536 ids
// below 2^31, which no distribution hands out (systemd's table of user ids leaves them free).
constexpr IdSpan kDefaultShift{0x7fff0000, 65536};

// The top folders of the host that hold programs and what they read; homes and state stay out.
constexpr const char* kHostRoot[] = {"bin", "etc", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "usr"};

bool exists(const char* path) {
  struct stat status {};
  return raw::fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void probe_identity(HostFacts& facts) {
  facts.uid = ::geteuid();
  facts.gid = ::getegid();
  struct stat status {};
  // /proc/sys belongs to uid 0 of the machine: seen as 0 only by who shares that id.
  facts.machine_root = facts.uid == 0 && raw::fstatat(AT_FDCWD, "/proc/sys", &status, 0) == 0 && status.st_uid == 0;
  facts.nested_root = facts.uid == 0 && !facts.machine_root;
  if (!facts.machine_root) return;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  sys::check(raw::call(SYS_capget, raw::arg(&header), raw::arg(sets)), "capget");
  const auto has = [&](unsigned number) { return (sets[number / 32].effective >> (number % 32) & 1) != 0; };
  const auto map = parse_id_map(sys::try_read_file("/proc/self/uid_map", kMaxEtcFile).value_or(""));
  const bool all_ids = map.size() == 1 && map[0].first == 0 && map[0].count == 0xffffffff;
  facts.privileged = all_ids && has(CAP_SETUID) && has(CAP_SETGID);
}

// A program of the package uidmap; "" when it is not installed.
std::string find_id_program(const char* name) {
  for (const char* folder : {"/usr/bin/", "/bin/", "/usr/local/bin/", "/usr/sbin/"})
    if (std::string path = cat(folder, name); raw::faccessat(AT_FDCWD, path.c_str(), X_OK) == 0) return path;
  return {};
}

// Ranges that are in no file but in a directory service.
std::vector<IdSpan> ask_for_ranges(const std::string& user, bool groups) {
  const std::string program = find_id_program("getsubids");
  if (program.empty() || user.empty()) return {};
  std::vector<std::string> argv{program};
  if (groups) argv.emplace_back("-g");
  argv.push_back(user);
  std::string output;
  if (sys::finish_helper(sys::start_helper(argv), output).code() != 0) return {};  // it says so when there are none
  return parse_getsubids(output);
}

void probe_ranges(HostFacts& facts) {
  const std::string passwd = sys::try_read_file("/etc/passwd", kMaxEtcFile).value_or("");
  facts.user_name = account_name(passwd, facts.uid);
  if (facts.user_name.empty())
    if (const char* user = std::getenv("USER")) facts.user_name = user;
  const auto ranges = [&](const char* path, bool groups) {
    auto spans = parse_subids(sys::try_read_file(path, kMaxEtcFile).value_or(""), facts.user_name, facts.uid);
    return spans.empty() && !facts.privileged ? ask_for_ranges(facts.user_name, groups) : spans;
  };
  facts.sub_uids = ranges("/etc/subuid", false);
  facts.sub_gids = ranges("/etc/subgid", true);
  if (facts.privileged) {
    if (facts.sub_uids.empty()) facts.sub_uids = {kDefaultShift};
    if (facts.sub_gids.empty()) facts.sub_gids = {kDefaultShift};
    return;
  }
  facts.newuidmap = find_id_program("newuidmap");
  facts.newgidmap = find_id_program("newgidmap");
  facts.has_id_helpers = !facts.newuidmap.empty() && !facts.newgidmap.empty();
}

void probe_host_root(HostFacts& facts) {
  for (const char* name : kHostRoot) {
    const std::string path = cat('/', name);
    struct stat status {};
    if (raw::fstatat(AT_FDCWD, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(status.st_mode)) {
      char target[4096];
      const long length = raw::readlinkat(AT_FDCWD, path.c_str(), target, sizeof target);
      if (length > 0) facts.host_root.push_back({name, std::string(target, static_cast<std::size_t>(length))});
    } else if (S_ISDIR(status.st_mode)) {
      facts.host_root.push_back({name, {}});
    }
  }
  facts.has_hosts = exists("/etc/hosts");
  facts.has_hostname = exists("/etc/hostname");
  facts.has_resolv_conf = exists("/etc/resolv.conf");
}

// The name servers a pod could ask: with a stub resolver on the host's loopback interface, those behind it.
std::string probe_resolv_conf() {
  std::string text = sys::try_read_file("/etc/resolv.conf", kMaxEtcFile).value_or("");
  if (text.find("nameserver 127.0.0.53") != std::string::npos)
    if (auto upstream = sys::try_read_file("/run/systemd/resolve/resolv.conf", kMaxEtcFile)) return *upstream;
  return text;
}

// By utsname's release, e.g. "6.1.0-18-amd64".
bool kernel_is_at_least(const char* release, unsigned version, unsigned patchlevel) {
  unsigned has[2] = {};
  return std::sscanf(release, "%u.%u", &has[0], &has[1]) == 2 && std::pair(has[0], has[1]) >= std::pair(version, patchlevel);
}

// What a root file system says about itself. Its content is not trusted: no link leads out of it, and what is
// no small file is not read.
void probe_root(HostFacts& facts, const std::string& root, const std::vector<std::uint32_t>& uids) {
  const bool host = root == "host";
  const UniqueFd folder(raw::openat(AT_FDCWD, host ? "/" : root.c_str(), O_PATH | O_DIRECTORY));
  if (!folder) return;  // whatever is wrong with it: said by the step that needs the folder
  const auto open_inside = [&](const char* path, std::uint64_t flags, std::uint64_t resolve) {
    return UniqueFd(
        raw::openat2(folder.get(), path, {.flags = flags, .resolve = resolve | sys::kResolveNoMagicLinks | sys::kResolveInRoot}));
  };
  const UniqueFd etc = open_inside("/etc", O_PATH | O_DIRECTORY, sys::kResolveNoSymlinks);
  if (etc && !host) {
    struct stat status {};
    sys::check(raw::fstat(etc.get(), &status), "stat", cat(root, "/etc"));
    if ((status.st_mode & 07777) == 0755)  // as a layer makes its own
      for (const char* name : {"hosts", "hostname", "resolv.conf"})
        if (raw::fstatat(etc.get(), name, &status, AT_SYMLINK_NOFOLLOW) == -ENOENT) facts.missing_etc[root].emplace_back(name);
  }
  const UniqueFd file = open_inside("/etc/passwd", O_RDONLY | O_NONBLOCK, 0);
  if (!file) return;
  const std::string passwd = sys::read_file(file.get(), cat(host ? "" : root, "/etc/passwd"), kMaxEtcFile);
  for (const auto uid : uids)
    if (const auto account = find_account(passwd, uid)) facts.accounts[root][uid] = *account;
}

// The addresses that packets to nobody would leave from; "" without a route. Connecting a datagram socket sends
// nothing, and these addresses are kept for documentation (RFC 5737, RFC 3849).
std::string own_ipv4() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  ::inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  char text[INET_ADDRSTRLEN];
  if (!socket || ::connect(socket.get(), generic, length) != 0 || ::getsockname(socket.get(), generic, &length) != 0) return {};
  return ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
}

std::string own_ipv6() {
  const UniqueFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(9);
  ::inet_pton(AF_INET6, "2001:db8::1", &address.sin6_addr);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  char text[INET6_ADDRSTRLEN];
  if (!socket || ::connect(socket.get(), generic, length) != 0 || ::getsockname(socket.get(), generic, &length) != 0) return {};
  return ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
}

void probe_node(HostFacts& facts) {
  for (std::string address : {own_ipv4(), own_ipv6()})
    if (!address.empty()) facts.addresses.push_back(std::move(address));
  if (facts.addresses.empty()) facts.addresses.emplace_back("127.0.0.1");
  facts.cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  struct sysinfo memory {};
  if (::sysinfo(&memory) != 0) throw SysError(errno, "sysinfo");
  facts.memory_bytes = static_cast<std::int64_t>(memory.totalram) * memory.mem_unit;
  struct statvfs disk {};
  if (::statvfs("/", &disk) != 0) throw SysError(errno, "statvfs", "/");
  facts.disk_bytes = static_cast<std::int64_t>(disk.f_blocks * disk.f_frsize);
}

}  // namespace

std::uint32_t account_id() {
  const std::uint32_t uid = ::geteuid();
  if (uid != 0) return uid;
  // inside outside count, user_namespaces(7)
  const std::string map = sys::try_read_file("/proc/self/uid_map", kMaxEtcFile).value_or("");
  std::vector<std::uint32_t> numbers;
  for (const auto word : split(std::string_view(map).substr(0, map.find('\n')), ' '))
    if (const auto number = parse_number<std::uint32_t>(word)) numbers.push_back(*number);
  return numbers.size() == 3 && numbers[0] == 0 ? numbers[1] : uid;
}

HostFacts probe_host(const HostQuestions& questions) {
  HostFacts facts;
  probe_identity(facts);
  if (questions.id_ranges || facts.privileged) probe_ranges(facts);
  if (questions.host_root) probe_host_root(facts);
  facts.resolv_conf = probe_resolv_conf();
  if (questions.hosts) facts.hosts = sys::try_read_file("/etc/hosts", kMaxEtcFile).value_or("");
  if (questions.node) probe_node(facts);
  for (const auto& [root, uids] : questions.accounts) probe_root(facts, root, uids);
  facts.has_ipv6 = exists("/proc/net/if_inet6");
  utsname names{};
  ::uname(&names);
  facts.host_name = names.nodename;
  facts.layers_in_memory = kernel_is_at_least(names.release, 6, 6);
  std::uint64_t limit[2] = {};
  sys::check(raw::prlimit64(0, RLIMIT_NOFILE, nullptr, limit), "prlimit64");
  facts.open_files_soft = limit[0];
  facts.open_files_hard = limit[1];
  return facts;
}

}  // namespace podctl
