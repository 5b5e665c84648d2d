// Who a pod's programs are, seen by themselves, by the kernel's maps, and by the files they make.
#include <sys/stat.h>
#include <unistd.h>

#include "host/pods.hpp"
#include "support/catch.hpp"

using namespace podtest;

namespace {

const std::string kWho = "id -u; id -g; grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr -s '\\t' ' '";

struct Ids {
  std::string uid, gid, uid_line, gid_line, groups;
};

Ids ids_from(const std::string& text) {
  const auto all = lines(text);
  return {all.at(0), all.at(1), field(text, "Uid"), field(text, "Gid"), field(text, "Groups")};
}

std::string four_times(const std::string& id) { return id + ' ' + id + ' ' + id + ' ' + id; }

// The maps of a live pod, from outside, must be the planned ones; its one container runs until then.
void check_maps(const World& world, Json manifest, bool several, std::uint32_t uid, std::uint32_t gid) {
  LivePod live(world, manifest);
  live.await("ready");
  const std::string process = "/proc/" + std::to_string(live.pause());
  CHECK(to_text(read_map(process + "/uid_map")) == to_text(expected_map(Kind::kUser, several, uid)));
  CHECK(to_text(read_map(process + "/gid_map")) == to_text(expected_map(Kind::kGroup, several, gid)));
  // Host ids of the container's process, as the kernel shows them to us.
  const std::string status = read_file("/proc/" + std::to_string(live.member("main")) + "/status");
  const auto host_id = [](const std::vector<IdRange>& map, std::uint32_t id) {
    for (const auto& range : map)
      if (id >= range.pod && id < range.pod + range.count) return std::to_string(range.host + id - range.pod);
    return std::string("unmapped");
  };
  CHECK(field(status, "Uid") == four_times(host_id(expected_map(Kind::kUser, several, uid), uid)));
  CHECK(field(status, "Gid") == four_times(host_id(expected_map(Kind::kGroup, several, gid), gid)));
  live.stop();
}

void check_refused(const Result& result) {
  CHECK(result.code == 125);
  CHECK(result.out == "");
  for (const auto& part : id_refusal()) {
    INFO(part << " in\n" << result.err);
    CHECK(contains(result.err, part));
  }
}

}  // namespace

TEST_CASE("a container is user 0 of the pod when nothing else is said", "[identity]") {
  const World world;
  const Ids ids = ids_from(output_of(world, kWho));
  CHECK(ids.uid_line == four_times("0"));
  CHECK(ids.gid_line == four_times("0"));
  CHECK(ids.uid == "0");
  CHECK(ids.gid == "0");
  check_maps(world, pod({container("main", "echo ready; exec sleep 60")}), false, 0, 0);
}

TEST_CASE("one runAsUser for all needs no range", "[identity]") {
  const World world;
  const Json as_1234 = {{"securityContext", {{"runAsUser", 1234}, {"runAsGroup", 2345}}}};
  const Ids ids = ids_from(output_of(world, kWho, as_1234));
  CHECK(ids.uid_line == four_times("1234"));
  CHECK(ids.gid_line == four_times("2345"));
  Json main = container("main", "echo ready; exec sleep 60");
  main.update(as_1234);
  check_maps(world, pod({main}), false, 1234, 2345);
}

TEST_CASE("the pod's runAsUser holds for every container, and a container's own wins", "[identity]") {
  const World world;
  Json manifest = pod({container("main", kWho)});
  manifest["spec"]["securityContext"] = {{"runAsUser", 77}, {"runAsGroup", 78}};
  CHECK(ids_from(run_pod(world, manifest).out).uid == "77");
  manifest["spec"]["containers"][0]["securityContext"] = {{"runAsUser", 88}};
  const Ids ids = ids_from(run_pod(world, manifest).out);
  CHECK(ids.uid == "88");
  CHECK(ids.gid == "78");
}

TEST_CASE("without runAsGroup the group is the one of /etc/passwd in the container's root", "[identity]") {
  const World world;
  const std::string root = world.busybox_root();
  world.file("busybox/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:4000:user:/tmp:/bin/sh\n");
  const Ids ids = ids_from(output_of(world, kWho, {{"image", "rootfs:" + root}, {"securityContext", {{"runAsUser", 1000}}}}));
  CHECK(ids.uid == "1000");
  CHECK(ids.gid == "4000");
  const Json nobody = {{"image", "rootfs:" + root}, {"securityContext", {{"runAsUser", 1001}}}};
  CHECK(ids_from(output_of(world, kWho, nobody)).gid == "0");
}

