// What a container may do, and what it inherits: capabilities, privileges, signals, descriptors.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <ostream>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

// Numbers of linux/capability.h, written down here so that podctl's own tables are not asked.
enum : unsigned {
  kChown = 0,
  kDacOverride = 1,
  kFowner = 3,
  kFsetid = 4,
  kKill = 5,
  kSetgid = 6,
  kSetuid = 7,
  kSetpcap = 8,
  kNetBind = 10,
  kNetAdmin = 12,
  kNetRaw = 13,
  kSysChroot = 18,
  kSysAdmin = 21,
  kMknod = 27,
  kAuditWrite = 29,
  kSetfcap = 31
};

std::string mask(std::initializer_list<unsigned> numbers) {
  std::uint64_t bits = 0;
  for (const unsigned number : numbers) bits |= std::uint64_t{1} << number;
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(bits));
  return text;
}

const std::string kNone = mask({});
const std::string kUsual = mask({kChown, kDacOverride, kFowner, kFsetid, kKill, kSetgid, kSetuid, kSetpcap, kNetBind, kNetRaw, kSysChroot,
                                 kMknod, kAuditWrite, kSetfcap});

struct Sets {
  std::string inheritable, permitted, effective, bounding, ambient;
  bool operator==(const Sets& o) const {
    return inheritable == o.inheritable && permitted == o.permitted && effective == o.effective && bounding == o.bounding &&
           ambient == o.ambient;
  }
};
std::ostream& operator<<(std::ostream& out, const Sets& s) {
  return out << "Inh " << s.inheritable << " Prm " << s.permitted << " Eff " << s.effective << " Bnd " << s.bounding << " Amb "
             << s.ambient;
}

Sets sets_of(const World& world, const Json& security) {
  const std::string status =
      output_of(world, "exec cat /proc/self/status", security.empty() ? Json::object() : Json{{"securityContext", security}});
  return {field(status, "CapInh"), field(status, "CapPrm"), field(status, "CapEff"), field(status, "CapBnd"), field(status, "CapAmb")};
}

// Of user 0: what it is bounded by it has.
Sets root_with(const std::string& set) { return {kNone, set, set, set, kNone}; }

std::string status_of(const World& world, const std::vector<std::string>& prefix, const Json& security = Json::object()) {
  Json main = container("main", "exec cat /proc/self/status");
  main["securityContext"] = security;
  std::vector<std::string> argv = prefix;
  for (const auto& word : world.podctl_argv({"run", write_manifest(world, pod({main}))})) argv.push_back(word);
  const Result result = run(argv);
  INFO(result.err);
  CHECK(result.code == 0);
  return result.out;
}

}  // namespace

TEST_CASE("capabilities are exactly the usual fourteen", "[lockdown]") {
  const World world;
  CHECK(sets_of(world, {}) == root_with(kUsual));
}

TEST_CASE("drop and add change the capabilities exactly", "[lockdown]") {
  const World world;
  CHECK(sets_of(world, {{"capabilities", {{"drop", {"ALL"}}}}}) == root_with(kNone));
  CHECK(sets_of(world, {{"capabilities", {{"drop", {"ALL"}}, {"add", {"NET_BIND_SERVICE"}}}}}) == root_with(mask({kNetBind})));
  CHECK(sets_of(world, {{"capabilities", {{"drop", {"ALL"}}, {"add", {"CHOWN", "NET_ADMIN"}}}}}) == root_with(mask({kChown, kNetAdmin})));
  const std::string more = mask({kChown, kDacOverride, kFowner, kFsetid, kKill, kSetgid, kSetuid, kSetpcap, kNetBind, kNetRaw, kSysChroot,
                                 kSysAdmin, kAuditWrite, kSetfcap});
  CHECK(sets_of(world, {{"capabilities", {{"drop", {"MKNOD"}}, {"add", {"SYS_ADMIN"}}}}}) == root_with(more));
}

