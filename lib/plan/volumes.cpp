// The pod's volumes: each exists once, in the pod tree, and members show it to themselves.
#include <algorithm>

#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/builder.hpp"
#include "spec/validate.hpp"

namespace podctl::plan {
namespace {

PathKind expected_kind(HostPathType type) {
  switch (type) {
    case HostPathType::kAny: return PathKind::kAnything;
    case HostPathType::kDirectoryOrCreate:
    case HostPathType::kDirectory: return PathKind::kDirectory;
    case HostPathType::kFileOrCreate:
    case HostPathType::kFile: return PathKind::kFile;
    case HostPathType::kSocket: return PathKind::kSocket;
    case HostPathType::kCharDevice: return PathKind::kCharDevice;
    case HostPathType::kBlockDevice: return PathKind::kBlockDevice;
  }
  return PathKind::kAnything;
}

bool mounted_writable(const PodSpec& spec, std::string_view volume) {
  for (const Container* container : all_containers(spec))
    for (const auto& mount : container->volume_mounts)
      if (mount.name == volume && !mount.read_only) return true;
  return false;
}

void add_host_path(const Draft& draft, const Volume& volume, const std::string& why) {
  const HostPathVolume& source = *volume.host_path;
  if (source.type == HostPathType::kAny || source.type == HostPathType::kDirectoryOrCreate)
    draft.prepare(Stage::kVolumes, action::MakeHostDirectory{source.path, 0755, {}}, why);
  if (source.type == HostPathType::kFileOrCreate) draft.prepare(Stage::kVolumes, action::MakeHostFile{source.path, 0644}, why);
  const bool writable = mounted_writable(draft.pod.spec, volume.name);
  // A device is what its number says, whoever owns its node; and where nodes are kept ids cannot be shifted.
  const bool device = source.type == HostPathType::kCharDevice || source.type == HostPathType::kBlockDevice;
  bind_host(draft, Stage::kVolumes,
            {.source = source.path,
             .target = cat(kVolumesFolder, '/', volume.name),
             .kind = expected_kind(source.type),
             .limits = {.read_only = !writable}},
            /*shift_ids=*/!device, cat(why, ".hostPath"), writable ? "the pod can change host files" : "");
}

constexpr MountLimits kOwnFolder{.no_suid = true, .no_dev = true};

// A folder on disk that goes with the pod.
void add_own_folder(const Draft& draft, const Volume& volume, const std::string& why) {
  const std::string folder = cat(draft.options.state_directory, "/volumes/", volume.name);
  use_disk(draft, Stage::kVolumes);
  draft.prepare(Stage::kVolumes,
                action::MakeHostDirectory{folder, 0777, draft.facts.privileged ? std::optional(draft.plan.uids[0].host) : std::nullopt},
                why);
  bind_host(draft, Stage::kVolumes,
            {.source = folder, .target = cat(kVolumesFolder, '/', volume.name), .kind = PathKind::kDirectory, .limits = kOwnFolder},
            /*shift_ids=*/false, why);
}

// A folder that is there before the pod and after it, under the name of its claim. Ids on disk are those the pod
// sees, so that any later pod sees the same.
void add_claim(const Draft& draft, const Volume& volume, const std::string& why) {
  const ClaimVolume& source = *volume.persistent_volume_claim;
  const DataObject* claim = spec::find_object(draft.objects, DataObject::Kind::kClaim, draft.pod.metadata.name_space, source.claim_name);
  const std::string folder = cat(draft.options.volumes_directory, '/', source.claim_name);
  const auto named = [&](const Volume& other) {
    return &other < &volume && other.persistent_volume_claim && other.persistent_volume_claim->claim_name == source.claim_name;
  };
  const auto& all = draft.pod.spec.volumes;
  if (std::none_of(all.begin(), all.end(), named)) {  // two volumes may name one claim, and two locks of a pod would be in each other's way
    draft.prepare(Stage::kVolumes, action::MakeHostDirectory{folder, 0777, {}}, why);
    draft.prepare(Stage::kVolumes, action::HoldVolume{folder, claim != nullptr && claim->one_pod}, why);
  }
  MountLimits limits = kOwnFolder;
  limits.read_only = source.read_only || !mounted_writable(draft.pod.spec, volume.name);
  bind_host(draft, Stage::kVolumes,
            {.source = folder, .target = cat(kVolumesFolder, '/', volume.name), .kind = PathKind::kDirectory, .limits = limits},
            /*shift_ids=*/true, why);
}

void add_empty_dir(const Draft& draft, const Volume& volume, const std::string& why) {
  const EmptyDirVolume& source = *volume.empty_dir;
  const std::string target = cat(kVolumesFolder, '/', volume.name);
  if (source.medium == StorageMedium::kMemory) {
    const std::string size = source.size_limit ? cat(source.size_limit->value) : std::string();
    draft.pause(Stage::kVolumes, action::MountTmpfs{.target = target, .mode = 0777, .size = size, .limits = kOwnFolder},
                cat(why, ".emptyDir"));
    return;
  }
  add_own_folder(draft, volume, cat(why, ".emptyDir"));
}

}  // namespace

void use_disk(const Draft& draft, Stage stage) {
  if (draft.plan.uses_disk) return;
  draft.plan.uses_disk = true;
  draft.prepare(stage, action::MakeHostDirectory{draft.options.state_directory, 0700, {}}, "the pod's own folder on disk");
}

void bind_host(const Draft& draft, Stage stage, action::BindHost bind, bool shift_ids, const std::string& why, const std::string& weakens) {
  if (draft.facts.privileged) {
    draft.prepare(stage, action::TakeTree{bind.source, shift_ids}, why);
    bind.taken = true;
  }
  draft.pause(stage, std::move(bind), why, weakens);
}

void add_volumes(const Draft& draft) {
  const auto& volumes = draft.pod.spec.volumes;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const std::string why = cat("spec.volumes[", i, ']');
    if (volumes[i].host_path) add_host_path(draft, volumes[i], why);
    else if (is_projection(volumes[i])) add_projection(draft, volumes[i], why);
    else if (volumes[i].persistent_volume_claim) add_claim(draft, volumes[i], cat(why, ".persistentVolumeClaim"));
    else if (volumes[i].ephemeral) add_own_folder(draft, volumes[i], cat(why, ".ephemeral"));
    else add_empty_dir(draft, volumes[i], why);
  }
}

}  // namespace podctl::plan
