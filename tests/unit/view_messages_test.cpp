// Errors and findings, as text and as JSON.
#include <nlohmann/json.hpp>

#include <cerrno>

#include "base/text.hpp"
#include "podctl/text.hpp"
#include "support/catch.hpp"

using namespace podctl;
using nlohmann::json;

namespace {

ErrorInfo full() {
  ErrorInfo info;
  info.id = "port-privileged";
  info.message = "cannot publish port 80 of pod 'web'";
  info.cause = "bind 0.0.0.0:80: Permission denied (EACCES)";
  info.hint = "podctl run -p 8080:80 web.json";
  info.error_class = ErrorClass::kHost;
  info.call = "bind";
  info.object = "0.0.0.0:80";
  info.error_number = EACCES;
  info.pod = "web";
  info.container = "nginx";
  info.stage = "network";
  info.path = "spec.containers[0].ports[0].hostPort";
  return info;
}

const std::vector<Diagnostic> kFindings{{9, 7, "spec.containers[0].comand", "unknown field; did you mean \"command\"?", Severity::kError},
                                        {17, 15, "spec.volumes[1].name", "\"data\" is used twice", Severity::kWarning},
                                        {0, 0, "", "a note about no place", Severity::kNote}};

}  // namespace

TEST_CASE("an error has up to three parts, and says each thing once", "[view]") {
  CHECK(render_error(Error(full())) ==
        "podctl: cannot publish port 80 of pod 'web'\n"
        "  spec.containers[0].ports[0].hostPort: bind 0.0.0.0:80: Permission denied (EACCES)\n"
        "  hint: podctl run -p 8080:80 web.json   [port-privileged]\n");
  ErrorInfo no_hint = full();
  no_hint.hint.clear();
  CHECK(render_error(Error(no_hint)) ==
        "podctl: cannot publish port 80 of pod 'web'\n"
        "  spec.containers[0].ports[0].hostPort: bind 0.0.0.0:80: Permission denied (EACCES)   [port-privileged]\n");
  ErrorInfo no_id = full();
  no_id.id.clear();
  CHECK(render_error(Error(no_id)) ==
        "podctl: cannot publish port 80 of pod 'web'\n"
        "  spec.containers[0].ports[0].hostPort: bind 0.0.0.0:80: Permission denied (EACCES)\n"
        "  hint: podctl run -p 8080:80 web.json\n");
  ErrorInfo named = full();
  named.message += " (container 'nginx', ports[0].hostPort)";
  CHECK(render_error(Error(named)) ==
        "podctl: cannot publish port 80 of pod 'web' (container 'nginx', ports[0].hostPort)\n"
        "  bind 0.0.0.0:80: Permission denied (EACCES)\n"
        "  hint: podctl run -p 8080:80 web.json   [port-privileged]\n");
  ErrorInfo message_only;
  message_only.message = "no";
  message_only.id = "x";
  CHECK(render_error(Error(message_only)) == "podctl: no\n");
}

TEST_CASE("a failed call is its own message", "[view]") {
  const SysError error(ENOENT, "open", "/x");
  CHECK(render_error(error) == "podctl: open /x: No such file or directory (ENOENT)\n");
  CHECK(json::parse(render_error_json(error)).at("error").at("id") == "system-call-failed");
  CHECK(error.code() == ENOENT);
  CHECK(std::string(error.what()) == "open /x: No such file or directory (ENOENT)");
  CHECK(std::string(SysError(EPERM, "unshare").what()) == "unshare: Operation not permitted (EPERM)");
}

TEST_CASE("what() is the message and its cause in one line", "[view]") {
  CHECK(std::string(Error(full()).what()) == "cannot publish port 80 of pod 'web': bind 0.0.0.0:80: Permission denied (EACCES)");
}

