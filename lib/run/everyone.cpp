#include "run/everyone.hpp"

#include <cerrno>
#include <csignal>

#include "run/inside.hpp"

namespace podctl::run {

void signal_everyone(int pause, const Namespaces& held, int signal_number) {
  do_inside(pause, held, "kill(-1)", "pod", [&]() -> long {
    const int rc = ::kill(-1, signal_number) == 0 ? 0 : -errno;
    return rc == -ESRCH ? 0 : rc;  // nobody is there
  });
}

}  // namespace podctl::run
