#include "archive/pack.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "archive/tar.hpp"
#include "base/text.hpp"
#include "sys/sys.hpp"

namespace podctl::archive {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kBuffer = std::size_t{256} << 10;
constexpr std::size_t kMostExtents = 4096;  // a file in more pieces is sent with its holes as zeros
constexpr int kReading = O_RDONLY | O_NONBLOCK | O_NOCTTY;
// Who can change the tree while it is read cannot lead the reader out of it.
constexpr std::uint64_t kInside = sys::kResolveBeneath | sys::kResolveNoSymlinks | sys::kResolveNoMagicLinks;

bool is_gone(long rc) noexcept { return rc == -ENOENT || rc == -ELOOP || rc == -ENOTDIR; }

std::string below(std::string_view folder, std::string_view name) { return folder.empty() ? std::string(name) : cat(folder, '/', name); }

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::vector<std::string> names_in(int folder) {
  UniqueFd own(raw::openat(folder, ".", O_RDONLY | O_DIRECTORY));
  sys::check(own.get(), "open", ".");
  const std::unique_ptr<DIR, CloseFolder> reader(::fdopendir(own.get()));
  if (!reader) throw SysError(errno, "fdopendir");
  static_cast<void>(own.release());
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(reader.get());) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw SysError(errno, "readdir");
  std::sort(names.begin(), names.end());
  return names;
}

// Where a file's data lie, when it has holes; nothing when it has none, or the file system does not tell.
std::vector<Extent> extents_of(int fd, const struct stat& status) {
  std::vector<Extent> extents;
  if (status.st_blocks * 512 >= status.st_size) return extents;
  for (std::int64_t at = 0; at < status.st_size;) {
    const std::int64_t data = raw::lseek(fd, at, SEEK_DATA);
    const std::int64_t start = data == -ENXIO ? status.st_size : data;
    const std::int64_t hole = start < status.st_size ? raw::lseek(fd, start, SEEK_HOLE) : start;
    if (start < 0 || hole < 0 || extents.size() == kMostExtents) {
      extents.clear();
      break;
    }
    extents.push_back({start, std::min<std::int64_t>(hole, status.st_size) - start});
    at = std::max(hole, start + 1);
  }
  return extents;
}

class Packer {
 public:
  Packer(const Source& source, int out) : source_(source), writer_(out), buffer_(kBuffer) {}

  Omissions run() {
    struct stat status {};
    const int rc = raw::fstat(source_.top.get(), &status);
    if (rc < 0) throw copy_error(Doing::kRead, source_.path, source_.side, "stat", rc);
    if (S_ISREG(status.st_mode)) add_file(source_.top.get(), {}, status);
    else add_tree(status);
    writer_.finish();
    return std::move(omissions_);
  }

 private:
  // A folder whose entries are being added, by its path below the top.
  struct Level {
    std::string path;
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  std::string shown(std::string_view path) const {
    std::string_view top = source_.path;
    if (top.ends_with("/.")) top.remove_suffix(1);
    return path.empty() ? source_.path : cat(top, top.back() == '/' ? "" : "/", path);
  }

  Entry entry_of(const std::string& path, const struct stat& status) const {
    Entry entry;
    entry.name = path.empty() ? source_.label : cat(source_.label, '/', path);
    entry.mode = status.st_mode;
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    entry.modified = status.st_mtim;
    return entry;
  }

  UniqueFd open_folder(const std::string& path) const {
    const sys::OpenHow how{.flags = O_RDONLY | O_DIRECTORY, .resolve = kInside};
    return UniqueFd(raw::openat2(source_.top.get(), path.empty() ? "." : path.c_str(), how));
  }

  void note_unread(const std::string& path, std::string_view call, long rc) {
    if (is_gone(rc)) return omissions_.leave_out(shown(path), "went away meanwhile");
    if (omissions_.unread++ == 0) omissions_.unread_error = copy_error(Doing::kRead, shown(path), source_.side, call, rc).info();
  }

  void add_tree(const struct stat& top) {
    std::vector<Level> levels;
    enter(levels, {}, source_.top.get(), top);
    UniqueFd folder = open_folder({});
    while (!levels.empty()) {
      Level& level = levels.back();
      if (level.next == level.names.size()) {
        levels.pop_back();
        if (!levels.empty()) folder = open_folder(levels.back().path);
        continue;
      }
      const std::string name = std::move(level.names[level.next++]);
      const std::string path = below(level.path, name);
      if (!folder) {  // moved away while it was read
        omissions_.leave_out(shown(path), "went away meanwhile");
        continue;
      }
      if (UniqueFd inner = add(levels, folder.get(), name, path)) folder = std::move(inner);
    }
  }

  // Adds one entry of a folder. Gives the folder that it is, when it has been entered.
  UniqueFd add(std::vector<Level>& levels, int folder, const std::string& name, const std::string& path) {
    struct stat status {};
    const int rc = raw::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
    if (rc < 0) note_unread(path, "stat", rc);
    else if (S_ISLNK(status.st_mode)) add_link(folder, name, path, status);
    else if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return add_opened(levels, folder, name, path, status);
    else omissions_.leave_out(shown(path), "is neither file, folder nor link");
    return UniqueFd();
  }

