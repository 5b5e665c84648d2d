// The steps between clone and exec that change mounts; see child.hpp for what may be called here.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "run/child.hpp"

namespace podctl::run {

static Result fill(int folder, const Op& op) noexcept {
  for (std::size_t i = 0; i < op.item_count; ++i) {
    const Item& item = op.items[i];
    if (item.text != nullptr) {
      PODCTL_TRY(check(raw::symlinkat(item.text, folder, item.path), Call::kSymlink, i));
    } else {
      PODCTL_TRY(check(raw::mkdirat(folder, item.path, item.mode & 0777), Call::kMkdir, i));
      // The umask, and the bits above 0777, are for chmod alone.
      if ((item.mode & 07022) != 0) PODCTL_TRY(check(raw::fchmodat(folder, item.path, item.mode), Call::kFchmod, i));
    }
  }
  return {};
}

// Mounts a file system on the target. mount(2) takes a path, and the one path that cannot be swapped is ".".
Result mount_on(const Child& child, const char* target, const char* type, std::uint64_t flags, const char* options) noexcept {
  TargetError error;
  const Fd at(open_target(child.base, target, Want::kDirectory, error));
  if (!at) return from(error);
  PODCTL_TRY(check(raw::fchdir(at.get()), Call::kChdir));
  return check(raw::mount("podctl", ".", type, flags, options), Call::kMount);
}

Result mount_tmpfs(const Child& child, const Op& op) noexcept {
  PODCTL_TRY(mount_on(child, op.target, "tmpfs", op.flags, op.a));
  if (op.item_count == 0) return {};
  TargetError error;
  const Fd inside(open_target(child.base, op.target, Want::kDirectory, error));
  if (!inside) return from(error);
  return fill(inside.get(), op);
}

static Result enter_base(Child& child, const char* path) noexcept {
  PODCTL_TRY(check(raw::chdir(path), Call::kChdir));
  const int base = raw::openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY);
  if (base < 0) return check(base, Call::kOpen);
  if (child.base >= 0) raw::close(child.base);
  child.base = base;
  return {};
}

Result mount_pod_tree(Child& child, const Op& op) noexcept {
  PODCTL_TRY(check(raw::mount("podctl", "/", "tmpfs", MS_NOSUID | MS_NODEV, op.a), Call::kMount));
  // Absolute paths still begin in the host's root, underneath; ".." of the root is what was mounted on it.
  PODCTL_TRY(enter_base(child, "/.."));
  return fill(child.base, op);
}

Result new_root(Child& child, const Op& op) noexcept {
  PODCTL_TRY(check(raw::mount("podctl", op.target, "tmpfs", op.flags, op.a), Call::kMount));
  PODCTL_TRY(enter_base(child, op.target));
  return fill(child.base, op);
}

Result mount_overlay(Child& child, const Op& op) noexcept {
  if (op.code == Op::Code::kOverlay) return mount_on(child, op.target, "overlay", op.flags, op.a);
  PODCTL_TRY(check(raw::mount("podctl", op.target, "overlay", op.flags, op.a), Call::kMount));
  return enter_base(child, op.target);
}

static bool is_kind(const struct stat& status, std::uint64_t kind) noexcept {
  switch (kind) {
    case 1: return S_ISDIR(status.st_mode);
    case 2: return S_ISREG(status.st_mode);
    case 3: return S_ISSOCK(status.st_mode);
    case 4: return S_ISCHR(status.st_mode);
    case 5: return S_ISBLK(status.st_mode);
    default: return true;
  }
}

// Attaches the detached mount `tree` to the target, which is made to fit it.
static Result attach(const Child& child, int tree, const char* target, std::uint64_t attributes, unsigned reach,
                     std::size_t item = 0) noexcept {
  struct stat status {};
  PODCTL_TRY(check(raw::fstat(tree, &status), Call::kStat, item));
  if (attributes != 0)
    PODCTL_TRY(check(raw::mount_setattr(tree, "", AT_EMPTY_PATH | reach, {.set = attributes}), Call::kMountSetattr, item));
  TargetError error;
  const Fd at(open_target(child.base, target, S_ISDIR(status.st_mode) ? Want::kDirectory : Want::kFile, error));
  if (!at) return from(error, item);
  return check(raw::move_mount(tree, "", at.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), Call::kMoveMount, item);
}

