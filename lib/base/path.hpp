#pragma once

#include <string>
#include <string_view>

namespace podctl {

/// `path` as an absolute path without ".", ".." and doubled slashes, by its text alone (links are not looked
/// at). ".." at the root stays there.
std::string clean_path(std::string_view path);

/// Whether `path` is `folder` or lies below it; both cleaned.
bool is_below(std::string_view path, std::string_view folder);

/// `path`, or `folder`/`path` when it is relative.
std::string path_in(std::string_view folder, std::string_view path);

/// Everything before the last slash; "/" for a path at the top.
std::string_view parent_path(std::string_view path);

}  // namespace podctl
