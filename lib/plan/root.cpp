// The root file system of a container and everything mounted in it.
#include <algorithm>
#include <set>

#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/builder.hpp"
#include "spec/annotations.hpp"

namespace podctl::plan {
namespace {

std::vector<std::string> distinct_roots(const std::vector<Place>& all) {
  std::vector<std::string> roots;
  for (const auto& place : all)
    if (std::find(roots.begin(), roots.end(), place.root) == roots.end()) roots.push_back(place.root);
  return roots;
}

std::string root_folder(const std::vector<Place>& all, const std::string& root) {
  const auto roots = distinct_roots(all);
  return cat(kRootsFolder, '/', std::find(roots.begin(), roots.end(), root) - roots.begin());
}

bool overlays_host(const Pod& pod) { return annotation(pod, spec::kOverlayAnnotation) == "true"; }

// Adds steps to whichever process builds this root.
struct RootSteps {
  const Draft& draft;
  Actor actor;
  int member;

  void add(Stage stage, Action action, std::string why, std::string weakens = {}) const {
    draft.plan.steps.push_back({0, stage, actor, member, std::move(action), std::move(why), std::move(weakens)});
  }
};

// The host's own files: a small tmpfs, with the host's folders shown read-only in it.
void add_host_root(const RootSteps& steps, const Place& place) {
  const HostFacts& facts = steps.draft.facts;
  action::MountTmpfs root{.target = "/", .limits = {.no_suid = true, .no_dev = true}};
  root.directories = {"dev",   "proc", "sys", "tmp:1777",     "run",     "run/lock", "root:0700", "home",     "mnt",
                      "media", "srv",  "var", "var/tmp:1777", "var/log", "var/lib",  "var/cache", "var/spool"};
  root.links = {{"var/run", "/run"}, {"var/lock", "/run/lock"}};
  for (const auto& folder : facts.host_root) {
    if (folder.link_target.empty()) root.directories.push_back(folder.name);
    else root.links.push_back({folder.name, folder.link_target});
  }
  const std::string why = place.container->image.empty() ? cat(place.path, ".image is not set") : cat(place.path, ".image");
  steps.add(Stage::kMounts, std::move(root), why);
  for (const auto& folder : facts.host_root) {
    if (!folder.link_target.empty()) continue;
    const std::string source = cat(kHostFolder, '/', folder.name), target = cat('/', folder.name);
    if (overlays_host(steps.draft.pod))
      steps.add(Stage::kMounts,
                action::MountOverlay{source, std::string(kLayersFolder), cat(place.container->name, '.', folder.name), target},
                "podctl.dev/overlay");
    else steps.add(Stage::kMounts, action::MoveMount{source, target}, why);
  }
}

void add_memory_layers(const RootSteps& steps, const Place& place) {
  action::MountLayers layers{.target = std::string(kLayersFolder), .directories = {}, .files = {}};
  for (auto& name : layer_names(steps.draft, place)) {
    const action::MakeLayer layer = make_layer(steps.draft, place, std::move(name));
    for (const auto part : {kUpper, kWork}) layers.directories.push_back(cat(layer.name, part));
    if (layer.etc_files.empty()) continue;
    layers.directories.push_back(cat(layer.name, kUpper, "/etc"));
    for (const auto& file : layer.etc_files) layers.files.push_back(cat(layer.name, kUpper, "/etc/", file));
  }
  if (layers.directories.empty()) return;
  const bool asked = !annotation(steps.draft.pod, spec::kLayersAnnotation).empty();
  steps.add(Stage::kMounts, std::move(layers), asked ? "podctl.dev/layers" : "thrown away with the container");
}

// Targets nest by their path, so the order of the manifest does not matter.
std::vector<const VolumeMount*> mounts_by_path(const Container& container) {
  std::vector<const VolumeMount*> mounts;
  for (const auto& mount : container.volume_mounts) mounts.push_back(&mount);
  std::sort(mounts.begin(), mounts.end(),
            [](const VolumeMount* a, const VolumeMount* b) { return clean_path(a->mount_path) < clean_path(b->mount_path); });
  return mounts;
}

bool is_read_only_volume(const PodSpec& spec, std::string_view name) {
  for (const auto& volume : spec.volumes)
    if (volume.name == name) return is_projection(volume) || (volume.persistent_volume_claim && volume.persistent_volume_claim->read_only);
  return false;
}

void add_etc_files(const RootSteps& steps, const Place& place) {
  const HostFacts& facts = steps.draft.facts;
  const bool host_root = place.root == "host";
  const auto bind = [&](std::string_view name, bool there) {
    const std::string target = cat("/etc/", name);
    for (const auto& mount : place.container->volume_mounts)
      if (clean_path(mount.mount_path) == target) return;  // the container brings its own
    // In the host's read-only /etc a missing file cannot be made, and then nobody looks for it there.
    if (host_root && !there && !overlays_host(steps.draft.pod)) return;
    steps.add(Stage::kMounts, action::BindInto{cat(kFilesFolder, '/', name), {}, target, {}}, "the pod's own names and addresses");
  };
  bind("hosts", facts.has_hosts);
  bind("hostname", facts.has_hostname);
  bind("resolv.conf", facts.has_resolv_conf);
}

}  // namespace

bool layers_in_memory(const Draft& draft) {
  const std::string asked = annotation(draft.pod, spec::kLayersAnnotation);
  if (asked == "memory" && !draft.facts.layers_in_memory)
    throw Error({.id = "no-memory-layers",
                 .message = cat("pod '", draft.pod.metadata.name,
                                "' asks for writable layers in memory (podctl.dev/layers), which needs Linux 6.6"),
                 .hint = "leave the annotation out: they are on disk then",
                 .error_class = ErrorClass::kHost,
                 .pod = draft.pod.metadata.name});
  return asked == "disk" ? false : draft.facts.layers_in_memory;
}

std::vector<std::string> layer_names(const Draft& draft, const Place& place) {
  const std::string& name = place.container->name;
  if (place.root != "host") return {name};
  std::vector<std::string> names;
  if (overlays_host(draft.pod))
    for (const auto& folder : draft.facts.host_root)
      if (folder.link_target.empty()) names.push_back(cat(name, '.', folder.name));
  return names;
}

action::MakeLayer make_layer(const Draft& draft, const Place& place, std::string name) {
  action::MakeLayer layer{cat(draft.options.state_directory, "/upper"),
                          std::move(name),
                          draft.facts.privileged ? std::optional(draft.plan.uids[0].host) : std::nullopt,
                          {}};
  if (const auto missing = draft.facts.missing_etc.find(place.root); missing != draft.facts.missing_etc.end())
    layer.etc_files = missing->second;
  return layer;
}

void add_layers(const Draft& draft, const Place& place) {
  for (auto& name : layer_names(draft, place))
    draft.plan.steps.push_back(
        {0, Stage::kMounts, Actor::kMonitor, place.index, make_layer(draft, place, std::move(name)), cat(place.path, ".image"), {}});
}

std::string message_target(const Container& container) {
  return container.termination_message_path.empty() ? std::string() : clean_path(container.termination_message_path);
}

void add_host_folders(const Draft& draft, const std::vector<Place>& all) {
  for (const auto& root : distinct_roots(all)) {
    if (root == "host") {
      for (const auto& folder : draft.facts.host_root)
        if (folder.link_target.empty())
          bind_host(draft, Stage::kMounts,
                    {.source = cat('/', folder.name),
                     .target = cat(kHostFolder, '/', folder.name),
                     .kind = PathKind::kDirectory,
                     .limits = {.read_only = true, .no_suid = true, .no_dev = true}},
                    // Not shifted for the machine's root either: its pod must not read what only root may.
                    /*shift_ids=*/false, "the host's own programs");
    } else {
      const auto place = std::find_if(all.begin(), all.end(), [&](const Place& p) { return p.root == root; });
      bind_host(
          draft, Stage::kMounts,
          {.source = root, .target = root_folder(all, root), .kind = PathKind::kDirectory, .limits = {.read_only = true, .no_dev = true}},
          /*shift_ids=*/true, cat(place->path, ".image"));
    }
  }
  if (draft.plan.layers_on_disk) {
    const std::string folder = cat(draft.options.state_directory, "/upper");
    const auto owner = draft.facts.privileged ? std::optional(draft.plan.uids[0].host) : std::nullopt;
    use_disk(draft, Stage::kMounts);
    draft.prepare(Stage::kMounts, action::MakeHostDirectory{folder, 0700, owner}, "writable layers lie on disk");
    bind_host(
        draft, Stage::kMounts,
        {.source = folder, .target = std::string(kLayersFolder), .kind = PathKind::kDirectory, .limits = {.no_suid = true, .no_dev = true}},
        /*shift_ids=*/false, "writable layers lie on disk");
  }
}

void add_root(const Draft& draft, const Place& place, const std::vector<Place>& all, Actor actor) {
  const RootSteps steps{draft, actor, actor == Actor::kMember ? place.index : -1};
  const Plan& plan = draft.plan;
  const Container& container = *place.container;
  const std::string standard = "every container has it";
  const auto below = [](std::string_view name) { return cat(kTemplatesFolder, '/', name); };

  if (!plan.layers_on_disk) add_memory_layers(steps, place);
  if (place.root == "host") {
    add_host_root(steps, place);
  } else {
    steps.add(Stage::kMounts, action::MountOverlay{root_folder(all, place.root), std::string(kLayersFolder), container.name, "/"},
              cat(place.path, ".image"));
  }
  if (plan.pid_per_member && actor == Actor::kMember) {
    steps.add(Stage::kMounts, action::MountProc{"/proc"}, "its own pid namespace");
    steps.add(Stage::kMounts, proc_masks("/proc"), "they are the machine's, not the pod's");
  } else {
    steps.add(Stage::kMounts, action::MoveMount{below("proc"), "/proc"}, standard);
  }
  steps.add(Stage::kMounts, action::MoveMount{below("sys"), "/sys"}, standard);
  steps.add(Stage::kMounts,
            action::MountTmpfs{.target = "/dev",
                               .mode = 0755,
                               .size = "64k",
                               .limits = {.no_suid = true, .no_exec = true},
                               .directories = {"pts", "shm", "mqueue"}},
            standard);
  steps.add(Stage::kMounts, action::FillDev{below("dev"), "/dev", device_names()}, standard);
  steps.add(Stage::kMounts, action::MountDevpts{"/dev/pts"}, standard);
  steps.add(Stage::kMounts, action::MoveMount{below("shm"), "/dev/shm"}, standard);
  if (plan.namespaces.ipc) steps.add(Stage::kMounts, action::MountMqueue{"/dev/mqueue"}, standard);
  add_etc_files(steps, place);

  std::set<std::string> targets;
  for (const auto* mount : mounts_by_path(container)) {
    const bool read_only = mount->read_only || is_read_only_volume(draft.pod.spec, mount->name);
    const auto number = mount - container.volume_mounts.data();
    steps.add(Stage::kVolumes,
              action::BindInto{cat(kVolumesFolder, '/', mount->name),
                               sub_path_of(draft, container, *mount, place.path),
                               clean_path(mount->mount_path),
                               {.read_only = read_only}},
              cat(place.path, ".volumeMounts[", number, ']'));
    targets.insert(clean_path(mount->mount_path));
  }
  const std::string message = message_target(container);
  if (!message.empty() && !targets.contains(message)) {
    const std::string file = cat(kScratchFolder, '/', container.name), path = cat(place.path, ".terminationMessagePath");
    steps.add(Stage::kMounts, action::MakeMessageFile{file}, path);
    steps.add(Stage::kMounts, action::BindInto{file, {}, message, {}}, path);
  }
  if (container.security_context.read_only_root_filesystem.value_or(false)) {
    const std::string path = cat(place.path, ".securityContext.readOnlyRootFilesystem");
    // Writable layers over the host's folders are mounts of their own, which the root's flag does not reach.
    if (place.root == "host" && overlays_host(draft.pod))
      for (const auto& folder : draft.facts.host_root)
        if (const std::string target = cat('/', folder.name); folder.link_target.empty() && !targets.contains(target))
          steps.add(Stage::kMounts, action::MakeRootReadOnly{target}, path);
    steps.add(Stage::kMounts, action::MakeRootReadOnly{}, path);
  }
  steps.add(Stage::kMounts, action::EnterRoot{}, "its own file system, and nothing above it");
}

}  // namespace podctl::plan
