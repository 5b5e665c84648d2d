// Prints every figure podctl is held to, each with its limit, and fails when one is not kept. tests/bench/run
// prepares the folder it works in and calls it as a plain user.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "bench/measure.hpp"

namespace {

namespace fs = std::filesystem;
using bench::Command;

struct Setup {
  fs::path bin, work, memory;  // podctl and floor; a folder with busybox/ in it; one whose files are in memory
  int pairs = 300, series = 3;
  bool peers = false, quick = false, crowd = false;
  std::string only;  // one group of rows; empty: all
};

bool all_kept = true;

// One figure and whether it keeps its limit; without a limit it is there to be compared with.
void row(const std::string& what, double value, const char* unit, std::optional<double> limit, const std::string& more = {}) {
  const bool kept = !limit || value <= *limit;
  all_kept = all_kept && kept;
  char bound[48] = "";
  if (limit) std::snprintf(bound, sizeof bound, "limit %8.2f  %s", *limit, kept ? "kept" : "NOT KEPT");
  std::printf("%-58s %9.2f %-4s %s  %s\n", what.c_str(), value, unit, bound, more.c_str());
  std::fflush(stdout);
}

void compare_row(const Setup& setup, const std::string& what, const Command& ours, const Command& theirs, std::optional<double> limit,
                 int pairs) {
  const bench::Ratio ratio = bench::compare(ours, theirs, pairs, setup.series);
  char more[160];
  std::string series;
  for (const double one : ratio.series) {
    char text[16];
    std::snprintf(text, sizeof text, " %.2f", one);
    series += text;
  }
  std::snprintf(more, sizeof more, "(series%s; %.2f ms against %.2f ms; %d pairs each)", series.c_str(), ratio.first_ms, ratio.second_ms,
                pairs);
  row(what, ratio.median, "x", limit, more);
}

std::string words(const std::vector<std::string>& argv) {
  std::string line;
  for (const auto& word : argv) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::string two_container_pod(const std::string& image, const std::string& command) {
  std::ostringstream text;
  text
      << R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"bench"},"spec":{"restartPolicy":"Never","terminationGracePeriodSeconds":1,"containers":[)";
  for (const char* name : {"a", "b"})
    text << (*name == 'b' ? "," : "") << R"({"name":")" << name << R"(","image":")" << image << R"(","command":)" << command << "}";
  text << "]}}\n";
  return text.str();
}

fs::path write_file(const fs::path& path, const std::string& content) {
  std::ofstream(path) << content;
  return path;
}

// Pods of two containers in the busybox root, which end at once and which do not.
fs::path ending_pod(const Setup& setup) {
  return write_file(setup.work / "two.json", two_container_pod("rootfs:" + (setup.work / "busybox").string(), R"(["/bin/true"])"));
}
fs::path sleeping_pod(const Setup& setup) {
  return write_file(setup.work / "sleep.json",
                    two_container_pod("rootfs:" + (setup.work / "busybox").string(), R"(["/bin/sleep","1000"])"));
}

// --- rows ---------------------------------------------------------------------------------------------------

void start_rows(const Setup& setup) {
  const std::string podctl = setup.bin / "podctl", floor = setup.bin / "floor", root = setup.work / "busybox";
  const fs::path manifest = ending_pod(setup);
  const Command pod{"podctl", {podctl, "run", "-q", manifest}, {}};
  compare_row(setup, "two-container pod against the floor program", pod, {"floor", {floor, root, "/bin/true"}, {}}, 2.0, setup.pairs);
  // As a user has it: records on the disk, locks in memory. Without a limit: most of the difference is the one fsync,
  // and ext4 does not use an inode again within a minute or more of its deletion (recently_deleted, fs/ext4/ialloc.c), so a
  // long series pays for looking past its own.
  ::setenv("XDG_STATE_HOME", (setup.work / "disk").c_str(), 1);
  compare_row(setup, "  the same with its records on the disk", pod, {"floor", {floor, root, "/bin/true"}, {}}, std::nullopt, setup.pairs);
  ::setenv("XDG_STATE_HOME", (setup.memory / "state").c_str(), 1);  // as tests/bench/run has it

  const Command sandbox{"podctl", {podctl, "run", "-q", "--rm", "--", "true"}, {}};
  // The same namespaces and the same mounts as podctl's root of the host's files.
  std::vector<std::string> bwrap{"bwrap",
                                 "--unshare-user",
                                 "--unshare-ipc",
                                 "--unshare-pid",
                                 "--unshare-net",
                                 "--unshare-uts",
                                 "--unshare-cgroup",
                                 "--hostname",
                                 "main",
                                 "--die-with-parent",
                                 "--new-session",
                                 "--uid",
                                 "0",
                                 "--gid",
                                 "0",
                                 "--tmpfs",
                                 "/"};
  for (const char* folder : {"/etc", "/usr", "/opt"})
    if (fs::exists(folder)) bwrap.insert(bwrap.end(), {"--ro-bind", folder, folder});
  for (const char* link : {"bin", "lib", "lib32", "lib64", "libx32", "sbin"})
    if (const fs::path path = fs::path("/") / link; fs::is_symlink(path))
      bwrap.insert(bwrap.end(), {"--symlink", fs::read_symlink(path), path});
  bwrap.insert(bwrap.end(), {"--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var", "--proc", "/proc", "--dev", "/dev", "--mqueue",
                             "/dev/mqueue", "--chdir", "/", "true"});
  compare_row(setup, "run -- true against bwrap", sandbox, {"bwrap", bwrap, {}}, 1.0, setup.pairs);
  std::printf("    podctl: %s\n    bwrap:  %s\n", words(sandbox.argv).c_str(), words(bwrap).c_str());
  if (!setup.peers) return;

  const std::string bundle = setup.work / "bundle";
  const Command crun{"crun twice",
                     {"sh", "-c",
                      "crun --root " + (setup.work / "crun").string() + " run -b " + bundle + " bench-a && crun --root " +
                          (setup.work / "crun").string() + " run -b " + bundle + " bench-b"},
                     {}};
  compare_row(setup, "two-container pod against two crun run", pod, crun, 1.0 / 3, setup.pairs);
  write_file(setup.work / "play.json", two_container_pod("localhost/bench:1", R"(["/bin/true"])"));
  const std::string script = setup.bin / "podman.sh";
  bench::run_once({"podman import", {script, "import", setup.work}, {}});
  compare_row(setup, "two-container pod against podman kube play, wait, pod rm", pod, {"podman", {script, "pod", setup.work}, {}}, 1.0 / 50,
              30);
  bench::run_once({"podman end", {script, "end", setup.work}, {}});
}

long kib_of(int pid, const char* file_name, const std::string& label) {
  std::ifstream file("/proc/" + std::to_string(pid) + '/' + file_name);
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, label.size(), label) == 0) return std::strtol(line.c_str() + label.size(), nullptr, 10);
  throw std::runtime_error("/proc/" + std::to_string(pid) + '/' + file_name + " does not say " + label);
}

