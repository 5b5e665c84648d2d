#include <nlohmann/json.hpp>
#include <algorithm>

#include "base/errno_text.hpp"
#include "base/text.hpp"

namespace podctl {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kMostShown = 50;

std::string place(const Diagnostic& d) { return d.line == 0 ? std::string("-") : cat(d.line, ':', d.column); }

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kNote: return "note";
  }
  return "";
}

json diagnostics_list(const std::vector<Diagnostic>& diagnostics) {
  json list = json::array();
  for (const auto& d : diagnostics) {
    json row{{"severity", severity_name(d.severity)}};
    if (d.line != 0) {
      row["line"] = d.line;
      row["column"] = d.column;
    }
    row["path"] = d.path;
    row["message"] = d.message;
    list.push_back(std::move(row));
  }
  return list;
}

// The field that asked for what failed, for the beginning of the cause; nothing where the words name it already,
// by its last two parts at least.
std::string field_prefix(const ErrorInfo& info) {
  if (info.path.empty()) return {};
  const auto last = info.path.rfind('.');
  const auto before = last == std::string::npos || last == 0 ? std::string::npos : info.path.rfind('.', last - 1);
  const std::string tail = before == std::string::npos ? info.path : info.path.substr(before + 1);
  for (const auto* text : {&info.message, &info.cause})
    if (text->find(tail) != std::string::npos) return {};
  return info.path + ": ";
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

std::string render_diagnostics(const std::vector<Diagnostic>& diagnostics, std::size_t most) {
  const std::size_t shown = std::min(most, diagnostics.size());
  std::size_t place_width = 0, path_width = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    place_width = std::max(place_width, place(diagnostics[i]).size());
    path_width = std::max(path_width, std::min<std::size_t>(diagnostics[i].path.size(), 48));
  }
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) {
    const Diagnostic& d = diagnostics[i];
    append(out, "  ", pad(place(d), place_width), "  ",
           d.path.empty() ? "" : pad(quote(d.path).substr(1, quote(d.path).size() - 2), path_width), d.path.empty() ? "" : "  ",
           d.severity == Severity::kError ? "" : cat(severity_name(d.severity), ": "), d.message, '\n');
  }
  if (shown < diagnostics.size()) append(out, "  and ", diagnostics.size() - shown, " more\n");
  return out;
}

std::string render_reports_json(const std::vector<ValidationReport>& reports) {
  json list = json::array();
  for (const auto& [source, findings] : reports) {
    const bool valid = std::none_of(findings.begin(), findings.end(), [](const Diagnostic& d) { return d.severity == Severity::kError; });
    list.push_back({{"apiVersion", "podctl/v1"},
                    {"kind", "ValidationReport"},
                    {"source", source},
                    {"valid", valid},
                    {"findings", diagnostics_list(findings)}});
  }
  const json answer =
      list.size() == 1 ? list.front() : json{{"apiVersion", "podctl/v1"}, {"kind", "ValidationReportList"}, {"items", list}};
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string render_error(const Error& error) {
  const ErrorInfo& info = error.info();
  std::string out = cat("podctl: ", info.message.empty() ? info.cause : info.message, '\n');
  if (const auto* invalid = dynamic_cast<const InvalidInput*>(&error)) {
    std::vector<Diagnostic> errors;
    for (const auto& d : invalid->diagnostics())
      if (d.severity != Severity::kNote) errors.push_back(d);
    out += render_diagnostics(errors, kMostShown);
  } else if (!info.message.empty() && !info.cause.empty()) {
    append(out, "  ", field_prefix(info), info.cause, '\n');
  }
  if (!info.hint.empty()) append(out, "  hint: ", info.hint, info.id.empty() ? "" : cat("   [", info.id, ']'), '\n');
  else if (!info.id.empty() && !info.cause.empty()) out.insert(out.size() - 1, cat("   [", info.id, ']'));
  return out;
}

std::string render_error_json(const Error& error) {
  const ErrorInfo& info = error.info();
  json body{{"id", info.id.empty() && !info.call.empty() ? "system-call-failed" : info.id},
            {"message", info.message.empty() ? info.cause : info.message}};
  if (!info.call.empty())
    body["cause"] = {{"call", info.call},
                     {"object", info.object},
                     {"errno", info.error_number == 0 ? "" : errno_name(info.error_number)},
                     {"text", info.cause}};
  else if (!info.cause.empty()) body["cause"] = {{"text", info.cause}};
  for (const auto& [key, value] : {std::pair{"pod", &info.pod}, std::pair{"container", &info.container}, std::pair{"stage", &info.stage},
                                   std::pair{"path", &info.path}, std::pair{"hint", &info.hint}})
    if (!value->empty()) body[key] = *value;
  if (const auto* invalid = dynamic_cast<const InvalidInput*>(&error)) body["findings"] = diagnostics_list(invalid->diagnostics());
  body["exitClass"] = static_cast<int>(info.error_class);
  return json{{"error", std::move(body)}}.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace podctl
