#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "podctl/select.hpp"
#include "podctl/store.hpp"
#include "podctl/summary.hpp"

/// Which pods and containers a command line means: the same for every command that takes any.
namespace podctl::cli {

/// A pod that exists, and the container of it when one was named (which exists too, as far as the record knows).
struct NamedPod : SeenPod {
  std::string container;
};

// Flags for a command's table; `example` is the command's own.
constexpr Flag selector_flag(std::string_view example) {
  return {.name = "selector",
          .letter = 'l',
          .value = "SEL",
          .help = "Pods whose labels match: key=value, key!=value, key, !key, joined by commas.",
          .example = example};
}
constexpr Flag all_flag(std::string_view example) { return {.name = "all", .help = "Every pod.", .example = example}; }
constexpr Flag container_flag(std::string_view example) {
  return {.name = "container", .letter = 'c', .value = "C", .help = "The container; POD/C means the same.", .example = example};
}

/// What happens when a command that takes one pod is given none.
enum class NoName {
  kRefuse,      ///< a usage error
  kTakeOnlyPod  ///< of a command that changes nothing: on a terminal the one pod there is is meant, and named on standard error
};
/// The pod that arguments.names begin with ("POD", "pod POD", "POD/C"); -c, when the command has it, names the container.
/// @throws Error  kUsage, and kNotFound with what was perhaps meant
NamedPod one_pod(const Arguments& arguments, const StorePaths& paths, NoName no_name);

/// What happens to a name that no pod has.
enum class Missing { kRefuse, kIgnore };
/// What a command that takes several pods does when none is named in any way.
enum class NoNames { kRefuse, kTakeAll };
/// The names on the command line. A lone "pods" names none, as in `podctl get pods`, where none need be named.
std::vector<PodName> named_pods(const Arguments& arguments, NoNames no_names);
/// The pods that names, -l or --all mean: named ones in the order they were named, others by name. Names and -l exclude
/// each other, as do names and --all where that means something.
std::vector<NamedPod> several_pods(const Arguments& arguments, const StorePaths& paths, NoNames no_names,
                                   Missing missing = Missing::kRefuse);

/// The container a command works on: the one that was named, else the default one. Where the pod has several and a person
/// is reading, standard error says which. "" when the record names none yet.
std::string container_of(const Arguments& arguments, const NamedPod& pod);

/// Whether a person can be asked: standard input and standard error are terminals.
bool can_ask();
/// Asks on standard error and reads the answer: anything but y or yes is no.
bool confirm(const std::string& question);

/// "podctl: note: TEXT" on standard error, unless -q.
void note(const Arguments& arguments, std::string_view text);

}  // namespace podctl::cli
