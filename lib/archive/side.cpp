#include "archive/side.hpp"

#include <cerrno>

#include "base/errno_text.hpp"
#include "base/text.hpp"

namespace podctl::archive {
namespace {

std::string what_failed(Doing doing, std::string_view path, const Side& side) {
  return cat("cannot ", doing == Doing::kRead ? "read " : "write ", quote(path), side.where);
}

}  // namespace

void Omissions::leave_out(std::string_view path, std::string_view why) {
  if (left_out++ == 0) first_left_out = cat(quote(path), ' ', why);
}

Error copy_error(Doing doing, std::string_view path, const Side& side, std::string_view call, long rc) {
  const int error_number = static_cast<int>(-rc);
  return Error({.id = "copy-failed",
                .message = what_failed(doing, path, side),
                .cause = cat(call, ": ", errno_text(error_number)),
                .call = std::string(call),
                .object = std::string(path),
                .error_number = error_number});
}

Error open_error(Doing doing, std::string_view path, const Side& side, long rc) {
  Error error = copy_error(doing, path, side, "open", rc);
  if (rc == -ENOENT || (rc == -ENOTDIR && doing == Doing::kRead)) error.info().error_class = ErrorClass::kNotFound;
  return error;
}

Error copy_error(Doing doing, std::string_view path, const Side& side, std::string rule, ErrorClass error_class) {
  return Error({.id = "copy-failed", .message = what_failed(doing, path, side), .cause = std::move(rule), .error_class = error_class});
}

std::string last_name(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  const auto slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return name.empty() || name == ".." ? "." : std::string(name);
}

}  // namespace podctl::archive
