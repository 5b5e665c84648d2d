// Probes and hooks: what the state machine wants to know, asked as the manifest says.
#include <algorithm>

#include "base/text.hpp"
#include "monitor/pod_runner.hpp"
#include "plan/builder.hpp"

namespace podctl::monitor {
namespace {

using lifecycle::HookKind;
using lifecycle::ProbeKind;
using lifecycle::ProbeOutcome;
using namespace std::chrono_literals;

constexpr Duration kNoLimit = 24h;  // of a hook's request: the state machine gives it up when its time is over

WorkKey key_of(std::size_t container, ProbeKind kind) { return {container, static_cast<int>(kind)}; }
WorkKey key_of(std::size_t container, HookKind kind) { return {container, 3 + static_cast<int>(kind)}; }

const std::optional<Probe>& probe_of(const Container& container, ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup: return container.startup_probe;
    case ProbeKind::kLiveness: return container.liveness_probe;
    case ProbeKind::kReadiness: return container.readiness_probe;
  }
  return container.readiness_probe;
}

// By number, or by the name it has among the container's own ports; validation has seen to it that there is one.
std::uint16_t port_number(const Container& container, const PortReference& port) {
  if (port.name.empty()) return static_cast<std::uint16_t>(port.number);
  const auto found = std::find_if(container.ports.begin(), container.ports.end(), [&](const auto& p) { return p.name == port.name; });
  return found == container.ports.end() ? std::uint16_t{0} : static_cast<std::uint16_t>(found->container_port.value_or(0));
}

net::HttpGet request_of(const Container& container, const HttpGetAction& action, const std::string& address) {
  net::HttpGet request{.address = address,
                       .port = port_number(container, action.port),
                       .scheme = action.scheme == UriScheme::kHttps ? net::Scheme::kHttps : net::Scheme::kHttp,
                       .path = action.path,
                       .headers = {}};
  for (const auto& header : action.http_headers) request.headers.push_back({header.name, header.value});
  return request;
}

ProbeOutcome outcome_of(net::Result result) {
  switch (result) {
    case net::Result::kSuccess:
    case net::Result::kWarning: return ProbeOutcome::kSuccess;
    case net::Result::kFailure: return ProbeOutcome::kFailure;
    case net::Result::kError: return ProbeOutcome::kError;
  }
  return ProbeOutcome::kError;
}

}  // namespace

// Where a server of the pod is reached: at its address, as a kubelet does it, not at its loopback one.
std::string PodRunner::address_of(const std::string& host) const {
  if (host == "localhost") return "127.0.0.1";
  if (!host.empty()) return host;
  return plan_.ipv4.empty() ? "127.0.0.1" : plan_.ipv4;
}

Plan PodRunner::exec_plan(std::size_t index, std::vector<std::string> command) const {
  ExecOptions options;
  options.argv = std::move(command);
  return make_exec_plan(plan_, static_cast<int>(index), options);
}

void PodRunner::carry_out(const lifecycle::RunProbe& action) {
  const podctl::Container& spec = *all_containers(pod_.spec)[action.container];
  const Probe& probe = *probe_of(spec, action.kind);
  const Duration timeout = scaled(std::chrono::seconds(probe.timeout_seconds));
  const WorkKey key = key_of(action.container, action.kind);
  const Workers::Done done = [this, action](const WorkAnswer& answer) {
    if (answer.result == net::Result::kWarning)
      carry_out(lifecycle::Note{"ProbeWarning", action.container, answer.message, lifecycle::NoteType::kWarning});
    feed(lifecycle::ProbeFinished{action.container, action.instance, action.kind, outcome_of(answer.result), answer.message});
  };
  const auto speak = [&](const std::string& host, auto request, auto ask) {
    request.address = address_of(host);
    workers_.speak(
        key, sandbox_->pause().pidfd(), plan_.namespaces, timeout, [request, ask, timeout] { return ask(request, timeout); }, done);
  };
  const Container& container = containers_[action.container];
  if (!container.member || container.exited) return done({net::Result::kError, "the container does not run"});
  if (probe.exec) {
    StringMap variables;  // literal values alone, as a kubelet does it
    for (const auto& entry : spec.env) variables[entry.name] = entry.value;
    std::vector<std::string> command;
    for (const auto& word : probe.exec->command) command.push_back(plan::expand(word, variables));
    workers_.run(key, exec_plan(action.container, std::move(command)), facts_, container.member->process().pidfd(), timeout, done);
  } else if (probe.http_get) {
    speak(probe.http_get->host, request_of(spec, *probe.http_get, {}), net::probe_http);
  } else if (probe.tcp_socket) {
    speak(probe.tcp_socket->host, net::TcpConnect{{}, port_number(spec, probe.tcp_socket->port)}, net::probe_tcp);
  } else if (probe.grpc) {
    speak({}, net::GrpcCheck{{}, static_cast<std::uint16_t>(probe.grpc->port), probe.grpc->service}, net::probe_grpc);
  }
}

void PodRunner::carry_out(const lifecycle::AbandonProbe& action) { workers_.abandon(key_of(action.container, action.kind)); }

void PodRunner::carry_out(const lifecycle::RunHook& action) {
  const podctl::Container& spec = *all_containers(pod_.spec)[action.container];
  const LifecycleHandler& hook = action.kind == HookKind::kPostStart ? *spec.lifecycle.post_start : *spec.lifecycle.pre_stop;
  const WorkKey key = key_of(action.container, action.kind);
  const Workers::Done done = [this, action](const WorkAnswer& answer) {
    const bool ok = answer.result == net::Result::kSuccess || answer.result == net::Result::kWarning;
    feed(lifecycle::HookFinished{action.container, action.instance, action.kind, ok, answer.message});
  };
  const Container& container = containers_[action.container];
  if (!container.member || container.exited) return done({net::Result::kError, "the container does not run"});
  if (hook.exec) {
    workers_.run(key, exec_plan(action.container, hook.exec->command), facts_, container.member->process().pidfd(), {}, done);
  } else if (hook.http_get) {
    const net::HttpGet request = request_of(spec, *hook.http_get, address_of(hook.http_get->host));
    workers_.speak(
        key, sandbox_->pause().pidfd(), plan_.namespaces, {}, [request] { return net::call_hook(request, kNoLimit); }, done);
  } else if (hook.sleep) {
    workers_.sleep(key, scaled(std::chrono::seconds(hook.sleep->seconds)), done);
  } else {
    done({net::Result::kFailure, "tcpSocket hooks are not supported: they fail in Kubernetes as well"});
  }
}

void PodRunner::carry_out(const lifecycle::AbandonHook& action) { workers_.abandon(key_of(action.container, action.kind)); }

}  // namespace podctl::monitor
