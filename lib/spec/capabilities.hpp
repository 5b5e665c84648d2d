#pragma once

#include <optional>
#include <string_view>

namespace podctl::spec {

/// The number of a capability given as NET_ADMIN or CAP_NET_ADMIN (capabilities(7)); "ALL" has none.
std::optional<int> capability_number(std::string_view name);

}  // namespace podctl::spec
