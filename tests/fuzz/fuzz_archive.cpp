// Tar streams, unpacked in a folder of their own: whatever they say, nothing beside it changes.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "archive/tar.hpp"
#include "archive/unpack.hpp"
#include "fuzz/require.hpp"
#include "podctl/error.hpp"
#include "sys/sys.hpp"

namespace {

using namespace podctl;
namespace tar = podctl::archive;
using podfuzz::require;

struct Ground {
  std::string path;
  UniqueFd folder;

  Ground() {
    const char* place = std::getenv("TMPDIR");
    path = std::string(place != nullptr ? place : "/tmp") + "/podctl-fuzz-XXXXXX";
    require(::mkdtemp(path.data()) != nullptr, "a folder can be made", path);
    folder = sys::open(path, O_RDONLY | O_DIRECTORY);
    sys::write_all(sys::open_at(folder.get(), "outside", O_WRONLY | O_CREAT, 0600).get(), "untouched", "outside");
  }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;
  ~Ground() { sys::remove_tree(AT_FDCWD, path); }
};

void check_name(std::string_view name) {
  const auto parts = tar::inner_path(name);
  if (!parts) return;
  for (const auto& part : *parts)
    require(part != ".." && part != "." && !part.empty() && part.find('/') == std::string::npos, "a name stays inside", part);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Ground ground;
  check_name(podfuzz::as_text(data, size));
  require(::mkdirat(ground.folder.get(), "in", 0700) == 0, "the folder is new");
  const UniqueFd stream(::memfd_create("stream", MFD_CLOEXEC));
  sys::write_all(stream.get(), podfuzz::as_text(data, size), "stream");
  ::lseek(stream.get(), 0, SEEK_SET);
  try {
    tar::Destination destination = tar::open_destination_folder(ground.path + "/in", {});
    destination.kept = 0777;
    tar::unpack(stream.get(), "the stream", destination);
  } catch (const Error&) {  // most streams are none
  }
  sys::remove_tree(ground.folder.get(), "in");
  struct stat status {};
  require(::stat(ground.path.c_str(), &status) == 0 && status.st_nlink == 2, "no folder is made outside");
  require(*sys::try_read_file(ground.path + "/outside", 100) == "untouched", "no file is changed outside");
  return 0;
}
