#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/probe.hpp"

/// The few URLs that probes meet (RFC 3986). Pure.
namespace podctl::net {

struct Url {
  Scheme scheme = Scheme::kHttp;
  std::string host;  ///< without brackets
  std::uint16_t port = 80;
  std::string target = "/";  ///< path and query, as a request line has them

  [[nodiscard]] std::string text() const;
};

/// A path, and a query if it has one, made fit for a request line: it begins with a slash, has no fragment, and what may
/// not stand there (blanks, control characters, bytes beyond ASCII) is percent-encoded.
std::string request_target(std::string_view path);

/// Where a Location that was received from `base` leads; nothing when it is no http or https URL.
std::optional<Url> resolve(const Url& base, std::string_view location);

/// Whether both name the same host; ports and schemes may differ.
bool is_same_host(const Url& a, const Url& b);

}  // namespace podctl::net