TEST_CASE("the JSON form of an error carries every field that is set", "[view]") {
  const json error = json::parse(render_error_json(Error(full()))).at("error");
  CHECK(error ==
        json{{"id", "port-privileged"},
             {"message", "cannot publish port 80 of pod 'web'"},
             {"cause",
              {{"call", "bind"}, {"object", "0.0.0.0:80"}, {"errno", "EACCES"}, {"text", "bind 0.0.0.0:80: Permission denied (EACCES)"}}},
             {"pod", "web"},
             {"container", "nginx"},
             {"stage", "network"},
             {"path", "spec.containers[0].ports[0].hostPort"},
             {"hint", "podctl run -p 8080:80 web.json"},
             {"exitClass", 6}});
  ErrorInfo little;
  little.message = "no";
  CHECK(json::parse(render_error_json(Error(little))).at("error") == json{{"id", ""}, {"message", "no"}, {"exitClass", 1}});
  const json rule =
      json::parse(render_error_json(Error({.id = "i", .message = "m", .cause = "a rule", .error_class = ErrorClass::kUsage})));
  CHECK(rule.at("error").at("cause") == json{{"text", "a rule"}});
  CHECK(rule.at("error").at("exitClass") == 2);
}

TEST_CASE("the JSON form stays JSON whatever bytes an error carries", "[view]") {
  ErrorInfo info = full();
  info.message = "bad \xff\x1b[31m bytes";
  const std::string text = render_error_json(Error(info));
  CHECK_NOTHROW(json::parse(text));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.back() == '\n');
}

TEST_CASE("findings are lines that align, the worst not hidden among the rest", "[view]") {
  CHECK(render_diagnostics(kFindings, 10) ==
        "  9:7    spec.containers[0].comand  unknown field; did you mean \"command\"?\n"
        "  17:15  spec.volumes[1].name       warning: \"data\" is used twice\n"
        "  -      note: a note about no place\n");
  CHECK(render_diagnostics(kFindings, 1) ==
        "  9:7  spec.containers[0].comand  unknown field; did you mean \"command\"?\n"
        "  and 2 more\n");
  CHECK(render_diagnostics({}, 10).empty());
}

TEST_CASE("a field path cannot move a terminal", "[view]") {
  const std::string text = render_diagnostics({{1, 1, "spec.\x1b[2J\"x", "unknown field", Severity::kError}}, 5);
  CHECK(text == "  1:1  spec.\\x1b[2J\\\"x  unknown field\n");
}

TEST_CASE("an invalid manifest lists its problems, and leaves notes out", "[view]") {
  const InvalidInput error("pod.json", "Pod", kFindings);
  CHECK(error.info().error_class == ErrorClass::kInvalid);
  CHECK(render_error(error) ==
        "podctl: pod.json is not a valid Pod: 1 problem\n"
        "  9:7    spec.containers[0].comand  unknown field; did you mean \"command\"?\n"
        "  17:15  spec.volumes[1].name       warning: \"data\" is used twice\n");
  CHECK(InvalidInput("-", "Pod", kFindings).info().message == "standard input is not a valid Pod: 1 problem");
  const json body = json::parse(render_error_json(error)).at("error");
  CHECK(body.at("exitClass") == 3);
  CHECK(body.at("findings").size() == 3);
}

TEST_CASE("the JSON list of findings", "[view]") {
  CHECK(json::parse(render_reports_json({{"pod.json", kFindings}})) ==
        json{{"apiVersion", "podctl/v1"},
             {"kind", "ValidationReport"},
             {"source", "pod.json"},
             {"valid", false},
             {"findings",
              {{{"severity", "error"},
                {"line", 9},
                {"column", 7},
                {"path", "spec.containers[0].comand"},
                {"message", "unknown field; did you mean \"command\"?"}},
               {{"severity", "warning"},
                {"line", 17},
                {"column", 15},
                {"path", "spec.volumes[1].name"},
                {"message", "\"data\" is used twice"}},
               {{"severity", "note"}, {"path", ""}, {"message", "a note about no place"}}}}});
  CHECK(json::parse(render_reports_json({{"-", {kFindings[1]}}})).at("valid") == true);
  const json list = json::parse(render_reports_json({{"a.json", {}}, {"b.json", kFindings}}));
  CHECK(list.at("kind") == "ValidationReportList");
  CHECK(list.at("items").size() == 2);
  CHECK(list.at("items")[0].at("source") == "a.json");
  CHECK(list.at("items")[1].at("valid") == false);
}
