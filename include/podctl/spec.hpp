#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// The manifest as values: Kubernetes core/v1 names and meaning, defaults filled in. Plain data; how it
/// is read, printed and documented is one field table per type (lib/spec/fields_*.cpp).
namespace podctl {

using StringMap = std::map<std::string, std::string>;

/// Fields of a type that podctl knows and carries nowhere but back out: name -> JSON text.
using Passthrough = std::map<std::string, std::string>;

enum class RestartPolicy { kAlways, kOnFailure, kNever };
enum class DnsPolicy { kClusterFirst, kClusterFirstWithHostNet, kDefault, kNone };
enum class Protocol { kTcp, kUdp, kSctp };
enum class TerminationMessagePolicy { kFile, kFallbackToLogsOnError };
enum class StorageMedium { kDisk, kMemory };
enum class HostPathType {
  kAny,  ///< "": no check, a missing path is made a directory
  kDirectoryOrCreate,
  kDirectory,
  kFileOrCreate,
  kFile,
  kSocket,
  kCharDevice,
  kBlockDevice,
};

/// An exact amount ("64Mi", "1.5", "100m"), never floating point; rounded up, as the API server does.
struct Quantity {
  std::string text;        ///< canonical spelling
  std::int64_t value = 0;  ///< whole units, rounded away from zero, capped at 2^63-1
  std::int64_t milli = 0;  ///< thousandths, rounded away from zero, capped at 2^63-1

  friend bool operator==(const Quantity&, const Quantity&) = default;
};

using ResourceList = std::map<std::string, Quantity>;

struct ResourceRequirements {
  ResourceList limits, requests;
};

struct ObjectMeta {
  std::string name, generate_name, name_space, uid, creation_timestamp;
  StringMap labels, annotations;
  Passthrough other;
};

/// A field of the pod that a variable or a file shows.
struct FieldRef {
  std::string api_version, field_path;
};

/// A limit or request of a container, e.g. "limits.memory", in units of `divisor`.
struct ResourceFieldRef {
  std::string container_name, resource;
  std::optional<Quantity> divisor;
};

/// One key of a ConfigMap or of a Secret.
struct KeyRef {
  std::string name, key;
  bool optional = false;
};

/// One key of a file that another container wrote into an emptyDir volume.
struct FileKeyRef {
  std::string volume_name, path, key;
  bool optional = false;
};

/// Exactly one is set.
struct EnvVarSource {
  std::optional<FieldRef> field_ref;
  std::optional<ResourceFieldRef> resource_field_ref;
  std::optional<KeyRef> config_map_key_ref, secret_key_ref;
  std::optional<FileKeyRef> file_key_ref;
};

struct EnvVar {
  std::string name, value;
  std::optional<EnvVarSource> value_from;
};

struct ObjectRef {
  std::string name;
  bool optional = false;
};

/// Variables from all keys of a ConfigMap or a Secret.
struct EnvFromSource {
  std::string prefix;
  std::optional<ObjectRef> config_map_ref, secret_ref;
};

struct ContainerPort {
  std::string name;
  std::optional<std::int32_t> container_port;
  std::optional<std::int32_t> host_port;
  std::string host_ip;
  Protocol protocol = Protocol::kTcp;
};

struct VolumeMount {
  std::string name, mount_path, sub_path, sub_path_expr;
  bool read_only = false;
};

struct Capabilities {
  std::vector<std::string> add, drop;
};

enum class ProfileType { kUnconfined, kRuntimeDefault, kLocalhost };

/// Which profile a security module confines a container with.
struct SecurityProfile {
  ProfileType type = ProfileType::kUnconfined;
  std::string localhost_profile;
};

struct SecurityContext {
  std::optional<std::int64_t> run_as_user, run_as_group;
  std::optional<bool> run_as_non_root;
  std::optional<bool> read_only_root_filesystem;
  std::optional<bool> allow_privilege_escalation;
  std::optional<Capabilities> capabilities;
  std::optional<SecurityProfile> app_armor_profile;
  Passthrough other;
};

struct PodSecurityContext {
  std::optional<std::int64_t> run_as_user, run_as_group;
  std::optional<bool> run_as_non_root;
  std::vector<std::int64_t> supplemental_groups;
  std::optional<SecurityProfile> app_armor_profile;
  Passthrough other;
};

/// A port by its number, or by the name it has among the container's ports.
struct PortReference {
  std::int32_t number = 0;  ///< 0 when it is named
  std::string name;

