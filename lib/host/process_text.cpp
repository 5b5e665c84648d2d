#include "host/process_text.hpp"

#include <array>

#include "base/text.hpp"

namespace podctl {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// The fields between blanks; blanks in a row count as one.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t\n", at)) != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(" \t\n", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// "\040" is a blank (proc_pid_mountinfo(5)).
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool parse_process_stat(std::string_view text, ProcessEntry& entry, std::int64_t ticks, std::uint64_t page) {
  // The name may hold anything, blanks and parentheses too: it ends at the last one.
  const auto open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  const auto pid = parse_number<int>(trim(text.substr(0, open)));
  const auto fields = words_of(text.substr(close + 1));  // the first is the state, field 3 of proc(5)
  if (!pid || fields.size() < 22 || fields[0].size() != 1) return false;
  const auto number = [&](std::size_t field) { return parse_number<std::int64_t>(fields[field - 3]).value_or(0); };
  entry.pid = *pid;
  entry.name = std::string(text.substr(open + 1, close - open - 1));
  entry.state = fields[0][0];
  entry.parent = static_cast<int>(number(4));
  entry.session = static_cast<int>(number(6));
  entry.cpu_time = std::chrono::nanoseconds((number(14) + number(15)) * (kSecond / ticks));
  entry.threads = static_cast<int>(number(20));
  entry.started_at = std::chrono::nanoseconds(number(22) * (kSecond / ticks));
  entry.rss = static_cast<std::uint64_t>(std::max<std::int64_t>(number(24), 0)) * page;
  return true;
}

std::string_view status_value(std::string_view status, std::string_view key) {
  for (const auto line : split(status, '\n'))
    if (line.size() > key.size() && line.substr(0, key.size()) == key && line[key.size()] == ':') return trim(line.substr(key.size() + 1));
  return {};
}

std::vector<std::uint32_t> parse_numbers(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  for (const auto word : words_of(text))
    if (const auto number = parse_number<std::uint32_t>(word)) numbers.push_back(*number);
  return numbers;
}

std::string parse_command_line(std::string_view text) {
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  std::string command(text);
  for (char& c : command)
    if (c == '\0') c = ' ';
  return command;
}

std::vector<IdMapping> parse_id_mappings(std::string_view text) {
  std::vector<IdMapping> map;
  for (const auto line : split(text, '\n'))
    if (const auto numbers = parse_numbers(line); numbers.size() == 3) map.push_back({numbers[0], numbers[1], numbers[2]});
  return map;
}

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
  std::vector<MountEntry> mounts;
  for (const auto line : split(text, '\n')) {
    // ID PARENT DEVICE ROOT TARGET OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS
    const auto words = words_of(line);
    std::size_t dash = 6;
    while (dash < words.size() && words[dash] != "-") ++dash;
    if (dash + 2 >= words.size()) continue;
    mounts.push_back({.target = unescape(words[4]),
                      .type = std::string(words[dash + 1]),
                      .source = unescape(words[dash + 2]),
                      .root = unescape(words[3]),
                      .options = std::string(words[5])});
  }
  return mounts;
}

std::string parse_cgroup(std::string_view text) {
  for (const auto line : split(text, '\n'))
    if (line.substr(0, 3) == "0::") return std::string(line.substr(3));
  return {};
}

std::string cgroup_folder(std::string_view cgroup, std::string_view mountinfo) {
  const std::string path = parse_cgroup(cgroup);
  // One line and no other: a controller that has a hierarchy of its own (v1) has a line of its own.
  if (path.empty() || path.front() != '/' || split(trim(cgroup), '\n').size() != 1) return {};
  if (path.substr(0, 3) == "/..") return {};  // above the root of this cgroup namespace (cgroup_namespaces(7))
  std::string folder;
  for (const auto& mount : parse_mountinfo(mountinfo)) {
    if (mount.type != "cgroup2" || mount.target.substr(0, 1) != "/") continue;
    const std::string root = mount.root == "/" ? std::string() : mount.root;
    if (path.substr(0, root.size()) != root || (path.size() > root.size() && path[root.size()] != '/')) continue;
    const std::string_view rest = std::string_view(path).substr(root.size());
    folder = cat(mount.target == "/" ? "" : mount.target, rest == "/" ? "" : rest);  // the last one lies on top
  }
  return folder;
}

}  // namespace podctl
