// podctl.dev/share-mounts: one mount namespace and one root for all containers; and read-only
// roots.
#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

constexpr const char* kShared = R"("podctl.dev/share-mounts":"true")";

std::string two(const std::string& first, const std::string& second) {
  return cat(R"("containers":[{"name":"a","command":["a"])", first, R"(},{"name":"b","command":["b"])", second, "}]");
}

std::vector<std::string> steps_of(const Plan& plan, const std::string& actor, const std::string& id) {
  std::vector<std::string> found;
  for (const auto& step : plan.steps)
    if (actor_of(plan, step) == actor && describe(step).id == id) found.push_back(describe(step).what);
  return found;
}

}  // namespace

TEST_CASE("with share-mounts pause makes the one root, and members only join", "[plan][share-mounts]") {
  const Plan plan = plan_of(two("", ""), user_facts(), kShared);
  for (const char* member : {"a", "b"}) {
    for (const char* id : {"mount-tmpfs", "move-mount", "bind-into", "enter-root", "mount-devpts"})
      CHECK(steps_of(plan, member, id).empty());
    CHECK(steps_of(plan, member, "join-pod") == std::vector<std::string>{"join user, mnt, net, ipc, uts, pid"});
  }
  for (const auto& join : all_of<action::JoinPod>(plan)) CHECK(join.fresh == Namespaces{.cgroup = true});
  CHECK(steps_of(plan, "pause", "enter-root").size() == 1);
}

TEST_CASE("the pod tree has a place for every root that is made in it", "[plan][share-mounts]") {
  const auto folders = [](const char* annotation) {
    return all_of<action::MountPodTree>(plan_of(two("", ""), user_facts(), annotation)).at(0).directories;
  };
  const auto has = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  CHECK(has(folders(kShared), "/m/pod"));
  CHECK(has(folders(""), "/m/a"));
  CHECK(has(folders(""), "/m/b"));
}

TEST_CASE("a shared root has the volumes of every container", "[plan][share-mounts]") {
  const Plan plan = plan_of(cat(two(R"(,"volumeMounts":[{"name":"v","mountPath":"/x"}])",
                                    R"(,"volumeMounts":[{"name":"v","mountPath":"/x"},{"name":"v","mountPath":"/y"}])"),
                                R"(,"volumes":[{"name":"v","emptyDir":{}}])"),
                            user_facts(), kShared);
  std::vector<std::string> targets;
  for (const auto& bind : all_of<action::BindInto>(plan))
    if (bind.source == "/v/v") targets.push_back(bind.target);
  CHECK(targets == std::vector<std::string>{"/x", "/y"});
}

TEST_CASE("a shared root is read-only when any container asks for that", "[plan][share-mounts]") {
  const char* asks = R"(,"securityContext":{"readOnlyRootFilesystem":true})";
  for (const std::string& spec : {two(asks, ""), two("", asks), two(asks, asks)})
    CHECK(steps_of(plan_of(spec, user_facts(), kShared), "pause", "make-root-read-only").size() == 1);
  CHECK(steps_of(plan_of(two("", ""), user_facts(), kShared), "pause", "make-root-read-only").empty());
}

TEST_CASE("readOnlyRootFilesystem reaches the writable layers over the host's folders", "[plan]") {
  const std::string asks = R"("securityContext":{"readOnlyRootFilesystem":true})", overlay = R"("podctl.dev/overlay":"true")";
  using List = std::vector<std::string>;
  CHECK(steps_of(plan_of(one_container(asks), user_facts(), overlay), "app", "make-root-read-only") ==
        List{"/etc of the root file system read-only", "/usr of the root file system read-only", "root file system read-only"});
  // A volume that covers such a folder is not the root's.
  CHECK(steps_of(plan_of(cat(one_container(cat(asks, R"(,"volumeMounts":[{"name":"v","mountPath":"/usr/"}])")),
                             R"(,"volumes":[{"name":"v","emptyDir":{}}])"),
                         user_facts(), overlay),
                 "app", "make-root-read-only") == List{"/etc of the root file system read-only", "root file system read-only"});
  CHECK(steps_of(plan_of(one_container(cat(asks, R"(,"image":"rootfs:x")")), user_facts(), overlay), "app", "make-root-read-only") ==
        List{"root file system read-only"});
}
