// A further program in a container: the kernel is asked whether it is where and what the container is.
#include <signal.h>

#include <filesystem>
#include <tuple>

#include "host/detached.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

const std::string kWait = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

Json two_containers() { return pod({container("app", kWait), container("log", kWait)}); }

std::string status_fields(const std::string& text) {
  std::string fields;
  for (const char* key : {"Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    fields += std::string(key) + ' ' + field(text, key) + '\n';
  return fields;
}

}  // namespace

TEST_CASE("exec joins every namespace of the container, and has its user, capabilities and limits", "[exec]") {
  const World world;
  for (const char* sharing : {"pod", "kubernetes"}) {
    INFO(sharing);
    Json manifest = two_containers();
    manifest["metadata"]["annotations"] = {{"podctl.dev/sharing", sharing}};
    manifest["spec"]["containers"][1]["securityContext"] = {{"capabilities", {{"drop", {"ALL"}}, {"add", {"CHOWN"}}}}};
    const Detached pod(world, manifest);
    for (const char* name : {"app", "log"}) {
      const int pid = pod.record()["status"]["podctl"]["containerPids"][name];
      const Result result =
          world.podctl({"exec", "test", "-c", name, "--", "sh", "-c",
                        "for n in user net ipc uts pid mnt cgroup; do readlink /proc/self/ns/$n; done; cat /proc/self/status; cat "
                        "/proc/self/limits | grep files; echo end"});
      CHECK(result.err == "");
      REQUIRE(result.code == 0);
      const auto said = lines(result.out);
      std::size_t i = 0;
      for (const char* kind : {"user", "net", "ipc", "uts", "pid", "mnt", "cgroup"})
        CHECK(said.at(i++) == std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind).string());
      // What the container's own process has, as it sees itself.
      const std::string ids = field(read_file("/proc/" + std::to_string(pid) + "/status"), "NSpid");
      const Result own =
          world.podctl({"exec", std::string("test/") + name, "--", "cat", "/proc/" + ids.substr(ids.rfind(' ') + 1) + "/status"});
      INFO(own.err);
      CHECK(status_fields(result.out) == status_fields(own.out));
    }
  }
}

TEST_CASE("exec passes codes, signals, environment, folder, input and output", "[exec]") {
  const World world;
  Json manifest = two_containers();
  manifest["spec"]["containers"][0]["env"] = {{{"name", "A"}, {"value", "one"}}};
  manifest["spec"]["containers"][0]["workingDir"] = "/usr";
  const Detached pod(world, manifest);
  CHECK(world.podctl({"exec", "test", "--", "sh", "-c", "exit 7"}).code == 7);
  CHECK(world.podctl({"exec", "test", "--", "sh", "-c", "kill -9 $$"}).code == 137);
  CHECK(world.podctl({"exec", "test", "--", "sh", "-c", "echo $A; pwd; hostname"}).out == "one\n/usr\ntest\n");
  CHECK(world.podctl({"exec", "-e", "A=two", "-e", "B=b", "-w", "/bin/..", "test", "--", "sh", "-c", "echo $A $B; pwd"}).out ==
        "two b\n/\n");
  Options options;
  options.input = "typed\n";
  CHECK(world.podctl({"exec", "-i", "test", "--", "cat"}, options).out == "typed\n");
  CHECK(world.podctl({"exec", "test", "--", "cat"}, options).out == "");
  const Result both = world.podctl({"exec", "test", "--", "sh", "-c", "echo o; echo e >&2"});
  CHECK(both.out == "o\n");
  CHECK(both.err == "e\n");
  const Result fds = world.podctl({"exec", "test", "--", "sh", "-c", "ls /proc/self/fd"});
  CHECK(lines(fds.out) == std::vector<std::string>{"0", "1", "2", "3"});  // 3: the folder itself
}

