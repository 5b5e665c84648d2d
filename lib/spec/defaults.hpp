#pragma once

#include "podctl/spec.hpp"

namespace podctl::spec {

/// Defaults that depend on other fields; those that do not stand in the field tables.
void fill_defaults(Pod& pod);

}  // namespace podctl::spec