TEST_CASE("add ALL gives all that the kernel knows, and that drop leaves", "[lockdown]") {
  const World world;
  const unsigned last = static_cast<unsigned>(std::stoul(read_file("/proc/sys/kernel/cap_last_cap")));
  char all[32];
  std::snprintf(all, sizeof all, "%016llx", (1ULL << (last + 1)) - 1);
  CHECK(sets_of(world, {{"capabilities", {{"add", {"ALL"}}}}}) == root_with(all));
  std::snprintf(all, sizeof all, "%016llx", ((1ULL << (last + 1)) - 1) & ~(1ULL << kSysAdmin));
  CHECK(sets_of(world, {{"capabilities", {{"add", {"ALL"}}, {"drop", {"SYS_ADMIN"}}}}}) == root_with(all));
}

TEST_CASE("a user other than 0 has no capability, only the bound", "[lockdown]") {
  const World world;
  CHECK(sets_of(world, {{"runAsUser", 1000}, {"runAsGroup", 1000}}) == Sets{kNone, kNone, kNone, kUsual, kNone});
  CHECK(sets_of(world, {{"runAsUser", 1000}, {"capabilities", {{"drop", {"ALL"}}}}}) == Sets{kNone, kNone, kNone, kNone, kNone});
}

TEST_CASE("capabilities that the caller passes on are not passed on", "[lockdown]") {
  if (!has_means(exists("/usr/sbin/capsh") || exists("/sbin/capsh") || exists("/usr/bin/setpriv"), "setpriv (package util-linux)")) return;
  const World world;
  // Only who has a capability can make it inheritable and ambient; everyone else starts without, which is checked above.
  const bool root = caller() == Caller::kMachineRoot || caller() == Caller::kNestedRoot;
  const std::vector<std::string> prefix =
      root ? std::vector<std::string>{"setpriv", "--inh-caps", "+net_raw,+chown", "--ambient-caps", "+net_raw,+chown"}
           : std::vector<std::string>{"setpriv", "--inh-caps", "-all"};
  const std::string status = status_of(world, prefix);
  CHECK(field(status, "CapInh") == kNone);
  CHECK(field(status, "CapAmb") == kNone);
  CHECK(field(status, "CapBnd") == kUsual);
}

TEST_CASE("no new privileges, unless the manifest allows them", "[lockdown]") {
  const World world;
  CHECK(field(output_of(world, "cat /proc/self/status"), "NoNewPrivs") == "1");
  CHECK(field(output_of(world, "cat /proc/self/status", {{"securityContext", {{"allowPrivilegeEscalation", true}}}}), "NoNewPrivs") == "0");
  CHECK(field(output_of(world, "cat /proc/self/status", {{"securityContext", {{"allowPrivilegeEscalation", false}}}}), "NoNewPrivs") ==
        "1");
}

TEST_CASE("signals are neither blocked nor ignored, whatever the caller did", "[lockdown]") {
  if (!has_means(run({"env", "--block-signal=USR1", "true"}).code == 0, "env --block-signal (coreutils 8.31)")) return;
  const World world;
  const std::vector<std::vector<std::string>> callers{{},
                                                      {"sh", "-c", "trap '' INT PIPE HUP QUIT USR2 CHLD; exec \"$@\"", "sh"},
                                                      {"env", "--block-signal"},
                                                      {"env", "--ignore-signal=INT,TERM,PIPE,TSTP", "--block-signal=USR1,USR2,CHLD,TERM"},
                                                      {"nohup"}};
  for (const auto& prefix : callers) {
    const std::string status = status_of(world, prefix);
    INFO((prefix.empty() ? "plain" : prefix.front()) << (prefix.size() > 1 ? prefix[1] : ""));
    CHECK(field(status, "SigBlk") == kNone);
    CHECK(field(status, "SigIgn") == kNone);
    CHECK(field(status, "SigCgt") == kNone);
    CHECK(field(status, "SigPnd") == kNone);
  }
}

