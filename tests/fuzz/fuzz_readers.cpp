// The small readers: ids and accounts of the host, quantities, durations, names and paths, and what
// cleans text for a terminal and for the log. All of them see the same bytes.
#include "base/path.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fuzz/require.hpp"
#include "host/accounts.hpp"
#include "host/process_text.hpp"
#include "monitor/console.hpp"
#include "monitor/log_printer.hpp"
#include "podctl/config.hpp"
#include "podctl/describe_pod.hpp"
#include "podctl/text.hpp"
#include "spec/env_file.hpp"
#include "spec/json_reader.hpp"
#include "spec/names.hpp"
#include "spec/quantity.hpp"
#include "state/log_reader.hpp"

namespace {

using namespace podctl;
using podfuzz::require;

void read_ids(std::string_view text) {
  for (const auto& span : parse_subids(text, "root", 1000)) {
    require(span.count > 0, "a range has ids");
    require(span.first <= UINT32_MAX - span.count, "a range ends below the last id");
  }
  for (const auto& span : parse_getsubids(text)) {
    require(span.count > 0, "a range has ids");
    require(span.first <= UINT32_MAX - span.count, "a range ends below the last id");
  }
  static_cast<void>(parse_id_map(text));
  static_cast<void>(account_name(text, 1000));
  for (const std::uint32_t uid : {0u, 1000u, 65534u})
    if (const auto account = find_account(text, uid)) {
      require(!account->home.empty() && account->home.front() == '/', "a home is an absolute path", account->home);
      require(account->home.find('\n') == std::string::npos && account->home.find('\0') == std::string::npos, "a home is one plain line");
    }
}

void read_env_file(std::string_view text) {
  const spec::EnvFileText file = spec::parse_env_file(text);
  require(file.problem.empty() || file.variables.empty(), "a file with a mistake gives nothing");
  std::string again;
  for (const auto& [key, value] : file.variables) {
    require(spec::check_env_name(key).empty() && key.size() <= spec::kMaxEnvFileKey, "a key is a name", key);
    require(value.find('\0') == std::string::npos && value.size() <= spec::kMaxEnvFileValue, "a value is one a variable can have");
    append(again, key, "='", value, "'\n");
  }
  if (again.size() > spec::kMaxEnvFile) return;  // one line break more than was there
  require(spec::parse_env_file(again).variables == file.variables, "what was read says the same when it is written again", again);
}

void read_quantity(std::string_view text) {
  std::string problem;
  const auto amount = spec::parse_quantity(text, problem);
  require(amount.has_value() == problem.empty(), "a quantity is read, or the problem is told");
  if (!amount) return;
  const auto again = spec::parse_quantity(amount->text, problem);
  require(again.has_value(), "a canonical quantity is one", amount->text);
  require(*again == *amount, "a canonical quantity says the same", cat(std::string(text), " -> ", amount->text, " -> ", again->text));
}

void read_duration(std::string_view text) {
  if (const auto duration = parse_duration(text)) require(duration->count() >= 0, "a duration is not negative", std::string(text));
}

void read_time(std::string_view text) {
  const auto time = parse_time(text);
  if (!time) return;
  const auto again = parse_time(rfc3339(*time, 9));
  // An offset may lead out of the years that are read.
  require(!again || *again == *time, "a time says the same when it is written again", std::string(text));
}

// Every line as a record of a log, and what is shown of all of them.
void read_log(std::string_view text) {
  monitor::LogPrinter plain({}, 1), clean({.prefixes = {"[a] "}, .timestamps = true, .clean = true, .since = {}, .until = {}}, 1);
  std::size_t most = 0;
  for (const auto line : split(text, '\n')) {
    const auto record = state::parse_log_record(line);
    if (record) {
      require(line.ends_with(record->text) && line.starts_with(record->stamp), "a record is made of its line", std::string(line));
      require(parse_time(record->stamp) == record->time, "a record has the time it says", std::string(line));
      plain.print(0, *record);
      clean.print(0, *record);
      most += record->text.size() + 1;
    }
  }
  plain.finish();
  clean.finish();
  require(plain.text().size() <= most, "no more is shown than there is");
  for (const char c : clean.text())
    require(c == '\n' || c == '\t' || c == '\x1b' || static_cast<unsigned char>(c) >= 0x20, "shown lines are clean");
}

void read_path(std::string_view text) {
  const std::string once = clean_path(text);
  require(!once.empty() && once.front() == '/', "a clean path is absolute", once);
  require(clean_path(once) == once, "cleaning twice changes nothing", once);
  require(once == "/" || once.back() != '/', "a clean path ends in a name", once);
  for (const auto part : split(once, '/')) require(part != "." && part != "..", "a clean path has no dots", once);
  require(is_below(once, "/"), "everything is below the root", once);
  for (const auto check : {spec::check_dns_label, spec::check_dns_subdomain, spec::check_qualified_name, spec::check_label_value,
                           spec::check_port_name, spec::check_data_key, spec::check_env_name, spec::check_local_path})
    static_cast<void>(check(text));
}

void show(std::string_view text) {
  const std::string quoted = quote(text);
  for (std::string_view rest = quoted; !rest.empty();) {
    const auto length = utf8_length(rest);
    require(length > 0, "quoted text is UTF-8", quoted);
    require(static_cast<unsigned char>(rest[0]) >= 0x20 && rest[0] != 0x7f, "quoted text holds no control character", quoted);
    rest.remove_prefix(length);
  }
  bool colored = false;
  const std::string clean = monitor::sanitize(text, colored);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const char c = clean[i];
    const bool c1 = i + 1 < clean.size() && c == '\xc2' && static_cast<unsigned char>(clean[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(clean[i + 1]) < 0xa0;
    require(!c1, "shown text holds no C1 control", quote(clean));
    if (c == '\x1b') require(i + 1 < clean.size() && clean[i + 1] == '[', "only colours are left of escapes", quote(clean));
    else require(static_cast<unsigned char>(c) >= 0x20 || c == '\t', "shown text holds no control character", quote(clean));
  }
  static_cast<void>(did_you_mean(text.substr(0, 40), std::vector<std::string_view>{"run", "plan", "validate"}));
}

// What disks and strangers leave in a pod's folder, and what the kernel says of processes that name themselves.
void look(std::string_view text) {
  SeenPod pod{.record = {.name = "web", .liveness = Liveness::kRunning, .monitor_pid = 1, .status_json = std::string(text), .problem = {}},
              .summary = {}};
  pod.summary = summarize(pod.record);
  require(!status_word(pod.summary).empty(), "every pod has a status");
  const PodEvent event = parse_event(text, "web");
  require(event.garbled || (event.time && !event.reason.empty()), "an event has a time and a reason, or is garbled");
  const std::string told =
      render_description({.pod = std::move(pod), .events = {event}, .members = {}}, std::chrono::seconds(1'800'000'000));
  for (const char c : told)
    require(static_cast<unsigned char>(c) >= 0x20 || c == '\n', "a description holds no control character", quote(told));
  ProcessEntry entry;
  static_cast<void>(parse_process_stat(text, entry, 100, 4096));
  static_cast<void>(parse_mountinfo(text));
  static_cast<void>(parse_id_mappings(text));
  const std::string folder = cgroup_folder(text.substr(0, text.find('\n') + 1), text);
  require(folder.empty() || folder.front() == '/', "the folder of a cgroup is an absolute path", folder);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = podfuzz::as_text(data, size);
  read_ids(text);
  read_env_file(text);
  read_quantity(text);
  read_duration(text);
  read_time(text);
  read_log(text);
  read_path(text);
  show(text);
  look(text);
  spec::Node node;
  static_cast<void>(spec::try_read_json_value(text, node));
  static_cast<void>(parse_keys(text));
  try {
    static_cast<void>(parse_config(text, "config.json"));
  } catch (const InvalidInput& error) {
    require(!error.diagnostics().empty(), "what is refused has a reason");
  }
  return 0;
}