TEST_CASE("two users in a pod need a range, and without one the error says what is missing", "[identity]") {
  const World world;
  Json one = container("one", kWho), two = container("two", kWho);
  one["securityContext"] = {{"runAsUser", 1000}, {"runAsGroup", 1000}};
  two["securityContext"] = {{"runAsUser", 2000}, {"runAsGroup", 2000}};
  const Result result = run_pod(world, pod({one, two}), {"--log-prefix", "never"});
  if (!has_id_range()) return check_refused(result);
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK(contains(result.out, "Uid: 1000 1000 1000 1000"));
  CHECK(contains(result.out, "Gid: 2000 2000 2000 2000"));
}

TEST_CASE("the maps of a pod with several ids are the range, and setgroups is allowed", "[identity]") {
  const World world;
  Json manifest = pod({container("main", "cat /proc/self/setgroups; echo ready; exec sleep 60")});
  manifest["spec"]["securityContext"] = {{"supplementalGroups", {3000}}};
  if (!has_id_range()) return check_refused(run_pod(world, manifest));
  check_maps(world, manifest, true, 0, 0);
}

TEST_CASE("supplementalGroups are the groups of every container, and no others", "[identity]") {
  const World world;
  Json manifest = pod({container("main", "id -G; " + kWho)});
  manifest["spec"]["securityContext"] = {{"runAsUser", 500}, {"runAsGroup", 600}, {"supplementalGroups", {3000, 4000}}};
  const Result result = run_pod(world, manifest);
  if (!has_id_range()) return check_refused(result);
  CHECK(result.code == 0);
  CHECK(lines(result.out).front() == "600 3000 4000");
  CHECK(field(result.out, "Groups") == "3000 4000");
}

TEST_CASE("without supplementalGroups a pod with a range has no groups of the caller", "[identity]") {
  const World world;
  Json one = container("one", "exit 0"), main = container("main", kWho);
  one["securityContext"] = {{"runAsUser", 5}, {"runAsGroup", 5}};
  const Result result = run_pod(world, pod({one, main}), {"--log-prefix", "never"});
  if (!has_id_range()) return check_refused(result);
  CHECK(field(result.out, "Groups") == "");
}

TEST_CASE("with one id setgroups is denied for good; the machine's root always has a range", "[identity]") {
  const World world;
  CHECK(output_of(world, "cat /proc/self/setgroups") == (caller() == Caller::kMachineRoot ? "allow\n" : "deny\n"));
}

TEST_CASE("an id outside the range is refused before anything is made", "[identity]") {
  const World world;
  Json main = container("main", kWho), other = container("other", kWho);
  main["securityContext"] = {{"runAsUser", 70000}};
  const Result result = run_pod(world, pod({main, other}));
  if (!has_id_range()) return check_refused(result);
  CHECK(result.code == 125);
  CHECK(contains(result.err, "id 70000 is outside the pod's map"));
  CHECK(contains(result.err, "/etc/subuid"));
}

TEST_CASE("runAsNonRoot refuses user 0 and lets others run", "[identity]") {
  const World world;
  Json main = container("main", "id -u");
  main["securityContext"] = {{"runAsNonRoot", true}};
  const Result refused = run_pod(world, pod({main}));
  CHECK(refused.code == 125);
  CHECK(contains(refused.err, "runAsNonRoot"));
  main["securityContext"]["runAsUser"] = 12;
  CHECK(run_pod(world, pod({main})).out == "12\n");
}

TEST_CASE("a file made in a hostPath volume belongs to the caller", "[identity]") {
  const World world;
  const std::string folder = world.folder("shared");
  Json main = container("main", "echo made > /data/file; stat -c %u:%g /data/file");
  main["volumeMounts"] = {mount("data", "/data")};
  Json manifest = pod({main});
  manifest["spec"]["volumes"] = {volume("data", {{"hostPath", {{"path", folder}}}})};
  const Result result = run_pod(world, manifest);
  CHECK(result.err == "");
  CHECK(result.out == "0:0\n");
  struct stat status {};
  REQUIRE(::stat((folder + "/file").c_str(), &status) == 0);
  CHECK(status.st_uid == ::geteuid());
  CHECK(status.st_gid == ::getegid());
}

TEST_CASE("nobody's pod can read what only the machine's root may", "[identity]") {
  const World world;
  const Result result = run_pod(world, pod({container("main", "cat /etc/shadow")}));
  CHECK(result.code == 1);
  CHECK(contains(result.err, "Permission denied"));
  CHECK(result.out == "");
  CHECK(output_of(world, "stat -c %u /etc/shadow") == "65534\n");
}
