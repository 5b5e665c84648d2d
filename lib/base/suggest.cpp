#include "podctl/text.hpp"

#include <algorithm>
#include <vector>

namespace podctl {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance in half steps: 2 an edit, 1 for a difference in case alone.
int distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<int> before(width), last(width), row(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = static_cast<int>(2 * j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(2 * i);
    for (std::size_t j = 1; j < width; ++j) {
      const bool same = a[i - 1] == b[j - 1];
      const bool alike = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 2, row[j - 1] + 2, last[j - 1] + (same ? 0 : alike ? 1 : 2)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 2);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > 64) return std::nullopt;
  // At least one character of the word must be meant: of "a", "b" is no misspelling.
  int best = static_cast<int>(std::min(std::max<std::size_t>(2, word.size() * 2 / 3) + 1, word.size() * 2));
  std::optional<std::string> found;
  for (const auto candidate : candidates) {
    if (const int d = distance(word, candidate); d < best) {
      best = d;
      found = std::string(candidate);
    }
  }
  return found;
}

}  // namespace podctl
