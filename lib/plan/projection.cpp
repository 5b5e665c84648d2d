// Volumes whose files are written into memory: ConfigMaps, Secrets, what the pod is, and mixtures of them.
#include <ctime>
#include <map>
#include <set>

#include "base/path.hpp"
#include "base/text.hpp"
#include "plan/builder.hpp"
#include "spec/validate.hpp"

namespace podctl::plan {
namespace {

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

// Puts the files of sources together: of two with the same path the later one counts.
class FileList {
 public:
  FileList(const Draft& draft, std::int32_t default_mode) : draft_(draft), default_mode_(default_mode) {}

  void add(const ObjectProjection& source, DataObject::Kind kind) {
    const DataObject* object = spec::find_object(draft_.objects, kind, draft_.pod.metadata.name_space, source.name);
    if (object == nullptr) return;  // an optional one
    if (source.items.empty())
      for (const auto& [key, bytes] : object->data) put(key, bytes, {});
    for (const auto& item : source.items)
      if (const auto found = object->data.find(item.key); found != object->data.end()) put(item.path, found->second, item.mode);
  }

  void add(const DownwardProjection& source) {
    for (const auto& item : source.items)
      put(item.path,
          item.field_ref ? field_value(draft_, *item.field_ref)
                         : resource_value(draft_, *item.resource_field_ref, *all_containers(draft_.pod.spec).front()),
          item.mode);
  }

  std::vector<FileContent> take() { return std::move(files_); }

 private:
  void put(const std::string& path, std::string content, const std::optional<std::int32_t>& mode) {
    FileContent file{path, std::move(content), static_cast<std::uint32_t>(mode.value_or(default_mode_))};
    const auto [place, is_new] = places_.emplace(clean_path(path), files_.size());
    if (is_new) files_.push_back(std::move(file));
    else files_[place->second] = std::move(file);
  }

  const Draft& draft_;
  std::int32_t default_mode_;
  std::vector<FileContent> files_;
  std::map<std::string, std::size_t> places_;  // path -> index into files_
};

std::vector<FileContent> files_of(const Draft& draft, const ProjectedVolume& volume) {
  FileList files(draft, volume.default_mode);
  for (const auto& source : volume.sources) {
    if (source.config_map) files.add(*source.config_map, DataObject::Kind::kConfigMap);
    if (source.secret) files.add(*source.secret, DataObject::Kind::kSecret);
    if (source.downward_api) files.add(*source.downward_api);
  }
  return files.take();
}

template <class Source, class... Kind>
std::vector<FileContent> files_of(const Draft& draft, const Source& source, Kind... kind) {
  FileList files(draft, source.default_mode);
  files.add(source, kind...);
  return files.take();
}

std::vector<FileContent> files_of(const Draft& draft, const Volume& volume) {
  if (volume.config_map) return files_of(draft, *volume.config_map, DataObject::Kind::kConfigMap);
  if (volume.secret) return files_of(draft, *volume.secret, DataObject::Kind::kSecret);
  if (volume.downward_api) return files_of(draft, *volume.downward_api);
  if (volume.projected) return files_of(draft, *volume.projected);
  return {};
}

std::string_view field_of(const Volume& volume) {
  return volume.config_map ? ".configMap" : volume.secret ? ".secret" : volume.downward_api ? ".downwardAPI" : ".projected";
}

}  // namespace

bool is_projection(const Volume& volume) { return volume.config_map || volume.secret || volume.downward_api || volume.projected; }

std::size_t projected_bytes(const Draft& draft) {
  constexpr std::size_t kBlock = 4096;
  std::size_t bytes = 0;
  for (const auto& volume : draft.pod.spec.volumes)
    for (const auto& file : files_of(draft, volume)) bytes += file.content.size() + 2 * kBlock;  // the rest of its block, and its folder
  return bytes;
}

void add_projection(const Draft& draft, const Volume& volume, const std::string& why) {
  draft.pause(Stage::kVolumes, projected_files(draft, cat(kVolumesFolder, '/', volume.name), files_of(draft, volume)),
              cat(why, field_of(volume)));
}

}  // namespace podctl::plan
