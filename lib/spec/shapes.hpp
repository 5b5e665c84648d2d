#pragma once

#include "spec/decode.hpp"

/// Types of fields that only a cluster can honour: their syntax is checked and nothing more, so they have
/// a table but no values in spec.hpp.
namespace podctl::spec {

// One table: its fields, and the type that names it.
template <const auto& Fields>
const ObjectInfo& table() {
  static constexpr ObjectInfo info{"", Fields};
  return info;
}
template <const auto& Fields>
inline constexpr Type kObjectOf{.kind = Kind::kObject, .object = &table<Fields>};
template <const auto& Fields>
inline constexpr Type kListOf{.kind = Kind::kList, .element = &kObjectOf<Fields>};

inline constexpr Field kRequirementFields[] = {
    shape("key", kString, "Label or field the rule looks at."),
    shape("operator", kString, "In, NotIn, Exists, DoesNotExist, Gt or Lt."),
    shape("values", kStrings, "Values to compare with."),
};
inline constexpr Field kLabelSelectorFields[] = {
    shape("matchLabels", kStringMap, "Labels that must be equal."),
    shape("matchExpressions", kListOf<kRequirementFields>, "Rules that must all hold."),
};
inline constexpr Field kNodeSelectorTermFields[] = {
    shape("matchExpressions", kListOf<kRequirementFields>, "Rules on the node's labels."),
    shape("matchFields", kListOf<kRequirementFields>, "Rules on the node's fields."),
};
inline constexpr Field kNodeSelectorFields[] = {
    shape("nodeSelectorTerms", kListOf<kNodeSelectorTermFields>, "Terms of which one must hold."),
};
inline constexpr Field kPreferredNodeFields[] = {
    shape("weight", kInteger, "1 to 100."),
    shape("preference", kObjectOf<kNodeSelectorTermFields>, "The term that is preferred."),
};
inline constexpr Field kNodeAffinityFields[] = {
    shape("requiredDuringSchedulingIgnoredDuringExecution", kObjectOf<kNodeSelectorFields>, "Must hold."),
    shape("preferredDuringSchedulingIgnoredDuringExecution", kListOf<kPreferredNodeFields>, "Should hold."),
};
inline constexpr Field kPodAffinityTermFields[] = {
    shape("labelSelector", kObjectOf<kLabelSelectorFields>, "Pods the rule is about."),
    shape("namespaces", kStrings, "Namespaces to look in."),
    shape("namespaceSelector", kObjectOf<kLabelSelectorFields>, "Namespaces by label."),
    shape("topologyKey", kString, "Node label that says what counts as the same place."),
    shape("matchLabelKeys", kStrings, "Label keys taken from this pod."),
    shape("mismatchLabelKeys", kStrings, "Label keys that must differ."),
};
inline constexpr Field kWeightedPodAffinityTermFields[] = {
    shape("weight", kInteger, "1 to 100."),
    shape("podAffinityTerm", kObjectOf<kPodAffinityTermFields>, "The term that is preferred."),
};
inline constexpr Field kPodAffinityFields[] = {
    shape("requiredDuringSchedulingIgnoredDuringExecution", kListOf<kPodAffinityTermFields>, "Must hold."),
    shape("preferredDuringSchedulingIgnoredDuringExecution", kListOf<kWeightedPodAffinityTermFields>, "Should hold."),
};
inline constexpr Field kAffinityFields[] = {
    shape("nodeAffinity", kObjectOf<kNodeAffinityFields>, "Rules about nodes."),
    shape("podAffinity", kObjectOf<kPodAffinityFields>, "Pods to be near to."),
    shape("podAntiAffinity", kObjectOf<kPodAffinityFields>, "Pods to be away from."),
};
inline constexpr Field kTolerationFields[] = {
    shape("key", kString, "Taint key."),
    shape("operator", kString, "Exists or Equal."),
    shape("value", kString, "Taint value."),
    shape("effect", kString, "NoSchedule, PreferNoSchedule or NoExecute."),
    shape("tolerationSeconds", kInteger, "How long a NoExecute taint is tolerated."),
};
inline constexpr Field kTopologySpreadFields[] = {
    shape("maxSkew", kInteger, "How uneven the spread may be."),
    shape("topologyKey", kString, "Node label that says what counts as one place."),
    shape("whenUnsatisfiable", kString, "DoNotSchedule or ScheduleAnyway."),
    shape("labelSelector", kObjectOf<kLabelSelectorFields>, "Pods that are counted."),
    shape("minDomains", kInteger, "Least number of places."),
    shape("nodeAffinityPolicy", kString, "Honor or Ignore."),
    shape("nodeTaintsPolicy", kString, "Honor or Ignore."),
    shape("matchLabelKeys", kStrings, "Label keys taken from this pod."),
};
inline constexpr Field kNameFields[] = {shape("name", kString, "Name of the object.")};
inline constexpr Field kResizePolicyFields[] = {
    shape("resourceName", kString, "cpu or memory."),
    shape("restartPolicy", kString, "NotRequired or RestartContainer."),
};
inline constexpr Field kSchedulingGroupFields[] = {
    shape("podGroupName", kString, "The group that is scheduled as one."),
};
inline constexpr Field kSeLinuxFields[] = {
    shape("user", kString, "SELinux user."),
    shape("role", kString, "SELinux role."),
    shape("type", kString, "SELinux type."),
    shape("level", kString, "SELinux level."),
};

inline constexpr Type kAffinity = kObjectOf<kAffinityFields>;
inline constexpr Type kTolerations = kListOf<kTolerationFields>;
inline constexpr Type kTopologySpreadConstraints = kListOf<kTopologySpreadFields>;
inline constexpr Type kNameReferences = kListOf<kNameFields>;
inline constexpr Type kResizePolicies = kListOf<kResizePolicyFields>;
inline constexpr Type kSchedulingGroup = kObjectOf<kSchedulingGroupFields>;
inline constexpr Type kSeLinuxOptions = kObjectOf<kSeLinuxFields>;

}  // namespace podctl::spec