TEST_CASE("exec takes flags until its command begins, and leaves those after that to it", "[exec]") {
  const World world;
  const Detached pod(world, two_containers());
  const std::vector<std::string> tell{"sh", "-c", "echo $0 $A $*", "-c", "--help", "--", "-e", "A=2", "--version"};
  const std::string told = "-c 1 --help -- -e A=2 --version\n";
  const std::vector<std::vector<std::string>> beginnings{{"-e", "A=1", "test"},
                                                         {"test", "-e", "A=1"},
                                                         {"test", "-e", "A=1", "--"},
                                                         {"pod/test", "-e=A=1"},
                                                         {"pod", "test", "--env=A=1"},
                                                         {"test/log", "-ie", "A=1"},
                                                         {"-c", "log", "test", "-ie=A=1"},
                                                         {"test", "--env", "A=1", "-c=app"},
                                                         {"--env", "A=1", "test"},
                                                         {"test", "-i", "-eA=1"},
                                                         {"test", "-q", "--stdin=false", "-eA=1"}};
  for (auto words : beginnings) {
    words.insert(words.begin(), "exec");
    words.insert(words.end(), tell.begin(), tell.end());
    INFO(words[1] << ' ' << words[2]);
    const Result result = world.podctl(words);
    CHECK(result.err == "");
    CHECK(result.out == told);
  }
  CHECK(world.podctl({"exec", "test", "ls", "-d", "/"}).out == "/\n");
  CHECK(contains(world.podctl({"exec", "test", "-d", "/"}).err, "podctl exec has no flag \"-d\""));
  CHECK(contains(world.podctl({"exec", "--", "test", "true"}).err, "which pod?"));
  CHECK(contains(world.podctl({"exec", "test", "-c"}).err, "--container needs a value"));
}

TEST_CASE("exec refuses what it cannot do, and says why", "[exec]") {
  const World world;
  const Detached pod(world, two_containers());
  const auto refused = [&](std::vector<std::string> words, int code, const std::string& text) {
    words.insert(words.begin(), "exec");
    const Result result = world.podctl(words);
    INFO(result.err);
    CHECK(result.code == code);
    CHECK(contains(result.err, text));
    CHECK_FALSE(contains(result.err, "spec."));  // the manifest has not asked for it
  };
  refused({"test", "--", "nosuch"}, 127, "\"nosuch\" not found");
  refused({"test", "--", "/etc/passwd"}, 126, "ermission denied");
  refused({"test"}, 125, "which command?");
  refused({"test", "-c", "ap", "--", "true"}, 125, "did you mean \"app\"?");
  refused({"nope", "--", "true"}, 125, "not found");
  refused({"-u", "nobodyatall", "test", "--", "true"}, 125, "has no user");
  refused({"-u", "999999", "test", "--", "true"}, 125, "user 999999 does not exist in pod 'test'");
  refused({"-w", "relative", "test", "--", "true"}, 125, "no absolute path");
  refused({"-e", "novalue", "test", "--", "true"}, 125, "NAME=VALUE");
  REQUIRE(world.podctl({"stop", "test"}).code == 0);
  refused({"test", "--", "true"}, 125, "does not run");
}

TEST_CASE("exec -t gives a terminal of the container's own", "[exec]") {
  const World world;
  const Detached pod(world, two_containers());
  const Result result = world.podctl(
      {"exec", "-t", "test", "--", "sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo $TERM; ls /dev/pts"});
  CHECK(result.code == 0);
  CHECK(result.out == "/dev/pts/0\r\nall\r\nxterm\r\n0  ptmx\r\n");
  Options options;
  options.input = "echo $((6*7))\nexit 5\n";
  const Result shell = world.podctl({"exec", "-it", "test", "--", "sh"}, options);
  CHECK(contains(shell.out, "42"));
  CHECK(shell.code == 5);
}

TEST_CASE("run -t gives the container a terminal, and -i types into it", "[exec]") {
  const World world;
  const Result result =
      world.podctl({"run", "-t", "--", "sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo $TERM >&2"});
  CHECK(result.code == 0);
  CHECK(result.out == "/dev/pts/0\r\nall\r\nxterm\r\n");
  Options options;
  options.input = "echo $((6*7))\nexit 3\n";
  const Result shell = world.podctl({"run", "-it", "--", "sh"}, options);
  CHECK(contains(shell.out, "42"));
  CHECK(shell.code == 3);
}

