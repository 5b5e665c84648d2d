// The files of /proc, and whose a process is.
#include "podctl/processes.hpp"

#include "host/process_text.hpp"
#include "support/catch.hpp"
#include "unit/summary_support.hpp"

using namespace podctl;
using namespace podtest;
using namespace std::chrono_literals;

namespace {

ProcessEntry entry(int pid, int parent, std::uint64_t user, std::uint64_t cgroup) {
  ProcessEntry made;
  made.pid = pid;
  made.parent = parent;
  made.state = 'S';
  made.user_namespace = user;
  made.cgroup_namespace = cgroup;
  made.name = "p" + std::to_string(pid);
  made.command = "prog " + std::to_string(pid);
  made.own_pid = pid % 10;
  made.host_uid = 1000;
  return made;
}

PodSummary live_pod() {
  return summary_of(record_of("Running", {}, {{"app", running()}, {"log", running()}},
                              {{"pausePid", 10}, {"containerPids", {{"app", 11}, {"log", 12}}}}));
}

const std::vector<IdMapping> kMap{{0, 1000, 1}};

std::string whose(const std::vector<PodProcess>& processes) {
  std::string text;
  for (const auto& process : processes)
    text += std::to_string(process.entry.pid) + '=' +
            (process.is_pause            ? "pause"
             : process.container.empty() ? "?"
                                         : process.container) +
            ' ';
  return text;
}

}  // namespace

TEST_CASE("a process is the pod's by its user namespace or its ancestors, and a container's by its mark", "[processes]") {
  const std::vector<ProcessEntry> all{
      entry(1, 0, 1, 1),                             // the machine's init
      entry(9, 1, 1, 1),                             // the monitor
      entry(10, 9, 50, 1),                           // pause
      entry(11, 9, 50, 61),                          // app
      entry(12, 9, 50, 62),                          // log
      entry(13, 11, 50, 61),                         // a child of app
      entry(14, 10, 50, 62),                         // an orphan of log
      entry(15, 13, 70, 63),                         // made namespaces of its own
      entry(16, 15, 70, 63), entry(17, 10, 50, 99),  // an orphan that made a cgroup namespace of its own
      entry(18, 14, 0, 0),                           // a zombie: the kernel tells nothing
      entry(19, 5, 50, 61),                          // came by exec: its parent is another podctl
      entry(20, 1, 80, 80),                          // somebody else's
  };
  CHECK(whose(pod_processes(all, live_pod(), kMap)) == "10=pause 11=app 13=app 15=app 16=app 19=app 12=log 14=log 18=log 17=? ");
}

TEST_CASE("without pause there is no pod, and a ring of parents ends", "[processes]") {
  CHECK(pod_processes(std::vector{entry(11, 9, 50, 61)}, live_pod(), kMap).empty());
  CHECK(whose(pod_processes(std::vector{entry(10, 9, 50, 1), entry(21, 22, 0, 0), entry(22, 21, 0, 0)}, live_pod(), kMap)) == "10=pause ");
}

