// Field tables of volumes and of the objects that can fill them.
#include <array>

#include "spec/decode.hpp"
#include "spec/objects.hpp"

namespace podctl::spec {
namespace {

constexpr std::string_view kNotYet = "podctl does not carry this out yet";
constexpr std::string_view kNoDriver = "there is no storage driver on one machine";

// A source that only a cluster's storage can serve.
constexpr Field driver(std::string_view name) { return rejected(name, kAnything, "Storage of a cluster.", kNoDriver); }

}  // namespace

template <>
const ObjectInfo& object_info<Volume>() {
  static constexpr Field fields[] = {
      required<&Volume::name>("name", "Name of the volume, unique in the pod: a DNS label."),
      field<&Volume::empty_dir>("emptyDir", "A folder that starts empty and goes with the pod."),
      field<&Volume::host_path>("hostPath", "A file or folder of this machine."),
      field<&Volume::config_map>("configMap", "The files of a ConfigMap."),
      field<&Volume::secret>("secret", "The files of a Secret."),
      field<&Volume::downward_api>("downwardAPI", "Files that say what the pod is."),
      field<&Volume::projected>("projected", "Several sources in one folder."),
      field<&Volume::persistent_volume_claim>("persistentVolumeClaim", "A named folder kept after the pod."),
      field<&Volume::ephemeral>("ephemeral", "A claim that goes with the pod."),
      rejected("image", kAnything, "The files of an image.", kNotYet),
      driver("nfs"),
      driver("iscsi"),
      driver("fc"),
      driver("csi"),
      driver("flexVolume"),
      driver("rbd"),
      driver("cephfs"),
      driver("glusterfs"),
      driver("cinder"),
      driver("quobyte"),
      driver("flocker"),
      driver("scaleIO"),
      driver("storageos"),
      driver("portworxVolume"),
      driver("photonPersistentDisk"),
      driver("azureDisk"),
      driver("azureFile"),
      driver("awsElasticBlockStore"),
      driver("gcePersistentDisk"),
      driver("vsphereVolume"),
      rejected("gitRepo", kAnything, "A clone of a repository.", "Kubernetes removed it; clone in an init container"),
  };
  static constexpr ObjectInfo info{"Volume", fields};
  return info;
}

template <>
const ObjectInfo& object_info<EmptyDirVolume>() {
  static constexpr Field fields[] = {
      field<&EmptyDirVolume::medium>("medium", "\"\" for disk, Memory for a tmpfs."),
      field<&EmptyDirVolume::size_limit>("sizeLimit", "The most it may hold."),
      rejected("mode", kInteger, "Permission bits of the folder.", kNotYet),
  };
  static constexpr ObjectInfo info{"EmptyDirVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<HostPathVolume>() {
  static constexpr Field fields[] = {
      required<&HostPathVolume::path>("path", "Absolute path on this machine; links are followed."),
      field<&HostPathVolume::type>("type", "What must be there, or is made."),
  };
  static constexpr ObjectInfo info{"HostPathVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<KeyToPath>() {
  static constexpr Field fields[] = {
      required<&KeyToPath::key>("key", "Key of the object."),
      required<&KeyToPath::path>("path", "File it becomes, relative to the volume."),
      field<&KeyToPath::mode>("mode", "Permission bits, 0 to 511 (0777)."),
  };
  static constexpr ObjectInfo info{"KeyToPath", fields};
  return info;
}

// ConfigMap and Secret volumes share a type; only the name of the object's field differs.
namespace {

template <std::size_t N>
constexpr std::array<Field, 4> object_volume_fields(const char (&name)[N]) {
  return {{
      required<&ObjectVolume::name>(name, "Name of an object given in the same input."),
      field<&ObjectVolume::items>("items", "Keys that become files; all of them when absent."),
      field<&ObjectVolume::default_mode>("defaultMode", "Permission bits of files without a mode of their own, 0 to 511.", "420"),
      field<&ObjectVolume::optional>("optional", "Whether object and keys may be missing."),
  }};
}

}  // namespace

template <>
const ObjectInfo& object_info<ConfigMapVolume>() {
  static constexpr auto fields = object_volume_fields("name");
  static constexpr ObjectInfo info{"ConfigMapVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<SecretVolume>() {
  static constexpr auto fields = object_volume_fields("secretName");
  static constexpr ObjectInfo info{"SecretVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ObjectProjection>() {
  static constexpr Field fields[] = {
      required<&ObjectProjection::name>("name", "Name of an object given in the same input."),
      field<&ObjectProjection::items>("items", "Keys that become files; all of them when absent."),
      field<&ObjectProjection::optional>("optional", "Whether object and keys may be missing."),
  };
  static constexpr ObjectInfo info{"ObjectProjection", fields};
  return info;
}

template <>
const ObjectInfo& object_info<DownwardFile>() {
  static constexpr Field fields[] = {
      required<&DownwardFile::path>("path", "The file, relative to the volume."),
      field<&DownwardFile::field_ref>("fieldRef", "A field of the pod."),
      field<&DownwardFile::resource_field_ref>("resourceFieldRef", "A limit or request of a container."),
      field<&DownwardFile::mode>("mode", "Permission bits, 0 to 511 (0777)."),
  };
  static constexpr ObjectInfo info{"DownwardAPIVolumeFile", fields};
  return info;
}

template <>
const ObjectInfo& object_info<DownwardProjection>() {
  static constexpr Field fields[] = {
      field<&DownwardProjection::items>("items", "The files."),
  };
  static constexpr ObjectInfo info{"DownwardAPIProjection", fields};
  return info;
}

template <>
const ObjectInfo& object_info<DownwardVolume>() {
  static constexpr Field fields[] = {
      field<&DownwardVolume::items>("items", "The files."),
      field<&DownwardVolume::default_mode>("defaultMode", "Permission bits of files without a mode of their own, 0 to 511.", "420"),
  };
  static constexpr ObjectInfo info{"DownwardAPIVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ProjectionSource>() {
  static constexpr Field fields[] = {
      field<&ProjectionSource::config_map>("configMap", "The files of a ConfigMap."),
      field<&ProjectionSource::secret>("secret", "The files of a Secret."),
      field<&ProjectionSource::downward_api>("downwardAPI", "Files that say what the pod is."),
      rejected("serviceAccountToken", kAnything, "A token for the API server.", "there is no API server to have an identity for"),
      rejected("clusterTrustBundle", kAnything, "Certificates a cluster trusts.", "there is no cluster to trust"),
      rejected("podCertificate", kAnything, "A certificate for the pod.", "there is nobody to sign it"),
  };
  static constexpr ObjectInfo info{"VolumeProjection", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ProjectedVolume>() {
  static constexpr Field fields[] = {
      field<&ProjectedVolume::sources>("sources", "What the files are made of; of two with the same path the later one counts."),
      field<&ProjectedVolume::default_mode>("defaultMode", "Permission bits of files without a mode of their own, 0 to 511.", "420"),
  };
  static constexpr ObjectInfo info{"ProjectedVolumeSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ObjectText>() {
  static constexpr Field fields[] = {
      required<&ObjectText::api_version>("apiVersion", "v1."),
      required<&ObjectText::kind>("kind", "ConfigMap or Secret."),
      field<&ObjectText::metadata>("metadata", "Name and namespace."),
      field<&ObjectText::data>("data", "Keys and values; base64 in a Secret."),
      field<&ObjectText::binary_data>("binaryData", "Keys and base64 values of a ConfigMap."),
      field<&ObjectText::string_data>("stringData", "Keys and plain values of a Secret; they win over data."),
      field<&ObjectText::type>("type", "What a Secret holds."),
      no_effect("immutable", kBoolean, "Whether the object may change.", "the input is read once", "false"),
  };
  static constexpr ObjectInfo info{"ConfigMap or Secret", fields};
  return info;
}

}  // namespace podctl::spec
