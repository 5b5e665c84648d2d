#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What podctl asked this machine. Plain values: a test can write them by hand.
namespace podctl {

/// `count` ids from `first` on.
struct IdSpan {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  friend bool operator==(const IdSpan&, const IdSpan&) = default;
};

/// A folder at the top of the host's root file system, as the host root of a pod shows it.
struct HostFolder {
  std::string name;         ///< e.g. "usr"
  std::string link_target;  ///< for a symbolic link ("usr/bin"); empty for a folder
};

/// Where an account's home is and which group it has, by /etc/passwd of a root file system.
struct Account {
  std::uint32_t group = 0;
  std::string home;
};

/// What a plan needs to know; asking for less makes the start faster.
struct HostQuestions {
  bool host_root = false;
  bool id_ranges = false;
  bool hosts = false;  ///< the content of the host's /etc/hosts
  bool node = false;   ///< its addresses, processors, memory and disk
  /// Root file systems ("host", or a folder) and the user ids to look up in each.
  std::map<std::string, std::vector<std::uint32_t>> accounts;
};

struct HostFacts {
  std::uint32_t uid = 0, gid = 0;  ///< effective ids of podctl
  std::string user_name;           ///< from /etc/passwd, else $USER
  /// podctl is the machine's root with the capabilities to map any id: it maps a shifted range.
  bool privileged = false;
  /// uid 0 of the machine itself, whatever its capabilities.
  bool machine_root = false;
  /// uid 0 of a user namespace that somebody else made, as inside `unshare -r`: only its ids exist.
  bool nested_root = false;
  /// Ranges of /etc/subuid and /etc/subgid (for privileged: root's line or the documented default).
  std::vector<IdSpan> sub_uids, sub_gids;
  bool has_id_helpers = false;  ///< newuidmap and newgidmap are installed
  std::string newuidmap, newgidmap;
  std::string host_name;
  bool has_ipv6 = true;
  /// A tmpfs can hold the writable layer of an overlay made in a user namespace: it has user.* attributes (6.6 on).
  bool layers_in_memory = false;
  std::vector<HostFolder> host_root;
  bool has_hosts = false, has_hostname = false, has_resolv_conf = false;  ///< below the host's /etc
  std::string resolv_conf;                                                ///< content
  std::string hosts;                                                      ///< content
  std::map<std::string, std::map<std::uint32_t, Account>> accounts;       ///< answers to HostQuestions::accounts
  /// By root file system (a folder): which of hosts, hostname and resolv.conf its plain /etc lacks.
  std::map<std::string, std::vector<std::string>> missing_etc;
  std::vector<std::string> addresses;  ///< the ones it would reach others from: IPv4, then IPv6
  std::int64_t cpus = 0, memory_bytes = 0, disk_bytes = 0;
  std::uint64_t open_files_soft = 0, open_files_hard = 0;  ///< RLIMIT_NOFILE as podctl was started
};

/// The id of the user who started podctl: the effective one, but inside a user namespace that shows the user
/// as root (unshare -r) the one behind it.
std::uint32_t account_id();

/// Asks only what `questions` says. Read-only; makes nothing.
/// @throws SysError  when a file that exists cannot be read, e.g. a root file system's /etc/passwd
HostFacts probe_host(const HostQuestions& questions);

}  // namespace podctl
