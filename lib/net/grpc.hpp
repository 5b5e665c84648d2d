#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/stream.hpp"

/// The one gRPC call a probe makes: grpc.health.v1.Health/Check, over HTTP/2 without TLS.
namespace podctl::net {

/// HealthCheckRequest as a gRPC message: its length before it.
std::string health_request(std::string_view service);

/// HealthCheckResponse.ServingStatus.
enum class Serving : int { kUnknown = 0, kServing = 1, kNotServing = 2, kServiceUnknown = 3 };
/// The status in a gRPC message; a number without a name is kept. Nothing for what is no such message.
std::optional<Serving> parse_health_response(std::string_view message);
/// "NOT_SERVING"; the number for one without a name.
std::string serving_name(Serving status);

struct GrpcAnswer {
  int status = 0;        ///< of HTTP
  std::string code;      ///< grpc-status, in digits; empty when there is none
  std::string words;     ///< grpc-message
  std::string message;   ///< the first 4 KiB of what was answered
  bool is_over = false;  ///< the answer has ended
};
/// @throws Trouble
GrpcAnswer check_health(Stream& stream, const GrpcCheck& check, std::string_view agent);

}  // namespace podctl::net
