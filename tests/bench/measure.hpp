#pragma once

#include <string>
#include <vector>

/// Timing whole commands against each other on a machine that is never quiet.
namespace bench {

struct Command {
  std::string name;
  std::vector<std::string> argv;
  std::vector<std::vector<std::string>> before;  ///< run and not timed, before each time
};

/// Wall time of one run in milliseconds. @throws std::runtime_error when it fails
double run_once(const Command& command);

struct Ratio {
  double median = 0;                   ///< of the series' medians
  std::vector<double> series;          ///< median ratio of each series of pairs
  double first_ms = 0, second_ms = 0;  ///< median times, for orientation only
};

/// The ratio first/second of interleaved pairs: A B, B A, A B, ... A pair runs within milliseconds, so what
/// the machine does to one it mostly does to the other.
Ratio compare(const Command& first, const Command& second, int pairs, int series);

double median(std::vector<double> values);

}  // namespace bench
