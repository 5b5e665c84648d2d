#pragma once

#include <span>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/spec.hpp"
#include "spec/node.hpp"
#include "spec/report.hpp"

namespace podctl::spec {

/// Every rule about a pod whose fields have been read and defaulted. `tree` is what it was read from and
/// gives the places.
void validate_pod(const Pod& pod, std::span<const DataObject> objects, const Node& tree, std::vector<Diagnostic>& problems);

// By topic; one file each.
void validate_metadata(const ObjectMeta& metadata, Report& report);
void validate_container(const Container& container, const PodSpec& spec, const Path& path, Report& report);
void validate_environment(const Pod& pod, std::span<const DataObject> objects, const Container& container, const Path& path,
                          Report& report);
void validate_volumes(const Pod& pod, std::span<const DataObject> objects, Report& report);
/// The files of configMap, secret, downwardAPI and projected volumes.
void validate_projections(const Volume& volume, const Pod& pod, std::span<const DataObject> objects, const Path& path, Report& report);
void validate_app_armor(const SecurityProfile& profile, const Path& path, Report& report);
void validate_mounts(const Container& container, const PodSpec& spec, const Path& path, Report& report);
void validate_lifecycle(const Container& container, const PodSpec& spec, const Path& path, Report& report);
/// What an init container that runs to its end cannot have.
void validate_init_lifecycle(const Container& container, const Path& path, Report& report);
void validate_network(const PodSpec& spec, Report& report);

/// The ConfigMap or Secret of that name in the pod's namespace, or null.
const DataObject* find_object(std::span<const DataObject> objects, DataObject::Kind kind, std::string_view name_space,
                              std::string_view name);

}  // namespace podctl::spec
