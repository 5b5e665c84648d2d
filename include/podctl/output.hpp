#pragma once

#include <string>
#include <string_view>

/// JSON that podctl prints, in the other forms `-o` offers.
namespace podctl {

/// The same value as block style YAML: keys in their order, multi-line text as literal blocks, and whatever a
/// YAML 1.1 or 1.2 reader would take for something else in quotes. Ends with a newline.
/// @throws Error  when `json` is not one JSON value, or nested deeper than 100 levels
std::string json_to_yaml(std::string_view json);

/// What `expression` finds in `json`: kubectl's template form, literal text around paths in braces
/// ("{.metadata.name}: {.status.podIP}{"\n"}"), or one bare path (".status.podIP"). A path is made of
/// .key ("\." is a dot in it), ['key'], [N] (from the end when negative), [*] and .*; it may begin with $.
/// Several results are separated by spaces. Strings are printed bare, everything else as JSON; what is not
/// there gives nothing. No newline is added.
/// @throws Error  of class kUsage that says at which character, when the expression is malformed or uses more of
///   JSONPath than that; and when `json` is not one JSON value
std::string query_jsonpath(std::string_view json, std::string_view expression);

}  // namespace podctl
