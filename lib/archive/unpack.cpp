#include "archive/unpack.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "archive/tar.hpp"
#include "base/text.hpp"
#include "sys/sys.hpp"

namespace podctl::archive {
namespace {

namespace raw = sys::raw;
using Parts = std::vector<std::string>;

constexpr std::uint64_t kInside = sys::kResolveBeneath | sys::kResolveNoSymlinks | sys::kResolveNoMagicLinks;

std::string joined(const Parts& parts, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) append(path, i == 0 ? "" : "/", parts[i]);
  return path;
}

std::array<timespec, 2> times_of(const Entry& entry) { return {timespec{0, UTIME_OMIT}, entry.modified}; }

bool is_inside(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

class Unpacker {
 public:
  Unpacker(int in, std::string what, const Destination& destination) : destination_(destination), reader_(in, std::move(what)) {}

  Omissions run() {
    while (const auto entry = reader_.next()) {
      const Parts parts = place_of(entry->name);
      const std::string path = joined(parts, parts.size());
      leave_folders(path);
      if (path.empty()) require_folder_top(*entry);
      else add(*entry, parts, path);
    }
    leave_folders({});
    reader_.drain();
    return std::move(omissions_);
  }

 private:
  // A folder that was made here: it gets its mode and time when all that is in it is there.
  struct Made {
    std::string path;
    mode_t mode;
    timespec modified;
  };

  std::string shown(std::string_view path) const {
    if (path.empty()) return destination_.path;
    const bool bare = destination_.path == ".";
    return cat(bare ? "" : destination_.path, bare || destination_.path.ends_with('/') ? "" : "/", path);
  }
  [[noreturn]] void fail(std::string_view path, std::string_view call, long rc) const {
    throw copy_error(Doing::kWrite, shown(path), destination_.side, call, rc);
  }
  [[noreturn]] void refuse(std::string_view path, std::string rule, ErrorClass error_class = ErrorClass::kFailed) const {
    throw copy_error(Doing::kWrite, shown(path), destination_.side, std::move(rule), error_class);
  }
  void require(std::string_view path, std::string_view call, long rc) const {
    if (rc < 0) fail(path, call, rc);
  }

  // Where an entry comes to lie, below the destination's folder.
  Parts place_of(const std::string& name) const {
    auto parts = inner_path(name);
    if (!parts) refuse({}, cat("the archive names ", quote(name), ", which lies outside"));
    if (!destination_.replaces_top) return std::move(*parts);
    if (parts->empty()) refuse({}, cat("the archive names ", quote(name), ", which is nothing"));
    parts->erase(parts->begin());
    if (!destination_.top.empty()) parts->insert(parts->begin(), destination_.top);
    return std::move(*parts);
  }

  void require_folder_top(const Entry& entry) const {
    if (!S_ISDIR(entry.mode)) refuse({}, "it is a folder, and what is copied is no folder");
  }

  void add(const Entry& entry, const Parts& parts, const std::string& path) {
    const int folder = folder_of(parts);
    const char* name = parts.back().c_str();
    if (destination_.must_be_folder && parts.size() == 1 && !S_ISDIR(entry.mode))
      refuse(path, "there is no such folder", ErrorClass::kNotFound);
    if (!entry.hard_link.empty()) add_hard_link(entry, folder, name, path);
    else if (S_ISDIR(entry.mode)) add_folder(entry, folder, name, path);
    else if (S_ISREG(entry.mode)) add_file(entry, folder, name, path);
    else if (S_ISLNK(entry.mode)) add_link(entry, folder, name, path);
    else omissions_.leave_out(shown(path), "is neither file, folder nor link");
  }

  UniqueFd open_inside(const std::string& path, std::uint64_t flags) const {
    return UniqueFd(raw::openat2(destination_.folder.get(), path.empty() ? "." : path.c_str(), {.flags = flags, .resolve = kInside}));
  }

  // The folder that an entry is in, borrowed until the next call. Those that the stream did not bring are made.
  int folder_of(const Parts& parts) {
    const std::string path = joined(parts, parts.size() - 1);
    if (parent_ && parent_path_ == path) return parent_.get();
    parent_ = open_inside(path, O_PATH | O_DIRECTORY);
    for (std::size_t count = 1; parent_.get() == -ENOENT && count < parts.size(); ++count) make_missing(joined(parts, count));
    if (parent_.get() == -ENOENT) parent_ = open_inside(path, O_PATH | O_DIRECTORY);
    if (parent_.get() == -ELOOP || parent_.get() == -ENOTDIR) refuse(path, "it is no folder, and a link is not followed here");
    require(path, "open", parent_.get());
    parent_path_ = path;
    return parent_.get();
  }

  void make_missing(const std::string& path) const {
    const auto slash = path.rfind('/');
    const UniqueFd above = open_inside(slash == std::string::npos ? "" : path.substr(0, slash), O_PATH | O_DIRECTORY);
    require(path, "open", above.get());
    const int rc = raw::mkdirat(above.get(), path.c_str() + (slash == std::string::npos ? 0 : slash + 1), 0755);
    if (rc != -EEXIST) require(path, "mkdir", rc);
  }

  void add_folder(const Entry& entry, int folder, const char* name, const std::string& path) {
    const int rc = raw::mkdirat(folder, name, 0700);
    if (rc == 0) {
      made_.push_back({path, entry.mode, entry.modified});
      return;
    }
    struct stat status {};
    if (rc != -EEXIST || raw::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0) fail(path, "mkdir", rc);
    if (!S_ISDIR(status.st_mode)) refuse(path, "it is there and no folder");
  }

  // Takes away what has the name of an entry. False when that cannot be done, but it can perhaps be written to: a mount point,
  // or a file in a folder that is not ours.
  bool clear(int folder, const char* name, const std::string& path) const {
    const int rc = raw::unlinkat(folder, name, 0);
    if (rc == 0 || rc == -ENOENT) return true;
    if (rc == -EBUSY || rc == -EROFS || rc == -EACCES || rc == -EPERM) return false;
    struct stat status {};
    if (raw::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode))
      refuse(path, "it is a folder, and what is copied is no folder");
    fail(path, "unlink", rc);
  }

  struct Opened {
    UniqueFd fd;
    bool is_new = true;
  };
  Opened create(int folder, const char* name, const std::string& path) const {
    constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY;
    Opened file{.fd = UniqueFd(raw::openat(folder, name, kNew, 0600))};
    if (file.fd.get() == -EEXIST) {
      file.is_new = clear(folder, name, path);
      file.fd.reset(raw::openat(folder, name, file.is_new ? kNew : O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600));
    }
    require(path, "open", file.fd.get());
    struct stat status {};
    require(path, "stat", raw::fstat(file.fd.get(), &status));
    if (!S_ISREG(status.st_mode)) refuse(path, "it is no file");
    return file;
  }

  void add_file(const Entry& entry, int folder, const char* name, const std::string& path) {
    const auto [fd, is_new] = create(folder, name, path);
    while (const auto block = reader_.data()) write_at(fd.get(), *block, path);
    require(path, "ftruncate", raw::ftruncate(fd.get(), entry.size));
    if (!is_new) return;  // its mode is its owner's
    require(path, "chmod", raw::fchmod(fd.get(), entry.mode & destination_.kept));
    require(path, "utimensat", raw::utimensat(fd.get(), nullptr, times_of(entry).data(), 0));
  }

  void write_at(int fd, TarReader::Block block, const std::string& path) const {
    while (!block.bytes.empty()) {
      const long written = raw::pwrite(fd, block.bytes.data(), block.bytes.size(), block.offset);
      if (written == -EINTR) continue;
      require(path, "write", written);
      block.bytes = block.bytes.subspan(static_cast<std::size_t>(written));
      block.offset += written;
    }
  }

  void add_link(const Entry& entry, int folder, const char* name, const std::string& path) const {
    int rc = raw::symlinkat(entry.link_target.c_str(), folder, name);
    if (rc == -EEXIST && clear(folder, name, path)) rc = raw::symlinkat(entry.link_target.c_str(), folder, name);
    require(path, "symlink", rc);
    require(path, "utimensat", raw::utimensat(folder, name, times_of(entry).data(), AT_SYMLINK_NOFOLLOW));
  }

  void add_hard_link(const Entry& entry, int folder, const char* name, const std::string& path) const {
    const Parts target = place_of(entry.hard_link);
    if (target.empty()) refuse(path, "the archive makes it another name of a folder");
    const UniqueFd there = open_inside(joined(target, target.size() - 1), O_PATH | O_DIRECTORY);
    require(path, "open", there.get());
    int rc = raw::linkat(there.get(), target.back().c_str(), folder, name);
    if (rc == -EEXIST && joined(target, target.size()) == path) return;
    if (rc == -EEXIST && clear(folder, name, path)) rc = raw::linkat(there.get(), target.back().c_str(), folder, name);
    require(path, "link", rc);
  }

  // Completes the folders that were made and that `path` is not in.
  void leave_folders(std::string_view path) {
    for (; !made_.empty() && !is_inside(path, made_.back().path); made_.pop_back()) {
      const Made& made = made_.back();
      const UniqueFd fd = open_inside(made.path, O_RDONLY | O_DIRECTORY);
      require(made.path, "open", fd.get());
      const timespec times[2] = {{0, UTIME_OMIT}, made.modified};
      require(made.path, "utimensat", raw::utimensat(fd.get(), nullptr, times, 0));
      require(made.path, "chmod", raw::fchmod(fd.get(), made.mode & destination_.kept));
    }
  }

  const Destination& destination_;
  TarReader reader_;
  Omissions omissions_;
  std::vector<Made> made_;
  UniqueFd parent_;
  std::string parent_path_;
};

UniqueFd open_folder(const std::string& path, const Side& side) {
  return UniqueFd(raw::openat2(AT_FDCWD, path.c_str(), {.flags = O_PATH | O_DIRECTORY, .resolve = side.resolve}));
}

}  // namespace

