#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/host.hpp"

/// Readers of the small files about ids. Pure: text in, values out; lines that are not well-formed count
/// as absent, as for the tools that own these files.
namespace podctl {

/// The ranges of /etc/subuid or /etc/subgid that belong to a user, by name or by number (subuid(5)).
std::vector<IdSpan> parse_subids(std::string_view text, std::string_view user, std::uint32_t uid);

/// The ranges that getsubids(1) prints: lines "NUMBER: USER FIRST COUNT". It knows those that come from elsewhere
/// than the files (nsswitch.conf(5), subid).
std::vector<IdSpan> parse_getsubids(std::string_view text);

/// Name of the account `uid` in an /etc/passwd; "" when there is none.
std::string account_name(std::string_view passwd, std::uint32_t uid);

/// Group and home of the account `uid`. A home that is no plain absolute path becomes "/".
std::optional<Account> find_account(std::string_view passwd, std::uint32_t uid);

/// User and group that "NAME", "UID", "NAME:GROUP" and the like mean by an /etc/passwd and /etc/group; without a group it is
/// the account's, or 0 for a number that is no account. Nothing for an unknown name.
struct UserIds {
  std::uint32_t uid = 0, gid = 0;
};
std::optional<UserIds> find_user(std::string_view passwd, std::string_view group, std::string_view text);

/// Inside ids of a /proc/PID/uid_map.
std::vector<IdSpan> parse_id_map(std::string_view text);

}  // namespace podctl
