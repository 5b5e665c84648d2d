// Field tables of Container and the types only it uses.
#include "spec/decode.hpp"
#include "spec/shapes.hpp"

namespace podctl::spec {
namespace {

constexpr std::string_view kNotYet = "podctl does not carry this out yet";

}  // namespace

template <>
const ObjectInfo& object_info<Container>() {
  static constexpr Field fields[] = {
      required<&Container::name>("name", "Name of the container, unique in the pod: a DNS label."),
      field<&Container::image>("image", "Root file system: absent or host for the host's own files, or rootfs:DIR."),
      no_effect("imagePullPolicy", kString, "When the image is pulled.", "no image is pulled"),
      field<&Container::command>("command", "Program and first arguments; replaces the image's entry point."),
      field<&Container::args>("args", "Arguments; replace the image's own."),
      field<&Container::working_dir>("workingDir", "Folder the program starts in; made when missing."),
      field<&Container::ports>("ports", "Ports the container listens on."),
      field<&Container::env_from>("envFrom", "Environment variables from whole ConfigMaps and Secrets; env wins over them."),
      field<&Container::env>("env", "Environment variables, in order."),
      field<&Container::resources>("resources", "Requests and limits."),
      no_effect("resizePolicy", kResizePolicies, "What a change of resources restarts.", "a pod is not resized in place"),
      field<&Container::restart_policy>("restartPolicy", "Restart rule of this container; Always makes an init container a sidecar."),
      field<&Container::restart_policy_rules>("restartPolicyRules", "Restart rules by exit code; the first that matches decides."),
      field<&Container::volume_mounts>("volumeMounts", "Where the pod's volumes appear."),
      rejected("volumeDevices", kObjects, "Raw block devices.", "there are no block volumes on one machine"),
      field<&Container::liveness_probe>("livenessProbe", "Check that restarts the container when it fails."),
      field<&Container::readiness_probe>("readinessProbe", "Check that says the container is ready."),
      field<&Container::startup_probe>("startupProbe", "Check that holds back the others until it passes."),
      field<&Container::lifecycle>("lifecycle", "What runs after the start and before the stop."),
      field<&Container::termination_message_path>("terminationMessagePath", "File whose end becomes the container's final message.",
                                                  "/dev/termination-log"),
      field<&Container::termination_message_policy>("terminationMessagePolicy",
                                                    "Whether the log may stand in for an empty file after a failure.", "File"),
      field<&Container::security_context>("securityContext", "Identity and confinement of this container."),
      field<&Container::stdin_open>("stdin", "Keep standard input open; else it is empty."),
      field<&Container::stdin_once>("stdinOnce", "Close standard input when its first reader is done."),
      field<&Container::tty>("tty", "Give the container a terminal, which is its standard output and error as well."),
  };
  static constexpr ObjectInfo info{"Container", fields, [](void* owner) { return &static_cast<Container*>(owner)->other; }};
  return info;
}

template <>
const ObjectInfo& object_info<ContainerPort>() {
  static constexpr Field fields[] = {
      field<&ContainerPort::name>("name", "Name that probes may use for the port."),
      field<&ContainerPort::container_port>("containerPort", "Port inside the pod, 1 to 65535."),
      field<&ContainerPort::host_port>("hostPort", "Port of the machine that leads to it."),
      field<&ContainerPort::host_ip>("hostIP", "Address of the machine hostPort is bound to."),
      field<&ContainerPort::protocol>("protocol", "TCP, UDP or SCTP.", "TCP"),
  };
  static constexpr ObjectInfo info{"ContainerPort", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ResourceRequirements>() {
  static constexpr Field fields[] = {
      field<&ResourceRequirements::limits>("limits", "The most the container may use."),
      field<&ResourceRequirements::requests>("requests", "What it is promised; a limit's value when absent."),
      rejected("claims", kObjects, "Devices claimed from a driver.", "there are no device drivers to claim from"),
  };
  static constexpr ObjectInfo info{"ResourceRequirements", fields};
  return info;
}

template <>
const ObjectInfo& object_info<VolumeMount>() {
  static constexpr Field fields[] = {
      required<&VolumeMount::name>("name", "Name of a volume of the pod."),
      required<&VolumeMount::mount_path>("mountPath", "Where it appears in the container."),
      field<&VolumeMount::read_only>("readOnly", "Mount it read-only."),
      field<&VolumeMount::sub_path>("subPath", "Folder or file inside the volume to mount instead of its root."),
      field<&VolumeMount::sub_path_expr>("subPathExpr", "subPath with $(NAME) expanded from the container's environment."),
      rejected("mountPropagation", kString, "Whether later mounts are seen.", kNotYet, "None"),
      rejected("recursiveReadOnly", kString, "Whether readOnly covers mounts below.", kNotYet, "Disabled"),
      rejected("bindMountOptions", kStrings, "noexec, nodev, nosuid.", kNotYet),
  };
  static constexpr ObjectInfo info{"VolumeMount", fields};
  return info;
}

template <>
const ObjectInfo& object_info<Capabilities>() {
  static constexpr Field fields[] = {
      field<&Capabilities::add>("add", "Capabilities added to the default set, with or without CAP_; ALL for all."),
      field<&Capabilities::drop>("drop", "Capabilities removed from the default set; ALL for all."),
  };
  static constexpr ObjectInfo info{"Capabilities", fields};
  return info;
}

template <>
const ObjectInfo& object_info<SecurityContext>() {
  static constexpr Field fields[] = {
      field<&SecurityContext::run_as_user>("runAsUser", "User id the program runs as."),
      field<&SecurityContext::run_as_group>("runAsGroup", "Group id the program runs as."),
      field<&SecurityContext::run_as_non_root>("runAsNonRoot", "Refuse to start as user 0."),
      field<&SecurityContext::read_only_root_filesystem>("readOnlyRootFilesystem", "No writable layer over the root file system."),
      field<&SecurityContext::allow_privilege_escalation>("allowPrivilegeEscalation",
                                                          "Let programs gain privileges by exec; podctl's default is false."),
      field<&SecurityContext::capabilities>("capabilities", "Changes to the default set of capabilities."),
      rejected("privileged", kBoolean, "Everything allowed inside the pod's user namespace.", kNotYet, "false"),
      rejected("procMount", kString, "Whether paths of /proc are hidden.", kNotYet, "Default"),
      rejected("seccompProfile", kAnything, "System call filter.", kNotYet),
      field<&SecurityContext::app_armor_profile>("appArmorProfile", "AppArmor profile."),
      no_effect("seLinuxOptions", kSeLinuxOptions, "SELinux label.", "podctl does not label processes"),
      rejected("windowsOptions", kAnything, "Settings for Windows containers.", "podctl runs on Linux"),
  };
  static constexpr ObjectInfo info{"SecurityContext", fields, [](void* owner) { return &static_cast<SecurityContext*>(owner)->other; }};
  return info;
}

}  // namespace podctl::spec