TEST_CASE("a list of processes", "[processes]") {
  std::vector<ProcessEntry> all{entry(10, 9, 50, 1), entry(11, 9, 50, 61), entry(12, 9, 50, 62), entry(13, 11, 0, 0),
                                entry(17, 10, 50, 99)};
  all[1].session = 11;
  all[1].threads = 3;
  all[1].cpu_time = 754s + 120ms;
  all[1].started_at = 100s;
  all[1].rss = 1536 * 1024;
  all[2].host_uid = 65534;
  all[2].command.clear();
  all[2].rss = std::uint64_t{2} << 30;
  all[3].state = 'Z';
  const auto processes = pod_processes(all, live_pod(), kMap);
  CHECK(TableWriter().write(process_table(processes, Which::kContainers, 1100s), Headings::kShow) ==
        "CONTAINER  PID  HOST-PID  USER  STAT  %CPU  RSS    TIME      COMMAND\n"
        "app        1    11        0     Ssl   75.4  1.5Mi  12:34.12  prog 11\n"
        "app        3    13        0     Z     0.0   -      0:00.00   [p13] <defunct>\n"
        "log        2    12        -     S     0.0   2Gi    0:00.00   [p12]\n"
        "?          7    17        0     S     0.0   0Ki    0:00.00   prog 17\n");
  CHECK(process_table(processes, Which::kAll, 1100s).rows.front().front() == "pause");
  const json list = json::parse(process_list_json("web", processes, Which::kContainers, 1100s));
  CHECK(list["kind"] == "ProcessList");
  CHECK(list["items"].size() == 4);
  CHECK(list["items"][0]["cpuPermille"] == 754);
  CHECK(list["items"][0]["cpuTimeMs"] == 754120);
  CHECK(list["items"][0]["rssBytes"] == 1536 * 1024);
  CHECK(list["items"][1]["zombie"] == true);
  CHECK_FALSE(list["items"][2].contains("uid"));
  CHECK_FALSE(list["items"][3].contains("container"));
}

TEST_CASE("/proc/PID/stat, whatever the program is called", "[processes]") {
  ProcessEntry made;
  CHECK(parse_process_stat("42 (a) b (c\n) Z 7 42 43 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 5 0 1234 8192 3 18446744073709551615\n", made,
                           100, 4096));
  CHECK(made.pid == 42);
  CHECK(made.name == "a) b (c\n");
  CHECK(made.state == 'Z');
  CHECK(made.parent == 7);
  CHECK(made.session == 43);
  CHECK(made.cpu_time == 2s);
  CHECK(made.threads == 5);
  CHECK(made.started_at == 12340ms);
  CHECK(made.rss == 3 * 4096);
  for (const char* wrong :
       {"", "42", "42 (a", "42 a) S 1", "42 (a) S 1 2 3", "x (a) S 7 42 43 0 -1 0 1 2 3 4 150 50 0 0 20 0 5 0 1234 8192 3 1", ")42 (",
        "42 (a) SS 7 42 43 0 -1 0 1 2 3 4 150 50 0 0 20 0 5 0 1234 8192 3 1"}) {
    INFO(wrong);
    CHECK_FALSE(parse_process_stat(wrong, made, 100, 4096));
  }
}

TEST_CASE("the other files of /proc/PID", "[processes]") {
  CHECK(status_value("Name:\tsh\nUidX:\t1\nUid:\t1 2 3 4\n", "Uid") == "1 2 3 4");
  CHECK(status_value("Name:\tsh\n", "Uid").empty());
  CHECK(parse_numbers(" 1\t22  x -3 4 ") == std::vector<std::uint32_t>{1, 22, 4});
  CHECK(parse_command_line(std::string("sh\0-c\0a b\0", 10)) == "sh -c a b");
  CHECK(parse_command_line({}).empty());
  CHECK(parse_id_mappings("         0       1000          1\n         1     100000      65536\nx\n1 2\n") ==
        std::vector<IdMapping>{{0, 1000, 1}, {1, 100000, 65536}});
  CHECK(parse_cgroup("1:name=x:/a\n0::/user.slice/b\n") == "/user.slice/b");
  CHECK(parse_cgroup("").empty());
  const auto mounts = parse_mountinfo(
      "36 35 98:0 /a\\040b /mnt\\011x rw,noatime master:1 shared:2 - ext3 /dev/root rw\n"
      "37 35 0:5 / /proc ro - proc proc rw\nbad line\n38 35 0:5 / / rw -\n");
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].root == "/a b");
  CHECK(mounts[0].target == "/mnt\tx");
  CHECK(mounts[0].options == "rw,noatime");
  CHECK(mounts[0].type == "ext3");
  CHECK(mounts[0].source == "/dev/root");
  CHECK(mounts[1].target == "/proc");
}

