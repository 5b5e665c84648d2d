// Rules of probes, hooks and restart rules.
#include "base/text.hpp"
#include "podctl/text.hpp"
#include "spec/enums.hpp"
#include "spec/names.hpp"
#include "spec/validate.hpp"

namespace podctl::spec {
namespace {

constexpr std::size_t kMostRestartRules = 20, kMostExitCodes = 255;

void check_not_negative(Report& report, const Path& path, std::int64_t value) {
  if (value < 0) report.error(path, cat("Invalid value: ", value, ": must be greater than or equal to 0"));
}

void check_port(Report& report, const Path& path, std::int32_t port) {
  if (port == 0) report.error(path, "Required value");
  else if (port < 1 || port > 65535) report.error(path, cat("Invalid value: ", port, ": must be between 1 and 65535, inclusive"));
}

void check_port(Report& report, const Path& path, const PortReference& port) {
  if (port.name.empty()) check_port(report, path, port.number);
  else report_invalid(report, path, port.name, check_port_name(port.name));
}

void validate_exec(const ExecAction& exec, const Path& path, Report& report) {
  if (exec.command.empty()) report.error(path / "command", "Required value");
}

void validate_http_get(const HttpGetAction& get, const Path& path, Report& report) {
  if (get.path.empty()) report.error(path / "path", "Required value");
  check_port(report, path / "port", get.port);
  const Path headers = path / "httpHeaders";
  for (std::size_t i = 0; i < get.http_headers.size(); ++i) {
    const std::string& name = get.http_headers[i].name;
    bool good = !name.empty();
    for (const char c : name) good = good && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-');
    if (!good) report_invalid(report, headers[i] / "name", name, "a valid HTTP header must consist of alphanumeric characters or '-'");
    for (const char c : get.http_headers[i].value)
      if (c == '\r' || c == '\n') {
        report_invalid(report, headers[i] / "value", get.http_headers[i].value, "must be one line");
        break;
      }
  }
}

// Exactly one of the actions a handler has room for.
class OneHandler {
 public:
  OneHandler(const Path& path, Report& report) : path_(path), report_(report) {}
  template <class Action, class Check>
  void take(const std::optional<Action>& action, std::string_view name, Check check) {
    if (!action) return;
    if (found_++ > 0) return report_.error(path_ / name, "Forbidden: may not specify more than 1 handler type");
    check(*action, path_ / name, report_);
  }
  void finish() {
    if (found_ == 0) report_.error(path_, "Required value: must specify a handler type");
  }

