#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "podctl/manifest.hpp"
#include "podctl/plan.hpp"

/// Plans made for machines that exist on paper only.
namespace podtest {

/// An ordinary user, alice, without subordinate ids, on a machine with merged /usr.
inline podctl::HostFacts user_facts() {
  podctl::HostFacts facts;
  facts.uid = 1000;
  facts.gid = 1001;
  facts.user_name = "alice";
  facts.host_name = "box";
  facts.host_root = {{"bin", "usr/bin"}, {"etc", {}}, {"usr", {}}};
  facts.has_hosts = facts.has_hostname = facts.has_resolv_conf = true;
  facts.resolv_conf = "# made by hand\nnameserver 192.0.2.1\nsearch example.org\noptions edns0\n";
  facts.accounts["host"] = {{0, {0, "/root"}}, {33, {34, "/var/www"}}};
  facts.open_files_soft = 1024;
  facts.open_files_hard = 4096;
  return facts;
}

/// The same with subordinate ids and the helpers that map them.
inline podctl::HostFacts ranged_facts() {
  podctl::HostFacts facts = user_facts();
  facts.sub_uids = {{100000, 65536}};
  facts.sub_gids = {{200000, 65536}};
  facts.newuidmap = "/usr/bin/newuidmap";
  facts.newgidmap = "/usr/bin/newgidmap";
  facts.has_id_helpers = true;
  return facts;
}

/// The machine's root.
inline podctl::HostFacts root_facts() {
  podctl::HostFacts facts = user_facts();
  facts.uid = facts.gid = 0;
  facts.user_name = "root";
  facts.privileged = facts.machine_root = true;
  facts.sub_uids = facts.sub_gids = {{0x7fff0000, 65536}};
  return facts;
}

inline podctl::PlanOptions plan_options() {
  using namespace std::chrono_literals;
  return {.state_directory = "/state/web",
          .volumes_directory = "/volumes",
          .manifest_directory = "/work",
          .start_time = 1136214245s + 42ns,
          .pod_uid = "uid"};
}

/// A manifest, from the inside of its "spec" and of its "metadata.annotations"; `more` are further
/// objects.
inline podctl::Manifest manifest_of(const std::string& spec, const std::string& annotations = {}, const std::string& more = {}) {
  podctl::Manifest manifest = podctl::parse_manifest(podctl::cat(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","annotations":{)", annotations, "}},\"spec\":{", spec, "}}", more));
  if (manifest.has_errors()) throw std::runtime_error(podctl::render_diagnostics(manifest.diagnostics, 20));
  return manifest;
}

inline podctl::Plan plan_of(const podctl::Manifest& manifest, const podctl::HostFacts& facts = user_facts()) {
  return podctl::make_plan(manifest.pods.at(0), manifest.objects, facts, plan_options());
}
inline podctl::Plan plan_of(const std::string& spec, const podctl::HostFacts& facts = user_facts(), const std::string& annotations = {}) {
  return plan_of(manifest_of(spec, annotations), facts);
}

/// One container with this program, and whatever else a container may have.
inline std::string one_container(const std::string& more = {}) {
  return podctl::cat(R"("containers":[{"name":"app","command":["/bin/true"])", more.empty() ? "" : ",", more, "}]");
}

inline std::string actor_of(const podctl::Plan& plan, const podctl::Step& step) {
  if (step.member >= 0)
    return podctl::cat(step.actor == podctl::Actor::kMonitor ? "monitor:" : "", plan.members[static_cast<std::size_t>(step.member)].name);
  switch (step.actor) {
    case podctl::Actor::kMonitor: return "monitor";
    case podctl::Actor::kPause: return "pause";
    case podctl::Actor::kNetwork: return "network";
    case podctl::Actor::kMember: return "member of none";
  }
  return {};
}

/// A step as one line: actor, kind, words; "!" and the reason when it weakens something.
inline std::string line_of(const podctl::Plan& plan, const podctl::Step& step) {
  const podctl::StepText text = podctl::describe(step);
  return podctl::cat(actor_of(plan, step), " ", text.id, ": ", text.what, text.detail.empty() ? "" : podctl::cat(" (", text.detail, ')'),
                     step.weakens.empty() ? "" : podctl::cat(" ! ", step.weakens));
}
inline std::vector<std::string> lines_of(const podctl::Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& step : plan.steps) lines.push_back(line_of(plan, step));
  return lines;
}
inline std::string text_of(const podctl::Plan& plan) { return podctl::join(lines_of(plan), "\n") + '\n'; }

/// What two plans do not have in common, as "- line" and "+ line", each in the order of its plan.
inline std::string changes(const podctl::Plan& before, const podctl::Plan& after) {
  const std::vector<std::string> old_lines = lines_of(before), new_lines = lines_of(after);
  const auto without = [](std::vector<std::string> lines, const std::vector<std::string>& others, std::string_view sign) {
    for (const auto& other : others)
      if (const auto found = std::find(lines.begin(), lines.end(), other); found != lines.end()) lines.erase(found);
    std::string text;
    for (const auto& line : lines) podctl::append(text, sign, line, '\n');
    return text;
  };
  return without(old_lines, new_lines, "- ") + without(new_lines, old_lines, "+ ");
}

/// Every action of one kind, in the plan's order.
template <class Action>
std::vector<Action> all_of(const podctl::Plan& plan) {
  std::vector<Action> found;
  for (const auto& step : plan.steps)
    if (const auto* action = std::get_if<Action>(&step.action)) found.push_back(*action);
  return found;
}

/// The content of a file that the plan writes into a folder of the pod tree.
inline std::string file_of(const podctl::Plan& plan, const std::string& folder, const std::string& name) {
  for (const auto& write : all_of<podctl::action::WriteFiles>(plan))
    if (write.target == folder)
      for (const auto& file : write.files)
        if (file.path == name) return file.content;
  throw std::runtime_error(folder + "/" + name + " is not written");
}

}  // namespace podtest
