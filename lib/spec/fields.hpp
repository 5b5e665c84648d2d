#pragma once

#include <span>
#include <string_view>

#include "podctl/config.hpp"
#include "podctl/spec.hpp"
#include "spec/node.hpp"

/// The field tables: for every manifest type, what its fields are called, hold, default to, mean, and
/// what podctl does about them. Reading, unknown-field detection, printing, and whatever documents the
/// fields walk these tables; there is no second list of fields anywhere.
namespace podctl::spec {

class Decoder;
struct ObjectInfo;

enum class Support {
  kYes,
  kNoEffect,  ///< accepted and kept; means nothing on one machine
  kRejected,  ///< known, but refused: `reason` says why
};

enum class Kind { kString, kInteger, kBoolean, kQuantity, kIntOrString, kList, kMap, kObject, kAny };

struct Type {
  Kind kind = Kind::kAny;
  const Type* element = nullptr;                  ///< of kList and kMap
  const ObjectInfo& (*object)() = nullptr;        ///< of kObject
  std::span<const std::string_view> values = {};  ///< of a kString with fixed spellings
};

struct Field {
  std::string_view name;
  Type type;
  std::string_view doc;  ///< one line
  bool required = false;
  std::string_view default_text = {};  ///< as it would be written; empty: none, or it depends (see defaults.cpp)
  Support support = Support::kYes;
  std::string_view reason = {};  ///< of kNoEffect and kRejected

  /// Reads a value into its place in `owner`; null for fields that have none there.
  void (*read)(Decoder&, const Node&, void* owner) = nullptr;
  /// The value as a node; kNull when it is unset.
  Node (*write)(const void* owner, const Field& field) = nullptr;
};

struct ObjectInfo {
  std::string_view name;
  std::span<const Field> fields;
  /// Where fields without a place of their own are kept, or null.
  Passthrough* (*other)(void* owner) = nullptr;
};

/// The table of a type that appears in spec.hpp; each stands in a fields_*.cpp.
template <class T>
const ObjectInfo& object_info();
template <>
const ObjectInfo& object_info<Config>();
template <>
const ObjectInfo& object_info<Pod>();
template <>
const ObjectInfo& object_info<ObjectMeta>();
template <>
const ObjectInfo& object_info<PodSpec>();
template <>
const ObjectInfo& object_info<PodSecurityContext>();
template <>
const ObjectInfo& object_info<PodOs>();
template <>
const ObjectInfo& object_info<HostAlias>();
template <>
const ObjectInfo& object_info<DnsConfig>();
template <>
const ObjectInfo& object_info<DnsOption>();
template <>
const ObjectInfo& object_info<Container>();
template <>
const ObjectInfo& object_info<ContainerPort>();
template <>
const ObjectInfo& object_info<EnvVar>();
template <>
const ObjectInfo& object_info<EnvVarSource>();
template <>
const ObjectInfo& object_info<FieldRef>();
template <>
const ObjectInfo& object_info<ResourceFieldRef>();
template <>
const ObjectInfo& object_info<KeyRef>();
template <>
const ObjectInfo& object_info<FileKeyRef>();
template <>
const ObjectInfo& object_info<EnvFromSource>();
template <>
const ObjectInfo& object_info<ObjectRef>();
template <>
const ObjectInfo& object_info<ResourceRequirements>();
template <>
const ObjectInfo& object_info<VolumeMount>();
template <>
const ObjectInfo& object_info<Capabilities>();
template <>
const ObjectInfo& object_info<SecurityContext>();
template <>
const ObjectInfo& object_info<SecurityProfile>();
template <>
const ObjectInfo& object_info<Probe>();
template <>
const ObjectInfo& object_info<Lifecycle>();
template <>
const ObjectInfo& object_info<LifecycleHandler>();
template <>
const ObjectInfo& object_info<ExecAction>();
template <>
const ObjectInfo& object_info<HttpGetAction>();
template <>
const ObjectInfo& object_info<HttpHeader>();
template <>
const ObjectInfo& object_info<TcpSocketAction>();
template <>
const ObjectInfo& object_info<GrpcAction>();
template <>
const ObjectInfo& object_info<SleepAction>();
template <>
const ObjectInfo& object_info<RestartRule>();
template <>
const ObjectInfo& object_info<ExitCodeRule>();
template <>
const ObjectInfo& object_info<ReadinessGate>();
template <>
const ObjectInfo& object_info<Volume>();
template <>
const ObjectInfo& object_info<EmptyDirVolume>();
template <>
const ObjectInfo& object_info<HostPathVolume>();
template <>
const ObjectInfo& object_info<ConfigMapVolume>();
template <>
const ObjectInfo& object_info<SecretVolume>();
template <>
const ObjectInfo& object_info<KeyToPath>();
template <>
const ObjectInfo& object_info<ObjectProjection>();
template <>
const ObjectInfo& object_info<DownwardFile>();
template <>
const ObjectInfo& object_info<DownwardProjection>();
template <>
const ObjectInfo& object_info<DownwardVolume>();
template <>
const ObjectInfo& object_info<ProjectionSource>();
template <>
const ObjectInfo& object_info<ProjectedVolume>();
template <>
const ObjectInfo& object_info<ClaimVolume>();
template <>
const ObjectInfo& object_info<ClaimSpec>();
template <>
const ObjectInfo& object_info<ClaimTemplate>();
template <>
const ObjectInfo& object_info<EphemeralVolume>();

/// The field that a dotted path ("spec.containers[0].image") names under `info`, and the type of the value
/// at its end; null when there is none.
const Type* find_type(const ObjectInfo& info, std::string_view path);

}  // namespace podctl::spec
