#include "base/path.hpp"

#include "base/text.hpp"

namespace podctl {

std::string clean_path(std::string_view path) {
  std::string out;
  for (const auto part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") out.resize(out.empty() ? 0 : out.rfind('/'));
    else append(out, '/', part);
  }
  return out.empty() ? "/" : out;
}

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.substr(0, folder.size()) == folder && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string path_in(std::string_view folder, std::string_view path) {
  return !path.empty() && path.front() == '/' ? std::string(path) : cat(folder, '/', path);
}

std::string_view parent_path(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

}  // namespace podctl
