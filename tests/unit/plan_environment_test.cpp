// What a container's program is given: its words, its environment, and where it is looked for.
#include <map>

#include "plan/builder.hpp"
#include "support/catch.hpp"
#include "unit/plan_support.hpp"

using namespace podctl;
using namespace podtest;

namespace {

action::ExecProgram exec_of(const Plan& plan) { return all_of<action::ExecProgram>(plan).at(0); }
action::ExecProgram exec_of(const std::string& container, const HostFacts& facts = user_facts()) {
  return exec_of(plan_of(cat(R"("containers":[{"name":"app",)", container, "}]"), facts));
}

std::map<std::string, std::string> variables(const action::ExecProgram& exec) {
  std::map<std::string, std::string> all;
  for (const auto& entry : exec.environment) {
    const auto equals = entry.find('=');
    CHECK(all.emplace(entry.substr(0, equals), entry.substr(equals + 1)).second);  // no name twice
  }
  return all;
}

}  // namespace

TEST_CASE("$(NAME) is replaced once, from left to right", "[plan][environment]") {
  const StringMap known{{"A", "1"}, {"B", "$(A)"}, {"C D", "space"}, {"E", "$$"}};
  struct Row {
    const char *text, *becomes;
  };
  const Row row =
      GENERATE(Row{"", ""}, Row{"plain", "plain"}, Row{"$(A)", "1"}, Row{"x$(A)y$(A)z", "x1y1z"},
               Row{"$(B)", "$(A)"},  // inserted once, not looked at again
               Row{"$(E)", "$$"}, Row{"$(C D)", "space"}, Row{"$(X)", "$(X)"}, Row{"$()", "$()"}, Row{"$$", "$"}, Row{"$$(A)", "$(A)"},
               Row{"$$$(A)", "$1"}, Row{"$$$$", "$$"}, Row{"$A", "$A"}, Row{"${A}", "${A}"}, Row{"trailing$", "trailing$"},
               Row{"$(A", "$(A"}, Row{"$(A $(B", "$(A $(B"}, Row{"$(A$(A)", "$(A$(A)"},  // a name is all up to the first )
               Row{"$(A $$", "$(A $"}, Row{"$($(A))", "$($(A))"}, Row{"$ (A)", "$ (A)"}, Row{"$(a)", "$(a)"});
  CAPTURE(row.text);
  CHECK(plan::expand(row.text, known) == row.becomes);
}

TEST_CASE("an environment is built entry by entry: each sees those before it", "[plan][environment]") {
  const auto exec = exec_of(
      R"j("command":["a"],"env":[{"name":"EARLY","value":"$(LATE)"},{"name":"LATE","value":"late"},{"name":"USES","value":"<$(LATE)>"},
      {"name":"LATE","value":"$(LATE)r"},{"name":"EMPTY","value":""},{"name":"UNSET"},{"name":"DOLLAR","value":"$$(LATE)"},{"name":"P","value":"$(PATH):$(HOME)"}])j");
  const auto all = variables(exec);
  CHECK(all.at("EARLY") == "$(LATE)");
  CHECK(all.at("USES") == "<late>");  // and a later change does not reach back
  CHECK(all.at("LATE") == "later");
  CHECK(all.at("EMPTY").empty());
  CHECK(all.at("UNSET").empty());
  CHECK(all.at("DOLLAR") == "$(LATE)");
  CHECK(all.at("P") == "$(PATH):$(HOME)");  // what the manifest does not define cannot be referred to
}

TEST_CASE("command and args see the final environment", "[plan][environment]") {
  const auto exec = exec_of(
      R"j("command":["/bin/$(X)","$(N)"],"args":["-$(N)","$$(N)","$(NONE)"],"env":[{"name":"X","value":"x"},{"name":"N","value":"1"},{"name":"N","value":"2"}])j");
  CHECK(exec.argv == std::vector<std::string>{"/bin/x", "2", "-2", "$(N)", "$(NONE)"});
  CHECK(exec.candidates == std::vector<std::string>{"/bin/x"});
}

TEST_CASE("args alone are the whole command where no image has another", "[plan][environment]") {
  CHECK(exec_of(R"("args":["/bin/echo","x"])").argv == std::vector<std::string>{"/bin/echo", "x"});
}

