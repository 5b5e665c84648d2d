#pragma once

#include <sys/types.h>

#include <string>

#include "archive/side.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::archive {

/// Where a stream is unpacked.
struct Destination {
  UniqueFd folder;              ///< everything comes to lie below this
  std::string path;             ///< how the folder is called
  bool replaces_top = false;    ///< the stream is one file or folder, whose own name does not count
  std::string top;              ///< the one it gets instead; "" when it is the folder itself
  bool must_be_folder = false;  ///< what is named like that must be a folder
  mode_t kept = 07777;          ///< the bits of a mode that are kept
  Side side;
};

/// Where `source_label` goes when it is copied to `path`, as cp(1) decides: into a folder that exists, else under that name.
/// @param source_label  the last name of the source, "." when a folder's contents are copied
/// @throws Error  when the folder that `path` shall be in is not there
Destination open_destination(const std::string& path, const std::string& source_label, const Side& side);
/// A folder that exists, for a stream of any number of entries under their own names.
Destination open_destination_folder(const std::string& path, const Side& side);

/// Unpacks a tar stream, which is not trusted: nothing is made outside of the folder, no link on the way to an entry is
/// followed, device nodes and fifos are left out. A file or link that is there already is replaced, a folder kept as it is.
/// One that cannot be replaced, such as a mount point, is written to and keeps its mode. Owners are who calls this; modes and times are the
/// stream's. Entries that lie in one folder should come one after the other.
/// @param in    borrowed
/// @param what  what the stream is called in errors
/// @throws Error  also when the stream was cut off; what is unpacked by then stays
Omissions unpack(int in, std::string what, const Destination& destination);

}  // namespace podctl::archive
