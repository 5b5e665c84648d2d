// A pod's name and record on disk: who holds the name, and files that are whole or not there.
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "podctl/error.hpp"
#include "state/pod_folder.hpp"
#include "support/catch.hpp"
#include "unit/state_support.hpp"

using namespace podctl;
using namespace podctl::state;
using namespace podtest;

namespace {

// 0: the name was free; 1: it was taken, and rightly by `holder`; 2: taken, and the words are
// wrong.
int try_to_take(const StorePaths& paths, const std::string& name, pid_t holder) {
  try {
    const PodFolder folder(paths, name);
    return 0;
  } catch (const Error& error) {
    const bool right = error.info().id == "name-taken" && error.info().error_class == ErrorClass::kConflict && error.info().pod == name &&
                       error.info().cause == "it is running, looked after by process " + std::to_string(holder);
    return right ? 1 : 2;
  }
}

}  // namespace

TEST_CASE("a name is held by one process at a time, and the others are told whose it is", "[state]") {
  const TempFolder temp;
  {
    const PodFolder folder(temp.store(), "web");
    CHECK(folder.name() == "web");
    CHECK(in_child([&] { return try_to_take(temp.store(), "web", ::getppid()); }) == 1);
    CHECK(in_child([&] { return try_to_take(temp.store(), "other", 0); }) == 0);
    CHECK(in_child([&] { return lock_holder(temp.store(), "web") == ::getppid() ? 0 : 1; }) == 0);
  }
  CHECK(in_child([&] { return try_to_take(temp.store(), "web", 0); }) == 0);
  CHECK(lock_holder(temp.store(), "web") == 0);
  CHECK_FALSE(std::filesystem::exists(temp.path() + "/run/pods/web"));  // the lock's file goes with it
}

TEST_CASE("a name is free again however its holder ended", "[state]") {
  const TempFolder temp;
  const int code = in_child([&] {
    const PodFolder folder(temp.store(), "web");
    ::raise(SIGKILL);
    return 0;
  });
  CHECK(code == 128 + SIGKILL);
  CHECK(std::filesystem::exists(temp.path() + "/run/pods/web/lock"));  // nobody was left to remove it
  CHECK(lock_holder(temp.store(), "web") == 0);
  CHECK(in_child([&] { return try_to_take(temp.store(), "web", 0); }) == 0);
}

TEST_CASE("many take one name again and again, and never two at once", "[state]") {
  const TempFolder temp;
  const std::string inside = temp.path() + "/inside";
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      ::alarm(30);
      int taken = 0;
      while (taken < 40) {
        try {
          const PodFolder folder(temp.store(), "web");
          ++taken;
          if (::mkdir(inside.c_str(), 0700) != 0) ::_exit(1);  // somebody else is inside
          if (::rmdir(inside.c_str()) != 0) ::_exit(2);
        } catch (const Error& error) {
          if (error.info().id != "name-taken") ::_exit(error.info().error_number == ENOENT ? 3 : 4);
        }
      }
      ::_exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
  }
}

TEST_CASE("a runtime folder that is not ours alone is refused", "[state]") {
  const TempFolder temp;
  std::filesystem::create_directories(temp.path() + "/run");
  SECTION("others may enter it") { REQUIRE(::chmod((temp.path() + "/run").c_str(), 0755) == 0); }
  SECTION("it is a link") {
    std::filesystem::remove(temp.path() + "/run");
    std::filesystem::create_directories(temp.path() + "/elsewhere");
    REQUIRE(::chmod((temp.path() + "/elsewhere").c_str(), 0700) == 0);
    std::filesystem::create_symlink("elsewhere", temp.path() + "/run");
  }
  try {
    const PodFolder folder(temp.store(), "web");
    FAIL("the folder was used");
  } catch (const Error& error) {
    CHECK(error.info().id == "runtime-folder");
    CHECK(error.info().error_class == ErrorClass::kHost);
    CHECK(error.info().message == "cannot use " + temp.path() + "/run");
  }
}

