#include "host/pods.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/catch.hpp"

namespace podtest {
namespace {

// Carried in the environment, so that a process can be told from outside whichever program it runs.
constexpr const char* kMark = "PODTEST_CONTAINER";

bool carries(int pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  for (std::string variable; std::getline(file, variable, '\0');)
    if (variable == kMark + ('=' + name)) return true;
  return false;
}

std::string comm_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

Json container(const std::string& name, const std::string& script) {
  std::string literal;  // a manifest says $$ where it means $
  for (const char c : script) literal.append(c == '$' ? 2 : 1, c);
  return {{"name", name}, {"command", {"sh", "-c", literal, name}}, {"env", {{{"name", kMark}, {"value", name}}}}};
}

Json pod(const std::vector<Json>& containers, const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}}},
          {"spec", {{"restartPolicy", "Never"}, {"containers", containers}}}};
}

Json volume(const std::string& name, const Json& source) {
  Json made = source;
  made["name"] = name;
  return made;
}

Json mount(const std::string& name, const std::string& path, const Json& more) {
  Json made{{"name", name}, {"mountPath", path}};
  made.update(more);
  return made;
}

std::string write_manifest(const World& world, const Json& pod, const std::vector<Json>& objects) {
  std::string text = pod.dump(1) + '\n';
  for (const auto& object : objects) text += object.dump(1) + '\n';
  return world.file("manifests/" + pod["metadata"]["name"].get<std::string>() + ".json", text);
}

Result run_pod(const World& world, const Json& pod, const std::vector<std::string>& flags, const Options& options) {
  std::vector<std::string> arguments{"run"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.push_back(write_manifest(world, pod));
  return world.podctl(arguments, options);
}

std::string output_of(const World& world, const std::string& script, const Json& change, const std::vector<std::string>& flags) {
  Json only = container("main", script);
  only.update(change);
  const Result result = run_pod(world, pod({only}), flags);
  INFO(script);
  CHECK(result.err == "");
  CHECK(result.code == 0);
  return result.out;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

std::vector<std::string> lines_after(const std::string& text, const std::string& prefix) {
  std::vector<std::string> found;
  for (const auto& line : lines(text))
    if (line.compare(0, prefix.size(), prefix) == 0) found.push_back(line.substr(prefix.size()));
  return found;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string field(const std::string& text, const std::string& key) {
  const auto found = lines_after(text, key + ":");
  if (found.empty()) return "no line " + key;
  std::string value;  // tabs and runs of blanks become one blank
  std::istringstream words(found.front());
  for (std::string word; words >> word;) value += (value.empty() ? "" : " ") + word;
  return value;
}

Json read_json(const std::string& path) { return Json::parse(read_file(path)); }

Json container_status(const Json& status, const std::string& name) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"})
    if (status["status"].contains(list))
      for (const auto& entry : status["status"][list])
        if (entry["name"] == name) return entry;
  throw std::runtime_error("no status of container " + name);
}

LivePod::LivePod(const World& world, const Json& pod, const std::vector<std::string>& flags)
    : run_([&] {
        std::vector<std::string> arguments{"run"};
        arguments.insert(arguments.end(), flags.begin(), flags.end());
        arguments.push_back(write_manifest(world, pod));
        return world.podctl_argv(arguments);
      }()) {}

void LivePod::await(const std::string& text, std::size_t times) {
  const auto count = [&](const std::string& out) {
    std::size_t found = 0;
    for (auto at = out.find(text); at != std::string::npos; at = out.find(text, at + text.size())) ++found;
    return found;
  };
  if (run_.read_until([&](const std::string& out) { return count(out) >= times; })) return;
  const std::string so_far = run_.out();
  run_.signal(SIGKILL);
  FAIL("waited in vain for '" << text << "'; the pod said\n" << so_far << run_.wait().err);
}

int LivePod::pause() const {
  for (const int pid : children_of(run_.pid()))
    if (comm_of(pid) == "podctl-pause") return pid;
  throw std::runtime_error("the pod has no pause");
}

int LivePod::member(const std::string& name) const {
  int found = 0;
  // Between two programs (execve(2)) a process has no environment to show.
  const bool there = eventually([&] {
    for (const int pid : children_of(run_.pid()))
      if (carries(pid, name)) found = pid;
    return found != 0;
  });
  if (there) return found;
  throw std::runtime_error("the pod has no process of container " + name);
}

Result LivePod::stop() {
  run_.signal(SIGTERM);
  return run_.wait();
}

std::string namespace_of(int pid, const std::string& kind) {
  std::error_code error;
  const auto link = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind, error);
  if (error) throw std::runtime_error("namespace " + kind + " of process " + std::to_string(pid) + ": " + error.message());
  return link;
}

std::vector<int> children_of(int pid) {
  const std::string number = std::to_string(pid);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  std::vector<int> found;
  for (int child = 0; file >> child;) found.push_back(child);
  return found;
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return holds();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace podtest
