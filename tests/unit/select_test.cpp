// How pods, containers and labels are named on the command line.
#include "podctl/select.hpp"

#include "podctl/error.hpp"
#include "support/catch.hpp"

using namespace podctl;
using Rule = LabelTerm::Rule;

namespace {

template <class F>
ErrorInfo refused(F call) {
  try {
    call();
  } catch (const Error& error) {
    return error.info();
  }
  FAIL("nothing was refused");
  return {};
}

}  // namespace

TEST_CASE("a pod's name stands alone, behind its kind, and before a container", "[select]") {
  CHECK(parse_pod_names({"demo", "pod/web", "pods/a", "po/b"}) == std::vector<PodName>{{"demo", ""}, {"web", ""}, {"a", ""}, {"b", ""}});
  CHECK(parse_pod_names({"pods", "a", "b"}) == std::vector<PodName>{{"a", ""}, {"b", ""}});
  CHECK(parse_pod_names({"pod", "a/app"}) == std::vector<PodName>{{"a", "app"}});
  CHECK(parse_pod_names({"a/app", "pod/a/log"}) == std::vector<PodName>{{"a", "app"}, {"a", "log"}});
  CHECK(parse_pod_names({}).empty());
}

TEST_CASE("a pod may be called as its kind is", "[select]") {
  CHECK(parse_pod_names({"pod"}) == std::vector<PodName>{{"pod", ""}});
  CHECK(parse_pod_names({"pod/pod"}) == std::vector<PodName>{{"pod", ""}});
  CHECK(parse_pod_names({"pod/pod/app"}) == std::vector<PodName>{{"pod", "app"}});
  CHECK(parse_pod_names({"pods", "pods"}) == std::vector<PodName>{{"pods", ""}});
}

TEST_CASE("what follows the first name stays", "[select]") {
  std::vector<std::string> words{"pod", "web/app", "ls", "-l"};
  CHECK(take_pod_name(words) == PodName{"web", "app"});
  CHECK(words == std::vector<std::string>{"ls", "-l"});
  words = {"web"};
  CHECK(take_pod_name(words) == PodName{"web", ""});
  CHECK(words.empty());
  CHECK(refused([&] { take_pod_name(words); }).message == "which pod?");
}

TEST_CASE("a word that names no pod is refused", "[select]") {
  for (const char* wrong : {"", "/", "a/", "/a", "pod/", "a//b", "a/b/c", "pod/a/b/c"}) {
    INFO(wrong);
    const ErrorInfo info = refused([&] { parse_pod_names({wrong}); });
    CHECK(info.error_class == ErrorClass::kUsage);
    CHECK(info.message == '"' + std::string(wrong) + "\" names no pod");
  }
}

TEST_CASE("selectors are read term by term", "[select]") {
  CHECK(parse_label_selector("app=web,tier!=cache, canary ,!old,x==1,e=,podctl.dev/team=a") ==
        LabelSelector{{"app", "web", Rule::kEquals},
                      {"tier", "cache", Rule::kDiffers},
                      {"canary", "", Rule::kExists},
                      {"old", "", Rule::kAbsent},
                      {"x", "1", Rule::kEquals},
                      {"e", "", Rule::kEquals},
                      {"podctl.dev/team", "a", Rule::kEquals}});
}

TEST_CASE("a selector that makes no sense says which part", "[select]") {
  for (const char* wrong : {"", ",", "a,", "=a", "!=a", "!", "a b", "a=b c", "a===b", "a=!b", "-a", "a/b/c", "a!b"}) {
    INFO(wrong);
    const ErrorInfo info = refused([&] { parse_label_selector(wrong); });
    CHECK(info.error_class == ErrorClass::kUsage);
    CHECK(info.message == "-l \"" + std::string(wrong) + "\" is no selector");
    CHECK_FALSE(info.cause.empty());
  }
  CHECK(refused([] { parse_label_selector("env in (a,b)"); }).cause.find("sets (in, notin) are not known") != std::string::npos);
}

TEST_CASE("a label that is not there differs from every value", "[select]") {
  const StringMap labels{{"app", "web"}, {"tier", ""}};
  const auto holds = [&](const char* text) { return matches(parse_label_selector(text), labels); };
  CHECK(matches({}, labels));
  for (const char* yes : {"app=web", "app", "tier=", "tier", "app!=db", "none!=x", "!none", "app=web,tier,!none"}) {
    INFO(yes);
    CHECK(holds(yes));
  }
  for (const char* no : {"app=db", "none", "none=", "app!=web", "!app", "tier=x", "app=web,none"}) {
    INFO(no);
    CHECK_FALSE(holds(no));
  }
}

TEST_CASE("a side of cp is a path here or in a pod", "[select][cp]") {
  CHECK(parse_copy_place("web:/etc/hosts") == CopyPlace{"web", "/etc/hosts"});
  CHECK(parse_copy_place("web/app:data") == CopyPlace{"web/app", "data"});
  CHECK(parse_copy_place("pod/web:/a:b") == CopyPlace{"pod/web", "/a:b"});
  CHECK(parse_copy_place("pod/web/app:/x") == CopyPlace{"pod/web/app", "/x"});
  CHECK(parse_copy_place("pod:/x") == CopyPlace{"pod", "/x"});
  CHECK(parse_copy_place("web:") == CopyPlace{"web", ""});
  for (const char* local : {"-", "file", "dir/file", "./a:b", "../a:b", "/a:b", ".:x", "a/b/c:d", ":x", "a/:x", "a//b:c", "", "\xff"})
    CHECK(parse_copy_place(local) == CopyPlace{"", local});
}
