#include "run/target.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>

#include "sys/raw.hpp"

namespace podctl::run {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kPathMax = 4096;
constexpr int kMaxLinks = 40;  // as the kernel's own limit (path_resolution(7))

int fail(TargetError& error, long rc, Call call) noexcept {
  error.rc = static_cast<int>(rc);
  error.call = call;
  return error.rc;
}

// A path of bounded length that can be cut and added to.
struct PathBuffer {
  char text[kPathMax];
  std::size_t size = 0;

  bool append(const char* part, std::size_t length) noexcept {
    if (size + length + 2 > kPathMax) return false;
    if (size > 0) text[size++] = '/';
    for (std::size_t i = 0; i < length; ++i) text[size++] = part[i];
    text[size] = '\0';
    return true;
  }
  void cut(std::size_t length) noexcept {
    size = length;
    text[size] = '\0';
  }
  void pop() noexcept {
    while (size > 0 && text[size - 1] != '/') --size;
    cut(size > 0 ? size - 1 : 0);
  }
};

bool is(const char* part, std::size_t length, const char* word) noexcept {
  std::size_t i = 0;
  for (; i < length; ++i)
    if (word[i] == '\0' || part[i] != word[i]) return false;
  return word[i] == '\0';
}

// Puts `link` in front of what is left of `rest`.
bool prepend(PathBuffer& rest, const char* link, std::size_t length) noexcept {
  if (length + 1 + rest.size + 1 > kPathMax) return false;
  for (std::size_t i = rest.size + 1; i-- > 0;) rest.text[i + length + 1] = rest.text[i];
  for (std::size_t i = 0; i < length; ++i) rest.text[i] = link[i];
  rest.text[length] = '/';
  rest.size += length + 1;
  return true;
}

// The slow way: one component after another, without the kernel following any link, making what is missing.
int walk(int root, const char* path, Want want, TargetError& error) noexcept {
  const sys::OpenHow plain{.flags = O_PATH | O_NOFOLLOW, .resolve = sys::kResolveBeneath | sys::kResolveNoSymlinks};
  PathBuffer done, rest;
  done.cut(0);
  rest.cut(0);
  std::size_t total = 0;
  while (path[total] != '\0') ++total;
  if (!rest.append(path, total)) return fail(error, -ENAMETOOLONG, Call::kOpen);

  int links = 0;
  while (rest.size > 0) {
    std::size_t from = 0, to = 0;
    while (from < rest.size && rest.text[from] == '/') ++from;
    to = from;
    while (to < rest.size && rest.text[to] != '/') ++to;
    const bool last = to == rest.size;
    const std::size_t before = done.size;
    const char* part = rest.text + from;
    if (to == from || is(part, to - from, ".")) {
      // nothing to do
    } else if (is(part, to - from, "..")) {
      done.pop();
    } else {
      if (!done.append(part, to - from)) return fail(error, -ENAMETOOLONG, Call::kOpen);
      struct stat status {};
      int rc = raw::fstatat(root, done.text, &status, AT_SYMLINK_NOFOLLOW);
      if (rc == -ENOENT) {
        const bool file = last && want == Want::kFile;
        rc = file ? raw::mknodat(root, done.text, S_IFREG | 0644) : raw::mkdirat(root, done.text, 0755);
        if (rc < 0 && rc != -EEXIST) return fail(error, rc, file ? Call::kMknod : Call::kMkdir);
        rc = raw::fstatat(root, done.text, &status, AT_SYMLINK_NOFOLLOW);
      }
      if (rc < 0) return fail(error, rc, Call::kStat);
      if (S_ISLNK(status.st_mode)) {
        char link[kPathMax];
        const long length = raw::readlinkat(root, done.text, link, sizeof link);
        if (length < 0) return fail(error, length, Call::kReadlink);
        if (++links > kMaxLinks) return fail(error, -ELOOP, Call::kOpen);
        done.cut(link[0] == '/' ? 0 : before);
        for (std::size_t i = 0; to + i <= rest.size; ++i) rest.text[i] = rest.text[to + i];
        rest.size -= to;
        if (!prepend(rest, link, static_cast<std::size_t>(length))) return fail(error, -ENAMETOOLONG, Call::kOpen);
        continue;
      }
    }
    for (std::size_t i = 0; to + i <= rest.size; ++i) rest.text[i] = rest.text[to + i];
    rest.size -= to;
  }
  // The text in `done` holds no link; if somebody put one there meanwhile, this refuses it.
  const int fd = raw::openat2(root, done.size == 0 ? "." : done.text, plain);
  return fd < 0 ? fail(error, fd, Call::kOpen) : fd;
}

}  // namespace

int open_target(int root, const char* path, Want want, TargetError& error) noexcept {
  const sys::OpenHow how{.flags = O_PATH, .resolve = sys::kResolveInRoot | sys::kResolveNoMagicLinks};
  const int fd = raw::openat2(root, path, how);
  if (fd >= 0) return fd;
  if (fd != -ENOENT) return fail(error, fd, Call::kOpen);
  return walk(root, path, want, error);
}

int open_sub_path(int root, const char* path, TargetError& error) noexcept {
  const sys::OpenHow how{.flags = O_PATH, .resolve = sys::kResolveBeneath | sys::kResolveNoMagicLinks};
  int fd = raw::openat2(root, path, how);
  if (fd >= 0) return fd;
  if (fd != -ENOENT) return fail(error, fd, Call::kOpen);
  struct stat status {};
  if (const int rc = raw::fstat(root, &status); rc < 0) return fail(error, rc, Call::kStat);
  PathBuffer done;
  done.cut(0);
  for (std::size_t at = 0; path[at] != '\0';) {
    std::size_t end = at;
    while (path[end] != '\0' && path[end] != '/') ++end;
    if (end > at) {
      if (!done.append(path + at, end - at)) return fail(error, -ENAMETOOLONG, Call::kOpen);
      fd = raw::openat2(root, done.text, how);
      if (fd == -ENOENT) {
        // Its parent is resolved the same way, so a link on the way cannot lead the mkdir out.
        PathBuffer leaf;
        leaf.cut(0);
        leaf.append(path + at, end - at);
        done.pop();
        const int parent = raw::openat2(root, done.size == 0 ? "." : done.text, how);
        if (parent < 0) return fail(error, parent, Call::kOpen);
        int rc = raw::mkdirat(parent, leaf.text, status.st_mode & 0777);
        if (rc == 0) rc = raw::fchmodat(parent, leaf.text, status.st_mode & 07777);
        raw::close(parent);
        if (rc < 0 && rc != -EEXIST) return fail(error, rc, Call::kMkdir);
        done.append(leaf.text, leaf.size);
        fd = raw::openat2(root, done.text, how);
      }
      if (fd < 0) return fail(error, fd, Call::kOpen);
      raw::close(fd);
    }
    at = path[end] == '/' ? end + 1 : end;
  }
  fd = raw::openat2(root, done.text, how);
  return fd < 0 ? fail(error, fd, Call::kOpen) : fd;
}

}  // namespace podctl::run
