#include "cli/manifest_input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cli/settings.hpp"
#include "podctl/error.hpp"
#include "podctl/text.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::cli {
namespace {

constexpr std::size_t kReadAtMost = (std::size_t{3} << 20) + 1;  // one more than a manifest may have

std::string current_directory() {
  char buffer[4096];
  if (::getcwd(buffer, sizeof buffer) == nullptr) throw SysError(errno, "getcwd");
  return buffer;
}

std::string absolute(const std::string& path, const std::string& directory) {
  return !path.empty() && path.front() == '/' ? path : directory + '/' + path;
}

Validation validation(const Arguments& arguments) {
  const std::string choice = setting(arguments, "validate").value;
  return static_cast<Validation>(std::find(kValidationNames.begin(), kValidationNames.end(), choice) - kValidationNames.begin());
}

// Throws `error` with a failed call as its cause.
[[noreturn]] void fail(ErrorInfo error, int error_number, std::string_view call, const std::string& object) {
  const SysError failed(error_number, call, object);
  error.cause = failed.info().cause;
  error.call = failed.info().call;
  error.object = failed.info().object;
  error.error_number = error_number;
  throw Error(std::move(error));
}

// A -v that names nothing would make a folder: on the command line that is a slip of the pen.
void require_volume_sources(const Edits& edits) {
  for (const auto& volume : edits.volumes) {
    const std::string source = absolute(volume.substr(0, volume.find(':')), edits.current_directory);
    struct stat status {};
    const int error = ::stat(source.c_str(), &status) == 0 ? 0 : errno;
    if (error != 0)
      fail({.id = "no-such-file", .message = "cannot use -v " + volume, .error_class = ErrorClass::kUsage}, error, "stat", source);
  }
}

Edits edits_from(const Arguments& arguments, bool is_command) {
  Edits edits;
  edits.current_directory = current_directory();
  const auto take = [&](std::string_view flag, std::optional<std::string>& into) {
    if (arguments.has(flag)) into = arguments.text(flag);
  };
  take("name", edits.name);
  take("image", edits.image);
  take("restart", edits.restart_policy);
  take("sharing", edits.sharing);
  take("network", edits.network);
  take("container", edits.container);
  if (arguments.has("rootfs")) {
    const std::string root = arguments.text("rootfs");
    edits.image = root == "host" ? root : "rootfs:" + absolute(root, edits.current_directory);
  }
  if (arguments.is_set("overlay")) edits.annotations.emplace_back("podctl.dev/overlay", "true");
  for (const auto& change : arguments.all("set")) {
    // The first = that is outside of brackets ends the path: a map key may hold one.
    std::size_t depth = 0, equals = std::string::npos;
    for (std::size_t i = 0; i < change.size() && equals == std::string::npos; ++i) {
      if (change[i] == '[') ++depth;
      else if (change[i] == ']' && depth > 0) --depth;
      else if (change[i] == '=' && depth == 0) equals = i;
    }
    if (equals == std::string::npos || equals == 0)
      usage_error("--set " + quote(change) + " is not PATH=VALUE", "--set spec.containers[0].image=host");
    edits.set.emplace_back(change.substr(0, equals), change.substr(equals + 1));
  }
  edits.env = arguments.all("env");
  edits.volumes = arguments.all("volume");
  edits.stdin_open = arguments.is_set("stdin");
  edits.terminal = arguments.is_set("tty");
  constexpr std::array<std::string_view, 3> kCwd{"none", "ro", "rw"};
  const std::string cwd = arguments.choice("cwd", kCwd, is_command ? "ro" : "none");
  if (!is_command && arguments.has("cwd")) usage_error("--cwd goes with -- CMD; in a manifest use a hostPath volume");
  edits.show_current_directory = cwd != "none";
  edits.current_directory_writable = cwd == "rw";
  require_volume_sources(edits);
  return edits;
}

}  // namespace

std::vector<Flag> manifest_flags() {
  return {
      {.name = "name",
       .value = "NAME",
       .help = "Name of the pod, instead of the manifest's.",
       .example = "podctl run --name web2 web.json"},
      {.name = "env",
       .letter = 'e',
       .value = "K=V",
       .repeats = true,
       .help = "Set an environment variable in every container (or -c's).",
       .example = "podctl run -e DEBUG=1 web.json"},
      {.name = "volume",
       .letter = 'v',
       .value = "HOST:CTR[:ro]",
       .repeats = true,
       .help = "Show a file or folder of the machine in every container (or -c's).",
       .example = "podctl run -v ./site:/data:ro web.json"},
      {.name = "set",
       .value = "PATH=VALUE",
       .repeats = true,
       .help = "Change one field of the manifest.",
       .example = "podctl run --set spec.containers[0].args='[\"-v\"]' web.json"},
      {.name = "container",
       .letter = 'c',
       .value = "NAME",
       .help = "The container that -e, -v, -i and -t are meant for.",
       .example = "podctl run -c app -e DEBUG=1 web.json"},
      {.name = "stdin", .letter = 'i', .help = "Pass standard input to the container.", .example = "echo hi | podctl run -i -- cat"},
      {.name = "tty", .letter = 't', .help = "Give the container a terminal.", .example = "podctl run -it -- sh"},
      {.name = "image",
       .value = "REF",
       .help = "Root file system of every container.",
       .example = "podctl run --image rootfs:./alpine -- sh"},
      {.name = "rootfs",
       .value = "host|DIR",
       .help = "The same: the host's own files, or a folder.",
       .example = "podctl run --rootfs host web.json"},
      {.name = "overlay",
       .help = "A throw-away writable layer over the host's folders.",
       .example = "podctl run --overlay -- touch /etc/x"},
      {.name = "cwd",
       .value = "none|ro|rw",
       .help = "With -- CMD: how the current folder is shown. Default ro.",
       .example = "podctl run --cwd rw -- make test"},
      {.name = "network", .value = "MODE", .help = "private (default), host or none.", .example = "podctl run --network none web.json"},
      {.name = "restart",
       .value = "POLICY",
       .help = "Never, OnFailure or Always, instead of the manifest's.",
       .example = "podctl run --restart Never web.json"},
      {.name = "sharing",
       .value = "pod|kubernetes",
       .help = "One pid namespace for the pod (default), or one for each container.",
       .example = "podctl run --sharing kubernetes web.json"},
      {.name = "validate",
       .value = "strict|warn|ignore",
       .help = "How unknown and unsupported fields are taken. Default strict.",
       .example = "podctl run --validate warn web.json"},
      {.name = "publish",
       .letter = 'p',
       .value = "[IP:]HOST:CTR",
       .repeats = true,
       .help = "Publish a port.",
       .example = "podctl run -p 8080:80 web.json",
       .not_yet = "ports are not published yet"},
      {.name = "pull",
       .value = "WHEN",
       .help = "When images are pulled.",
       .example = "podctl run --pull never web.json",
       .not_yet = "images are not read yet"},
  };
}

