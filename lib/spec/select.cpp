#include "podctl/select.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "podctl/error.hpp"
#include "spec/names.hpp"

namespace podctl {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"pod", "pods", "po"};

[[noreturn]] void refuse(std::string message, std::string cause, std::string hint) {
  throw Error({.id = "usage",
               .message = std::move(message),
               .cause = std::move(cause),
               .hint = std::move(hint),
               .error_class = ErrorClass::kUsage});
}

PodName parse_name(std::string_view word) {
  auto parts = split(word, '/');
  if (parts.size() > 1 && is_pod_kind(parts[0])) parts.erase(parts.begin());
  if (parts.size() > 2 || std::find(parts.begin(), parts.end(), "") != parts.end())
    refuse(cat(quote(word), " names no pod"), {}, "write POD, pod/POD or POD/CONTAINER");
  return {std::string(parts[0]), parts.size() == 2 ? std::string(parts[1]) : std::string()};
}

void require(std::string_view selector, const std::string& rule, std::string_view what) {
  if (!rule.empty())
    refuse(cat("-l ", quote(selector), " is no selector"), cat(quote(what), ": ", rule), "podctl ps -l app=web,tier!=cache,canary");
}

LabelTerm parse_term(std::string_view selector, std::string_view text) {
  LabelTerm term;
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    const bool absent = text.substr(0, 1) == "!";
    if (absent) text = trim(text.substr(1));
    term = {.key = std::string(text), .value = {}, .rule = absent ? LabelTerm::Rule::kAbsent : LabelTerm::Rule::kExists};
  } else {
    const bool differs = equals > 0 && text[equals - 1] == '!';
    const bool doubled = equals + 1 < text.size() && text[equals + 1] == '=';
    term = {.key = std::string(trim(text.substr(0, differs ? equals - 1 : equals))),
            .value = std::string(trim(text.substr(equals + (doubled && !differs ? 2 : 1)))),
            .rule = differs ? LabelTerm::Rule::kDiffers : LabelTerm::Rule::kEquals};
  }
  require(selector, spec::check_qualified_name(term.key), term.key);
  require(selector, spec::check_label_value(term.value), term.value);
  return term;
}

}  // namespace

bool is_pod_kind(std::string_view word) { return std::find(kKinds.begin(), kKinds.end(), word) != kKinds.end(); }

PodName take_pod_name(std::vector<std::string>& words) {
  if (words.size() > 1 && is_pod_kind(words.front())) words.erase(words.begin());
  if (words.empty()) refuse("which pod?", {}, "podctl ps        # lists the pods");
  PodName name = parse_name(words.front());
  words.erase(words.begin());
  return name;
}

std::vector<PodName> parse_pod_names(std::vector<std::string> words) {
  if (words.size() > 1 && is_pod_kind(words.front())) words.erase(words.begin());
  std::vector<PodName> names;
  names.reserve(words.size());
  for (const auto& word : words) names.push_back(parse_name(word));
  return names;
}

CopyPlace parse_copy_place(std::string_view word) {
  CopyPlace local{.pod = {}, .path = std::string(word)};
  const auto colon = word.find(':');
  if (colon == std::string_view::npos || word.front() == '/' || word.front() == '.') return local;
  const std::string_view name = word.substr(0, colon);
  auto parts = split(name, '/');
  if (parts.size() > 1 && is_pod_kind(parts[0])) parts.erase(parts.begin());
  if (parts.size() > 2 || std::find(parts.begin(), parts.end(), "") != parts.end()) return local;
  return {.pod = std::string(name), .path = std::string(word.substr(colon + 1))};
}

LabelSelector parse_label_selector(std::string_view text) {
  LabelSelector selector;
  // A set ("env in (a,b)") has commas of its own: said as such, and not as a label with a strange name.
  if (text.find('(') != std::string_view::npos) require(text, "sets (in, notin) are not known; write key=value or key!=value", text);
  for (const auto part : split(text, ',')) selector.push_back(parse_term(text, trim(part)));
  return selector;
}

bool matches(const LabelSelector& selector, const StringMap& labels) {
  return std::all_of(selector.begin(), selector.end(), [&](const LabelTerm& term) {
    const auto found = labels.find(term.key);
    const bool there = found != labels.end();
    switch (term.rule) {
      case LabelTerm::Rule::kEquals: return there && found->second == term.value;
      case LabelTerm::Rule::kDiffers: return !there || found->second != term.value;
      case LabelTerm::Rule::kExists: return there;
      case LabelTerm::Rule::kAbsent: return !there;
    }
    return false;
  });
}

}  // namespace podctl