TEST_CASE("every program has PATH, HOSTNAME and HOME, and nothing of the caller's", "[plan][environment]") {
  CHECK(exec_of(R"("command":["a"])").environment ==
        std::vector<std::string>{"HOME=/root", "HOSTNAME=web", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
  const auto own = variables(
      exec_of(R"("command":["a"],"env":[{"name":"HOME","value":"/h"},{"name":"PATH","value":"/p"},{"name":"HOSTNAME","value":"n"}])"));
  CHECK(own == std::map<std::string, std::string>{{"HOME", "/h"}, {"PATH", "/p"}, {"HOSTNAME", "n"}});
}

TEST_CASE("HOME is that of the account, else /root for 0 and / for others", "[plan][environment]") {
  const auto home = [](const char* more, const HostFacts& facts) {
    return variables(exec_of(cat(R"("command":["a"])", more), facts)).at("HOME");
  };
  CHECK(home(R"(,"securityContext":{"runAsUser":33})", user_facts()) == "/var/www");
  CHECK(home(R"(,"securityContext":{"runAsUser":77})", user_facts()) == "/");
  CHECK(home(R"(,"image":"rootfs:/x")", user_facts()) == "/root");  // the host's accounts are not those of another root
  HostFacts facts = user_facts();
  facts.accounts["/x"][5] = {6, "/there"};
  CHECK(home(R"(,"image":"rootfs:/x","securityContext":{"runAsUser":5})", facts) == "/there");
}

TEST_CASE("a name without a slash is looked for in the container's own PATH", "[plan][environment]") {
  const auto found = [](const char* path) {
    return exec_of(cat(R"("command":["prog"],"env":[{"name":"PATH","value":")", path, "\"}]")).candidates;
  };
  CHECK(exec_of(R"("command":["prog"])").candidates == std::vector<std::string>{"/usr/local/sbin/prog", "/usr/local/bin/prog",
                                                                                "/usr/sbin/prog", "/usr/bin/prog", "/sbin/prog",
                                                                                "/bin/prog"});
  CHECK(found("/a:/b") == std::vector<std::string>{"/a/prog", "/b/prog"});
  CHECK(found("/a::rel") == std::vector<std::string>{"/a/prog", "./prog", "rel/prog"});
  CHECK(exec_of(R"("command":["./prog"])").candidates == std::vector<std::string>{"./prog"});
  CHECK(exec_of(R"("command":["sub/prog"])").candidates == std::vector<std::string>{"sub/prog"});
}

TEST_CASE("the command after -- is taken literally", "[plan][environment]") {
  const std::vector<std::string> command{"sh", "-c", "echo $HOME $(HOME) $$ $$(X) ${Y} $", "$(PATH)"};
  const Manifest manifest = make_command_pod(command);
  REQUIRE_FALSE(manifest.has_errors());
  const Plan plan = plan_of(manifest);
  CHECK(exec_of(plan).argv == command);
  CHECK(plan.members.at(0).name == "main");
}

TEST_CASE("values of -e are taken literally", "[plan][environment]") {
  const Manifest manifest = make_command_pod({"true"}, {.edits = {.env = {"A=$(B) $$ $", "B=x=y", "C="}}});
  REQUIRE_FALSE(manifest.has_errors());
  const auto all = variables(exec_of(plan_of(manifest)));
  CHECK(all.at("A") == "$(B) $$ $");
  CHECK(all.at("B") == "x=y");
  CHECK(all.at("C").empty());
}

TEST_CASE("capabilities: ALL first, then the names, drop last", "[plan][environment]") {
  struct Row {
    const char* context;
    std::uint64_t kept;
    bool weakens;
  };
  constexpr std::uint64_t kUsual = 0xa80425fb, kAll = 0x1ffffffffff, kNetAdmin = 1u << 12, kChown = 1u, kKill = 1u << 5;
  const Row row = GENERATE_COPY(
      Row{"", kUsual, false}, Row{R"("capabilities":{})", kUsual, false}, Row{R"("capabilities":{"drop":["ALL"]})", 0, false},
      Row{R"("capabilities":{"add":["CHOWN"]})", kUsual, false},
      Row{R"("capabilities":{"drop":["CHOWN","CAP_KILL"]})", kUsual & ~(kChown | kKill), false},
      Row{R"("capabilities":{"add":["NET_ADMIN"]})", kUsual | kNetAdmin, true},
      Row{R"("capabilities":{"add":["CAP_NET_ADMIN"]})", kUsual | kNetAdmin, true},
      Row{R"("capabilities":{"drop":["ALL"],"add":["KILL"]})", kKill, false},
      Row{R"("capabilities":{"drop":["ALL"],"add":["NET_ADMIN"]})", kNetAdmin, true}, Row{R"("capabilities":{"add":["ALL"]})", kAll, true},
      Row{R"("capabilities":{"add":["ALL"],"drop":["CHOWN"]})", kAll & ~std::uint64_t{kChown}, true});
  CAPTURE(row.context);
  const Plan plan = plan_of(one_container(cat(R"("securityContext":{)", row.context, "}")));
  int found = 0;
  for (const auto& step : plan.steps) {
    const auto* limit = std::get_if<action::LimitCapabilities>(&step.action);
    if (limit == nullptr) continue;
    ++found;
    CHECK(limit->kept == row.kept);
    CHECK(step.weakens.empty() != row.weakens);
  }
  CHECK(found == 1);
}
