// Field tables of probes, hooks and restart rules.
#include "spec/decode.hpp"

namespace podctl::spec {

template <>
const ObjectInfo& object_info<Probe>() {
  static constexpr Field fields[] = {
      field<&Probe::exec>("exec", "A program that is run in the container; exit code 0 passes."),
      field<&Probe::http_get>("httpGet", "An HTTP request; an answer of 200 to 399 passes."),
      field<&Probe::tcp_socket>("tcpSocket", "A TCP connection; being accepted passes."),
      field<&Probe::grpc>("grpc", "A gRPC health check; SERVING passes."),
      field<&Probe::initial_delay_seconds>("initialDelaySeconds", "Seconds from the container's start to the first attempt."),
      field<&Probe::timeout_seconds>("timeoutSeconds", "Seconds after which an attempt has failed.", "1"),
      field<&Probe::period_seconds>("periodSeconds", "Seconds between attempts.", "10"),
      field<&Probe::success_threshold>("successThreshold", "Successes in a row that count as one.", "1"),
      field<&Probe::failure_threshold>("failureThreshold", "Failures in a row that count as one.", "3"),
      field<&Probe::termination_grace_period_seconds>("terminationGracePeriodSeconds",
                                                      "Grace period of the end it causes, instead of the pod's."),
  };
  static constexpr ObjectInfo info{"Probe", fields};
  return info;
}

template <>
const ObjectInfo& object_info<Lifecycle>() {
  static constexpr Field fields[] = {
      field<&Lifecycle::post_start>("postStart", "Done right after the start; the container has not started before it is over."),
      field<&Lifecycle::pre_stop>("preStop", "Done before the stop signal, within the grace period."),
      field<&Lifecycle::stop_signal>("stopSignal", "Signal that asks the container to end; SIGTERM when absent."),
  };
  static constexpr ObjectInfo info{"Lifecycle", fields};
  return info;
}

template <>
const ObjectInfo& object_info<LifecycleHandler>() {
  static constexpr Field fields[] = {
      field<&LifecycleHandler::exec>("exec", "A program that is run in the container."),
      field<&LifecycleHandler::http_get>("httpGet", "An HTTP request; any answer will do."),
      field<&LifecycleHandler::tcp_socket>("tcpSocket", "Never works in a hook, and is accepted for old manifests."),
      field<&LifecycleHandler::sleep>("sleep", "Wait."),
  };
  static constexpr ObjectInfo info{"LifecycleHandler", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ExecAction>() {
  static constexpr Field fields[] = {
      field<&ExecAction::command>("command", "Program and arguments; no shell."),
  };
  static constexpr ObjectInfo info{"ExecAction", fields};
  return info;
}

template <>
const ObjectInfo& object_info<HttpGetAction>() {
  static constexpr Field fields[] = {
      field<&HttpGetAction::path>("path", "Path of the request.", "/"),
      required<&HttpGetAction::port>("port", "Number of the port, or its name among the container's ports."),
      field<&HttpGetAction::host>("host", "Host to connect to; the pod itself when absent."),
      field<&HttpGetAction::scheme>("scheme", "HTTP or HTTPS; the certificate is not checked.", "HTTP"),
      field<&HttpGetAction::http_headers>("httpHeaders", "Header fields of the request, in order."),
      rejected("protocol", kString, "Version of HTTP that is spoken.", "podctl speaks HTTP/1.1 to probe", "HTTP1"),
  };
  static constexpr ObjectInfo info{"HTTPGetAction", fields};
  return info;
}

template <>
const ObjectInfo& object_info<HttpHeader>() {
  static constexpr Field fields[] = {
      required<&HttpHeader::name>("name", "Name of the header field."),
      field<&HttpHeader::value>("value", "Its value."),
  };
  static constexpr ObjectInfo info{"HTTPHeader", fields};
  return info;
}

template <>
const ObjectInfo& object_info<TcpSocketAction>() {
  static constexpr Field fields[] = {
      required<&TcpSocketAction::port>("port", "Number of the port, or its name among the container's ports."),
      field<&TcpSocketAction::host>("host", "Host to connect to; the pod itself when absent."),
  };
  static constexpr ObjectInfo info{"TCPSocketAction", fields};
  return info;
}

template <>
const ObjectInfo& object_info<GrpcAction>() {
  static constexpr Field fields[] = {
      required<&GrpcAction::port>("port", "Number of the port."),
      field<&GrpcAction::service>("service", "Name of the service that is asked about."),
      rejected("mode", kString, "Whether the connection is encrypted.", "podctl makes health checks in plain text", "Plaintext"),
  };
  static constexpr ObjectInfo info{"GRPCAction", fields};
  return info;
}

template <>
const ObjectInfo& object_info<SleepAction>() {
  static constexpr Field fields[] = {
      required<&SleepAction::seconds>("seconds", "How long."),
  };
  static constexpr ObjectInfo info{"SleepAction", fields};
  return info;
}

template <>
const ObjectInfo& object_info<RestartRule>() {
  static constexpr Field fields[] = {
      required<&RestartRule::action>("action", "Restart, or RestartAllContainers for the whole pod."),
      required<&RestartRule::exit_codes>("exitCodes", "Which exit codes it is about."),
  };
  static constexpr ObjectInfo info{"ContainerRestartRule", fields};
  return info;
}

template <>
const ObjectInfo& object_info<ExitCodeRule>() {
  static constexpr Field fields[] = {
      required<&ExitCodeRule::comparison>("operator", "In: one of the values; NotIn: none of them."),
      field<&ExitCodeRule::values>("values", "Exit codes, 255 of them at most."),
  };
  static constexpr ObjectInfo info{"ContainerRestartRuleOnExitCodes", fields};
  return info;
}

}  // namespace podctl::spec