std::string read_text(const std::string& file) {
  const UniqueFd own(file == "-" ? -1 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const int error = file == "-" || own ? 0 : errno;
  if (error != 0)
    fail({.id = "no-such-file", .message = "cannot read " + quote(file), .error_class = ErrorClass::kNotFound}, error, "open", file);
  const int fd = file == "-" ? 0 : own.get();
  std::string text;
  char buffer[65536];
  while (text.size() < kReadAtMost) {
    const ssize_t got = ::read(fd, buffer, std::min(sizeof buffer, kReadAtMost - text.size()));
    const int failed = got < 0 ? errno : 0;
    if (failed == EINTR) continue;
    if (failed != 0)
      fail({.id = "unreadable", .message = "cannot read " + quote(file), .error_class = ErrorClass::kNotFound}, failed, "read", file);
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

Input read_input(const Arguments& arguments) {
  Input input;
  input.is_command = arguments.command.has_value();
  const ParseOptions options{.validation = validation(arguments), .edits = edits_from(arguments, input.is_command)};
  input.directory = options.edits.current_directory;
  if (input.is_command) {
    if (arguments.command->empty()) usage_error("there is no command after --");
    if (!arguments.names.empty()) usage_error(quote(arguments.names.front()) + ": a manifest and -- CMD at once");
    input.source = "--";
    input.manifest = make_command_pod(*arguments.command, options);
    return input;
  }
  if (arguments.names.size() != 1)
    usage_error(arguments.names.empty() ? "which pod? A manifest file, - for standard input, or -- and a command"
                                        : "one manifest at a time: " + quote(arguments.names[0]) + " and " + quote(arguments.names[1]));
  input.source = arguments.names.front();
  if (input.source != "-")
    if (const auto slash = input.source.rfind('/'); slash != std::string::npos)
      input.directory = absolute(input.source.substr(0, slash + 1), input.directory);
  input.manifest = parse_manifest(read_text(input.source), options);
  return input;
}

Input read_one_pod(const Arguments& arguments) {
  Input input = read_pods(arguments);
  if (input.manifest.pods.size() == 1) return input;
  std::string names;
  for (const auto& pod : input.manifest.pods)
    names += (names.empty() ? "" : ", ") + (pod.metadata.name.empty() ? pod.metadata.generate_name : pod.metadata.name);
  throw Error({.id = "several-pods",
               .message = input.source + " holds " + std::to_string(input.manifest.pods.size()) + " pods",
               .cause = "one at a time runs in the foreground, and these are " + names,
               .hint = "podctl run -d FILE        # starts all of them",
               .error_class = ErrorClass::kInvalid});
}

Input read_pods(const Arguments& arguments) {
  Input input = read_input(arguments);
  if (!input.manifest.has_errors() && input.manifest.pods.size() > 1)
    for (const auto& flag : manifest_flags())
      if (arguments.has(flag.name) && flag.name != "validate")
        usage_error("--" + std::string(flag.name) + " changes one pod, and " + input.source + " holds " +
                    std::to_string(input.manifest.pods.size()));
  if (input.manifest.has_errors()) {
    InvalidInput error(input.is_command ? "the command line" : input.source, "Pod", input.manifest.diagnostics);
    if (!input.is_command)
      error.info().hint =
          "podctl validate " + (input.source == "-" ? std::string("FILE") : input.source) + "        # lists them again, and the notes";
    throw error;
  }
  if (arguments.is_set("quiet")) return input;
  std::string notes;
  for (const auto& d : input.manifest.diagnostics) {
    if (d.severity == Severity::kWarning)
      std::fputs(("podctl: warning: " + (d.path.empty() ? "" : d.path + ": ") + d.message + '\n').c_str(), stderr);
    if (d.severity == Severity::kNote) notes += (notes.empty() ? "" : ", ") + d.path;
  }
  if (!notes.empty()) std::fputs(("podctl: note: no effect here: " + notes + "; podctl validate says why\n").c_str(), stderr);
  return input;
}

}  // namespace podctl::cli
