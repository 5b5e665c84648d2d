#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "podctl/error.hpp"

namespace podctl::archive {

/// One side of a copy: how its paths are looked up, and how an error names it.
struct Side {
  std::string where;          ///< put behind a path in errors, e.g. " in container 'app' of pod 'web'"; "" for the caller's own files
  std::uint64_t resolve = 0;  ///< RESOLVE_* (openat2(2)) for the path that was named
};

/// What a copy did not take along.
struct Omissions {
  std::size_t left_out = 0;               ///< what is neither file, folder nor link, and what went away meanwhile
  std::string first_left_out;             ///< one of them, and why
  std::size_t unread = 0;                 ///< what could not be read; the rest was copied
  std::optional<ErrorInfo> unread_error;  ///< about the first of them

  void leave_out(std::string_view path, std::string_view why);
};

enum class Doing { kRead, kWrite };
/// "cannot read PATH in container ...", with the failed call. @param rc  -errno
Error copy_error(Doing doing, std::string_view path, const Side& side, std::string_view call, long rc);
/// The same for the path that was named, which could not be opened: kNotFound when there is none.
Error open_error(Doing doing, std::string_view path, const Side& side, long rc);
/// The same for a rule that was broken.
Error copy_error(Doing doing, std::string_view path, const Side& side, std::string rule, ErrorClass error_class = ErrorClass::kFailed);

/// The last part of a path, whatever slashes follow it; "." for one that names no entry of a folder ("/", ".", "a/..").
std::string last_name(std::string_view path);

}  // namespace podctl::archive
