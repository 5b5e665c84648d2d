// When probes are made, and what their results change.
#include <algorithm>

#include "base/text.hpp"
#include "lifecycle/machine.hpp"

namespace podctl::lifecycle {
namespace {

constexpr unsigned kErrorRetries = 3;  // of a probe that could not be made, before that is let pass

std::string_view name_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup: return "Startup";
    case ProbeKind::kLiveness: return "Liveness";
    case ProbeKind::kReadiness: return "Readiness";
  }
  return "";
}

}  // namespace

void Machine::on(const ProbeFinished& event) {
  if (!is_current(event.container, event.instance)) return;
  if (state_.containers[event.container].probes[at(event.kind)].running)
    take_result(event.container, event.kind, event.outcome, event.message);
}

void Machine::run_probes() {
  if (state_.paused) return;
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness, ProbeKind::kReadiness}) {
      ProbeState& probe = state_.containers[i].probes[at(kind)];
      if (!probe.at || now_ < *probe.at) continue;
      if (probe.running) {  // whoever runs it owed an answer: the container is not to gain by that
        actions_.push_back(AbandonProbe{i, instance_of(i), kind});
        take_result(i, kind, ProbeOutcome::kFailure, "no answer within its timeout");
      }
      if (!probe.at || probe.running || now_ < *probe.at) continue;
      // One attempt a period; of those missed meanwhile one is made up for.
      probe.next_at = std::max(now_, *probe.at + state_.rules[i].probes[at(kind)]->period);
      attempt(i, kind);
    }
  }
}

void Machine::attempt(std::size_t index, ProbeKind kind) {
  ProbeState& probe = state_.containers[index].probes[at(kind)];
  probe.running = true;
  probe.at = now_ + state_.rules[index].probes[at(kind)]->timeout + state_.timing.probe_slack;
  actions_.push_back(RunProbe{index, instance_of(index), kind});
}

void Machine::take_result(std::size_t index, ProbeKind kind, ProbeOutcome outcome, const std::string& message) {
  ProbeState& probe = state_.containers[index].probes[at(kind)];
  probe.running = false;
  if (outcome == ProbeOutcome::kError && ++probe.errors <= kErrorRetries) return attempt(index, kind);
  probe.errors = 0;
  probe.at = std::max(now_, probe.next_at);
  if (outcome == ProbeOutcome::kError) return note("Unhealthy", index, cat(name_of(kind), " probe errored: ", message), NoteType::kWarning);
  const bool good = outcome == ProbeOutcome::kSuccess;
  if (!good) note("Unhealthy", index, cat(name_of(kind), " probe failed: ", message), NoteType::kWarning);
  probe.run = probe.run > 0 && probe.run_of_successes == good ? probe.run + 1 : 1;
  probe.run_of_successes = good;
  const ProbeRules& rules = *state_.rules[index].probes[at(kind)];
  if (probe.run >= (good ? rules.success_threshold : rules.failure_threshold)) cross_threshold(index, kind);
}

void Machine::cross_threshold(std::size_t index, ProbeKind kind) {
  ProbeState& probe = state_.containers[index].probes[at(kind)];
  probe.passed = probe.run_of_successes;
  if (kind == ProbeKind::kReadiness || (kind == ProbeKind::kLiveness && probe.passed)) return;
  probe.at.reset();  // this instance is not asked again
  if (probe.passed) return count_as_started(index);
  note("Killing", index, cat("it failed its ", kind == ProbeKind::kStartup ? "startup" : "liveness", " probe"));
  begin_ending(index, state_.rules[index].probes[at(kind)]->grace.value_or(state_.grace));
}

void Machine::stop_probe(std::size_t index, ProbeKind kind) {
  ProbeState& probe = state_.containers[index].probes[at(kind)];
  probe.at.reset();
  if (std::exchange(probe.running, false)) actions_.push_back(AbandonProbe{index, instance_of(index), kind});
}

}  // namespace podctl::lifecycle
