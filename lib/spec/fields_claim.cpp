// Field tables of claims, of the volumes that name them, and of those that bring their own.
#include "spec/decode.hpp"
#include "spec/objects.hpp"
#include "spec/shapes.hpp"

namespace podctl::spec {

template <>
const ObjectInfo& object_info<ClaimVolume>() {
  static constexpr Field fields[] = {
      required<&ClaimVolume::claim_name>("claimName", "Name of the claim, and of the folder."),
      field<&ClaimVolume::read_only>("readOnly", "Mount it read-only everywhere."),
  };
  static constexpr ObjectInfo info{"PersistentVolumeClaimVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ClaimSpec>() {
  static constexpr std::string_view kOneFolder = "a claim is a folder of this machine";
  static constexpr std::string_view kNoCopies = "podctl does not copy volumes";
  static constexpr Field fields[] = {
      field<&ClaimSpec::access_modes>("accessModes", "ReadWriteOncePod lets one pod at a time use it; the others mean nothing here."),
      rejected("volumeMode", kString, "Filesystem; there are no block volumes.", "there are no block volumes on one machine", "Filesystem"),
      rejected("dataSource", kAnything, "What it starts as a copy of.", kNoCopies),
      rejected("dataSourceRef", kAnything, "What it starts as a copy of.", kNoCopies),
      no_effect("resources", kAnything, "How large it is.", "a folder takes what the disk has"),
      no_effect("storageClassName", kString, "Which kind of storage.", kOneFolder),
      no_effect("volumeName", kString, "Which volume.", kOneFolder),
      no_effect("volumeAttributesClassName", kString, "Which attributes.", kOneFolder),
      no_effect("selector", kObjectOf<kLabelSelectorFields>, "Which volumes it may be.", kOneFolder),
  };
  static constexpr ObjectInfo info{"PersistentVolumeClaimSpec", fields, [](void* owner) { return &static_cast<ClaimSpec*>(owner)->other; }};
  return info;
}

template <>
const ObjectInfo& object_info<ClaimTemplate>() {
  static constexpr Field fields[] = {
      field<&ClaimTemplate::metadata>("metadata", "Labels and annotations of the claim."),
      required<&ClaimTemplate::spec>("spec", "What is asked of it."),
  };
  static constexpr ObjectInfo info{"PersistentVolumeClaimTemplate", fields};
  return info;
}

template <>
const ObjectInfo& object_info<EphemeralVolume>() {
  static constexpr Field fields[] = {
      required<&EphemeralVolume::volume_claim_template>("volumeClaimTemplate", "The claim, POD-VOLUME by name."),
  };
  static constexpr ObjectInfo info{"EphemeralVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ClaimText>() {
  static constexpr Field fields[] = {
      required<&ClaimText::api_version>("apiVersion", "v1."),
      required<&ClaimText::kind>("kind", "PersistentVolumeClaim."),
      field<&ClaimText::metadata>("metadata", "Name and namespace."),
      required<&ClaimText::spec>("spec", "What is asked of it."),
      shape("status", kAnything, "Last known state; ignored in a manifest."),
  };
  static constexpr ObjectInfo info{"PersistentVolumeClaim", fields};
  return info;
}

}  // namespace podctl::spec
