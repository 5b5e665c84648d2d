#include "net/probe.hpp"

#include <exception>
#include <memory>

#include "base/text.hpp"
#include "base/time.hpp"
#include "net/grpc.hpp"
#include "net/http.hpp"
#include "net/stream.hpp"
#include "net/url.hpp"

namespace podctl::net {
namespace {

constexpr std::string_view kProbeAgent = "kube-probe/1.34";
constexpr std::string_view kHookAgent = "kube-lifecycle/1.34";
constexpr int kMostRedirects = 10;
constexpr std::size_t kMostQuoted = 200;  // of a stranger's words in ours

std::string quoted(std::string_view text) { return quote(text.substr(0, kMostQuoted)); }

// Nothing that goes wrong leaves as an exception.
template <class Work>
Outcome guarded(Work work) noexcept {
  try {
    return work();
  } catch (const Trouble& trouble) {
    return trouble.outcome;
  } catch (const std::exception& error) {
    try {
      return {Result::kError, error.what()};
    } catch (...) {
      return {};
    }
  } catch (...) {
    return {};
  }
}

Url url_of(const HttpGet& request) {
  return {.scheme = request.scheme, .host = request.address, .port = request.port, .target = request_target(request.path)};
}

HttpAnswer get(const Url& url, const std::string& request, const Deadline& deadline, TlsFault& fault) {
  try {
    UniqueFd socket = connect_to(url.host, url.port, deadline);
    const auto stream =
        url.scheme == Scheme::kHttps ? make_tls_stream(std::move(socket), deadline, fault) : make_plain_stream(std::move(socket), deadline);
    return ask(*stream, request);
  } catch (Trouble& trouble) {
    trouble.outcome.message = cat("Get ", quoted(url.text()), ": ", trouble.outcome.message);
    throw;
  }
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

struct Fetched {
  HttpAnswer answer;
  bool left_host = false;  // a redirect to another host, which is not followed
};

// The answer at the end of all redirects within the host. A Host header of the manifest goes along for as long as
// locations are relative, as it does with Go's client.
Fetched follow(Url url, std::vector<Header> headers, std::string_view agent, const Deadline& deadline, TlsFault& fault) {
  const Url first = url;
  for (int redirects = 0;; ++redirects) {
    HttpAnswer answer = get(url, http_request(url, headers, agent), deadline, fault);
    if (!is_redirect(answer.status) || answer.location.empty()) return {std::move(answer)};
    const auto next = resolve(url, answer.location);
    if (!next) fail(cat("Get ", quoted(first.text()), ": cannot follow the redirect to ", quoted(answer.location)));
    if (!is_same_host(*next, first)) return {std::move(answer), true};
    if (redirects == kMostRedirects) fail(cat("Get ", quoted(first.text()), ": stopped after ", kMostRedirects, " redirects"));
    if (answer.location.find("//") != std::string::npos)
      std::erase_if(headers, [](const Header& header) { return is_named(header.name, "Host"); });
    url = *next;
  }
}

Outcome judge(const Fetched& fetched) {
  const HttpAnswer& answer = fetched.answer;
  if (answer.status < 200 || answer.status >= 400) return {Result::kFailure, cat("HTTP probe failed with statuscode: ", answer.status)};
  if (answer.status < 300) return {Result::kSuccess, cat("status ", answer.status)};
  return {Result::kWarning,
          cat("Probe terminated redirects",
              answer.location.empty() ? "" : cat(fetched.left_host ? " at another host: " : ": ", quoted(answer.location)),
              ", Response body: ", quoted(answer.body))};
}

Outcome judge(const GrpcAnswer& answer) {
  constexpr std::string_view kFailed = "error: health rpc probe failed: ";
  constexpr std::string_view kUnimplemented = "12";
  if (answer.status != 200) return {Result::kFailure, cat(kFailed, "unexpected HTTP status code ", answer.status)};
  if (answer.code == kUnimplemented)
    return {Result::kFailure,
            cat("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ", quoted(answer.words))};
  if (answer.code != "0")
    return {Result::kFailure,
            cat(kFailed, answer.code.empty() ? "no grpc-status" : cat("code ", quoted(answer.code), ", ", quoted(answer.words)))};
  const auto status = parse_health_response(answer.message);
  if (!status) return {Result::kFailure, cat(kFailed, "the answer is no HealthCheckResponse")};
  if (*status != Serving::kServing) return {Result::kFailure, cat("service unhealthy (responded with ", quote(serving_name(*status)), ')')};
  return {Result::kSuccess, "service healthy"};
}

}  // namespace

Outcome probe_http(const HttpGet& request, std::chrono::nanoseconds timeout) noexcept {
  return guarded([&] {
    const Deadline deadline(timeout);
    TlsFault fault = TlsFault::kNone;
    return judge(follow(url_of(request), request.headers, kProbeAgent, deadline, fault));
  });
}

Outcome probe_tcp(const TcpConnect& request, std::chrono::nanoseconds timeout) noexcept {
  return guarded([&]() -> Outcome {
    const Deadline deadline(timeout);
    const UniqueFd socket = connect_to(request.address, request.port, deadline);
    return {Result::kSuccess, cat("connected to ", endpoint(request.address, request.port))};
  });
}

Outcome probe_grpc(const GrpcCheck& request, std::chrono::nanoseconds timeout) noexcept {
  return guarded([&] {
    const Deadline deadline(timeout);
    const auto stream = make_plain_stream(connect_to(request.address, request.port, deadline), deadline);
    return judge(check_health(*stream, request, kProbeAgent));
  });
}

Outcome call_hook(const HttpGet& request, std::chrono::nanoseconds timeout) noexcept {
  return guarded([&]() -> Outcome {
    const Deadline deadline(timeout);
    TlsFault fault = TlsFault::kNone;
    Url url = url_of(request);
    const auto answered = [](const Fetched& fetched) -> Outcome { return {Result::kSuccess, cat("status ", fetched.answer.status)}; };
    try {
      return answered(follow(url, request.headers, kHookAgent, deadline, fault));
    } catch (const Trouble&) {
      if (fault != TlsFault::kPlainHttp) throw;
    }
    // Manifests say HTTPS where HTTP is meant: kubelets have always let that pass for hooks. Credentials stay behind.
    url.scheme = Scheme::kHttp;
    std::vector<Header> headers = request.headers;
    std::erase_if(headers, [](const Header& header) { return is_named(header.name, "Authorization"); });
    return answered(follow(url, std::move(headers), kHookAgent, deadline, fault));
  });
}

}  // namespace podctl::net
