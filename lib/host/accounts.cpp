#include "host/accounts.hpp"

#include "base/text.hpp"

namespace podctl {
namespace {

constexpr std::uint32_t kLargestId = 2147483647;  // as Kubernetes has it

// name:password:uid:gid:comment:home:shell (passwd(5))
struct PasswdLine {
  std::string_view name, home;
  std::uint32_t uid = 0, gid = 0;
};

std::optional<PasswdLine> find_line(std::string_view passwd, std::uint32_t uid) {
  for (const auto line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 6) continue;
    const auto line_uid = parse_number<std::uint32_t>(fields[2]);
    const auto line_gid = parse_number<std::uint32_t>(fields[3]);
    if (line_uid == uid && line_gid) return PasswdLine{fields[0], fields[5], uid, *line_gid};
  }
  return std::nullopt;
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.size() > 4095) return false;
  for (const char c : path)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

}  // namespace

std::vector<IdSpan> parse_subids(std::string_view text, std::string_view user, std::uint32_t uid) {
  const std::string number = cat(uid);
  std::vector<IdSpan> spans;
  for (const auto line : split(text, '\n')) {
    const auto fields = split(trim(line), ':');
    if (fields.size() != 3 || (fields[0] != number && (user.empty() || fields[0] != user))) continue;
    const auto first = parse_number<std::uint32_t>(fields[1]);
    const auto count = parse_number<std::uint32_t>(fields[2]);
    if (first && count && *count > 0 && *first <= 0xffffffffu - *count) spans.push_back({*first, *count});
  }
  return spans;
}

std::vector<IdSpan> parse_getsubids(std::string_view text) {
  std::vector<IdSpan> spans;
  for (const auto line : split(text, '\n')) {
    const auto fields = split(trim(line), ' ');
    if (fields.size() != 4 || fields[0].empty() || fields[0].back() != ':') continue;
    const auto first = parse_number<std::uint32_t>(fields[2]);
    const auto count = parse_number<std::uint32_t>(fields[3]);
    if (first && count && *count > 0 && *first <= 0xffffffffu - *count) spans.push_back({*first, *count});
  }
  return spans;
}

std::string account_name(std::string_view passwd, std::uint32_t uid) {
  const auto line = find_line(passwd, uid);
  return line ? std::string(line->name) : std::string();
}

std::optional<Account> find_account(std::string_view passwd, std::uint32_t uid) {
  const auto line = find_line(passwd, uid);
  if (!line) return std::nullopt;
  return Account{line->gid, is_plain_path(line->home) ? std::string(line->home) : std::string("/")};
}

std::optional<UserIds> find_user(std::string_view passwd, std::string_view group, std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  std::optional<UserIds> ids;
  for (const auto& row : split(passwd, '\n')) {
    const auto columns = split(row, ':');
    if (columns.size() < 4) continue;
    const auto uid = parse_number<std::uint32_t>(columns[2]), gid = parse_number<std::uint32_t>(columns[3]);
    if (!uid || !gid || (columns[0] != name && parse_number<std::uint32_t>(name) != uid)) continue;
    ids = UserIds{*uid, *gid};
    break;
  }
  if (!ids) {
    const auto uid = parse_number<std::uint32_t>(name);
    if (!uid || *uid > kLargestId) return std::nullopt;
    ids = UserIds{*uid, 0};
  }
  if (colon == std::string_view::npos) return ids;
  const std::string_view wanted = text.substr(colon + 1);
  for (const auto& row : split(group, '\n')) {
    const auto columns = split(row, ':');
    if (columns.size() < 3 || columns[0] != wanted || wanted.empty()) continue;
    if (const auto gid = parse_number<std::uint32_t>(columns[2])) {
      ids->gid = *gid;
      return ids;
    }
  }
  const auto gid = parse_number<std::uint32_t>(wanted);
  if (!gid || *gid > kLargestId) return std::nullopt;
  ids->gid = *gid;
  return ids;
}

std::vector<IdSpan> parse_id_map(std::string_view text) {
  std::vector<IdSpan> spans;
  for (const auto line : split(text, '\n')) {
    std::vector<std::uint32_t> numbers;
    for (const auto word : split(line, ' '))
      if (const auto number = parse_number<std::uint32_t>(word)) numbers.push_back(*number);
    if (numbers.size() == 3) spans.push_back({numbers[0], numbers[2]});
  }
  return spans;
}

}  // namespace podctl