Result bind_host(const Child& child, const Op& op) noexcept {
  const Fd tree(op.fd >= 0 ? op.fd : raw::open_tree(AT_FDCWD, op.a, OPEN_TREE_CLONE | AT_RECURSIVE));
  if (!tree) return check(tree.get(), Call::kOpenTree);
  struct stat status {};
  PODCTL_TRY(check(raw::fstat(tree.get(), &status), Call::kStat));
  if (!is_kind(status, op.number)) return check(-EINVAL, Call::kCheckKind);
  return attach(child, tree.get(), op.target, op.attributes, AT_RECURSIVE);
}

Result bind_devices(const Child& child, const Op& op) noexcept {
  TargetError error;
  const Fd folder(open_target(child.base, op.target, Want::kDirectory, error));
  if (!folder) return from(error);
  const Fd host(raw::openat(AT_FDCWD, "/dev", O_PATH | O_DIRECTORY));
  if (!host) return check(host.get(), Call::kOpen);
  for (std::size_t i = 0; i < op.item_count; ++i) {
    const Item& item = op.items[i];
    const Fd node(raw::open_tree(host.get(), item.path, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW));
    if (!node) return check(node.get(), Call::kOpenTree, i);
    struct stat status {};
    PODCTL_TRY(check(raw::fstat(node.get(), &status), Call::kStat, i));
    if (!S_ISCHR(status.st_mode) || status.st_rdev != item.mode) return check(-ENODEV, Call::kCheckKind, i);
    PODCTL_TRY(check(raw::mknodat(folder.get(), item.path, S_IFREG | 0666), Call::kMknod, i));
    PODCTL_TRY(check(raw::move_mount(node.get(), "", folder.get(), item.path, MOVE_MOUNT_F_EMPTY_PATH), Call::kMoveMount, i));
  }
  return {};
}

Result mask_paths(const Child& child, const Op& op) noexcept {
  TargetError error;
  const Fd folder(open_target(child.base, op.target, Want::kDirectory, error));
  if (!folder) return from(error);
  for (std::size_t i = 0; i < op.item_count; ++i) {
    const Item& item = op.items[i];
    struct stat status {};
    const int rc = raw::fstatat(folder.get(), item.path, &status, AT_SYMLINK_NOFOLLOW);
    if (rc == -ENOENT || rc == -ENOTDIR) continue;  // not in this kernel
    if (rc < 0) return check(rc, Call::kStat, i);
    // op.a and op.b are the stand-ins, in the pod tree: an empty folder and the null device.
    const bool hidden = item.mode != 0;
    const char* source = S_ISDIR(status.st_mode) ? op.a : op.b;
    const Fd tree(hidden ? raw::open_tree(child.base, source, OPEN_TREE_CLONE)
                         : raw::open_tree(folder.get(), item.path, OPEN_TREE_CLONE | AT_RECURSIVE));
    if (!tree) return check(tree.get(), Call::kOpenTree, i);
    if (!hidden)
      PODCTL_TRY(
          check(raw::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, {.set = MOUNT_ATTR_RDONLY}), Call::kMountSetattr, i));
    PODCTL_TRY(check(raw::move_mount(tree.get(), "", folder.get(), item.path, MOVE_MOUNT_F_EMPTY_PATH), Call::kMoveMount, i));
  }
  return {};
}

