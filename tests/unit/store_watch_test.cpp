// What happens to pods' files is told to who watches, a killed monitor included.
#include "podctl/watch.hpp"

#include <fcntl.h>
#include <signal.h>

#include "podctl/summary.hpp"
#include "state/pod_folder.hpp"
#include "support/catch.hpp"
#include "unit/state_support.hpp"

using namespace podctl;
using namespace podtest;
using namespace std::chrono_literals;
using Names = std::set<std::string>;

namespace {

// Everything told until nothing comes for a while.
Names told(StoreWatch& watch) {
  Names all;
  for (;;) {
    const Names some = watch.wait(100ms);
    if (some.empty()) return all;
    all.insert(some.begin(), some.end());
  }
}

}  // namespace

TEST_CASE("records, locks, new and removed pods are told, and nothing else", "[watch]") {
  const TempFolder temp;
  const StorePaths store = temp.store();
  put_file(store.state + "/web/status.json", "1");
  std::filesystem::create_directories(store.runtime);
  StoreWatch all(store, {}), one(store, "web");
  CHECK(told(all).empty());
  put_file(store.state + "/web/status.json", "2");
  put_file(store.state + "/db/status.json", "1");
  CHECK(told(all) == Names{"db", "web"});
  CHECK(told(one) == Names{"web"});
  put_file(store.state + "/db/status.json", "2");
  CHECK(told(all) == Names{"db"});
  CHECK(told(one).empty());
  // Looking is not a change.
  static_cast<void>(try_look_at_pod(store, "web"));
  CHECK(told(all).empty());
  std::filesystem::rename(store.state + "/web", store.state + "/.web.previous");
  CHECK(told(all) == Names{"web"});
  std::filesystem::remove_all(store.state + "/db");
  CHECK(told(all) == Names{"db"});
  CHECK(told(one) == Names{"web"});
}

TEST_CASE("a store that is not there yet is told when it comes", "[watch]") {
  const TempFolder temp;
  StoreWatch watch(temp.store(), {});
  const auto began = std::chrono::steady_clock::now();
  CHECK(watch.wait(50ms).empty());
  CHECK(std::chrono::steady_clock::now() - began >= 50ms);
  put_file(temp.store().state + "/web/status.json", "1");
  CHECK(watch.wait(5s) == Names{"web"});
  put_file(temp.store().runtime + "/rm/lock", "");
  CHECK(watch.wait(5s) == Names{"rm"});
}

TEST_CASE("a lock's holder that is killed is told at once", "[watch]") {
  const TempFolder temp;
  const StorePaths store = temp.store();
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    state::PodFolder folder(store, "web");
    static_cast<void>(::write(ready[1], "x", 1));
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  StoreWatch watch(store, "web");
  CHECK(told(watch).empty());
  CHECK(try_look_at_pod(store, "web")->summary.monitor_pid == holder);
  ::kill(holder, SIGKILL);
  CHECK(watch.wait(5s) == Names{"web"});
  CHECK(try_look_at_pod(store, "web")->summary.liveness == Liveness::kLost);
  ::waitpid(holder, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}
