#include <unistd.h>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "cli/pod_args.hpp"
#include "podctl/control.hpp"
#include "podctl/select.hpp"
#include "podctl/text.hpp"

namespace podctl::cli {
namespace {

constexpr Flag kCpFlags[] = {container_flag("podctl cp -c app web:/etc/hosts .")};

void require_one_side_in_a_pod(const CopyPlace& from, const CopyPlace& to) {
  if (from.pod.empty() == to.pod.empty())
    usage_error(from.pod.empty() ? "neither side is in a pod" : "both sides are in pods",
                from.pod.empty() ? "a file in a pod is POD:PATH, or POD/C:PATH" : "copy to here first: podctl cp " + from.pod + ":PATH .");
  if (from.path.empty() || to.path.empty())
    usage_error(quote(from.path.empty() ? from.pod + ':' : to.pod + ':') + " names no path", "podctl cp web:/etc/hosts .");
}

void require_no_terminal(const CopyPlace& from, const CopyPlace& to) {
  if (from.pod.empty() && from.path == "-" && ::isatty(0) == 1)
    usage_error("a tar stream is not typed", "tar -c DIR | podctl cp - " + to.pod + ":PATH");
  if (to.pod.empty() && to.path == "-" && ::isatty(1) == 1)
    usage_error("a tar stream is not for a terminal", "podctl cp " + from.pod + ":PATH - | tar -t");
}

int cp(const Arguments& arguments) {
  if (arguments.names.size() != 2) usage_error("what is copied, and where to?", "podctl cp web:/etc/hosts .");
  const CopyPlace from = parse_copy_place(arguments.names[0]), to = parse_copy_place(arguments.names[1]);
  require_one_side_in_a_pod(from, to);
  require_no_terminal(from, to);
  const bool inward = from.pod.empty();
  const StorePaths paths = paths_from(arguments);
  Arguments named = arguments;
  named.names = {inward ? to.pod : from.pod};
  const NamedPod pod = one_pod(named, paths, NoName::kRefuse);
  const CopyRequest request{
      .container = container_of(arguments, pod), .inside = inward ? to.path : from.path, .outside = inward ? from.path : to.path};
  const CopyResult result = (inward ? copy_into_pod : copy_out_of_pod)(paths, pod.record.name, request);
  if (result.left_out > 0)
    note(arguments,
         "left out: " + result.first_left_out + (result.left_out > 1 ? ", and " + std::to_string(result.left_out - 1) + " more" : ""));
  return 0;
}

constexpr std::string_view kCpExamples[] = {
    "podctl cp web:/var/log/app.log .            # from the pod's first app container",
    "podctl cp site/. web/nginx:/usr/share/nginx/html",
    "podctl cp web:/data - | tar -t              # as a tar stream; the other way: tar -c . | podctl cp - web:/data",
};

}  // namespace

const Command kCpCommand{
    .name = "cp",
    .group = Group::kControl,
    .usage = "[flags] SRC DST",
    .summary = "Copy files into and out of containers.",
    .details =
        "One side is POD:PATH or POD/C:PATH, the other a path here, or - for a tar stream. What begins with / or . is a path here:\n"
        "./a:b. A PATH in a pod counts from the container's root, which no link leads out of.\n"
        "\n"
        "As cp -r: a DST that is a folder gets SRC put into it, any other DST is the new name, and SRC/. means what is in SRC. A link\n"
        "that is SRC itself is followed, links below it are copied as links. Files that are there already are replaced.\n"
        "Modes and times are kept. What is copied in belongs to the container's user, what is copied out to you, without set-uid bits.",
    .flags = kCpFlags,
    .examples = kCpExamples,
    .run = cp};

}  // namespace podctl::cli