TEST_CASE("of descriptors a container has its three streams and no other", "[lockdown]") {
  const World world;
  // ls itself opens one, the folder: whatever else shows was inherited. The shell would close none.
  Json main{{"name", "main"}, {"command", {"ls", "-l", "/proc/self/fd"}}};
  const std::string manifest = write_manifest(world, pod({main}));
  std::vector<std::string> argv{"sh", "-c", "exec 9</etc/passwd 8<>/dev/null 7</; exec \"$@\"", "sh"};
  for (const auto& word : world.podctl_argv({"run", manifest})) argv.push_back(word);
  const Result result = run(argv);
  CHECK(result.code == 0);
  std::vector<std::string> links;
  for (const auto& line : lines(result.out))
    if (const auto at = line.find(" -> "); at != std::string::npos) links.push_back(line.substr(line.rfind(' ', at - 1) + 1));
  REQUIRE(links.size() == 4);
  CHECK(links[0] == "0 -> /dev/null");
  CHECK(contains(links[1], "1 -> pipe:"));
  CHECK(contains(links[2], "2 -> pipe:"));
  CHECK(contains(links[3], "3 -> /proc/"));
}

TEST_CASE("a caller without standard streams gives a container sound ones", "[lockdown]") {
  const World world;
  const std::string seen = world.folder("seen");
  Json main =
      container("main", "readlink /proc/self/fd/0 > /seen/fds; ls /proc/self/fd | tr '\\n' ' ' >> /seen/fds; echo lost; echo lost >&2");
  main["volumeMounts"] = {mount("seen", "/seen")};
  Json manifest = pod({main});
  manifest["spec"]["volumes"] = {volume("seen", {{"hostPath", {{"path", seen}}}})};
  std::vector<std::string> argv{"sh", "-c", "\"$@\" 0<&- 1>&- 2>&-; echo $?", "sh"};
  for (const auto& word : world.podctl_argv({"run", write_manifest(world, manifest)})) argv.push_back(word);
  CHECK(run(argv).out == "0\n");
  // ls writes to the file, so its own are 0, 1 and 2, and the folder is 3.
  CHECK(read_file(seen + "/fds") == "/dev/null\n0 1 2 3 ");
}

TEST_CASE("umask, folder, session and out-of-memory score are the container's own", "[lockdown]") {
  const World world;
  const std::string script =
      "umask; pwd; readlink /proc/self/cwd; cat /proc/self/oom_score_adj; cut -d' ' -f5,6 /proc/$$/stat | { read group session; [ $group = $$ ] && [ $session = $$ ] && echo leader; }";
  std::vector<std::string> argv{"sh", "-c", "umask 077; cd /usr; exec \"$@\"", "sh"};
  for (const auto& word : world.podctl_argv({"run", write_manifest(world, pod({container("main", script)}))})) argv.push_back(word);
  const Result result = run(argv);
  std::string score = read_file("/proc/self/oom_score_adj");
  CHECK(result.out == "0022\n/\n/\n" + score + "leader\n");
}

TEST_CASE("the limit on open files is the caller's, though podctl raises its own", "[lockdown]") {
  const World world;
  std::vector<std::string> argv{"sh", "-c", "ulimit -Sn 123; exec \"$@\"", "sh"};
  for (const auto& word : world.podctl_argv({"run", write_manifest(world, pod({container("main", "ulimit -Sn; ulimit -Hn")}))}))
    argv.push_back(word);
  CHECK(run(argv).out == "123\n" + run({"sh", "-c", "ulimit -Hn"}).out);
}

