#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/environment.hpp"
#include "podctl/store.hpp"

namespace podctl::cli {

constexpr Flag changed_output_flag(std::string_view example) {
  return {.name = "output",
          .letter = 'o',
          .value = "FORM",
          .help = "name (default), json, yaml or jsonpath=EXPRESSION: what to print of the pods that were changed.",
          .example = example};
}

/// What a command that changes pods says about them: "pod/NAME" as each is done, or with -o the Pod objects once all are.
class ChangedPods {
 public:
  /// Reads -o, so that a mistake in it is told before anything is changed.
  ChangedPods(const Arguments& arguments, StorePaths paths);
  ChangedPods(const ChangedPods&) = delete;
  ChangedPods& operator=(const ChangedPods&) = delete;

  /// One is done; `container` is the one of it that was meant, if one was.
  /// @param before  the pod as it was: what is shown of one that is gone
  void add(const PodRecord& before, std::string_view container = {});
  void add(std::string_view pod);
  /// Prints the objects. @param only  one pod was named, so its object is the answer and not a list
  void print_objects(bool only) const;

 private:
  void say(std::string_view pod, std::string_view container) const;

  StorePaths paths_;
  OutputForm form_;
  std::vector<PodRecord> pods_;
};

/// Whether the command line names exactly one pod.
bool names_one_pod(const Arguments& arguments);

}  // namespace podctl::cli
