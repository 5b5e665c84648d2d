#include "bench/measure.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace bench {
namespace {

double now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

void spawn_and_wait(const std::vector<std::string>& words, const std::string& name) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int rc = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (rc != 0) throw std::runtime_error(name + ": cannot be started");
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid || status != 0)
    throw std::runtime_error(name + ": did not end with 0 but with status " + std::to_string(status));
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double run_once(const Command& command) {
  for (const auto& preparation : command.before) spawn_and_wait(preparation, command.name);
  const double from = now_ms();
  spawn_and_wait(command.argv, command.name);
  return now_ms() - from;
}

Ratio compare(const Command& first, const Command& second, int pairs, int series) {
  Ratio result;
  std::vector<double> all_first, all_second;
  for (int i = 0; i < 5; ++i) {  // warm
    run_once(first);
    run_once(second);
  }
  for (int s = 0; s < series; ++s) {
    std::vector<double> ratios;
    for (int i = 0; i < pairs; ++i) {
      double a = 0, b = 0;
      if (i % 2 == 0) {
        a = run_once(first);
        b = run_once(second);
      } else {
        b = run_once(second);
        a = run_once(first);
      }
      ratios.push_back(a / b);
      all_first.push_back(a);
      all_second.push_back(b);
    }
    result.series.push_back(median(ratios));
  }
  result.median = median(result.series);
  result.first_ms = median(all_first);
  result.second_ms = median(all_second);
  return result;
}

}  // namespace bench
