#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "podctl/error.hpp"
#include "podctl/process.hpp"
#include "podctl/unique_fd.hpp"
#include "sys/raw.hpp"
#include "sys/remove_tree.hpp"

/// System calls for the parent side: the same names as in raw, throwing SysError and returning owners.
namespace podctl::sys {

/// @throws SysError when `rc` is -errno
long check(long rc, std::string_view operation, std::string_view object = {});

UniqueFd open(const std::string& path, int flags, mode_t mode = 0);
UniqueFd open_at(int dir, const std::string& path, int flags, mode_t mode = 0);
/// Nothing for ENOENT; throws for any other failure.
std::optional<UniqueFd> try_open_at(int dir, const std::string& path, int flags);
UniqueFd open_in_root(int root, const std::string& path, int flags);

/// The whole of a regular file of at most `most` bytes; pipes and devices are refused, larger ones too.
std::string read_file(int fd, std::string_view name, std::size_t most);
/// Nothing when the file does not exist.
std::optional<std::string> try_read_file(const std::string& path, std::size_t most);
void write_all(int fd, std::string_view data, std::string_view name);

/// Makes the folder and those above it. Returns the ones that were made, outermost first.
std::vector<std::string> make_directories(const std::string& path, mode_t mode);

struct Pipe {
  UniqueFd read_end, write_end;
};
Pipe make_pipe();
/// Of the open file, which every copy of the descriptor shares.
void set_nonblocking(int fd);
UniqueFd make_eventfd();
UniqueFd open_pidfd(pid_t pid);

/// The pid of the process behind a pidfd, in our own pid namespace (proc_pid_fdinfo(5)).
pid_t pid_of(int pidfd);

/// A sealed, executable memory file holding `content` (memfd_create(2)).
UniqueFd make_sealed_file(const char* name, std::string_view content);

/// The mount at `path` and those below as a detached copy (open_tree(2)).
UniqueFd clone_tree(const std::string& path);
/// Shifts a detached tree's ids by the maps of a user namespace (mount_setattr(2), 5.12).
void shift_ids(int tree, int user_namespace, const std::string& path);

/// A user namespace with these maps that no process is in. Needs the machine's root.
UniqueFd make_user_namespace(const std::string& uid_map, const std::string& gid_map);

/// A helper program at work, with an empty environment, no input, and its output in a pipe.
struct Helper {
  Process process;
  UniqueFd output;
};
Helper start_helper(const std::vector<std::string>& argv);
/// Waits for its end. `output` receives at most 4 KiB of what it printed.
ExitStatus finish_helper(Helper helper, std::string& output);

/// raw::remove_tree, throwing.
void remove_tree(int dir, const std::string& name);

}  // namespace podctl::sys