TEST_CASE("the folder of a cgroup is where a mount of the hierarchy shows it", "[processes]") {
  const std::string proc = "23 1 0:5 / /proc rw - proc proc rw\n", whole = proc + "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  CHECK(cgroup_folder("0::/user.slice/a b\n", whole) == "/sys/fs/cgroup/user.slice/a b");
  CHECK(cgroup_folder("0::/\n", whole) == "/sys/fs/cgroup");
  CHECK(cgroup_folder("0::/a\n", whole + "40 31 0:28 /a /mnt rw - cgroup2 cgroup2 rw\n") == "/mnt");
  CHECK(cgroup_folder("0::/a/b\n", whole + "40 31 0:28 /a /mnt\\040x rw - cgroup2 cgroup2 rw\n") == "/mnt x/b");
  CHECK(cgroup_folder("0::/ab\n", proc + "40 31 0:28 /a /mnt rw - cgroup2 cgroup2 rw\n").empty());
  CHECK(cgroup_folder("0::/\n", proc + "40 31 0:28 /.. /mnt rw - cgroup2 cgroup2 rw\n").empty());
  CHECK(cgroup_folder("0::/../a\n", whole).empty());
  CHECK(cgroup_folder("0::/a\n", proc).empty());
  CHECK(cgroup_folder("1:name=systemd:/\n0::/a\n", whole).empty());  // hybrid
  for (const char* none : {"", "\n", "0::", "0::a\n", "4:memory:/a\n"}) CHECK(cgroup_folder(none, whole).empty());
}

TEST_CASE("capabilities by name", "[processes]") {
  CHECK(capability_names(0).empty());
  CHECK(capability_names(1 | 1 << 21) == std::vector<std::string>{"CHOWN", "SYS_ADMIN"});
  CHECK(capability_names(std::uint64_t{1} << 63) == std::vector<std::string>{"63"});
}

TEST_CASE("inspect of a pod that does not run says what was asked", "[processes]") {
  json record =
      record_of("Succeeded", {}, {{"app", terminated(0, "Completed"), {}, {{"image", "host"}, {"securityContext", {{"runAsUser", 5}}}}}});
  record["metadata"]["annotations"] = {{"podctl.dev/sharing", "kubernetes"}, {"other", "x"}};
  record["spec"]["hostNetwork"] = true;
  const auto inspected = [](const std::string& text) {
    SeenPod pod{.record = {.name = "web", .liveness = Liveness::kFinished, .status_json = text, .problem = {}}, .summary = {}};
    pod.summary = summarize(pod.record);
    return json::parse(inspect_json(pod));
  };
  const json pod = inspected(record.dump());
  const json& own = pod["status"]["podctl"];
  CHECK(own["asked"] == json{{"hostNetwork", true}, {"annotations", {{"podctl.dev/sharing", "kubernetes"}}}});
  CHECK(own["containers"]["app"]["asked"] == json{{"image", "host"}, {"securityContext", {{"runAsUser", 5}}}});
  CHECK_FALSE(own["containers"]["app"].contains("got"));
  CHECK_FALSE(own.contains("pause"));
  const json torn = inspected("{");
  CHECK(torn["status"]["podctl"]["problem"] == "its record is torn");
  CHECK_FALSE(torn.contains("spec"));
  for (const char* strange :
       {R"({"spec":[],"metadata":3,"status":{"podctl":{"formatVersion":1}}})", R"({"status":{"podctl":{"formatVersion":1}}})",
        R"({"spec":{"containers":[1,{"name":2}]},"status":{"podctl":{"formatVersion":1}}})"}) {
    INFO(strange);
    CHECK(inspected(strange)["status"]["podctl"].contains("asked"));
  }
  CHECK(json::parse(inspect_list_json(std::vector<std::string>{"{\"a\":1}"}))["items"].size() == 1);
}
