#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace podctl {

/// What kind of failure an error is: the exit code of every command but run, exec, attach and debug
/// (which exit 125 to 127 and keep the class in their JSON form).
enum class ErrorClass : int {
  kFailed = 1,    ///< the answer is "no", or podctl itself failed
  kUsage = 2,     ///< the command line is wrong
  kInvalid = 3,   ///< the manifest is wrong
  kNotFound = 4,  ///< a named thing does not exist
  kConflict = 5,  ///< a name is taken, or the pod is in the wrong state
  kHost = 6,      ///< this machine cannot do it
};

/// Everything an error says, each thing once. Plain data: cli prints it, JSON carries it.
struct ErrorInfo {
  std::string id;       ///< stable, e.g. "userns-blocked"; `podctl explain error/ID`
  std::string message;  ///< what failed, in the user's words
  std::string cause;    ///< the call with object and errno, or the rule that was broken
  std::string hint;     ///< at most one; something the reader can do or check
  ErrorClass error_class = ErrorClass::kFailed;
  int run_code = 125;  ///< exit code of `podctl run`: 125, or 126/127 for a command that cannot run

  std::string call;      ///< system call, e.g. "mount"; empty when none failed
  std::string object;    ///< what the call was about, e.g. a path
  int error_number = 0;  ///< errno of `call`
  std::string pod, container, stage;
  std::string path;  ///< manifest field, e.g. "spec.containers[0].image"
};

/// The library's one exception type. Thrown on the parent side only; code that runs between clone and
/// exec reports through the shared page instead.
class Error : public std::exception {
 public:
  explicit Error(ErrorInfo info);
  [[nodiscard]] const ErrorInfo& info() const noexcept { return info_; }
  [[nodiscard]] ErrorInfo& info() noexcept { return info_; }
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

 private:
  ErrorInfo info_;
  std::string what_;
};

/// A failed system call: the operation, its object and errno as a value.
class SysError : public Error {
 public:
  /// @param error_number  a positive errno
  SysError(int error_number, std::string_view operation, std::string_view object = {});
  [[nodiscard]] int code() const noexcept { return info().error_number; }
};

enum class Severity { kError, kWarning, kNote };

/// One finding about a manifest. `line` and `column` count from 1 (columns in characters); both are 0
/// for a value that did not come from a file (a flag, a default).
struct Diagnostic {
  int line = 0;
  int column = 0;
  std::string path;     ///< dotted field path as kubectl writes it
  std::string message;  ///< worded as the API server words it
  Severity severity = Severity::kError;

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// A text with at least one error. `source` is the file's name, or "-" for standard input; `what` is what it should have
/// been, "Pod" for a manifest.
class InvalidInput : public Error {
 public:
  InvalidInput(std::string source, std::string_view what, std::vector<Diagnostic> diagnostics);
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const noexcept { return diagnostics_; }

 private:
  std::string source_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace podctl