TEST_CASE("a terminal whose input ends says so, and stays until its program has ended", "[exec]") {
  const World world;
  Options options;
  for (int i = 0; i < 20; ++i) {
    const Result nothing = world.podctl({"run", "-it", "--cwd", "none", "--", "cat"}, options);
    CHECK(nothing.code == 0);
    CHECK(nothing.out == "");
  }
  options.input = "whole\nhalf";
  options.limit = std::chrono::seconds(10);
  const Result cat = world.podctl({"run", "-it", "--", "sh", "-c", "stty -echo; echo on; cat"}, options);
  CHECK(cat.code == 0);
  CHECK(contains(cat.out, "on\r\n"));
  CHECK(contains(cat.out, "whole\r\nhalf"));
  const std::string closes = "exec <&- >&- 2>&-; sleep 0.2; exec >/dev/tty; echo late; sleep 0.2; exec >&-; sleep 0.2; exit 5";
  const Result late = world.podctl({"run", "-t", "--", "sh", "-c", closes});
  CHECK(late.code == 5);
  CHECK(late.out == "late\r\n");
  const Detached pod(world, two_containers());
  CHECK(world.podctl({"exec", "-t", "test", "--", "sh", "-c", "exec <&- >&- 2>&-; sleep 0.2; exit 5"}).code == 5);
  CHECK(contains(world.podctl({"exec", "-it", "test", "--", "cat"}, options).out, "half"));
}

TEST_CASE("what exec runs ends with it, and what it leaves behind ends with the container", "[exec]") {
  const World world;
  const Detached pod(world, two_containers());
  const auto is_there = [&](const std::string& mark) {
    return world
               .podctl(
                   {"exec", "test", "--", "sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q 'sleep " + mark + "'"})
               .code == 0;
  };
  {
    Background exec(world.podctl_argv({"exec", "test", "--", "sleep", "4242"}));
    CHECK(eventually([&] { return is_there("424[2]"); }));
    exec.signal(SIGKILL);
    exec.wait();
    // What it ran is ours to reap now, as it is init's elsewhere: a zombie would hold up the end of the pod's pid namespace.
    CHECK(eventually([] { return ::waitpid(-1, nullptr, WNOHANG) > 0; }));
    CHECK(!is_there("424[2]"));
  }
  {
    Background exec(world.podctl_argv({"exec", "test", "--", "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"}));
    CHECK(exec.read_until([](const std::string& out) { return contains(out, "up"); }));
    exec.signal(SIGTERM);
    CHECK(exec.wait().code == 9);
  }
}

TEST_CASE("attach shows what is printed from now on, and passes input", "[exec]") {
  const World world;
  Json manifest = pod({container("main", "echo before; while read line; do echo got $line; [ $line = end ] && exit 8; done")});
  manifest["spec"]["containers"][0]["stdin"] = true;
  const Detached pod(world, manifest);
  CHECK(eventually([&] { return world.podctl({"logs", "test"}).out == "before\n"; }));
  Options options;
  options.input = "hello\nend\n";
  const Result result = world.podctl({"attach", "-i", "test"}, options);
  CHECK(result.out == "got hello\ngot end\n");
  CHECK(result.code == 8);
}

