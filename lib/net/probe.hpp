#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// Network probes and hooks. Each speaks from the network namespace of the process that calls it, blocks for at most
/// its timeout, knows numeric addresses alone (no resolver) and prints nothing: it is meant for a short-lived child of
/// the monitor that has joined the pod. No exception leaves them.
namespace podctl::net {

enum class Result : std::uint8_t {
  kSuccess,
  kFailure,  ///< of what was probed: refused, too slow, no sense in the answer, a bad status
  kWarning,  ///< counts as success, and is worth an event
  kError,    ///< of the prober: it says nothing about what was to be probed
};

struct Outcome {
  Result result = Result::kError;
  std::string message;  ///< in a kubelet's words where it has some; printable, at most about 1 KiB
};

struct Header {
  std::string name, value;
};

enum class Scheme : std::uint8_t { kHttp, kHttps };

struct HttpGet {
  std::string address;  ///< numeric, IPv4 or IPv6 without brackets
  std::uint16_t port = 80;
  Scheme scheme = Scheme::kHttp;
  std::string path = "/";  ///< may have a query; what no request line may hold is escaped
  std::vector<Header> headers;
};

struct TcpConnect {
  std::string address;
  std::uint16_t port = 0;
};

struct GrpcCheck {
  std::string address;
  std::uint16_t port = 0;
  std::string service;  ///< empty: the server as a whole
};

/// 200 to 399 passes; redirects to the same host are followed, one to another host is a warning. No certificate is checked.
Outcome probe_http(const HttpGet& request, std::chrono::nanoseconds timeout) noexcept;
/// Whether something accepts connections there.
Outcome probe_tcp(const TcpConnect& request, std::chrono::nanoseconds timeout) noexcept;
/// grpc.health.v1.Health/Check without TLS; SERVING passes.
Outcome probe_grpc(const GrpcCheck& request, std::chrono::nanoseconds timeout) noexcept;

/// The same request as a life-cycle hook: any answer will do, and HTTPS that is answered in plain HTTP is asked again so.
Outcome call_hook(const HttpGet& request, std::chrono::nanoseconds timeout) noexcept;

}  // namespace podctl::net