Destination open_destination(const std::string& path, const std::string& source_label, const Side& side) {
  Destination result{.folder = open_folder(path, side), .path = path, .replaces_top = true, .side = side};
  if (result.folder) {
    if (source_label != ".") result.top = source_label;
    return result;
  }
  const int rc = result.folder.get();
  if (rc != -ENOENT && rc != -ENOTDIR) throw open_error(Doing::kWrite, path, side, rc);
  result.top = last_name(path);
  result.must_be_folder = path.ends_with('/');
  const std::string_view bare = std::string_view(path).substr(0, path.find_last_not_of('/') + 1);
  const auto slash = bare.rfind('/');
  result.path = slash == std::string_view::npos ? "." : slash == 0 ? "/" : std::string(bare.substr(0, slash));
  result.folder = open_folder(result.path, side);
  if (result.top == "." || result.folder.get() == -ENOENT || result.folder.get() == -ENOTDIR)
    throw copy_error(Doing::kWrite, path, side, cat("there is no folder ", quote(result.top == "." ? path : result.path)),
                     ErrorClass::kNotFound);
  if (!result.folder) throw open_error(Doing::kWrite, path, side, result.folder.get());
  return result;
}

Destination open_destination_folder(const std::string& path, const Side& side) {
  Destination result{.folder = open_folder(path, side), .path = path, .side = side};
  if (!result.folder) throw open_error(Doing::kWrite, path, side, result.folder.get());
  return result;
}

Omissions unpack(int in, std::string what, const Destination& destination) { return Unpacker(in, std::move(what), destination).run(); }

}  // namespace podctl::archive
