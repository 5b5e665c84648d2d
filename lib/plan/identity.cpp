// Who the pod's programs are: which ids they ask for, and which ids of the host stand behind them.
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "plan/builder.hpp"

namespace podctl::plan {
namespace {

[[noreturn]] void no_ids(const Draft& draft, const Place& place, std::string cause, std::string hint, std::string id) {
  ErrorInfo info;
  info.id = std::move(id);
  info.message = cat("cannot start pod '", draft.pod.metadata.name, "' (container '", place.container->name, "')");
  info.cause = std::move(cause);
  info.hint = std::move(hint);
  info.error_class = ErrorClass::kHost;
  info.pod = draft.pod.metadata.name;
  info.container = place.container->name;
  info.stage = stage_name(Stage::kUserns);
  info.path = cat(place.path, ".securityContext");
  throw Error(info);
}

std::uint32_t total(const std::vector<IdSpan>& spans) {
  std::uint32_t count = 0;
  for (const auto& span : spans) count += span.count;
  return count;
}

// Pod id 0 is the user, the ids after it are the subordinate ones.
std::vector<IdMapping> range_map(std::uint32_t own, const std::vector<IdSpan>& spans) {
  std::vector<IdMapping> map{{0, own, 1}};
  std::uint32_t next = 1;
  for (const auto& span : spans) {
    map.push_back({next, span.first, span.count});
    next += span.count;
  }
  return map;
}

// Pod ids from 0 on are the range's own: the machine's root gives none of its ids away.
std::vector<IdMapping> shifted_map(const std::vector<IdSpan>& spans) {
  std::vector<IdMapping> map;
  std::uint32_t next = 0;
  for (const auto& span : spans) {
    map.push_back({next, span.first, span.count});
    next += span.count;
  }
  return map;
}

struct Demand {
  std::set<std::uint32_t> uids, gids;
  const Place* first_other = nullptr;  // the first container that wants other ids than the first of all
};

}  // namespace

WantedIds wanted_ids(const Pod& pod, const Container& container) {
  const SecurityContext& own = container.security_context;
  const PodSecurityContext& common = pod.spec.security_context;
  WantedIds wanted;
  const auto uid = own.run_as_user ? own.run_as_user : common.run_as_user;
  const auto gid = own.run_as_group ? own.run_as_group : common.run_as_group;
  wanted.uid = static_cast<std::uint32_t>(uid.value_or(0));
  if (gid) wanted.gid = static_cast<std::uint32_t>(*gid);
  return wanted;
}

void choose_ids(const Draft& draft, const std::vector<Place>& all) {
  Demand demand;
  for (const auto& place : all) {
    const WantedIds wanted = wanted_ids(draft.pod, *place.container);
    PlannedMember& member = draft.plan.members[static_cast<std::size_t>(place.index)];
    member.uid = wanted.uid;
    if (wanted.gid) {
      member.gid = *wanted.gid;
    } else if (const auto root = draft.facts.accounts.find(place.root); root != draft.facts.accounts.end()) {
      const auto account = root->second.find(wanted.uid);
      member.gid = account == root->second.end() ? 0 : account->second.group;
    }
    demand.uids.insert(member.uid);
    demand.gids.insert(member.gid);
    const auto& first = draft.plan.members.front();
    if (demand.first_other == nullptr && (member.uid != first.uid || member.gid != first.gid)) demand.first_other = &place;
  }
  for (const auto group : draft.pod.spec.security_context.supplemental_groups) {
    demand.gids.insert(static_cast<std::uint32_t>(group));
    if (demand.first_other == nullptr) demand.first_other = &all.front();
  }

  const HostFacts& facts = draft.facts;
  if (facts.machine_root && !facts.privileged)
    no_ids(
        draft, all.front(),
        "this is the machine's root without the means to give the pod other ids than its own (CAP_SETUID, CAP_SETGID, and a user namespace with all ids)",
        "run podctl as an ordinary user, or as root outside of containers and unshare", "root-without-capabilities");

  const bool shifted = facts.privileged;
  if (!shifted && demand.first_other == nullptr) {
    draft.plan.uids = {{*demand.uids.begin(), facts.uid, 1}};
    draft.plan.gids = {{*demand.gids.begin(), facts.gid, 1}};
    return;
  }

  const Place& place = demand.first_other != nullptr ? *demand.first_other : all.front();
  const std::uint32_t highest = std::max(*demand.uids.rbegin(), *demand.gids.rbegin());
  const auto& member = draft.plan.members[static_cast<std::size_t>(place.index)];
  if (!shifted) {
    const std::string wants = cat("the pod needs more than one user or group id (container '", place.container->name, "' runs as ",
                                  member.uid, ':', member.gid, "), ");
    if (facts.nested_root)
      no_ids(draft, place, cat(wants, "and the user namespace that podctl runs in (as unshare -r makes it) has no others to give"),
             "run podctl outside of it; or let all containers agree on one runAsUser and runAsGroup", "nested-user-namespace");
    if (facts.sub_uids.empty() || facts.sub_gids.empty())
      no_ids(draft, place,
             cat(wants, "and ", facts.sub_uids.empty() ? "/etc/subuid" : "/etc/subgid", " has no range for user '", facts.user_name, "'"),
             cat("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ", facts.user_name,
                 "        # as root; or let all containers agree on one runAsUser and runAsGroup"),
             "no-id-range");
    if (!facts.has_id_helpers)
      no_ids(draft, place, cat(wants, "and newuidmap or newgidmap is not installed"), "apt-get install uidmap        # as root",
             "no-id-helpers");
  }
  const std::uint32_t extra = shifted ? 0 : 1;
  const std::uint32_t have = std::min(total(facts.sub_uids), total(facts.sub_gids)) + extra;
  if (highest >= have)
    no_ids(draft, place, cat("id ", highest, " is outside the pod's map: it has the ids 0 to ", have - 1),
           cat("choose ids below ", have, ", or give '", facts.user_name, "' a larger range in /etc/subuid and /etc/subgid"),
           "id-outside-map");
  draft.plan.uids = shifted ? shifted_map(facts.sub_uids) : range_map(facts.uid, facts.sub_uids);
  draft.plan.gids = shifted ? shifted_map(facts.sub_gids) : range_map(facts.gid, facts.sub_gids);
}

}  // namespace podctl::plan
