// Pods that were made and are not running: create, and what start needs.
#include <unistd.h>

#include <algorithm>

#include "base/path.hpp"
#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "monitor/client.hpp"
#include "monitor/kept_manifest.hpp"
#include "monitor/setup.hpp"
#include "podctl/run.hpp"
#include "podctl/summary.hpp"
#include "state/pod_folder.hpp"
#include "sys/sys.hpp"
#include "view/status.hpp"

namespace podctl {
namespace {

constexpr std::string_view kRootfs = "rootfs:";
constexpr std::size_t kMostKept = std::size_t{16} << 20;

}  // namespace

namespace monitor {

std::string kept_manifest_json(const Pod& pod, const std::vector<DataObject>& objects, const std::string& directory) {
  const auto is_relative = [](const Container* container) {
    return container->image.substr(0, kRootfs.size()) == kRootfs && container->image.size() > kRootfs.size() &&
           container->image[kRootfs.size()] != '/';
  };
  const std::vector<const Container*> all = all_containers(pod.spec);
  std::string text;
  if (std::none_of(all.begin(), all.end(), is_relative)) {
    text = manifest_json(pod);
  } else {
    Pod absolute = pod;
    for (auto* list : {&absolute.spec.init_containers, &absolute.spec.containers})
      for (auto& container : *list)
        if (is_relative(&container)) container.image = cat(kRootfs, path_in(directory, container.image.substr(kRootfs.size())));
    text = manifest_json(absolute);
  }
  for (const auto& object : objects)
    if (object.kind != DataObject::Kind::kSecret) text += object_json(object);
  return text;
}

std::string secrets_json(const std::vector<DataObject>& objects) {
  std::string text;
  for (const auto& object : objects)
    if (object.kind == DataObject::Kind::kSecret) text += object_json(object);
  return text;
}

}  // namespace monitor

std::string create_pod(Pod pod, const std::vector<DataObject>& objects, const RunOptions& options) {
  if (pod.metadata.name.empty()) pod.metadata.name = monitor::generated_name(pod.metadata.generate_name);
  state::PodFolder folder(options.paths, pod.metadata.name);
  const std::string uid = monitor::make_uuid();
  const auto unix_now = std::chrono::system_clock::now().time_since_epoch();
  // What this machine cannot do is found out now, and not when the pod is started.
  const PlanOptions plan_options{.state_directory = folder.state(),
                                 .volumes_directory = volumes_folder(options.paths),
                                 .manifest_directory = options.manifest_directory,
                                 .start_time = unix_now,
                                 .pod_uid = uid};
  const Plan plan = make_plan(pod, objects, probe_host(questions_for(pod, plan_options)), plan_options);
  lifecycle::PodState state = lifecycle::make_pod_state(pod.spec);
  state.start_time = monitor::now();
  monitor::set_previous_aside(folder);
  ScopeExit undo{[&]() noexcept {
    try {
      folder.remove_state();
      folder.bring_previous_back();
    } catch (const Error&) {
      // The disk that did not take the record does not take this either; the next start of the name clears it.
    }
  }};
  folder.make_state();
  folder.write("manifest.json", monitor::kept_manifest_json(pod, objects, options.manifest_directory));
  if (const std::string secrets = monitor::secrets_json(objects); !secrets.empty() && !folder.keep_secrets(secrets))
    throw Error({.id = "secret-not-kept",
                 .message = cat("pod '", pod.metadata.name, "' cannot be created to be started later"),
                 .cause = cat("it is given a Secret, which is never kept on disk, and ", folder.runtime(), " is not in memory"),
                 .hint = "podctl run -d FILE        # makes and starts it at once",
                 .error_class = ErrorClass::kConflict,
                 .pod = pod.metadata.name});
  const view::StatusSource source{
      .pod = pod, .state = state, .plan = plan, .clock_offset = unix_now - state.start_time, .uid = uid, .created = true};
  folder.write("status.json", view::status_json(source), state::PodFolder::Durability::kDisk);
  undo.cancel();
  if (auto removal = monitor::begin_drop_previous(folder)) monitor::finish_drop_previous(folder, *removal);
  return pod.metadata.name;
}

Manifest kept_manifest(const StorePaths& paths, const std::string& pod) {
  const SeenPod seen = look_at_pod(paths, pod);
  const std::string path = cat(paths.state, '/', pod, "/manifest.json");
  std::optional<std::string> text;
  if (seen.record.liveness == Liveness::kRunning)  // its monitor has all of it, secrets too
    text = monitor::Client(paths, pod).ask({{"do", "manifest"}}).value("manifest", std::string());
  else if ((text = sys::try_read_file(path, kMostKept))) *text += state::kept_secrets(paths, pod).value_or("");
  // What parsed once does so again, by the same rules or later ones: unknown fields were errors then.
  Manifest manifest = parse_manifest(text.value_or(""), {.validation = Validation::kWarn});
  if (text && !manifest.has_errors() && manifest.pods.size() == 1) return manifest;
  ErrorInfo info{.id = "no-manifest",
                 .message = cat("pod '", pod, "' cannot be started again"),
                 .cause = text ? std::string("its kept manifest is damaged: ") + path : cat("its kept manifest is missing: ", path),
                 .hint = "podctl run FILE        # with the manifest it was made from; Secrets are kept in memory alone",
                 .error_class = ErrorClass::kConflict,
                 .object = path,
                 .pod = pod};
  for (const auto& problem : manifest.diagnostics)
    if (text && problem.severity == Severity::kError) info.cause = cat(problem.path, ": ", problem.message);
  throw Error(info);
}

}  // namespace podctl
