#include <algorithm>

#include "base/text.hpp"
#include "podctl/look.hpp"

namespace podctl {
namespace {

// Cells come from records, and a record may hold anything: nothing in it moves a terminal's cursor.
std::string printable(const std::string& cell) {
  const bool plain = std::all_of(cell.begin(), cell.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  if (plain) return cell.empty() ? "-" : cell;
  const std::string quoted = quote(cell);
  return quoted.substr(1, quoted.size() - 2);
}

std::size_t width_of(std::string_view text) {
  std::size_t characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return characters;
}

std::string cut(std::string line, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < line.size(); ++i)
    if ((static_cast<unsigned char>(line[i]) & 0xc0) != 0x80 && characters++ == width) return line.substr(0, i);
  return line;
}

}  // namespace

std::string human_duration(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  // A clock that was set back makes the youngest a little younger than nothing.
  if (seconds < -1) return "<invalid>";
  const auto two = [](std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
    return small == 0 ? cat(large, large_unit) : cat(large, large_unit, small, small_unit);
  };
  const std::int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24, years = days / 365;
  if (seconds < 120) return cat(std::max<std::int64_t>(seconds, 0), 's');
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (hours < 3) return cat(minutes, 'm');
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return cat(hours, 'h');
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (years < 2) return cat(days, 'd');
  if (years < 8) return two(years, 'y', days % 365, 'd');
  return cat(years, 'y');
}

std::string TableWriter::line(const std::vector<std::string>& cells) const {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += cells[i];
    if (i + 1 < cells.size()) out.append(columns_[i] - std::min(width_of(cells[i]), columns_[i]) + 2, ' ');
  }
  return (width_ == 0 ? out : cut(std::move(out), width_)) + '\n';
}

std::string TableWriter::write(const Table& table, Headings headings) {
  std::vector<std::vector<std::string>> rows;
  if (headings == Headings::kShow) rows.push_back(table.headings);
  for (const auto& row : table.rows) {
    rows.emplace_back();
    for (const auto& cell : row) rows.back().push_back(printable(cell));
  }
  columns_.resize(std::max(columns_.size(), table.headings.size()));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size() && i < columns_.size(); ++i) columns_[i] = std::max(columns_[i], width_of(row[i]));
  std::string out;
  for (const auto& row : rows) out += line(row);
  return out;
}

}  // namespace podctl