TEST_CASE("attach -i says which container has no input to give, and why", "[exec]") {
  const World world;
  Json once = container("once", "cat >/dev/null; sleep 60");
  once["stdin"] = once["stdinOnce"] = true;
  const Json manifest = pod({container("deaf", "exec sleep 60"), once});
  const auto said = [&](const std::string& name) {
    const Result result = world.podctl({"attach", "-i", name});
    CHECK(result.code == 125);
    return result.err;
  };
  {
    const Detached pod(world, manifest);
    CHECK(said("test/deaf") ==
          "podctl: container 'deaf' of pod 'test' has no open standard input\n  hint: set stdin: true in the manifest   [no-input]\n");
    CHECK(world.podctl({"attach", "-i", "test/once"}, {.input = "\x1d\x1d"}).code == 0);
    CHECK(contains(said("test/once"), "'once' of pod 'test' has no open standard input\n  its first reader is done"));
  }
  LivePod live(world, manifest);
  CHECK(eventually([&] { return world.podctl({"exec", "test/once", "--", "true"}).code == 0; }));
  CHECK(contains(said("test/once"), "'once' of pod 'test' has no standard input to give\n  it is that of the podctl that runs the pod"));
  live.stop();
}

TEST_CASE("the detach keys end an attachment, and the pod goes on", "[exec]") {
  const World world;
  Json manifest = pod({container("main", "while read line; do echo got $line; [ $line = end ] && exit 8; done")});
  manifest["spec"]["containers"][0]["stdin"] = true;
  const Detached pod(world, manifest);
  const std::string config = world.file("config.json", R"({"detachKeys": "q,q"})");
  Options options;
  options.input = "a\x1d\x1dnobody reads this\n";
  CHECK(world.podctl({"attach", "-i", "test"}, options).code == 0);
  options.input = "bqqnor this\n";
  CHECK(world.podctl({"--config", config, "attach", "-i", "test"}, options).code == 0);
  options.input = "cqxy";
  CHECK(world.podctl({"--config", config, "attach", "-i", "--detach-keys", "x,y", "test"}, options).code == 0);
  options.input = "d\nend\n";
  const Result last = world.podctl({"attach", "-i", "test"}, options);
  CHECK(last.out == "got abcqd\ngot end\n");
  CHECK(last.code == 8);
}

TEST_CASE("an attachment without input ends by its keys on a terminal, which is as it was then", "[exec]") {
  const World world;
  const Detached pod(world, two_containers());
  // A terminal of its own (script(1)), on which `keys` are typed.
  const auto attach_and_type = [&](const std::string& keys, const std::string& flags) {
    std::string command = "trap : INT; ";
    for (const auto& word : world.podctl_argv({"attach"})) command += word + ' ';
    command += flags + " test; echo code $?; stty -a";
    return run({"sh", "-c", "(sleep 0.5; printf \"$0\"; sleep 0.5) | script -qec \"$1\" /dev/null", keys, command},
               {.limit = std::chrono::seconds(10)});
  };
  for (const auto& [keys, flags, code] :
       {std::tuple{"a\\035\\035", "", "code 0"}, std::tuple{"\\003", "", "code 130"}, std::tuple{"qq", "--detach-keys q,q", "code 0"}}) {
    INFO(keys);
    const Result result = attach_and_type(keys, flags);
    INFO(result.out);
    CHECK(contains(result.out, code));
    CHECK(contains(result.out, " icanon"));
    CHECK(contains(result.out, " echo "));
  }
}

TEST_CASE("a reader that attaches and stops reading does not hold the container up, and the log has everything", "[exec]") {
  const World world;
  Json manifest = pod(
      {container("main", "read go; i=0; while [ $i -lt 30000 ]; do echo line number $i of a long series; i=$((i+1)); done; echo done")});
  manifest["spec"]["containers"][0]["stdin"] = true;
  const Detached pod(world, manifest);
  Options options;
  Background reader({"sh", "-c", "(sleep 0.3; echo go; sleep 5) | \"$@\" | sleep 5", "sh", podctl_path(), "--root", world.path() + "/root",
                     "attach", "-i", "test"});
  CHECK(eventually([&] { return pod.record()["status"]["phase"] == "Succeeded"; }, std::chrono::seconds(20)));
  const std::string log = read_file(pod.folder() + "/logs/main/0.log");
  CHECK(contains(log, "line number 0 of"));
  CHECK(contains(log, "line number 29999 of"));
  CHECK(contains(log, " F done\n"));
  reader.wait();
}