  friend bool operator==(const PortReference&, const PortReference&) = default;
};

enum class UriScheme { kHttp, kHttps };

struct HttpHeader {
  std::string name, value;
};

struct ExecAction {
  std::vector<std::string> command;
};
struct HttpGetAction {
  std::string path, host;  ///< host: the pod's own address when empty
  PortReference port;
  UriScheme scheme = UriScheme::kHttp;
  std::vector<HttpHeader> http_headers;
};
struct TcpSocketAction {
  PortReference port;
  std::string host;
};
struct GrpcAction {
  std::int32_t port = 0;
  std::string service;
};
struct SleepAction {
  std::int64_t seconds = 0;
};

/// A check that is made again and again. Exactly one action is set.
struct Probe {
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<TcpSocketAction> tcp_socket;
  std::optional<GrpcAction> grpc;
  std::int32_t initial_delay_seconds = 0, timeout_seconds = 1, period_seconds = 10;
  std::int32_t success_threshold = 1, failure_threshold = 3;
  std::optional<std::int64_t> termination_grace_period_seconds;
};

/// Something done once beside the container's program. Exactly one action is set.
struct LifecycleHandler {
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<TcpSocketAction> tcp_socket;
  std::optional<SleepAction> sleep;
};

struct Lifecycle {
  std::optional<LifecycleHandler> post_start, pre_stop;
  std::string stop_signal;  ///< "SIGUSR1"; empty for SIGTERM
};

enum class RestartRuleAction { kRestart, kRestartAllContainers };
enum class ExitCodeOperator { kIn, kNotIn };

struct ExitCodeRule {
  ExitCodeOperator comparison = ExitCodeOperator::kIn;
  std::vector<std::int32_t> values;
};

/// What an exit code leads to, before the restart policy is asked.
struct RestartRule {
  RestartRuleAction action = RestartRuleAction::kRestart;
  std::optional<ExitCodeRule> exit_codes;
};

struct Container {
  std::string name, image, working_dir;
  std::vector<std::string> command, args;
  std::vector<ContainerPort> ports;
  std::vector<EnvFromSource> env_from;
  std::vector<EnvVar> env;
  ResourceRequirements resources;
  std::vector<VolumeMount> volume_mounts;
  SecurityContext security_context;
  std::optional<RestartPolicy> restart_policy;  ///< instead of the pod's; Always makes an init container a sidecar
  std::vector<RestartRule> restart_policy_rules;
  std::optional<Probe> liveness_probe, readiness_probe, startup_probe;
  Lifecycle lifecycle;
  std::string termination_message_path;
  TerminationMessagePolicy termination_message_policy = TerminationMessagePolicy::kFile;
  bool stdin_open = false;
  bool stdin_once = false;
  bool tty = false;
  Passthrough other;
};

struct KeyToPath {
  std::string key, path;
  std::optional<std::int32_t> mode;
};

struct EmptyDirVolume {
  StorageMedium medium = StorageMedium::kDisk;
  std::optional<Quantity> size_limit;
};

struct HostPathVolume {
  std::string path;
  HostPathType type = HostPathType::kAny;
};

/// Files made of the keys of a ConfigMap or of a Secret.
struct ObjectProjection {
  std::string name;
  std::vector<KeyToPath> items;
  bool optional = false;
};
/// What volumes made of a ConfigMap or of a Secret have in common.
struct ObjectVolume : ObjectProjection {
  std::int32_t default_mode = 0;
};
struct ConfigMapVolume : ObjectVolume {};
struct SecretVolume : ObjectVolume {};

/// A file that shows a field of the pod or a resource of a container.
struct DownwardFile {
  std::string path;
  std::optional<FieldRef> field_ref;
  std::optional<ResourceFieldRef> resource_field_ref;
  std::optional<std::int32_t> mode;
};
struct DownwardProjection {
  std::vector<DownwardFile> items;
};
struct DownwardVolume : DownwardProjection {
  std::int32_t default_mode = 0;
};

/// Exactly one is set.
struct ProjectionSource {
  std::optional<ObjectProjection> config_map, secret;
  std::optional<DownwardProjection> downward_api;
};
/// Several sources in one folder.
struct ProjectedVolume {
  std::vector<ProjectionSource> sources;
  std::int32_t default_mode = 0;
};

enum class AccessMode { kReadWriteOnce, kReadOnlyMany, kReadWriteMany, kReadWriteOncePod };

/// What is asked of a PersistentVolumeClaim: here it is a folder.
struct ClaimSpec {
  std::vector<AccessMode> access_modes;
  Passthrough other;
};
/// A folder that outlives the pod.
struct ClaimVolume {
  std::string claim_name;
  bool read_only = false;
};
struct ClaimTemplate {
  ObjectMeta metadata;
  ClaimSpec spec;
};
/// A claim that goes with the pod.
struct EphemeralVolume {
  std::optional<ClaimTemplate> volume_claim_template;
};

/// Exactly one source is set once defaults are filled in.
struct Volume {
  std::string name;
  std::optional<EmptyDirVolume> empty_dir;
  std::optional<HostPathVolume> host_path;
  std::optional<ConfigMapVolume> config_map;
  std::optional<SecretVolume> secret;
  std::optional<DownwardVolume> downward_api;
  std::optional<ProjectedVolume> projected;
  std::optional<ClaimVolume> persistent_volume_claim;
  std::optional<EphemeralVolume> ephemeral;
};

struct HostAlias {
  std::string ip;
  std::vector<std::string> hostnames;
};

struct DnsOption {
  std::string name;
  std::optional<std::string> value;
};

struct DnsConfig {
  std::vector<std::string> nameservers, searches;
  std::vector<DnsOption> options;
};

struct ReadinessGate {
  std::string condition_type;
};

struct PodOs {
  std::string name;
};

struct PodSpec {
  std::vector<Volume> volumes;
  std::vector<Container> init_containers, containers;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  std::int64_t termination_grace_period_seconds = 0;
  std::optional<std::int64_t> active_deadline_seconds;
  DnsPolicy dns_policy = DnsPolicy::kClusterFirst;
  DnsConfig dns_config;
  bool host_network = false;
  bool host_ipc = false;
  std::optional<bool> share_process_namespace;
  std::optional<bool> host_users;
  std::optional<PodOs> os;
  std::string hostname, subdomain;
  std::vector<HostAlias> host_aliases;
  std::vector<ReadinessGate> readiness_gates;
  PodSecurityContext security_context;
  Passthrough other;
};

struct Pod {
  std::string api_version, kind;
  ObjectMeta metadata;
  PodSpec spec;
};

/// What a pod may refer to by name: a ConfigMap or a Secret, with the files it holds, decoded (a Secret's content is
/// never printed), or a PersistentVolumeClaim.
struct DataObject {
  enum class Kind { kConfigMap, kSecret, kClaim };
  Kind kind = Kind::kConfigMap;
  std::string name, name_space;
  std::map<std::string, std::string> data;  ///< key -> bytes
  std::set<std::string> binary;             ///< keys of a ConfigMap's binaryData: files, and never variables
  bool one_pod = false;                     ///< of a claim: one pod at a time (ReadWriteOncePod)
};

/// Every container of the pod in start order, init containers first.
inline std::vector<const Container*> all_containers(const PodSpec& spec) {
  std::vector<const Container*> all;
  all.reserve(spec.init_containers.size() + spec.containers.size());
  for (const auto& c : spec.init_containers) all.push_back(&c);
  for (const auto& c : spec.containers) all.push_back(&c);
  return all;
}

}  // namespace podctl