TEST_CASE("the environment is the manifest's, and nothing of the caller's", "[lockdown]") {
  const World world;
  Json main{{"name", "main"},
            {"command", {"env"}},
            {"env", {{{"name", "A"}, {"value", "1"}}, {{"name", "B"}, {"value", "$(A)2"}}, {{"name", "C"}, {"value", "$$(A)"}}}}};
  Options options;
  options.environment = {{"SECRET_TOKEN", "do not tell"}, {"LD_PRELOAD", ""}, {"A", "caller"}};
  const Result result = run_pod(world, pod({main}), {}, options);
  auto seen = lines(result.out);
  std::sort(seen.begin(), seen.end());
  const std::vector<std::string> expected{
      "A=1", "B=12", "C=$(A)", "HOME=/root", "HOSTNAME=test", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  CHECK(seen == expected);
}

TEST_CASE("pause has no capability, no descriptor and no way in", "[lockdown]") {
  const World world;
  Json main = container(
      "main",
      "ls /proc/1/fd 2>&1; readlink /proc/1/exe || echo 'no exe'; ls /proc/1/root 2>&1; cat /proc/1/maps 2>&1; "
      "sh -c 'echo x > /proc/1/exe' 2>&1; kill -TERM 1; kill -INT 1; kill -KILL 1; sleep 0.1; cat /proc/1/comm; echo ready; exec sleep 60");
  LivePod live(world, pod({main}));
  live.await("ready");
  const std::string status = read_file("/proc/" + std::to_string(live.pause()) + "/status");
  CHECK(field(status, "CapEff") == kNone);
  CHECK(field(status, "CapPrm") == kNone);
  const std::string& out = live.out();
  INFO(out);
  CHECK(contains(out, "no exe"));
  CHECK(contains(out, "podctl-pause\nready"));
  // Each look inside is refused; what is listed would be in the output.
  std::size_t refused = 0;
  for (auto at = out.find("Permission denied"); at != std::string::npos; at = out.find("Permission denied", at + 1)) ++refused;
  CHECK(refused == 3);  // root, maps, exe; that of descriptors is empty
  CHECK_FALSE(contains(out, "/memfd"));
  CHECK(live.stop().code == 143);
}

TEST_CASE("from outside, pause has no descriptor open", "[lockdown]") {
  const World world;
  LivePod live(world, pod({container("main", "echo ready; exec sleep 60")}));
  live.await("ready");
  CHECK(run({"ls", "/proc/" + std::to_string(live.pause()) + "/fd"}).out == "");
  CHECK(contains(run({"readlink", "/proc/" + std::to_string(live.pause()) + "/exe"}).out, "/memfd:"));
  live.stop();
}

TEST_CASE("with every capability a container still cannot change pause's program or find the machine's files", "[lockdown]") {
  if (!has_means(exists("/usr/bin/nsenter"), "nsenter (package util-linux)")) return;
  const World world;
  const std::string canary = world.file("canary", "the machine's");
  Json main = container(
      "main",
      "ls -a /proc/1/root/ | tr '\\n' ' ' 2>&1; echo --; ls /proc/1/root" + canary +
          " 2>&1; echo --; nsenter -t 1 -m /usr/bin/ls / 2>&1; echo --; "
          "nsenter -t 1 -m -p -n /bin/sh -c 'ls /home /root /etc/shadow' 2>&1; echo --; cp /bin/true /proc/1/exe 2>&1; echo --; ls /proc/1/cwd/ 2>&1; ls /proc/1/fd 2>&1; echo end");
  main["securityContext"] = {{"capabilities", {{"add", {"ALL"}}}}};
  const Result result = run_pod(world, pod({main}));
  INFO(result.out);
  CHECK(result.code == 0);
  CHECK(lines(result.out).front() == ". .. f h m r s t v w --");  // the pod tree, looked at with CAP_SYS_PTRACE
  CHECK(contains(result.out, "nsenter: failed to execute /usr/bin/ls"));
  CHECK(contains(result.out, "nsenter: failed to execute /bin/sh"));
  CHECK_FALSE(contains(result.out, "the machine's"));
  CHECK_FALSE(contains(result.out, canary + "\n--"));
  for (const auto* name : {"\nhome", "\nroot\n", "\nvar\n", "\nboot\n", "shadow\n", "\nusr\n"}) {
    INFO(name);
    CHECK_FALSE(contains(result.out, name));
  }
  CHECK(contains(result.out, "end\n"));
}