  UniqueFd add_opened(std::vector<Level>& levels, int folder, const std::string& name, const std::string& path, struct stat status) {
    const mode_t seen = status.st_mode & S_IFMT;
    UniqueFd fd(raw::openat(folder, name.c_str(), kReading | O_NOFOLLOW));
    const long rc = fd ? raw::fstat(fd.get(), &status) : fd.get();
    if (rc < 0) {
      note_unread(path, "open", rc);
      return UniqueFd();
    }
    if ((status.st_mode & S_IFMT) != seen) {
      omissions_.leave_out(shown(path), "was replaced meanwhile");
      return UniqueFd();
    }
    if (S_ISDIR(seen)) {
      enter(levels, path, fd.get(), status);
      return fd;
    }
    add_file(fd.get(), path, status);
    return UniqueFd();
  }

  void enter(std::vector<Level>& levels, const std::string& path, int folder, const struct stat& status) {
    Entry entry = entry_of(path, status);
    writer_.begin(entry);
    levels.push_back({path, {}, 0});
    try {
      levels.back().names = names_in(folder);
    } catch (const SysError& error) {
      note_unread(path, error.info().call, -error.code());
    }
  }

  void add_link(int folder, const std::string& name, const std::string& path, const struct stat& status) {
    std::array<char, PATH_MAX> target;
    const long length = raw::readlinkat(folder, name.c_str(), target.data(), target.size());
    if (length < 0) return note_unread(path, "readlink", length == -EINVAL ? -ENOENT : length);  // EINVAL: it is no link any more
    Entry entry = entry_of(path, status);
    entry.link_target.assign(target.data(), static_cast<std::size_t>(length));
    writer_.begin(entry);
  }

  // Reads until the buffer is full or the file at its end. @returns how much, or -errno
  long read_full(int fd) {
    std::size_t have = 0;
    while (have < buffer_.size()) {
      const long got = raw::read(fd, buffer_.data() + have, buffer_.size() - have);
      if (got == -EINTR) continue;
      if (got < 0) return got;
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    return static_cast<long>(have);
  }

  // The size goes out first, so a file has the one it had when it was opened. One that fits in the buffer has the size that was
  // read: files of /proc say none.
  void add_file(int fd, const std::string& path, const struct stat& status) {
    Entry entry = entry_of(path, status);
    entry.extents = extents_of(fd, status);
    long rc = raw::lseek(fd, 0, SEEK_SET);
    long got = rc < 0 ? rc : read_full(fd);
    if (got < 0) return note_unread(path, "read", got);
    const bool whole = static_cast<std::size_t>(got) < buffer_.size();
    if (!whole && status.st_size == 0) return note_unread(path, "read", -EFBIG);
    entry.size = whole ? got : status.st_size;
    if (whole) entry.extents.clear();
    writer_.begin(entry);
    for (std::int64_t left = entry.size;;) {
      const auto part = std::min<std::int64_t>(got, left);
      writer_.data({buffer_.data(), static_cast<std::size_t>(part)});
      left -= part;
      if (left == 0) return;
      got = read_full(fd);
      if (got > 0) continue;
      // The stream has promised more.
      note_shrunk(path, got);
      std::fill(buffer_.begin(), buffer_.end(), '\0');
      got = static_cast<long>(buffer_.size());
    }
  }

  void note_shrunk(const std::string& path, long rc) {
    if (omissions_.unread++ != 0) return;
    omissions_.unread_error = (rc < 0 ? copy_error(Doing::kRead, shown(path), source_.side, "read", rc)
                                      : copy_error(Doing::kRead, shown(path), source_.side, "it became shorter meanwhile"))
                                  .info();
  }

  const Source& source_;
  TarWriter writer_;
  std::vector<char> buffer_;
  Omissions omissions_;
};

}  // namespace

Source open_source(const std::string& path, const Side& side) {
  Source source{.top = {}, .path = path, .label = last_name(path), .side = side};
  struct stat status {};
  const sys::OpenHow look{.flags = O_PATH, .resolve = side.resolve};
  const UniqueFd there(raw::openat2(AT_FDCWD, path.c_str(), look));
  long rc = there ? raw::fstat(there.get(), &status) : there.get();
  if (rc < 0) throw open_error(Doing::kRead, path, side, rc);
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) throw copy_error(Doing::kRead, path, side, "it is neither a file nor a folder");
  const sys::OpenHow how{.flags = kReading, .resolve = side.resolve};
  source.top.reset(raw::openat2(AT_FDCWD, path.c_str(), how));
  if (!source.top) throw open_error(Doing::kRead, path, side, source.top.get());
  const mode_t seen = status.st_mode & S_IFMT;
  rc = raw::fstat(source.top.get(), &status);
  if (rc < 0 || (status.st_mode & S_IFMT) != seen) throw copy_error(Doing::kRead, path, side, "it was replaced meanwhile");
  return source;
}

Omissions pack(const Source& source, int out) { return Packer(source, out).run(); }

}  // namespace podctl::archive
