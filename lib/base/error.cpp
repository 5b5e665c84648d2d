#include "podctl/error.hpp"

#include "base/errno_text.hpp"
#include "base/text.hpp"

namespace podctl {

namespace {

std::string one_line(const ErrorInfo& info) {
  std::string text = info.message;
  if (!info.cause.empty()) append(text, text.empty() ? "" : ": ", info.cause);
  return text;
}

ErrorInfo failed_call(int error_number, std::string_view operation, std::string_view object) {
  ErrorInfo info;
  info.call = operation;
  info.object = object;
  info.error_number = error_number;
  info.cause = cat(operation, object.empty() ? "" : " ", object, ": ", errno_text(error_number));
  return info;
}

ErrorInfo invalid(const std::string& source, std::string_view what, const std::vector<Diagnostic>& diagnostics) {
  std::size_t errors = 0;
  for (const auto& d : diagnostics) errors += d.severity == Severity::kError;
  ErrorInfo info;
  info.id = "manifest-invalid";
  info.message = cat(source == "-" ? "standard input" : source, " is not a valid ", what, ": ", counted(errors, "problem"));
  info.error_class = ErrorClass::kInvalid;
  return info;
}

}  // namespace

Error::Error(ErrorInfo info) : info_(std::move(info)), what_(one_line(info_)) {}

SysError::SysError(int error_number, std::string_view operation, std::string_view object)
    : Error(failed_call(error_number, operation, object)) {}

InvalidInput::InvalidInput(std::string source, std::string_view what, std::vector<Diagnostic> diagnostics)
    : Error(invalid(source, what, diagnostics)), source_(std::move(source)), diagnostics_(std::move(diagnostics)) {}

}  // namespace podctl
