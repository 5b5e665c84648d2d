#pragma once

#include <string>
#include <string_view>

namespace podctl::spec {

/// What stands between the quotes of a YAML scalar that begins at `text`.
struct QuotedText {
  std::string_view inside;
  char quote = 0;        ///< '"' or '\''; 0 when it begins with neither
  bool is_open = false;  ///< there is no second quote
};
QuotedText find_quoted(std::string_view text);

/// The value of a quoted scalar whose escapes are known to be right: lines folded, escapes decoded (YAML 1.2, 7.3).
std::string unquote(const QuotedText& quoted);

}  // namespace podctl::spec