std::vector<int> children_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  return {std::istream_iterator<int>(file), {}};
}

pid_t start(const std::vector<std::string>& argv) {
  std::vector<char*> list;
  for (const auto& word : argv) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
    ::execvp(list[0], list.data());
    ::_exit(127);
  }
  return pid;
}

int finish(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

void memory_rows(const Setup& setup) {
  const fs::path manifest = sleeping_pod(setup);
  const pid_t monitor = start({setup.bin / "podctl", "run", "-q", "--rm", manifest});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  // The monitor of a running pod cannot be looked into, not even by its user; its status says what is its own.
  const long monitor_kib = kib_of(monitor, "status", "RssAnon:");
  long pause_kib = -1;
  for (const int pid : children_of(monitor)) {
    std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    if (std::getline(comm, name) && name == "podctl-pause") pause_kib = kib_of(pid, "smaps_rollup", "Private_Dirty:");
  }
  ::kill(monitor, SIGTERM);
  finish(monitor);
  if (pause_kib < 0) throw std::runtime_error("no pause process was found");
  row("private dirty memory of pause", static_cast<double>(pause_kib), "KiB", 64);
  row("private dirty memory of the monitor", static_cast<double>(monitor_kib), "KiB", 1024);
  row("size of podctl", static_cast<double>(fs::file_size(setup.bin / "podctl")) / (1 << 20), "MiB", 6);
}

// A container that prints as fast as it is read, against the same program with cat for a reader. Both leave files of the
// same size: a line of the log is its text and 40 bytes more, which the other prints itself.
void log_rows(const Setup& setup) {
  constexpr std::uint64_t kLine = 200, kHead = 40;
  const std::uint64_t lines = (setup.quick ? std::uint64_t{64} << 20 : std::uint64_t{1} << 30) / kLine;
  const std::string root = setup.memory / "logs", file = setup.memory / "cat.log", bytes = std::to_string(lines * kLine);
  std::ostringstream manifest;
  manifest
      << R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"log"},"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"rootfs:)"
      << (setup.work / "busybox").string() << R"(","command":["/bin/spout",")" << bytes << R"(","200"]}]}})";
  const Command pod{
      "unrotated", {setup.bin / "unrotated", write_file(setup.work / "log.json", manifest.str()), root}, {{"rm", "-rf", root, file}}};
  const auto piped = [&](std::uint64_t line) {
    return Command{"cat",
                   {"sh", "-c", "\"$1\" \"$2\" \"$3\" | cat > \"$4\"", "sh", setup.bin / "spout", std::to_string(lines * line),
                    std::to_string(line), file},
                   {{"rm", "-rf", root, file}}};
  };
  const int pairs = setup.quick ? 5 : 7;
  bench::run_once(pod);
  if (const auto size = fs::file_size(fs::path(root) / "state/pods/log/logs/a/0.log"); size != lines * (kLine + kHead))
    throw std::runtime_error("the log has " + std::to_string(size) + " bytes");
  compare_row(setup, "a log of " + std::to_string(lines * (kLine + kHead) >> 20) + " MiB against cat > file", pod, piped(kLine + kHead),
              1.3, pairs);
  compare_row(setup, "  the same against cat of the lines alone", pod, piped(kLine), std::nullopt, pairs);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The number behind `"key": ` in a record.
