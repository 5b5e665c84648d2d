#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "podctl/summary.hpp"

/// How pods are shown: tables for people, v1 objects for programs.
namespace podctl {

/// A duration as kubectl's AGE column has it: "12s", "3m20s", "5h", "2d3h".
std::string human_duration(std::chrono::nanoseconds duration);

/// Cells by row. What is empty is shown as "-".
struct Table {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;
};

enum class Headings { kShow, kHide };

/// Writes tables whose columns stay where they are: a row that is added later keeps the widths of those before.
class TableWriter {
 public:
  /// @param width  rows are cut there; 0: never
  explicit TableWriter(std::size_t width = 0) : width_(width) {}
  std::string write(const Table& table, Headings headings);

 private:
  std::string line(const std::vector<std::string>& cells) const;

  std::size_t width_;
  std::vector<std::size_t> columns_;
};

enum class Detail { kBrief, kWide };

/// One row a pod, as `podctl ps` prints it.
/// @param store  where records are, for the MANIFEST column
Table pod_table(std::span<const PodSummary> pods, Detail detail, UnixTime now, const StorePaths& store);
/// One row a container.
Table container_table(std::span<const PodSummary> pods, Detail detail, UnixTime now);

/// What --sort-by can name beside a JSONPath.
std::span<const std::string_view> sort_keys();
/// What a pod is sorted by: numbers come before words, and are told apart by size.
using SortValue = std::pair<std::int64_t, std::string>;
/// @param key  one of sort_keys()
SortValue sort_value(const PodSummary& pod, std::string_view key);

/// The record as the v1 Pod it is, told by what is known now: a lost pod's phase is Unknown, and it has no processes. A
/// record that cannot be relied on becomes a Pod that says so. Ends with a newline.
std::string pod_json(const PodRecord& record);
/// {"apiVersion": "podctl/v1", "kind": "PodList", "items": [...]}
std::string pod_list_json(std::span<const PodRecord> records);

}  // namespace podctl
