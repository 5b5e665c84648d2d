// Prints every figure podctl is held to, each with its limit, and fails when one is not kept. tests/bench/run
// prepares the folder it works in and calls it as a plain user.
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
  bool peers = false, quick = false;
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

// --- rows ---------------------------------------------------------------------------------------------------

void start_rows(const Setup& setup) {
  const std::string podctl = setup.bin / "podctl", floor = setup.bin / "floor", root = setup.work / "busybox";
  const fs::path manifest = write_file(setup.work / "two.json", two_container_pod("rootfs:" + root, R"(["/bin/true"])"));
  const Command pod{"podctl", {podctl, "run", "-q", manifest}, {}};
  compare_row(setup, "two-container pod against the floor program", pod, {"floor", {floor, root, "/bin/true"}, {}}, 2.0, setup.pairs);
  // Writable layers on the disk, for comparison alone: ext4 does not use an inode again within a minute or more of
  // its deletion (recently_deleted, fs/ext4/ialloc.c), so a long series pays for looking past its own.
  const Command on_disk{"podctl", {podctl, "--root", setup.work / "disk", "run", "-q", manifest}, {}};
  compare_row(setup, "  the same with its store on the disk", on_disk, {"floor", {floor, root, "/bin/true"}, {}}, std::nullopt,
              setup.pairs);

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
  const fs::path manifest =
      write_file(setup.work / "sleep.json", two_container_pod("rootfs:" + (setup.work / "busybox").string(), R"(["/bin/sleep","60"])"));
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
      if (const auto name = entry.path().filename(); name != "manifest.json" && name != "status.json" && name != "logs") ++count;
  return count;
}

void many_rows(const Setup& setup) {
  const fs::path root = setup.work / "many", manifest = setup.work / "two.json";
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

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: podctl_bench BIN WORK [--quick] [--only ROWS] [--pairs N] [--series N] [--peers]   (see tests/bench/run)\n");
    return 2;
  }
  const char* memory = std::getenv("XDG_RUNTIME_DIR");
  Setup setup{.bin = argv[1], .work = argv[2], .memory = memory != nullptr ? memory : argv[2]};
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--peers") setup.peers = true;
    else if (word == "--quick") setup.quick = true, setup.pairs = 30, setup.series = 1;
    else if (word == "--only" && i + 1 < argc) setup.only = argv[++i];
    else if (word == "--pairs" && i + 1 < argc) setup.pairs = std::atoi(argv[++i]);
    else if (word == "--series" && i + 1 < argc) setup.series = std::atoi(argv[++i]);
    else return std::fprintf(stderr, "podctl_bench: what is %s?\n", argv[i]), 2;
  }
  try {
    const std::pair<const char*, void (*)(const Setup&)> groups[]{
        {"memory", memory_rows}, {"start", start_rows}, {"logs", log_rows}, {"many", many_rows}};
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
