#include "run/exec.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

// What a sandbox has for all of its members, for this one program.
struct OwnGround {
  Plan plan;
  HostFacts facts;
  SharedPage page;
  StackPool stacks;
  UniqueFd monitor, null;

  OwnGround(Plan own_plan, const HostFacts& own_facts) : plan(std::move(own_plan)), facts(own_facts), page(1, plan.steps.size() + 1) {
    monitor = sys::open_pidfd(::getpid());
    null = sys::open("/dev/null", O_RDONLY);
  }
};

}  // namespace

Member start_exec(Plan plan, const HostFacts& facts, int target, const Streams& streams) {
  auto own = std::make_shared<OwnGround>(std::move(plan), facts);
  const bool several_ids = own->plan.uids.size() > 1 || own->plan.uids[0].count > 1;
  const ProgramContext context{.slot = &own->page.slot(0),
                               .cells = own->page.cells(),
                               .handoff = &own->page.handoff(),
                               .monitor_pidfd = own->monitor.get(),
                               .pause_pidfd = target,
                               .streams = {streams.in >= 0 ? streams.in : own->null.get(), streams.out, streams.err},
                               .terminal = streams.terminal,
                               .rows = streams.rows,
                               .columns = streams.columns,
                               .gives_streams = streams.gives_away && !facts.privileged && several_ids,
                               .changed_signals = changed_signals()};
  sys::check(raw::prctl(PR_SET_DUMPABLE, 0), "prctl(PR_SET_DUMPABLE)");
  std::vector<Step> steps = own->plan.steps;
  Member member = MemberLaunch::begin({own->plan, own->facts, own->stacks}, std::move(steps), context, own);
  MemberLaunch::finish(member);
  return member;
}

}  // namespace podctl::run
