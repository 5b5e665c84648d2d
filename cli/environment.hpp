#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/manifest_input.hpp"
#include "podctl/plan.hpp"
#include "podctl/store.hpp"

namespace podctl::cli {

/// A variable of the environment; "" when it is not set.
std::string variable(const char* name);

/// Where the store is, by --root, PODCTL_ROOT and the XDG variables.
StorePaths paths_from(const Arguments& arguments);

/// Whether output is coloured, by the setting and the environment (NO_COLOR, FORCE_COLOR, TERM).
bool wants_color(const Arguments& arguments, bool terminal);

/// The plan `run` would carry out for the input's first pod on this machine.
Plan plan_for(const Arguments& arguments, const Input& input);

/// How wide a table may be: the terminal's width (COLUMNS when that is set); 0, which is no limit, when standard output
/// is none.
std::size_t table_width();

/// Time since 1970.
std::chrono::nanoseconds unix_now();

/// The forms of `-o`: a name, or "jsonpath=EXPRESSION".
struct OutputForm {
  std::string name;        ///< one of the command's, or "jsonpath"
  std::string expression;  ///< of a jsonpath
};
/// What -o says; `standard` without it. "jsonpath" is among `forms` where it is meant to be.
OutputForm output_form(const Arguments& arguments, std::span<const std::string_view> forms, std::string_view standard);
/// JSON in the form "json", "yaml" or "jsonpath"; a jsonpath's answer ends with a newline too.
std::string in_form(const std::string& json, const OutputForm& form);

/// Writes an answer to standard output. @throws SysError when nobody takes it
void print(std::string_view text);

}  // namespace podctl::cli
