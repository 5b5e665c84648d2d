#pragma once

#include <string>

#include "archive/side.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::archive {

/// A file or folder to be copied, opened. A link that is named itself is followed.
struct Source {
  UniqueFd top;       ///< open for reading
  std::string path;   ///< as it was named
  std::string label;  ///< its own name, and that in the stream; "." when a folder's contents are meant
  Side side;
};

/// @throws Error  when it does not exist, may not be read, or is neither file nor folder
Source open_source(const std::string& path, const Side& side);

/// Writes it and all below it as a tar stream. Links in it are written as links; no link is followed, and no fifo or device is
/// opened. Needs the memory of the names in the folders on the way to one file, and two descriptors.
/// @param out  where the stream goes; borrowed
/// @throws Error  "stream-unwritable" when that cannot be written
Omissions pack(const Source& source, int out);

}  // namespace podctl::archive