TEST_CASE("private folders are made with their parents, mode 0700", "[state]") {
  const TempFolder temp;
  make_private_folder(temp.path() + "/a/b/c");
  for (const char* name : {"/a", "/a/b", "/a/b/c"}) {
    struct stat status {};
    REQUIRE(::stat((temp.path() + name).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
  }
  CHECK_NOTHROW(make_private_folder(temp.path() + "/a/b/c"));
}

TEST_CASE("a folder that cannot be made is an error, not an endless search", "[state]") {
  const TempFolder temp;
  std::filesystem::create_symlink("nowhere", temp.path() + "/link");
  for (const std::string& path : {temp.path() + "/link/x", temp.path() + "/link/x/y", std::string("/proc/podctl-no-such/x")}) {
    CAPTURE(path);
    try {
      make_private_folder(path);
      FAIL("it was made");
    } catch (const SysError& error) {
      CHECK(error.code() == ENOENT);
    }
  }
}

TEST_CASE("a file of the record is replaced in one step, and private", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  CHECK_FALSE(folder.has_state());
  folder.make_state();
  CHECK(folder.has_state());
  CHECK_FALSE(folder.read("status.json"));
  folder.write("status.json", "one");
  folder.write("status.json", "", PodFolder::Durability::kDisk);
  CHECK(folder.read("status.json") == "");
  folder.write("status.json", "three", PodFolder::Durability::kDisk);
  CHECK(folder.read("status.json") == "three");
  CHECK(content_of(folder.state() + "/status.json") == "three");
  CHECK_FALSE(std::filesystem::exists(folder.state() + "/status.json.new"));
  struct stat status {};
  REQUIRE(::stat((folder.state() + "/status.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("a reader meanwhile sees the old file or the new one, never half of one", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  folder.make_state();
  const std::string first(200'000, 'a'), second(100'000, 'b');
  folder.write("status.json", first);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) folder.write("status.json", i % 2 == 0 ? second : first);
    done = true;
  });
  int torn = 0, reads = 0;
  while (!done || reads < 20) {
    const std::string seen = content_of(folder.state() + "/status.json");
    torn += seen != first && seen != second;
    ++reads;
  }
  writer.join();
  CHECK(torn == 0);
}

TEST_CASE("a write that fails leaves the old file", "[state]") {
  const TempFolder temp;
  const int code = in_child([&] {
    PodFolder folder(temp.store(), "web");
    folder.make_state();
    folder.write("status.json", "old");
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    try {
      folder.write("status.json", std::string(5000, 'x'));
      return 2;
    } catch (const SysError& error) {
      if (error.code() != EFBIG) return 3;
    }
    return folder.read("status.json") == "old" ? 0 : 4;
  });
  CHECK(code == 0);
}

TEST_CASE("a file that was left half-written by a monitor that died is written over", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  folder.make_state();
  put_file(folder.state() + "/status.json.new", std::string(100, 'h'));
  folder.write("status.json", "short");
  CHECK(folder.read("status.json") == "short");
}

TEST_CASE("nothing is written through a link that stands in a file's place", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  folder.make_state();
  put_file(temp.path() + "/victim", "precious");
  std::filesystem::create_symlink(temp.path() + "/victim", folder.state() + "/status.json.new");
  CHECK_THROWS_AS(folder.write("status.json", "x"), SysError);
  CHECK(content_of(temp.path() + "/victim") == "precious");
}

TEST_CASE("an ended pod's record is set aside, and brought back when the new one fails", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  folder.make_state();
  put_file(folder.state() + "/status.json", "old");
  folder.set_previous_aside();
  CHECK(folder.has_previous());
  CHECK_FALSE(folder.has_state());
  CHECK(folder_names(temp.store().state).empty());  // a dot hides it from lists
  folder.make_state();
  put_file(folder.state() + "/status.json", "new");
  folder.remove_state();
  folder.bring_previous_back();
  CHECK_FALSE(folder.has_previous());
  CHECK(content_of(folder.state() + "/status.json") == "old");
}

TEST_CASE("without an earlier record there is nothing to set aside", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  folder.set_previous_aside();
  CHECK_FALSE(folder.has_previous());
  CHECK_NOTHROW(folder.bring_previous_back());
}

TEST_CASE("what a start that was killed had set aside outlives what it had begun", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  put_file(folder.previous() + "/status.json", "oldest");
  folder.make_state();
  put_file(folder.state() + "/status.json", "half-begun");
  folder.set_previous_aside();
  CHECK(folder.has_previous());
  CHECK_FALSE(folder.has_state());
  CHECK(content_of(folder.previous() + "/status.json") == "oldest");
}

TEST_CASE("folders are listed by name; a missing list is an empty one", "[state]") {
  const TempFolder temp;
  CHECK(folder_names(temp.path() + "/none").empty());
  for (const char* name : {"/b", "/a", "/.hidden"}) std::filesystem::create_directories(temp.path() + name);
  CHECK(folder_names(temp.path()) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("entries of the record are removed with all that is in them", "[state]") {
  const TempFolder temp;
  PodFolder folder(temp.store(), "web");
  folder.make_state();
  put_file(folder.state() + "/upper/a/b/c", "x");
  std::filesystem::create_symlink(temp.path(), folder.state() + "/upper/a/out");
  put_file(folder.state() + "/status.json", "kept");
  folder.remove("upper");
  CHECK_FALSE(std::filesystem::exists(folder.state() + "/upper"));
  CHECK(content_of(folder.state() + "/status.json") == "kept");
  CHECK(std::filesystem::exists(temp.path()));  // no link was followed
  folder.remove_state();
  CHECK_FALSE(folder.has_state());
}

// --- the store, as readers see it
// ---------------------------------------------------------------------------

TEST_CASE("readers tell running, finished and lost pods apart", "[state]") {
  const TempFolder temp;
  put_file(temp.store().state + "/done/status.json", R"({"status":{"podctl":{"formatVersion":1,"exit":{"code":0}}}})");
  put_file(temp.store().state + "/lost/status.json", R"({"metadata":{"labels":{"exit":"no"}},"status":{"podctl":{"formatVersion":1}}})");
  put_file(temp.store().state + "/torn/status.json", R"({"status":{"pha)");
  put_file(temp.store().state + "/empty/status.json", "");
  std::filesystem::create_directories(temp.store().state + "/bare");
  const PodFolder folder(temp.store(), "live");
  CHECK(in_child([&] {
          const auto pods = list_pods(temp.store());
          const std::vector<std::string> names{"bare", "done", "empty", "live", "lost", "torn"};
          if (pods.size() != names.size()) return 1;
          for (std::size_t i = 0; i < pods.size(); ++i) {
            if (pods[i].name != names[i]) return 2;
            const Liveness right = names[i] == "live" ? Liveness::kRunning : names[i] == "done" ? Liveness::kFinished : Liveness::kLost;
            if (pods[i].liveness != right) return 10 + static_cast<int>(i);
            if ((pods[i].monitor_pid == ::getppid()) != (names[i] == "live")) return 20 + static_cast<int>(i);
          }
          return find_pod(temp.store(), "none") ? 3 : find_pod(temp.store(), "lost") ? 0 : 4;
        }) == 0);
}

TEST_CASE("a finished or lost pod is forgotten, a running or unknown one is not", "[state]") {
  const TempFolder temp;
  put_file(temp.store().state + "/lost/status.json", R"({"status":{"pha)");
  remove_pod(temp.store(), "lost");
  CHECK_FALSE(std::filesystem::exists(temp.store().state + "/lost"));
  CHECK(std::filesystem::is_empty(temp.store().state));
  try {
    remove_pod(temp.store(), "lost");
    FAIL("it was there");
  } catch (const Error& error) {
    CHECK(error.info().error_class == ErrorClass::kNotFound);
  }
  const PodFolder folder(temp.store(), "live");
  CHECK(in_child([&] {
          try {
            remove_pod(temp.store(), "live");
            return 1;
          } catch (const Error& error) {
            return error.info().error_class == ErrorClass::kConflict ? 0 : 2;
          }
        }) == 0);
}
