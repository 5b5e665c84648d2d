#include "run/enter.hpp"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sys/sys.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

// A program of the container loses by its exec what it shall not have. This process runs on, and gives it up itself.
void give_up_capabilities(std::uint64_t kept) {
  const __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<std::uint32_t>(kept), high = static_cast<std::uint32_t>(kept >> 32);
  const __user_cap_data_struct sets[2] = {{low, low, 0}, {high, high, 0}};
  sys::check(raw::capset(&header, sets), "capset");
}

// Each change of ids and capabilities undoes both (prctl(2)).
void stay_private() {
  sys::check(raw::prctl(PR_SET_DUMPABLE, 0), "prctl(PR_SET_DUMPABLE)");
  sys::check(raw::prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl(PR_SET_PDEATHSIG)");
}

struct Enter {
  int target;
  std::uint64_t kept = 0;

  void operator()(const action::JoinPod& a) const {
    sys::check(raw::setns(target, (a.joined.user ? CLONE_NEWUSER : 0) | CLONE_NEWNS), "setns", "the container's user and mount namespaces");
    stay_private();
  }
  void operator()(const action::BecomePodRoot& a) const { become(a.uid, a.gid); }
  void operator()(const action::LimitCapabilities& a) { kept = a.kept; }
  void operator()(const action::SetIdentity& a) const {
    if (a.set_groups) sys::check(raw::setgroups(a.groups.size(), a.groups.data()), "setgroups");
    become(a.uid, a.gid);
    give_up_capabilities(a.uid == 0 ? kept & capable() : 0);
    stay_private();
  }
  void operator()(const action::ForbidNewPrivileges&) const {
    sys::check(raw::prctl(PR_SET_NO_NEW_PRIVS, 1), "prctl(PR_SET_NO_NEW_PRIVS)");
  }
  template <class Other>
  void operator()(const Other&) const {}  // what only a program that is executed needs

 private:
  static void become(uid_t uid, gid_t gid) {
    sys::check(raw::setresgid(gid), "setresgid");
    sys::check(raw::setresuid(uid), "setresuid");
    stay_private();
  }
  // What the process has now: the kernel refuses to be asked for a capability that it does not know.
  static std::uint64_t capable() {
    const __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2] = {};
    sys::check(raw::capget(&header, sets), "capget");
    return std::uint64_t{sets[1].permitted} << 32 | sets[0].permitted;
  }
};

}  // namespace

void enter_files(const Plan& plan, int target) {
  stay_private();
  Enter enter{target};
  for (const auto& step : plan.steps) std::visit(enter, step.action);
}

}  // namespace podctl::run
