#pragma once

#include <array>
#include <span>
#include <string_view>

namespace podctl::spec {

/// podctl's own annotations: what a manifest can ask for that Kubernetes has no field for.
struct Annotation {
  std::string_view key;
  std::span<const std::string_view> values;
  std::string_view doc;
};

inline constexpr std::string_view kSharingAnnotation = "podctl.dev/sharing";
inline constexpr std::string_view kShareMountsAnnotation = "podctl.dev/share-mounts";
inline constexpr std::string_view kOverlayAnnotation = "podctl.dev/overlay";
inline constexpr std::string_view kLayersAnnotation = "podctl.dev/layers";
inline constexpr std::string_view kNetworkAnnotation = "podctl.dev/network";

inline constexpr std::array<std::string_view, 2> kSharingValues{"pod", "kubernetes"};
inline constexpr std::array<std::string_view, 2> kBooleanValues{"true", "false"};
inline constexpr std::array<std::string_view, 2> kLayersValues{"memory", "disk"};
inline constexpr std::array<std::string_view, 3> kNetworkValues{"private", "host", "none"};

inline constexpr std::array<Annotation, 5> kAnnotations{{
    {kSharingAnnotation, kSharingValues, "pod: one pid namespace for all; kubernetes: one each, as a kubelet does"},
    {kShareMountsAnnotation, kBooleanValues, "every container uses the pod's one mount namespace and root file system"},
    {kOverlayAnnotation, kBooleanValues, "a throw-away writable layer over the host's folders"},
    {kLayersAnnotation, kLayersValues, "where writable layers are; memory where the kernel can, unless set"},
    {kNetworkAnnotation, kNetworkValues, "what the pod's network is"},
}};

}  // namespace podctl::spec
