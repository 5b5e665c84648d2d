// Field tables of PodSpec and the types only it uses.
#include "spec/decode.hpp"
#include "spec/shapes.hpp"

namespace podctl::spec {
namespace {

constexpr std::string_view kOneMachine = "there is one machine, nothing to choose between";
constexpr std::string_view kNoScheduler = "there is no scheduler";
constexpr std::string_view kNoApiServer = "there is no API server to have an identity for";
constexpr std::string_view kNotYet = "podctl does not carry this out yet";

}  // namespace

template <>
const ObjectInfo& object_info<PodSpec>() {
  static constexpr Field fields[] = {
      field<&PodSpec::volumes>("volumes", "Folders and files the containers can mount."),
      field<&PodSpec::init_containers>("initContainers", "Containers that run to their end, in order, before the others start."),
      required<&PodSpec::containers>("containers", "The containers of the pod; at least one."),
      rejected("ephemeralContainers", kObjects, "Containers added to a running pod.", "cannot be set on create"),
      field<&PodSpec::restart_policy>("restartPolicy", "What restarts when it ends: Always, OnFailure or Never.", "Always"),
      field<&PodSpec::termination_grace_period_seconds>("terminationGracePeriodSeconds", "Seconds between the stop signal and SIGKILL.",
                                                        "30"),
      field<&PodSpec::active_deadline_seconds>("activeDeadlineSeconds", "Seconds the pod may be active before it is failed."),
      field<&PodSpec::dns_policy>("dnsPolicy", "Where resolv.conf comes from; without a cluster's DNS server, ClusterFirst means Default.",
                                  "ClusterFirst"),
      field<&PodSpec::dns_config>("dnsConfig", "Name servers, search domains and options added to resolv.conf."),
      no_effect("nodeSelector", kStringMap, "Labels the node must have.", kOneMachine),
      no_effect("nodeName", kString, "The node to run on.", kOneMachine),
      no_effect("affinity", kAffinity, "Rules about nodes and pods to be near to or away from.", kOneMachine),
      no_effect("tolerations", kTolerations, "Taints of a node that are accepted.", kOneMachine),
      no_effect("topologySpreadConstraints", kTopologySpreadConstraints, "How pods are spread over places.", kOneMachine),
      no_effect("schedulerName", kString, "Which scheduler places the pod.", kNoScheduler, "default-scheduler"),
      no_effect("schedulingGates", kNameReferences, "What must happen before the pod is scheduled; podctl does not wait.", kNoScheduler),
      no_effect("schedulingGroup", kSchedulingGroup, "Pods that are scheduled as one.", kNoScheduler),
      no_effect("priorityClassName", kString, "Class that sets the priority.", kNoScheduler),
      no_effect("priority", kInteger, "Rank among pods when one must go.", kNoScheduler),
      no_effect("preemptionPolicy", kString, "Whether it may push out others.", kNoScheduler, "PreemptLowerPriority"),
      no_effect("overhead", kQuantityMap, "What the runtime class itself costs.", kNoScheduler),
      no_effect("runtimeClassName", kString, "Which runtime runs the pod.", "podctl is the runtime"),
      no_effect("serviceAccountName", kString, "Identity towards the API server.", kNoApiServer, "default"),
      no_effect("serviceAccount", kString, "Older name of serviceAccountName.", kNoApiServer, "default"),
      no_effect("automountServiceAccountToken", kBoolean, "Whether a token is mounted; podctl never mounts one.", kNoApiServer, "false"),
      no_effect("enableServiceLinks", kBoolean, "Environment variables about Services; there are none.", "there are no Services", "true"),
      no_effect("imagePullSecrets", kNameReferences, "Secrets with registry credentials.", "no image is pulled"),
      no_effect<&PodSpec::readiness_gates>("readinessGates", "Further conditions of readiness.",
                                           "nobody sets the conditions, and the pod does not become Ready"),
      no_effect("evictionResponders", kObjects, "Who answers an eviction request.", "there is no eviction API"),
      field<&PodSpec::host_network>("hostNetwork", "Use the machine's own network namespace."),
      rejected("hostPID", kBoolean, "Use the machine's own pid namespace.",
               "the pod's own pid namespace is what ends every process of the pod with it", "false"),
      field<&PodSpec::host_ipc>("hostIPC", "Use the machine's own System V IPC and /dev/shm."),
      field<&PodSpec::share_process_namespace>("shareProcessNamespace",
                                               "One pid namespace for all containers (podctl's default) or one each."),
      field<&PodSpec::host_users>("hostUsers", "false asks for a user namespace; a podctl pod always has one."),
      field<&PodSpec::hostname>("hostname", "Host name seen inside; the pod's name when absent."),
      field<&PodSpec::subdomain>("subdomain", "Domain part of the pod's full name in /etc/hosts."),
      rejected("setHostnameAsFQDN", kBoolean, "Make the full name the host name.", kNotYet, "false"),
      rejected("hostnameOverride", kString, "Exact host name, whatever the other fields say.", kNotYet),
      field<&PodSpec::host_aliases>("hostAliases", "Further lines of /etc/hosts."),
      field<&PodSpec::os>("os", "Operating system the pod is written for."),
      no_effect("resources", kAnything, "Limits of the pod as a whole.", "resource limits are not enforced yet"),
      rejected("resourceClaims", kObjects, "Devices claimed from a driver.", "there are no device drivers to claim from"),
      field<&PodSpec::security_context>("securityContext", "Identity and confinement of all containers."),
  };
  static constexpr ObjectInfo info{"PodSpec", fields, [](void* owner) { return &static_cast<PodSpec*>(owner)->other; }};
  return info;
}

template <>
const ObjectInfo& object_info<PodSecurityContext>() {
  static constexpr Field fields[] = {
      field<&PodSecurityContext::run_as_user>("runAsUser", "User id the programs run as; a container's own value wins."),
      field<&PodSecurityContext::run_as_group>("runAsGroup", "Group id the programs run as; a container's own value wins."),
      field<&PodSecurityContext::run_as_non_root>("runAsNonRoot", "Refuse to start a container as user 0."),
      field<&PodSecurityContext::supplemental_groups>("supplementalGroups", "Further groups of every program."),
      rejected("supplementalGroupsPolicy", kString, "Whether groups of the image are added.", kNotYet, "Merge"),
      rejected("fsGroup", kInteger, "Group that owns the pod's volumes.", kNotYet),
      rejected("fsGroupChangePolicy", kString, "When volumes are given to fsGroup.", kNotYet),
      rejected("sysctls", kObjects, "Kernel settings of the pod's namespaces.", kNotYet),
      rejected("seccompProfile", kAnything, "System call filter of all containers.", kNotYet),
      field<&PodSecurityContext::app_armor_profile>("appArmorProfile", "AppArmor profile of all containers."),
      no_effect("seLinuxOptions", kSeLinuxOptions, "SELinux label of all containers.", "podctl does not label processes"),
      no_effect("seLinuxChangePolicy", kString, "How volumes are labelled.", "podctl does not label files"),
      rejected("windowsOptions", kAnything, "Settings for Windows containers.", "podctl runs on Linux"),
  };
  static constexpr ObjectInfo info{"PodSecurityContext", fields,
                                   [](void* owner) { return &static_cast<PodSecurityContext*>(owner)->other; }};
  return info;
}

template <>
const ObjectInfo& object_info<SecurityProfile>() {
  static constexpr Field fields[] = {
      required<&SecurityProfile::type>("type", "Unconfined, RuntimeDefault or Localhost."),
      field<&SecurityProfile::localhost_profile>("localhostProfile", "Profile on this machine, for type Localhost."),
  };
  static constexpr ObjectInfo info{"SecurityProfile", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ReadinessGate>() {
  static constexpr Field fields[] = {
      required<&ReadinessGate::condition_type>("conditionType", "Condition that must be True."),
  };
  static constexpr ObjectInfo info{"PodReadinessGate", fields};
  return info;
}

template <>
const ObjectInfo& object_info<PodOs>() {
  static constexpr Field fields[] = {
      required<&PodOs::name>("name", "linux."),
  };
  static constexpr ObjectInfo info{"PodOS", fields};
  return info;
}

template <>
const ObjectInfo& object_info<HostAlias>() {
  static constexpr Field fields[] = {
      required<&HostAlias::ip>("ip", "Address of the line."),
      field<&HostAlias::hostnames>("hostnames", "Names for the address."),
  };
  static constexpr ObjectInfo info{"HostAlias", fields};
  return info;
}

template <>
const ObjectInfo& object_info<DnsConfig>() {
  static constexpr Field fields[] = {
      field<&DnsConfig::nameservers>("nameservers", "Addresses of name servers; three at most are used."),
      field<&DnsConfig::searches>("searches", "Domains that short names are looked up in."),
      field<&DnsConfig::options>("options", "Options of the resolver (resolv.conf(5))."),
  };
  static constexpr ObjectInfo info{"PodDNSConfig", fields};
  return info;
}

template <>
const ObjectInfo& object_info<DnsOption>() {
  static constexpr Field fields[] = {
      required<&DnsOption::name>("name", "Name of the option, e.g. ndots."),
      field<&DnsOption::value>("value", "Its value, for an option that has one."),
  };
  static constexpr ObjectInfo info{"PodDNSConfigOption", fields};
  return info;
}

}  // namespace podctl::spec
