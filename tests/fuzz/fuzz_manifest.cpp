// Any bytes as a manifest: reading them, writing a valid pod out and reading it again, and planning
// it for three kinds of machine must neither crash nor contradict each other.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "fuzz/require.hpp"
#include "podctl/manifest.hpp"
#include "podctl/plan.hpp"
#include "podctl/text.hpp"

namespace {

using namespace podctl;
using podfuzz::require;

constexpr std::size_t kMostSteps = 20000;  // of a plan worth printing here

void check_places(const Manifest& manifest, std::string_view text) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const auto& d : manifest.diagnostics) {
    require(d.line >= 0 && d.line <= lines, "a problem lies on a line of the text", d.message);
    require((d.line == 0) == (d.column == 0), "a place has line and column, or neither", d.message);
  }
  const std::string shown = render_diagnostics(manifest.diagnostics, 10);
  for (const char c : shown) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20, "a report holds no control character", shown);
  require(nlohmann::json::accept(render_reports_json({{"fuzz.json", manifest.diagnostics}})), "a JSON report is JSON", shown);
}

// What is written out is valid, and says the same when it is read again.
void check_round_trip(const Manifest& manifest, const Pod& pod) {
  const std::string once = manifest_json(pod);
  std::string text = once;
  for (const auto& object : manifest.objects) text += object_json(object);
  if (text.size() > (std::size_t{3} << 20)) return;  // defaults may push it over the limit of a manifest
  const Manifest again = parse_manifest(text, {.validation = Validation::kIgnore, .edits = {}});
  require(!again.has_errors(), "a valid pod is valid when written out", once + render_diagnostics(again.diagnostics, 10));
  require(again.pods.size() == 1, "one pod is read back", once);
  require(manifest_json(again.pods.front()) == once, "a pod reads back as it was written", once + manifest_json(again.pods.front()));
}

HostFacts ordinary_user() {
  HostFacts facts;
  facts.uid = facts.gid = 1000;
  facts.user_name = "alice";
  facts.sub_uids = facts.sub_gids = {{100000, 65536}};
  facts.has_id_helpers = true;
  facts.newuidmap = "/usr/bin/newuidmap";
  facts.newgidmap = "/usr/bin/newgidmap";
  facts.host_name = "machine";
  facts.host_root = {{"bin", "usr/bin"}, {"etc", ""}, {"usr", ""}};
  facts.has_hosts = facts.has_hostname = facts.has_resolv_conf = true;
  facts.resolv_conf = "nameserver 192.0.2.1\nsearch example.org\noptions ndots:2\n";
  facts.hosts = "127.0.0.1 localhost\n";
  facts.accounts["host"] = {{0, {0, "/root"}}, {1000, {1000, "/home/alice"}}};
  facts.open_files_soft = 1024;
  facts.open_files_hard = 524288;
  return facts;
}

std::vector<HostFacts> machines() {
  std::vector<HostFacts> all(3, ordinary_user());
  all[1].sub_uids.clear();
  all[1].sub_gids.clear();
  all[1].has_id_helpers = all[1].has_ipv6 = false;
  all[2].uid = all[2].gid = 0;
  all[2].user_name = "root";
  all[2].privileged = all[2].machine_root = true;
  return all;
}

void check_plan(const Plan& plan) {
  if (plan.steps.size() > kMostSteps) return;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    require(plan.steps[i].number == static_cast<int>(i) + 1, "steps are numbered from 1");
    require(plan.steps[i].member >= -1 && plan.steps[i].member < static_cast<int>(plan.members.size()), "a step's member exists");
  }
  const std::string text = render_plan_text(plan);
  require(!text.empty() && text.back() == '\n', "a plan ends its last line");
  for (const char c : text) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20, "a plan holds no control character", text);
  const std::string json = render_plan_json(plan);
  require(nlohmann::json::accept(json), "a plan as JSON is JSON", json);
  for (int member = 0; member < static_cast<int>(plan.members.size()); ++member) {
    const auto steps = make_join_plan(plan, member, {.attempt = 3, .in_turn = true});
    require(!steps.empty(), "a container has steps of its own");
    require(std::holds_alternative<action::ExecProgram>(steps.back().action), "the last of them is its exec");
  }
}

void check_plans(const Manifest& manifest, const Pod& pod) {
  static const std::vector<HostFacts> kMachines = machines();
  const PlanOptions options{.state_directory = "/state/pod",
                            .volumes_directory = "/state/volumes",
                            .manifest_directory = "/manifests",
                            .start_time = std::chrono::seconds(1700000000),
                            .pod_uid = "uid"};
  static_cast<void>(questions_for(pod, options));
  for (const auto& facts : kMachines) {
    try {
      check_plan(make_plan(pod, manifest.objects, facts, options));
    } catch (const Error& error) {
      const bool field = error.info().error_class == ErrorClass::kInvalid && !error.info().path.empty();  // of what variables stand for
      require(field || error.info().error_class == ErrorClass::kHost, "a valid pod is refused for the machine's sake only",
              render_error(error));
      require(nlohmann::json::accept(render_error_json(error)), "an error as JSON is JSON");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = podfuzz::as_text(data, size);
  const Manifest manifest = parse_manifest(text);
  check_places(manifest, text);
  const Manifest lenient = parse_manifest(text, {.validation = Validation::kIgnore, .edits = {}});
  require(!lenient.has_errors() || manifest.has_errors(), "what strict reading accepts, lenient reading accepts",
          render_diagnostics(lenient.diagnostics, 10));
  if (lenient.has_errors()) return 0;
  for (const auto& pod : lenient.pods) {
    check_round_trip(lenient, pod);
    check_plans(lenient, pod);
  }
  return 0;
}
