// Field tables of what surrounds a Pod: the object itself, its metadata, and what only a cluster reads.
#include "spec/decode.hpp"
#include "spec/shapes.hpp"

namespace podctl::spec {

template <>
const ObjectInfo& object_info<Pod>() {
  static constexpr Field fields[] = {
      required<&Pod::api_version>("apiVersion", "Version of the API the object is written for: v1."),
      required<&Pod::kind>("kind", "What the object is: Pod."),
      field<&Pod::metadata>("metadata", "Name, labels and annotations."),
      required<&Pod::spec>("spec", "What the pod runs and how."),
      // The API server drops status on create; it is not even noted.
      shape("status", kAnything, "Last known state; ignored in a manifest."),
  };
  static constexpr ObjectInfo info{"Pod", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ObjectMeta>() {
  static constexpr std::string_view kServer = "set by an API server";
  static constexpr std::string_view kCollector = "there is no garbage collector or controller";
  static constexpr Field fields[] = {
      field<&ObjectMeta::name>("name", "Name of the pod: a DNS subdomain of at most 253 characters."),
      field<&ObjectMeta::generate_name>("generateName", "Prefix of a fresh name for each run, used when name is absent."),
      field<&ObjectMeta::name_space>("namespace", "Kept and shown; names are unique per state folder whatever it says.", "default"),
      field<&ObjectMeta::labels>("labels", "Keys and values to select pods by."),
      field<&ObjectMeta::annotations>("annotations", "Free notes; podctl.dev/* are podctl's own."),
      field<&ObjectMeta::uid>("uid", "Ignored in a manifest: podctl makes one for each pod."),
      field<&ObjectMeta::creation_timestamp>("creationTimestamp", "Ignored in a manifest: set when the pod is made."),
      no_effect("ownerReferences", kObjects, "Objects this one depends on.", kCollector),
      no_effect("finalizers", kStrings, "What must happen before the object may go.", kCollector),
      shape("resourceVersion", kString, "Ignored: set by an API server."),
      shape("generation", kInteger, "Ignored: set by an API server."),
      shape("managedFields", kObjects, "Ignored: set by an API server."),
      shape("selfLink", kString, "Ignored: set by an API server."),
      no_effect("deletionTimestamp", kString, "When deletion was asked for.", kServer),
      no_effect("deletionGracePeriodSeconds", kInteger, "Seconds until a deleted object goes.", kServer),
  };
  static constexpr ObjectInfo info{"ObjectMeta", fields, [](void* owner) { return &static_cast<ObjectMeta*>(owner)->other; }};
  return info;
}

}  // namespace podctl::spec
