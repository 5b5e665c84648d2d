#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "podctl/spec.hpp"

/// How the command line says which pods and containers it means. Pure: nothing is looked up.
namespace podctl {

/// A pod, and the container of it when one was named too.
struct PodName {
  std::string pod, container;

  friend bool operator==(const PodName&, const PodName&) = default;
};

/// Whether a word is what kubectl calls pods by: "pod", "pods", "po".
bool is_pod_kind(std::string_view word);

/// Reads the first name of `words` and takes it away: "demo", "pod/demo", "demo/app", "pod/demo/app", or the two words
/// "pod demo". What comes after stays. "po" and "pods" mean the same as "pod"; a pod that is called so is "pod/pod".
/// @throws Error  kUsage when there is no word, or one that names nothing
PodName take_pod_name(std::vector<std::string>& words);
/// Every word as a name; a kind in front ("pods a b") goes for all.
std::vector<PodName> parse_pod_names(std::vector<std::string> words);

/// One side of `podctl cp`.
struct CopyPlace {
  std::string pod;   ///< the name of a pod, and of a container perhaps, as take_pod_name() reads it; "" for the caller's own files
  std::string path;  ///< in the container, or the caller's; "-" for a stream

  friend bool operator==(const CopyPlace&, const CopyPlace&) = default;
};
/// Reads POD:PATH, POD/C:PATH or pod/POD[/C]:PATH. What begins with "/" or "." is a path of the caller's, and so is a word
/// that has no such name before its first colon: "a/b/c:d".
CopyPlace parse_copy_place(std::string_view word);

/// One condition on a label; a selector holds when all of its conditions do.
struct LabelTerm {
  enum class Rule { kEquals, kDiffers, kExists, kAbsent };
  std::string key, value;
  Rule rule = Rule::kExists;

  friend bool operator==(const LabelTerm&, const LabelTerm&) = default;
};
using LabelSelector = std::vector<LabelTerm>;

/// Reads "key=value,key==value,key!=value,key,!key". @throws Error  kUsage that says which part is wrong
LabelSelector parse_label_selector(std::string_view text);
/// As kubectl counts: a label that is not there differs from every value.
bool matches(const LabelSelector& selector, const StringMap& labels);

}  // namespace podctl
