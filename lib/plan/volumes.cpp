// The pod's volumes: each exists once, in the pod tree, and members show it to themselves.
#include <ctime>
#include <set>

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

void add_empty_dir(const Draft& draft, const Volume& volume, const std::string& why) {
  const EmptyDirVolume& source = *volume.empty_dir;
  const std::string target = cat(kVolumesFolder, '/', volume.name);
  const MountLimits limits{.no_suid = true, .no_dev = true};
  if (source.medium == StorageMedium::kMemory) {
    const std::string size = source.size_limit ? cat(source.size_limit->value) : std::string();
    draft.pause(Stage::kVolumes, action::MountTmpfs{.target = target, .mode = 0777, .size = size, .limits = limits}, cat(why, ".emptyDir"));
    return;
  }
  const std::string folder = cat(draft.options.state_directory, "/volumes/", volume.name);
  use_disk(draft, Stage::kVolumes);
  draft.prepare(Stage::kVolumes,
                action::MakeHostDirectory{folder, 0777, draft.facts.privileged ? std::optional(draft.plan.uids[0].host) : std::nullopt},
                cat(why, ".emptyDir"));
  bind_host(draft, Stage::kVolumes, {.source = folder, .target = target, .kind = PathKind::kDirectory, .limits = limits},
            /*shift_ids=*/false, cat(why, ".emptyDir"));
}

// The layout a kubelet gives these volumes: the files lie in a folder named by the time, "..data" leads to
// it, and every name at the top is a link through "..data", so that an update is one rename.
action::WriteFiles projected_files(const Draft& draft, std::string target, std::vector<FileContent> files) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(draft.options.start_time);
  const std::time_t whole = seconds.count();
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char stamp[32];
  const std::size_t length = std::strftime(stamp, sizeof stamp, "..%Y_%m_%d_%H_%M_%S", &parts);
  const std::string folder = cat(std::string_view(stamp, length), '.', (draft.options.start_time - seconds).count());

  action::WriteFiles write{.target = std::move(target), .directories = {folder}, .files = {}, .links = {}};
  std::set<std::string> folders, tops;
  for (auto& file : files) {
    const std::string path = clean_path(file.path).substr(1);
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      if (folders.insert(path.substr(0, slash)).second) write.directories.push_back(cat(folder, '/', path.substr(0, slash)));
    const std::string top = path.substr(0, path.find('/'));
    if (tops.insert(top).second) write.links.push_back({top, cat("..data/", top)});
    file.path = cat(folder, '/', path);
  }
  write.links.push_back({"..data", folder});
  write.files = std::move(files);
  return write;
}

std::vector<FileContent> object_files(const ObjectVolume& source, const DataObject* object) {
  std::vector<FileContent> files;
  if (object == nullptr) return files;
  const auto mode = [&](const std::optional<std::int32_t>& own) { return static_cast<std::uint32_t>(own.value_or(source.default_mode)); };
  if (source.items.empty()) {
    for (const auto& [key, bytes] : object->data) files.push_back({key, bytes, mode({})});
    return files;
  }
  for (const auto& item : source.items)
    if (const auto found = object->data.find(item.key); found != object->data.end())
      files.push_back({item.path, found->second, mode(item.mode)});
  return files;
}

void add_object(const Draft& draft, const Volume& volume, const ObjectVolume& source, DataObject::Kind kind, std::string why) {
  const DataObject* object = spec::find_object(draft.objects, kind, draft.pod.metadata.name_space, source.name);
  draft.pause(Stage::kVolumes, projected_files(draft, cat(kVolumesFolder, '/', volume.name), object_files(source, object)), std::move(why));
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
    else if (volumes[i].config_map)
      add_object(draft, volumes[i], *volumes[i].config_map, DataObject::Kind::kConfigMap, cat(why, ".configMap"));
    else if (volumes[i].secret) add_object(draft, volumes[i], *volumes[i].secret, DataObject::Kind::kSecret, cat(why, ".secret"));
    else add_empty_dir(draft, volumes[i], why);
  }
}

}  // namespace podctl::plan
