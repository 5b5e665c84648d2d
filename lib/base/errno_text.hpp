#pragma once

#include <string>
#include <string_view>

namespace podctl {

/// "EACCES"; the number in digits when libc knows no name for it.
std::string errno_name(int error_number);

/// "Permission denied (EACCES)".
std::string errno_text(int error_number);

/// "SIGTERM"; "SIG" and the number for one without a name.
std::string signal_name(int signal_number);

}  // namespace podctl