int number_in(const std::string& record, const std::string& key) {
  const auto at = record.find('"' + key + "\": ");
  if (at == std::string::npos) throw std::runtime_error("the record does not say " + key);
  return std::atoi(record.c_str() + at + key.size() + 4);
}

// A pod that runs on its own while it is measured.
class Detached {
 public:
  Detached(const Setup& setup, const fs::path& root, const fs::path& manifest) : podctl_(setup.bin / "podctl"), root_(root) {
    bench::run_once({"podctl run -d", {podctl_, "--root", root_, "run", "-q", "-d", manifest}, {}});
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // until it is recorded
  }
  Detached(const Detached&) = delete;
  Detached& operator=(const Detached&) = delete;
  ~Detached() { finish(start({podctl_, "--root", root_, "stop", "-q", "--grace", "0s", "bench"})); }
  [[nodiscard]] std::string record() const { return read_file(root_ / "state/pods/bench/status.json"); }

 private:
  std::string podctl_;
  fs::path root_;
};

void live_rows(const Setup& setup) {
  const fs::path root = setup.memory / "live", empty = setup.memory / "one", full = setup.memory / "five-hundred";
  const fs::path manifest = sleeping_pod(setup);
  const std::string podctl = setup.bin / "podctl";
  const Detached pod(setup, root, manifest);
  const std::string record = pod.record();
  row("private dirty memory of a detached monitor", static_cast<double>(kib_of(number_in(record, "monitorPid"), "status", "RssAnon:")),
      "KiB", 1024);

  // Both join the container's user, net, ipc, uts, pid, mount and cgroup namespaces, and run the same program there.
  const std::string member = std::to_string(number_in(record.substr(record.find("\"containerPids\"")), "a"));
  const Command exec{"podctl exec", {podctl, "--root", root, "exec", "-q", "bench", "-c", "a", "--", "/bin/true"}, {}};
  const Command nsenter{
      "nsenter", {"nsenter", "--preserve-credentials", "-t", member, "-U", "-n", "-i", "-u", "-p", "-m", "-C", "--", "/bin/true"}, {}};
  compare_row(setup, "exec POD -- true against nsenter", exec, nsenter, 1.5, setup.pairs);

  // Records as they are, of pods that never ran.
  constexpr int kPods = 500;
  const auto copy_record = [&](const fs::path& to, const std::string& name) {
    std::string text = record;
    if (const auto at = text.find("\"bench\""); at != std::string::npos) text.replace(at, 7, '"' + name + '"');
    fs::create_directories(to / "state/pods" / name);
    write_file(to / "state/pods" / name / "status.json", text);
  };
  copy_record(empty, "pod-0");
  for (int i = 0; i < kPods; ++i) copy_record(full, "pod-" + std::to_string(i));
  const bench::Ratio ps = bench::compare({"ps of 500", {podctl, "--root", full, "ps"}, {}},
                                         {"ps of 1", {podctl, "--root", empty, "ps"}, {}}, setup.pairs, setup.series);
  char more[96];
  std::snprintf(more, sizeof more, "(%.2f ms for %d pods, %.2f ms for one)", ps.first_ms, kPods, ps.second_ms);
  row("ps: time for each further pod", (ps.first_ms - ps.second_ms) * 1000 / (kPods - 1), "us", 60, more);
}

