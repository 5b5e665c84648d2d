#pragma once

#include <array>
#include <string_view>

#include "podctl/config.hpp"
#include "podctl/spec.hpp"

namespace podctl::spec {

/// The spellings of an enumeration of spec.hpp, in the order of its values.
template <class E>
struct EnumNames;

template <>
struct EnumNames<RestartPolicy> {
  static constexpr std::array<std::string_view, 3> names{"Always", "OnFailure", "Never"};
};
template <>
struct EnumNames<DnsPolicy> {
  static constexpr std::array<std::string_view, 4> names{"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"};
};
template <>
struct EnumNames<Protocol> {
  static constexpr std::array<std::string_view, 3> names{"TCP", "UDP", "SCTP"};
};
template <>
struct EnumNames<TerminationMessagePolicy> {
  static constexpr std::array<std::string_view, 2> names{"File", "FallbackToLogsOnError"};
};
template <>
struct EnumNames<StorageMedium> {
  static constexpr std::array<std::string_view, 2> names{"", "Memory"};
};
template <>
struct EnumNames<HostPathType> {
  static constexpr std::array<std::string_view, 8> names{"",       "DirectoryOrCreate", "Directory",  "FileOrCreate", "File",
                                                         "Socket", "CharDevice",        "BlockDevice"};
};

template <>
struct EnumNames<When> {
  static constexpr auto names = kWhenNames;
};
template <>
struct EnumNames<Validation> {
  static constexpr auto names = kValidationNames;
};
template <>
struct EnumNames<UriScheme> {
  static constexpr std::array<std::string_view, 2> names{"HTTP", "HTTPS"};
};
template <>
struct EnumNames<RestartRuleAction> {
  static constexpr std::array<std::string_view, 2> names{"Restart", "RestartAllContainers"};
};
template <>
struct EnumNames<ExitCodeOperator> {
  static constexpr std::array<std::string_view, 2> names{"In", "NotIn"};
};
template <>
struct EnumNames<AccessMode> {
  static constexpr std::array<std::string_view, 4> names{"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"};
};
template <>
struct EnumNames<ProfileType> {
  static constexpr std::array<std::string_view, 3> names{"Unconfined", "RuntimeDefault", "Localhost"};
};

template <class E>
std::string_view enum_name(E value) {
  return EnumNames<E>::names[static_cast<std::size_t>(value)];
}

}  // namespace podctl::spec