 private:
  const Path& path_;
  Report& report_;
  int found_ = 0;
};

void validate_tcp(const TcpSocketAction& tcp, const Path& path, Report& report) { check_port(report, path / "port", tcp.port); }

void validate_handler(const LifecycleHandler& handler, const PodSpec& spec, const Path& path, Report& report) {
  OneHandler one(path, report);
  one.take(handler.exec, "exec", validate_exec);
  one.take(handler.http_get, "httpGet", validate_http_get);
  one.take(handler.tcp_socket, "tcpSocket", validate_tcp);
  one.take(handler.sleep, "sleep", [&](const SleepAction& sleep, const Path& at, Report& out) {
    const std::int64_t grace = spec.termination_grace_period_seconds;
    if (sleep.seconds < 0 || sleep.seconds > grace)
      out.error(at / "seconds",
                cat("Invalid value: ", sleep.seconds, ": must be between 0 and terminationGracePeriodSeconds (", grace, "), inclusive"));
  });
  one.finish();
}

enum class ProbeUse { kLiveness, kReadiness, kStartup };

void validate_probe(const Probe& probe, ProbeUse use, const Path& path, Report& report) {
  OneHandler one(path, report);
  one.take(probe.exec, "exec", validate_exec);
  one.take(probe.http_get, "httpGet", validate_http_get);
  one.take(probe.tcp_socket, "tcpSocket", validate_tcp);
  one.take(probe.grpc, "grpc", [](const GrpcAction& grpc, const Path& at, Report& out) { check_port(out, at / "port", grpc.port); });
  one.finish();
  check_not_negative(report, path / "initialDelaySeconds", probe.initial_delay_seconds);
  check_not_negative(report, path / "timeoutSeconds", probe.timeout_seconds);
  check_not_negative(report, path / "periodSeconds", probe.period_seconds);
  check_not_negative(report, path / "successThreshold", probe.success_threshold);
  check_not_negative(report, path / "failureThreshold", probe.failure_threshold);
  if (use != ProbeUse::kReadiness && probe.success_threshold > 1)
    report.error(path / "successThreshold", cat("Invalid value: ", probe.success_threshold, ": must be 1"));
  if (!probe.termination_grace_period_seconds) return;
  const std::int64_t grace = *probe.termination_grace_period_seconds;
  const Path at = path / "terminationGracePeriodSeconds";
  if (use == ProbeUse::kReadiness) report.error(at, cat("Invalid value: ", grace, ": must not be set for readinessProbes"));
  else if (grace <= 0) report.error(at, cat("Invalid value: ", grace, ": must be greater than 0"));
}

void validate_stop_signal(const std::string& signal, const PodSpec& spec, const Path& path, Report& report) {
  if (signal.empty()) return;
  if (signal.substr(0, 3) != "SIG" || parse_signal(signal) == 0)
    return report_invalid(report, path, signal, "must be the name of a signal, such as SIGTERM or SIGRTMIN+3; see signal(7)");
  if (!spec.os) report.note(path, "Kubernetes takes it only together with spec.os.name");
}

void validate_restart_rules(const Container& container, const Path& path, Report& report) {
  if (container.restart_policy_rules.empty()) return;
  if (!container.restart_policy)
    report.error(path / "restartPolicy", "Required value: must specify restartPolicy when restart rules are used");
  const Path rules = path / "restartPolicyRules";
  if (container.restart_policy_rules.size() > kMostRestartRules)
    report.error(rules, cat("Too many: ", container.restart_policy_rules.size(), ": must have at most ", kMostRestartRules, " items"));
  for (std::size_t i = 0; i < container.restart_policy_rules.size(); ++i) {
    const auto& codes = container.restart_policy_rules[i].exit_codes;
    const Path rule = rules[i], exit_codes = rule / "exitCodes";
    if (codes && codes->values.size() > kMostExitCodes)
      report.error(exit_codes / "values", cat("Too many: ", codes->values.size(), ": must have at most ", kMostExitCodes, " items"));
  }
}

bool is_set(const Lifecycle& lifecycle) { return lifecycle.post_start || lifecycle.pre_stop || !lifecycle.stop_signal.empty(); }

}  // namespace

void validate_lifecycle(const Container& container, const PodSpec& spec, const Path& path, Report& report) {
  const Path hooks = path / "lifecycle";
  if (container.lifecycle.post_start) validate_handler(*container.lifecycle.post_start, spec, hooks / "postStart", report);
  if (container.lifecycle.pre_stop) validate_handler(*container.lifecycle.pre_stop, spec, hooks / "preStop", report);
  validate_stop_signal(container.lifecycle.stop_signal, spec, hooks / "stopSignal", report);
  if (container.liveness_probe) validate_probe(*container.liveness_probe, ProbeUse::kLiveness, path / "livenessProbe", report);
  if (container.readiness_probe) validate_probe(*container.readiness_probe, ProbeUse::kReadiness, path / "readinessProbe", report);
  if (container.startup_probe) validate_probe(*container.startup_probe, ProbeUse::kStartup, path / "startupProbe", report);
  validate_restart_rules(container, path, report);
}

void validate_init_lifecycle(const Container& container, const Path& path, Report& report) {
  if (container.restart_policy == RestartPolicy::kAlways) return;
  const auto forbid = [&](bool is_there, std::string_view name) {
    if (is_there) report.error(path / name, "Forbidden: may not be set for init containers without restartPolicy=Always");
  };
  forbid(is_set(container.lifecycle), "lifecycle");
  forbid(container.liveness_probe.has_value(), "livenessProbe");
  forbid(container.readiness_probe.has_value(), "readinessProbe");
  forbid(container.startup_probe.has_value(), "startupProbe");
}

}  // namespace podctl::spec