// What podctl must not leave: its processes, mounts, and files other than records.
int leftovers(const fs::path& root) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream comm(entry.path() / "comm");
    std::string name;
    if (std::getline(comm, name) && name == "podctl-pause") {
      struct stat status {};
      if (::stat(entry.path().c_str(), &status) == 0 && status.st_uid == ::geteuid()) ++count;
    }
  }
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);)
    if (line.find(root.string()) != std::string::npos) ++count;
  std::error_code none;
  for (const auto& pod : fs::directory_iterator(root / "run/pods", none)) ++count, static_cast<void>(pod);
  for (const auto& pod : fs::directory_iterator(root / "state/pods", none))
    for (const auto& entry : fs::directory_iterator(pod.path(), none))
      if (const auto name = entry.path().filename();
          name != "manifest.json" && name != "status.json" && name != "events.jsonl" && name != "logs")
        ++count;
  return count;
}

void many_rows(const Setup& setup) {
  const fs::path root = setup.work / "many", manifest = ending_pod(setup);
  const auto argv = [&](int number) {
    return std::vector<std::string>{setup.bin / "podctl", "--root", root, "run", "-q", "--name", "pod-" + std::to_string(number), manifest};
  };
  int failed = 0;
  for (int i = 0; i < 200; ++i)
    if (finish(start(argv(i))) != 0) ++failed;
  row("200 pods one after another: failures", failed, "", 0);
  row("  left behind", leftovers(root), "", 0);
  std::vector<pid_t> pids;
  for (int i = 0; i < 50; ++i) pids.push_back(start(argv(i)));
  failed = 0;
  for (const pid_t pid : pids)
    if (finish(pid) != 0) ++failed;
  row("50 pods at once: failures", failed, "", 0);
  row("  left behind", leftovers(root), "", 0);
}

// Takes a while and some memory, so only when it is asked for.
void crowd_rows(const Setup& setup) {
  if (!setup.crowd) return;
  constexpr int kPods = 300;
  const fs::path root = setup.memory / "crowd", manifest = sleeping_pod(setup);
  const std::string podctl = setup.bin / "podctl";
  std::vector<std::string> stop{podctl, "--root", root, "stop", "-q", "--grace", "0s"};
  std::vector<pid_t> pids;
  for (int i = 0; i < kPods; ++i) {
    stop.push_back("pod-" + std::to_string(i));
    pids.push_back(start({podctl, "--root", root, "run", "-q", "-d", "--name", stop.back(), manifest}));
  }
  int failed = 0;
  for (const pid_t pid : pids)
    if (finish(pid) != 0) ++failed;
  row("300 detached two-container pods at once: failures", failed, "", 0);
  long most = 0;
  int live = 0;
  for (int i = 0; i < kPods; ++i) {
    const fs::path record = root / "state/pods" / ("pod-" + std::to_string(i)) / "status.json";
    if (!fs::exists(record)) continue;
    const int monitor = number_in(read_file(record), "monitorPid");
    if (!fs::exists("/proc/" + std::to_string(monitor))) continue;
    ++live;
    most = std::max(most, kib_of(monitor, "status", "RssAnon:"));
  }
  row("  pods that do not run then", kPods - live, "", 0);
  row("  private dirty memory of the largest monitor", static_cast<double>(most), "KiB", 1024);
  row("  all of them stopped: exit code", finish(start(stop)), "", 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // their monitors' last steps
  row("  left behind", leftovers(root), "", 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(
        stderr,
        "usage: podctl_bench BIN WORK [--quick] [--only ROWS] [--pairs N] [--series N] [--peers] [--crowd]   (see tests/bench/run)\n");
    return 2;
  }
  const char* memory = std::getenv("XDG_RUNTIME_DIR");
  Setup setup{.bin = argv[1], .work = argv[2], .memory = memory != nullptr ? memory : argv[2]};
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--peers") setup.peers = true;
    else if (word == "--crowd") setup.crowd = true;
    else if (word == "--quick") setup.quick = true, setup.pairs = 30, setup.series = 1;
    else if (word == "--only" && i + 1 < argc) setup.only = argv[++i];
    else if (word == "--pairs" && i + 1 < argc) setup.pairs = std::atoi(argv[++i]);
    else if (word == "--series" && i + 1 < argc) setup.series = std::atoi(argv[++i]);
    else return std::fprintf(stderr, "podctl_bench: what is %s?\n", argv[i]), 2;
  }
  try {
    const std::pair<const char*, void (*)(const Setup&)> groups[]{{"memory", memory_rows}, {"start", start_rows}, {"logs", log_rows},
                                                                  {"live", live_rows},     {"many", many_rows},   {"crowd", crowd_rows}};
    bool any = false;
    for (const auto& [name, rows] : groups) {
      if (!setup.only.empty() && setup.only != name) continue;
      any = true;
      rows(setup);
    }
    if (!any) throw std::runtime_error("there are no rows " + setup.only);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "podctl_bench: %s\n", error.what());
    return 1;
  }
  return all_kept ? 0 : 1;
}
