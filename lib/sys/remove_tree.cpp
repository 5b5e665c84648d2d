#include "sys/remove_tree.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>

#include "sys/raw.hpp"

namespace podctl::sys::raw {
namespace {

constexpr int kMaxDepth = 32;  // levels below the top that are entered; what lies deeper is moved up first

struct Tree {
  int top = -1;  // the folder that is being removed
  dev_t device = 0;
  std::uint32_t moved = 0;
  RemoveError& error;
};

bool fail(RemoveError& error, long rc, const char* call, const char* name) noexcept {
  error.error_number = static_cast<int>(-rc);
  error.call = call;
  std::size_t i = 0;
  for (; name[i] != '\0' && i + 1 < sizeof error.name; ++i) error.name[i] = name[i];
  error.name[i] = '\0';
  return false;
}

// A folder to read; its own mode does not keep its owner out (an overlay leaves its work folder with mode 0).
int open_folder(int dir, const char* name) noexcept {
  int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd == -EACCES) {
    const int rc = fchmodat(dir, name, 0700);
    if (rc < 0) return rc;
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }
  return fd;
}

// Moves a folder to the top under a name of its own, where the next round finds it.
long move_up(Tree& tree, int dir, const char* name) noexcept {
  char fresh[32] = "podctl-deep-";
  std::size_t length = 12;
  for (std::uint32_t number = tree.moved++; length < sizeof fresh - 1; number /= 10) {
    fresh[length++] = static_cast<char>('0' + number % 10);
    if (number < 10) break;
  }
  fresh[length] = '\0';
  return call(SYS_renameat2, dir, arg(name), tree.top, arg(fresh), 1 /* RENAME_NOREPLACE */);
}

bool empty_folder(Tree& tree, int folder, int depth) noexcept;

bool remove_folder(Tree& tree, int dir, const char* name, int depth) noexcept {
  const int folder = open_folder(dir, name);
  if (folder < 0) return fail(tree.error, folder, "open", name);
  struct stat status {};
  long rc = raw::fstat(folder, &status);
  if (rc == 0 && status.st_dev != tree.device) rc = -EXDEV;
  bool good = rc == 0 ? true : fail(tree.error, rc, "stat", name);
  if (good && (status.st_mode & 0700) != 0700 && (rc = fchmod(folder, 0700)) < 0) good = fail(tree.error, rc, "chmod", name);
  good = good && empty_folder(tree, folder, depth);
  close(folder);
  if (!good) return false;
  rc = unlinkat(dir, name, AT_REMOVEDIR);
  return rc == 0 || rc == -ENOENT || fail(tree.error, rc, "rmdir", name);
}

bool remove_entry(Tree& tree, int dir, const char* name, unsigned char type, int depth) noexcept {
  long rc = type == DT_DIR ? -EISDIR : unlinkat(dir, name, 0);
  if (rc == -EISDIR || rc == -EPERM) {
    rc = unlinkat(dir, name, AT_REMOVEDIR);
    if (rc == -ENOTEMPTY || rc == -EEXIST) {
      if (depth < kMaxDepth) return remove_folder(tree, dir, name, depth + 1);
      rc = move_up(tree, dir, name);
    }
  }
  return rc == 0 || rc == -ENOENT || fail(tree.error, rc, "unlink", name);
}

bool empty_folder(Tree& tree, int folder, int depth) noexcept {
  alignas(8) char buffer[2048];
  // Removing while reading may skip entries, so rounds go on until one finds nothing.
  for (bool found = true; found;) {
    found = false;
    call(SYS_lseek, folder, 0, 0);
    for (;;) {
      const long got = call(SYS_getdents64, folder, arg(buffer), sizeof buffer);
      if (got < 0) return fail(tree.error, got, "getdents64", ".");
      if (got == 0) break;
      for (long at = 0; at < got;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
        at += entry->d_reclen;
        const char* name = entry->d_name;
        if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) continue;
        found = true;
        if (!remove_entry(tree, folder, name, entry->d_type, depth)) return false;
      }
    }
  }
  return true;
}

}  // namespace

bool remove_tree(int dir, const char* name, RemoveError& error) noexcept {
  long rc = unlinkat(dir, name, AT_REMOVEDIR);
  if (rc == -ENOTDIR) rc = unlinkat(dir, name, 0);
  if (rc == 0 || rc == -ENOENT) return true;
  if (rc != -ENOTEMPTY && rc != -EEXIST) return fail(error, rc, "unlink", name);
  const int top = open_folder(dir, name);
  if (top < 0) return fail(error, top, "open", name);
  struct stat status {};
  rc = raw::fstat(top, &status);
  Tree tree{.top = top, .device = status.st_dev, .error = error};
  bool good = rc == 0 ? true : fail(error, rc, "stat", name);
  if (good && (status.st_mode & 0700) != 0700 && (rc = fchmod(top, 0700)) < 0) good = fail(error, rc, "chmod", name);
  good = good && empty_folder(tree, top, 0);
  close(top);
  if (!good) return false;
  rc = unlinkat(dir, name, AT_REMOVEDIR);
  return rc == 0 || rc == -ENOENT || fail(error, rc, "rmdir", name);
}

}  // namespace podctl::sys::raw