static Result write_items(int folder, const Op& op) noexcept {
  for (std::size_t i = 0; i < op.item_count; ++i) {
    const Item& item = op.items[i];
    if (item.size == 0 && item.text != nullptr && (item.mode & S_IFMT) == S_IFLNK) {
      PODCTL_TRY(check(raw::symlinkat(item.text, folder, item.path), Call::kSymlink, i));
    } else if ((item.mode & S_IFMT) == S_IFDIR) {
      PODCTL_TRY(check(raw::mkdirat(folder, item.path, item.mode & 0777), Call::kMkdir, i));
    } else {
      const Fd file(raw::openat(folder, item.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
      if (!file) return check(file.get(), Call::kOpen, i);
      PODCTL_TRY(write_all(file.get(), item.text, item.size, Call::kWrite, i));
      PODCTL_TRY(check(raw::fchmod(file.get(), item.mode & 0777), Call::kFchmod, i));
    }
  }
  return {};
}

Result write_files(const Child& child, const Op& op) noexcept {
  TargetError error;
  const Fd folder(open_target(child.base, op.target, Want::kDirectory, error));
  if (!folder) return from(error);
  return write_items(folder.get(), op);
}

Result mount_layers(const Op& op) noexcept {
  PODCTL_TRY(check(raw::mount("podctl", op.target, "tmpfs", op.flags, op.a), Call::kMount));
  const Fd folder(raw::openat(AT_FDCWD, op.target, O_PATH | O_DIRECTORY));
  if (!folder) return check(folder.get(), Call::kOpen);
  return write_items(folder.get(), op);
}

Result change_root(const Child& child) noexcept {
  PODCTL_TRY(check(raw::fchdir(child.base), Call::kChdir));
  // With "." twice the old root lands on top of the new one, and goes at once (pivot_root(2), NOTES).
  PODCTL_TRY(check(raw::pivot_root(".", "."), Call::kPivotRoot));
  PODCTL_TRY(check(raw::umount2(".", MNT_DETACH), Call::kUmount));
  return check(raw::chdir("/"), Call::kChdir);
}

Result move_template(const Child& child, const Op& op) noexcept {
  TargetError error;
  const Fd at(open_target(child.base, op.target, Want::kDirectory, error));
  if (!at) return from(error);
  return check(raw::move_mount(AT_FDCWD, op.a, at.get(), "", MOVE_MOUNT_T_EMPTY_PATH), Call::kMoveMount);
}

Result bind_into(const Child& child, const Op& op) noexcept {
  if (op.b == nullptr) {
    const Fd tree(raw::open_tree(AT_FDCWD, op.a, OPEN_TREE_CLONE | AT_RECURSIVE));
    if (!tree) return check(tree.get(), Call::kOpenTree);
    return attach(child, tree.get(), op.target, op.attributes, 0);
  }
  const Fd volume(raw::openat(AT_FDCWD, op.a, O_PATH | O_DIRECTORY));
  if (!volume) return check(volume.get(), Call::kOpen, 1);
  TargetError error;
  const Fd inside(open_sub_path(volume.get(), op.b, error));
  if (!inside) return from(error, 1);
  const Fd tree(raw::open_tree(inside.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE));
  if (!tree) return check(tree.get(), Call::kOpenTree, 1);
  return attach(child, tree.get(), op.target, op.attributes, 0);
}

Result make_read_only(const Child& child, const Op& op) noexcept {
  const auto close_off = [](int fd) {
    return check(raw::mount_setattr(fd, "", AT_EMPTY_PATH, {.set = MOUNT_ATTR_RDONLY}), Call::kMountSetattr);
  };
  if (op.target == nullptr) return close_off(child.base);
  TargetError error;
  const Fd at(open_target(child.base, op.target, Want::kDirectory, error));
  return at ? close_off(at.get()) : from(error);
}

Result fill_dev(const Child& child, const Op& op) noexcept {
  TargetError error;
  const Fd dev(open_target(child.base, op.target, Want::kDirectory, error));
  if (!dev) return from(error);
  const Fd source(raw::openat(AT_FDCWD, op.a, O_PATH | O_DIRECTORY));
  if (!source) return check(source.get(), Call::kOpen);
  for (std::size_t i = 0; i < op.item_count; ++i) {
    const Item& item = op.items[i];
    if (item.text != nullptr) {
      PODCTL_TRY(check(raw::symlinkat(item.text, dev.get(), item.path), Call::kSymlink, i));
      continue;
    }
    PODCTL_TRY(check(raw::mknodat(dev.get(), item.path, S_IFREG | 0666), Call::kMknod, i));
    PODCTL_TRY(check(raw::move_mount(source.get(), item.path, dev.get(), item.path, 0), Call::kMoveMount, i));
  }
  return {};
}

Result message_file(const Op& op) noexcept {
  const Fd file(raw::openat(AT_FDCWD, op.a, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (!file) return check(file.get(), Call::kOpen);
  return check(raw::fchmod(file.get(), 0666), Call::kFchmod);
}

}  // namespace podctl::run
