// PersistentVolumeClaims, and the volumes that name or bring one.
#include "unit/spec_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

std::string volume(std::string_view source) { return pod_and(cat("\"volumes\":[{\"name\":\"v\",", source, "}]")); }
std::string claim(std::string_view spec, std::string_view name = "c") {
  return pod_and("\"hostname\":\"p\"") +
         cat("\n{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\",\"metadata\":{\"name\":\"", name, "\"},\"spec\":", spec, "}");
}

}  // namespace

TEST_CASE("a claim says who may use it, and is a folder otherwise", "[spec][volumes]") {
  const Manifest one = parse_manifest(claim(R"({"accessModes":["ReadWriteOncePod"],"volumeMode":"Filesystem"})"));
  CHECK(lines_of(one).empty());
  REQUIRE(one.objects.size() == 1);
  CHECK(one.objects[0].kind == DataObject::Kind::kClaim);
  CHECK(one.objects[0].one_pod);
  CHECK_FALSE(parse_manifest(claim(R"({"accessModes":["ReadWriteOnce","ReadOnlyMany"]})")).objects.at(0).one_pod);
  check_rule({claim(R"(^{})"), "spec.accessModes", "Required value: at least 1 access mode is required"});
  check_rule(
      {claim(R"({"accessModes":[^"Often"]})"), "spec.accessModes[0]",
       "Unsupported value: \"Often\": supported values: \"ReadWriteOnce\", \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOncePod\""});
  check_rule({claim(R"({"accessModes":^["ReadWriteOncePod","ReadWriteOnce"]})"), "spec.accessModes",
              "Forbidden: may not use ReadWriteOncePod with other access modes"});
  check_rule({claim(R"({"accessModes":["ReadWriteOnce"],"volumeMode":^"Block"})"), "spec.volumeMode",
              "not supported: there are no block volumes on one machine"});
  check_rule({claim(R"({"accessModes":["ReadWriteOnce"],"dataSource":^{"kind":"VolumeSnapshot","name":"s"}})"), "spec.dataSource",
              "not supported: podctl does not copy volumes"});
  check_rule({claim(R"({"accessModes":["ReadWriteOnce"],"resources":^{"requests":{"storage":"1Gi"}}})"), "spec.resources",
              "no effect here: a folder takes what the disk has"},
             {}, "note: ");
}

TEST_CASE("a volume names a claim, which need not be in the input", "[spec][volumes]") {
  check_clean({volume(R"("persistentVolumeClaim":{"claimName":"data.v1","readOnly":true})")});
  check_rule({volume(R"("persistentVolumeClaim":^{})"), "spec.volumes[0].persistentVolumeClaim.claimName", "Required value"});
  const Lines bad = findings(volume(R"("persistentVolumeClaim":{"claimName":"../up"})"));
  REQUIRE(bad.size() == 1);
  CHECK(bad[0].find("claimName: Invalid value: \"../up\": must be a DNS name") != std::string::npos);
}

TEST_CASE("an ephemeral volume brings its claim", "[spec][volumes]") {
  const std::string good = R"("ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"]}}})";
  check_clean({volume(good)});
  check_rule({volume(R"("ephemeral":^{})"), "spec.volumes[0].ephemeral.volumeClaimTemplate", "Required value"});
  const Lines taken = findings(volume(good) + R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"p-v"},)"
                                              R"("spec":{"accessModes":["ReadWriteOnce"]}})");
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].find("its claim would be \"p-v\"") != std::string::npos);
}
