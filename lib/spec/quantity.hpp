#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "podctl/spec.hpp"

namespace podctl::spec {

/// Reads a Kubernetes quantity: decimal SI, binary SI or exponent form (apimachinery's resource.Quantity).
/// Exact to 1n, rounded away from zero beyond that; capped at 2^63-1 in the unit asked for.
/// @param problem  receives the API server's words when nothing is returned
std::optional<Quantity> parse_quantity(std::string_view text, std::string& problem);

/// The amount in thousandths at the finest, rounded away from zero: what the API server keeps of a resource.
Quantity round_to_milli(const Quantity& amount);

}  // namespace podctl::spec
