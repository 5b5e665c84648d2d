#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What the steps of a plan do: one struct for each kind of change, as plain data. plan.hpp has the rest.
namespace podctl {

/// A set of namespace kinds (namespaces(7)).
struct Namespaces {
  bool user = false, mnt = false, net = false, ipc = false, uts = false, pid = false, cgroup = false;

  friend bool operator==(const Namespaces&, const Namespaces&) = default;
};

/// Pod ids `pod`... are host ids `host`... (user_namespaces(7)).
struct IdMapping {
  std::uint32_t pod = 0, host = 0, count = 0;

  friend bool operator==(const IdMapping&, const IdMapping&) = default;
};

/// What a mount adds to what it shows.
struct MountLimits {
  bool read_only = false, no_suid = false, no_dev = false, no_exec = false;

  friend bool operator==(const MountLimits&, const MountLimits&) = default;
};

/// What a path on the host must be.
enum class PathKind { kAnything, kDirectory, kFile, kSocket, kCharDevice, kBlockDevice };

struct Link {
  std::string path, target;
};
struct FileContent {
  std::string path, content;
  std::uint32_t mode = 0644;
};

/// A place on disk or in the pod tree. Paths of the pod tree are absolute in it; paths of a container are
/// absolute in its root file system and resolved there, so no link leads out.
namespace action {

// --- by the monitor -----------------------------------------------------------------------------------

/// Makes a folder on the host if it is missing; `owner` is given to it when set (uid and gid).
struct MakeHostDirectory {
  std::string path;
  std::uint32_t mode = 0755;
  std::optional<std::uint32_t> owner;
};
/// Makes an empty file on the host if it is missing.
struct MakeHostFile {
  std::string path;
  std::uint32_t mode = 0644;
};
/// Holds a volume that outlives pods for as long as this one lives (flock(2)).
struct HoldVolume {
  std::string path;        ///< on the host
  bool exclusive = false;  ///< no other pod may use it meanwhile
};
/// Makes the empty folders NAME.upper and NAME.work of a writable layer (overlayfs) on disk.
struct MakeLayer {
  std::string folder;  ///< on the host
  std::string name;    ///< CONTAINER.INSTANCE, or CONTAINER.FOLDER.INSTANCE for a layer over a host folder
  std::optional<std::uint32_t> owner;
  /// Empty files in its /etc, to mount on: there at once, while making them through the overlay would copy the
  /// folder up, and fail where that belongs to an id the pod lacks.
  std::vector<std::string> etc_files;
};
/// Takes a copy of a host tree's mounts before the pod exists (open_tree), its ids shifted for the pod
/// when `shift_ids`. Only the machine's root needs it: everyone else's pod can open the path itself.
struct TakeTree {
  std::string path;
  bool shift_ids = false;
};
/// Starts the pod's first process in new namespaces (clone).
struct NewSandbox {
  Namespaces namespaces;
};
/// Writes the id maps of the pod's user namespace.
struct MapIds {
  enum class Method {
    kSelf,     ///< the process itself writes its one id
    kHelpers,  ///< newuidmap and newgidmap
    kDirect,   ///< the monitor writes, as the machine's root
  };
  Method method = Method::kSelf;
  std::vector<IdMapping> uids, gids;
};

// --- by pause, and by members -------------------------------------------------------------------------

/// Takes the pod ids that the set-up is done with (setresuid, setresgid).
struct BecomePodRoot {
  std::uint32_t uid = 0, gid = 0;
};
/// Asks for SIGKILL when the monitor dies, and checks that it has not died already (prctl(2)).
struct DieWithMonitor {};
/// Makes every mount a slave: nothing mounted here is seen on the host.
struct StopPropagation {};
struct NewNetwork {};
/// Joins the network namespace that was made beside the pod tree (setns(2)).
struct JoinNetwork {};
/// Brings the loopback interface up, with the pod's own addresses on it when given.
struct ConfigureLoopback {
  std::string ipv4, ipv6;
};
struct SetHostname {
  std::string name;
};
/// Mounts the small tmpfs that becomes the pod's root, with these folders in it.
struct MountPodTree {
  std::string size;  ///< in bytes
  std::vector<std::string> directories;
};
struct MountTmpfs {
  std::string target;
  std::uint32_t mode = 0755;
  std::string size;  ///< as tmpfs(5) takes it; empty: the kernel's default, half of memory
  MountLimits limits;
  std::vector<std::string> directories;  ///< made in it, below `target`; "path:mode" in octal for another mode
  std::vector<Link> links;
};
/// Shows a host file or folder in the pod tree.
struct BindHost {
  std::string source, target;
  PathKind kind = PathKind::kAnything;
  MountLimits limits;
  bool taken = false;  ///< the monitor has a TakeTree of it
};
/// Shows device nodes of the host, each checked to be the device it should be.
struct BindDevices {
  std::string target;
  std::vector<std::string> names;
};
struct MountProc {
  std::string target;
};
struct MountSysfs {
  std::string target;
};
/// Hides paths behind nothing, and makes others read-only; those the kernel does not have are passed over.
struct MaskPaths {
  std::string base;
  std::vector<std::string> hidden, read_only;
};
/// Writes a folder of small files into memory.
struct WriteFiles {
  std::string target;
  std::vector<std::string> directories;
  std::vector<FileContent> files;
  std::vector<Link> links;
};
/// Changes the root to the pod tree and lets go of the host's (pivot_root(2)).
struct EnterPodTree {};
/// Replaces the process by the pause program, from a sealed memory file.
struct StartPause {};

// --- by members ---------------------------------------------------------------------------------------

/// Joins the pod's namespaces in one setns, and is born in fresh ones of its own.
struct JoinPod {
  Namespaces joined, fresh;
};
/// Mounts a tmpfs for the writable layers of one root: what MakeLayer makes on disk, in memory. It goes with the mount
/// namespace of the container.
struct MountLayers {
  std::string target;                    ///< in the pod tree
  std::vector<std::string> directories;  ///< below `target`; NAME.upper and NAME.work of each layer among them
  std::vector<std::string> files;        ///< empty ones below `target`
};
/// Lays a writable layer over a read-only folder.
struct MountOverlay {
  std::string lower;   ///< in the pod tree
  std::string layers;  ///< folder of the pod tree that holds the writable layers
  std::string name;    ///< as in MakeLayer
  std::string target;  ///< "/": the container's root itself
};
/// Moves a mount of the pod tree into the container's root.
struct MoveMount {
  std::string source, target;
};
/// Shows a file or folder of the pod tree in the container's root.
struct BindInto {
  std::string source;
  std::string sub_path;  ///< inside `source`; made when missing, refused when it leads out
  std::string target;
  MountLimits limits;
};
/// Fills the container's /dev: device nodes from the pod tree, and the usual links.
struct FillDev {
  std::string source, target;
  std::vector<std::string> names;
};
struct MountDevpts {
  std::string target;
};
struct MountMqueue {
  std::string target;
};
/// Makes the file that receives the container's final message, empty.
struct MakeMessageFile {
  std::string path;
};
/// Makes the container's root read-only, or a writable layer that lies over a folder at its top.
struct MakeRootReadOnly {
  std::string path = "/";
};
/// Changes the root to the container's (pivot_root(2)).
struct EnterRoot {};
/// Notes which cgroup namespace is the container's: its mark on every process that descends from it.
struct NoteMark {};
/// Waits until pause runs its own program.
struct AwaitPause {};
struct NewSession {};
/// Puts the limit on open files back to what podctl was started with.
struct RestoreLimits {
  std::uint64_t open_files_soft = 0, open_files_hard = 0;
};
/// Changes the working directory, made when missing.
struct ChangeDirectory {
  std::string path;
};
/// Drops every capability outside `kept` from the bounding set (capabilities(7)). Bit N is capability N.
struct LimitCapabilities {
  std::uint64_t kept = 0;
};
struct SetIdentity {
  std::uint32_t uid = 0, gid = 0;
  bool set_groups = false;  ///< false where the kernel forbids it: a map of one id
  std::vector<std::uint32_t> groups;
};
struct ForbidNewPrivileges {};
/// Connects standard input, output and error, and closes every other descriptor at exec.
struct ConnectStreams {
  bool stdin_open = false;
};
/// Makes a terminal in the container's own /dev/pts, controls the session with it and connects it as standard input,
/// output and error; podctl is handed its other end. Closes every other descriptor at exec.
struct ConnectTerminal {};
/// Waits until the container before it in the same start has begun its program.
struct AwaitTurn {
  std::string container;
};
struct ExecProgram {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< NAME=VALUE
  std::vector<std::string> candidates;   ///< files to try, in order
  bool has_secrets = false;              ///< a Secret's values may be among the arguments: no words about it show them
};

}  // namespace action

using Action =
    std::variant<action::MakeHostDirectory, action::MakeHostFile, action::HoldVolume, action::MakeLayer, action::TakeTree,
                 action::NewSandbox, action::MapIds, action::BecomePodRoot, action::DieWithMonitor, action::StopPropagation,
                 action::NewNetwork, action::JoinNetwork, action::ConfigureLoopback, action::SetHostname, action::MountPodTree,
                 action::MountTmpfs, action::BindHost, action::BindDevices, action::MountProc, action::MountSysfs, action::MaskPaths,
                 action::WriteFiles, action::EnterPodTree, action::StartPause, action::JoinPod, action::MountLayers, action::MountOverlay,
                 action::MoveMount, action::BindInto, action::FillDev, action::MountDevpts, action::MountMqueue, action::MakeMessageFile,
                 action::MakeRootReadOnly, action::EnterRoot, action::NoteMark, action::AwaitPause, action::NewSession,
                 action::RestoreLimits, action::ChangeDirectory, action::LimitCapabilities, action::SetIdentity,
                 action::ForbidNewPrivileges, action::ConnectStreams, action::ConnectTerminal, action::AwaitTurn, action::ExecProgram>;

}  // namespace podctl
