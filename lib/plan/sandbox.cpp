// The pod itself: its namespaces, ids and network, and the pod tree that pause holds.
#include <algorithm>

#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/builder.hpp"

namespace podctl::plan {
action::MaskPaths proc_masks(std::string base) {
  // Paths that say too much about the machine or act on it: the list the container runtimes agree on.
  return {std::move(base),
          {"acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats"},
          {"bus", "fs", "irq", "sys", "sysrq-trigger"}};
}

std::vector<std::string> device_names() { return {"null", "zero", "full", "random", "urandom", "tty"}; }

namespace {

std::string weakened(const Pod& pod) {
  std::string out;
  if (uses_host_network(pod)) out = "hostNetwork: the pod reaches all that this user reaches";
  if (pod.spec.host_ipc) append(out, out.empty() ? "" : "; ", "hostIPC: it sees the machine's System V IPC and /dev/shm");
  return out;
}

}  // namespace

void add_sandbox(const Draft& draft) {
  Plan& plan = draft.plan;
  plan.namespaces = {
      .user = true, .mnt = true, .net = !uses_host_network(draft.pod), .ipc = !draft.pod.spec.host_ipc, .uts = true, .pid = true};
  Namespaces first = plan.namespaces;
  first.net = false;  // the most expensive of all: made beside the mounts
  draft.monitor(Stage::kSandbox, action::NewSandbox{first}, "all containers of a pod share these", weakened(draft.pod));

  const bool single = plan.uids.size() == 1 && plan.uids[0].count == 1 && !draft.facts.privileged;
  const auto method = draft.facts.privileged ? action::MapIds::Method::kDirect
                      : single               ? action::MapIds::Method::kSelf
                                             : action::MapIds::Method::kHelpers;
  action::MapIds map{method, plan.uids, plan.gids};
  if (single) {
    draft.pause(Stage::kUserns, std::move(map), "one id is enough: the user's own");
  } else {
    draft.monitor(Stage::kUserns, std::move(map),
                  draft.facts.privileged ? "the machine's root gives the pod none of its own ids" : "the pod needs several ids");
    draft.pause(Stage::kUserns, action::BecomePodRoot{0, 0}, "once the maps are written");
  }
  draft.pause(Stage::kSandbox, action::DieWithMonitor{}, "no pod outlives its monitor");
  add_network(draft);
}

void add_network(const Draft& draft) {
  Plan& plan = draft.plan;
  if (plan.namespaces.net) {
    draft.network(action::NewNetwork{}, "all containers of a pod share one network");
    draft.network(action::ConfigureLoopback{plan.ipv4, plan.ipv6},
                  plan.ipv4.empty() ? "localhost" : "localhost, and the pod's own addresses");
  }
  draft.pause(Stage::kSandbox, action::SetHostname{plan.host_name}, draft.pod.spec.hostname.empty() ? "metadata.name" : "spec.hostname");
}

void add_pod_tree(const Draft& draft, const std::vector<Place>& all) {
  const Plan& plan = draft.plan;
  std::vector<std::string> folders;
  for (const auto folder :
       {kRootsFolder, kHostFolder, kMembersFolder, kVolumesFolder, kTemplatesFolder, kFilesFolder, kScratchFolder, kLayersFolder})
    folders.emplace_back(folder);
  if (shares_mounts(draft.pod)) folders.push_back(cat(kMembersFolder, "/pod"));  // the root they all have is pause's
  else
    for (const auto& member : plan.members) folders.push_back(cat(kMembersFolder, '/', member.name));
  std::size_t bytes = (1 + plan.members.size()) << 20;  // final messages, and room for the folders themselves
  bytes += projected_bytes(draft);
  draft.pause(Stage::kMounts, action::StopPropagation{}, "mounts of the pod stay in the pod");
  draft.pause(Stage::kMounts, action::MountPodTree{cat(bytes), folders}, "all the pod needs, and nothing else of the host");

  add_volumes(draft);
  add_host_folders(draft, all);

  // What every member's root will have; made once, and moved from each member's private copy of the tree.
  const auto below = [](std::string_view name) { return cat(kTemplatesFolder, '/', name); };
  const std::string standard = "every container has it";
  draft.pause(Stage::kMounts, action::BindDevices{below("dev"), device_names()}, standard);
  draft.pause(Stage::kMounts,
              action::MountTmpfs{.target = below("empty"),
                                 .mode = 0555,
                                 .size = "4k",
                                 .limits = {.read_only = true, .no_suid = true, .no_dev = true, .no_exec = true}},
              "what hidden folders show");
  // With a pid namespace of its own a member mounts its own, and needs to see this one for that.
  draft.pause(Stage::kMounts, action::MountProc{below("proc")}, standard);
  if (!plan.pid_per_member || shares_mounts(draft.pod)) {
    draft.pause(Stage::kMounts, proc_masks(below("proc")), "they are the machine's, not the pod's");
  }
  if (plan.namespaces.ipc) {
    draft.pause(Stage::kMounts,
                action::MountTmpfs{
                    .target = below("shm"), .mode = 01777, .size = "64m", .limits = {.no_suid = true, .no_dev = true, .no_exec = true}},
                "one /dev/shm for the pod");
  } else {
    bind_host(draft, Stage::kMounts, {.source = "/dev/shm", .target = below("shm"), .kind = PathKind::kDirectory}, /*shift_ids=*/false,
              "spec.hostIPC");
  }

  action::WriteFiles etc{.target = std::string(kFilesFolder), .directories = {}, .files = {}, .links = {}};
  etc.files.push_back({"hosts", hosts_file(draft), 0644});
  etc.files.push_back({"hostname", cat(plan.host_name, '\n'), 0644});
  etc.files.push_back({"resolv.conf", resolv_conf_file(draft), 0644});
  draft.pause(Stage::kMounts, std::move(etc), "the pod's own /etc files");
  // The kernel mounts a new procfs or sysfs only where another one can be seen already, so both are made while
  // the host's are (mount_too_revealing, fs/namespace.c).
  if (plan.namespaces.net) {
    draft.pause(Stage::kNetwork, action::JoinNetwork{}, "pause holds it for the pod");
    draft.pause(Stage::kMounts, action::MountSysfs{below("sys")}, standard);
  } else {
    // A new sysfs belongs to a network namespace, and this one is not the pod's.
    bind_host(draft, Stage::kMounts,
              {.source = "/sys",
               .target = below("sys"),
               .kind = PathKind::kDirectory,
               .limits = {.read_only = true, .no_suid = true, .no_dev = true, .no_exec = true}},
              /*shift_ids=*/false, "spec.hostNetwork", "the pod uses the machine's network");
  }
  draft.pause(Stage::kMounts, action::MaskPaths{below("sys"), {"firmware", "devices/virtual/powercap"}, {}},
              "they are the machine's, not the pod's");
  draft.pause(Stage::kMounts, action::EnterPodTree{}, "nothing of the host stays in reach");
}

}  // namespace podctl::plan
