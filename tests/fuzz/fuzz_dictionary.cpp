// Prints a libFuzzer dictionary: every field of the manifest tables, their fixed spellings, and a
// few words that stand in no table. Made from the tables, so a new field is fuzzed from the day it
// exists.
#include <cstdio>
#include <set>
#include <string>

#include "podctl/text.hpp"
#include "spec/fields.hpp"
#include "spec/objects.hpp"

namespace {

using podctl::spec::ObjectInfo;
using podctl::spec::Type;

class Words {
 public:
  void take(const ObjectInfo& info) {
    if (!seen_.insert(&info).second) return;
    for (const auto& field : info.fields) {
      words_.insert(podctl::quote(field.name));
      if (!field.default_text.empty()) words_.insert(std::string(field.default_text));
      take(field.type);
    }
  }

  void print() const {
    for (const auto& word : words_) std::printf("%s\n", podctl::quote(word).c_str());
  }

  std::set<std::string> words_;

 private:
  void take(const Type& type) {
    for (const auto value : type.values) words_.insert(podctl::quote(value));
    if (type.element != nullptr) take(*type.element);
    if (type.object != nullptr) take(type.object());
  }

  std::set<const ObjectInfo*> seen_;
};

}  // namespace

int main() {
  Words words;
  words.take(podctl::spec::object_info<podctl::Pod>());
  words.take(podctl::spec::object_info<podctl::spec::ObjectText>());
  words.take(podctl::spec::object_info<podctl::spec::ClaimText>());
  for (const char* word : {"\"Pod\"",
                           "\"ConfigMap\"",
                           "\"Secret\"",
                           "\"List\"",
                           "\"items\"",
                           "\"v1\"",
                           "rootfs:/",
                           "host",
                           "podctl.dev/sharing",
                           "podctl.dev/network",
                           "podctl.dev/overlay",
                           "podctl.dev/share-mounts",
                           "kubernetes",
                           "private",
                           "none",
                           "true",
                           "false",
                           "null",
                           "$(",
                           "$$",
                           "ALL",
                           "NET_ADMIN",
                           "/../",
                           "64Mi",
                           "1e3",
                           "100m",
                           "9223372036854775807",
                           "-1",
                           "\\u0000",
                           "\\ud800",
                           "spec.containers[0].",
                           "metadata.",
                           "[\"",
                           "\"]",
                           "root:100000:65536",
                           "1000:x:1000:1000::/home/a:/bin/sh",
                           "1h30m",
                           "1.5s",
                           "---",
                           "...",
                           "- ",
                           "? ",
                           ": |",
                           ": >-",
                           "&a ",
                           "*a",
                           "<<: *a",
                           "!!str "})
    words.words_.insert(word);
  words.print();
}
