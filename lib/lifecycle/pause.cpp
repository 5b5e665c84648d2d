// A pod whose processes stand still: nothing is begun in it, nobody is asked, and nobody is killed for not having ended.
#include <algorithm>

#include "lifecycle/machine.hpp"

namespace podctl::lifecycle {

void Machine::on(const Paused&) {
  if (state_.stop) return;
  state_.paused = true;
  // Who stands still owes no answer: what is under way is asked again afterwards.
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness, ProbeKind::kReadiness}) {
      ProbeState& probe = state_.containers[i].probes[at(kind)];
      if (!std::exchange(probe.running, false)) continue;
      actions_.push_back(AbandonProbe{i, instance_of(i), kind});
      probe.at = probe.next_at;
    }
  }
}

void Machine::on(const Resumed&) { go_on(); }

// What became due meanwhile is due now. Starts follow in settle().
void Machine::go_on() {
  if (!std::exchange(state_.paused, false)) return;
  for (std::size_t i = 0; i < state_.containers.size(); ++i) {
    ContainerState& container = state_.containers[i];
    if (const auto hook = std::exchange(container.waiting_hook, std::nullopt)) run_hook(i, *hook);
    for (auto& probe : container.probes)
      if (probe.at) probe.at = std::max(*probe.at, now_);  // of attempts that were missed none is made up for
    // Who was told to end before the pause had no chance to.
    if (auto& ending = container.ending; ending && ending->due)
      ending->due = std::max(*ending->due, ending->step == Ending::Step::kSignaled ? now_ + state_.timing.least_grace : now_);
  }
}

}  // namespace podctl::lifecycle
