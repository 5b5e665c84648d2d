// Field tables of environment variables and of what they may come from.
#include "spec/decode.hpp"

namespace podctl::spec {

template <>
const ObjectInfo& object_info<EnvVar>() {
  static constexpr Field fields[] = {
      required<&EnvVar::name>("name", "Name of the variable."),
      field<&EnvVar::value>("value", "Its value; $(NAME) stands for a variable defined before."),
      field<&EnvVar::value_from>("valueFrom", "Where the value comes from instead."),
  };
  static constexpr ObjectInfo info{"EnvVar", fields};
  return info;
}

template <>
const ObjectInfo& object_info<EnvVarSource>() {
  static constexpr Field fields[] = {
      field<&EnvVarSource::field_ref>("fieldRef", "A field of the pod."),
      field<&EnvVarSource::resource_field_ref>("resourceFieldRef", "A limit or request of a container."),
      field<&EnvVarSource::config_map_key_ref>("configMapKeyRef", "One key of a ConfigMap."),
      field<&EnvVarSource::secret_key_ref>("secretKeyRef", "One key of a Secret."),
      field<&EnvVarSource::file_key_ref>("fileKeyRef", "One key of a file that another container wrote."),
  };
  static constexpr ObjectInfo info{"EnvVarSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<FieldRef>() {
  static constexpr Field fields[] = {
      field<&FieldRef::api_version>("apiVersion", "Version of the API the path is written for.", "v1"),
      required<&FieldRef::field_path>("fieldPath", "The field, e.g. metadata.name or metadata.labels['app']."),
  };
  static constexpr ObjectInfo info{"ObjectFieldSelector", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ResourceFieldRef>() {
  static constexpr Field fields[] = {
      field<&ResourceFieldRef::container_name>("containerName", "Whose resources; in a variable the container's own when absent."),
      required<&ResourceFieldRef::resource>("resource", "limits. or requests. and cpu, memory, ephemeral-storage or hugepages-SIZE."),
      field<&ResourceFieldRef::divisor>("divisor", "Unit of the number, which is rounded up; 1 when absent."),
  };
  static constexpr ObjectInfo info{"ResourceFieldSelector", fields};
  return info;
}

template <>
const ObjectInfo& object_info<KeyRef>() {
  static constexpr Field fields[] = {
      required<&KeyRef::name>("name", "Name of an object given in the same input."),
      required<&KeyRef::key>("key", "Key of the object."),
      field<&KeyRef::optional>("optional", "Whether object and key may be missing; then the variable is not set."),
  };
  static constexpr ObjectInfo info{"KeySelector", fields};
  return info;
}

template <>
const ObjectInfo& object_info<FileKeyRef>() {
  static constexpr Field fields[] = {
      required<&FileKeyRef::volume_name>("volumeName", "The emptyDir volume that holds the file; it need not be mounted here."),
      required<&FileKeyRef::path>("path", "The file, relative to the volume. Its lines are KEY='value'."),
      required<&FileKeyRef::key>("key", "Key of the file."),
      field<&FileKeyRef::optional>("optional", "Whether file and key may be missing; then the variable is not set."),
  };
  static constexpr ObjectInfo info{"FileKeySelector", fields};
  return info;
}

template <>
const ObjectInfo& object_info<EnvFromSource>() {
  static constexpr Field fields[] = {
      field<&EnvFromSource::prefix>("prefix", "Put in front of every key."),
      field<&EnvFromSource::config_map_ref>("configMapRef", "A ConfigMap."),
      field<&EnvFromSource::secret_ref>("secretRef", "A Secret."),
  };
  static constexpr ObjectInfo info{"EnvFromSource", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ObjectRef>() {
  static constexpr Field fields[] = {
      required<&ObjectRef::name>("name", "Name of an object given in the same input."),
      field<&ObjectRef::optional>("optional", "Whether it may be missing."),
  };
  static constexpr ObjectInfo info{"EnvSource", fields};
  return info;
}

}  // namespace podctl::spec
