// unrotated MANIFEST ROOT: runs a pod as `podctl run --root ROOT -q MANIFEST` does, but with logs that are never rotated,
// so that all of what it prints is on the disk in the end.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "podctl/manifest.hpp"
#include "podctl/run.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: unrotated MANIFEST ROOT\n"), 2;
  try {
    std::ifstream file(argv[1]);
    const podctl::Manifest manifest = podctl::parse_manifest(std::string(std::istreambuf_iterator<char>(file), {}));
    if (manifest.has_errors() || manifest.pods.size() != 1) return std::fprintf(stderr, "unrotated: %s is not one Pod\n", argv[1]), 2;
    podctl::RunOptions options;
    options.paths = podctl::store_paths(argv[2], 0, [](const char*) { return std::string(); });
    options.log_limits.size = 0;
    options.quiet = true;
    return podctl::run_pod(manifest.pods.front(), manifest.objects, options).code;
  } catch (const podctl::Error& error) {
    return std::fprintf(stderr, "unrotated: %s\n", error.what()), 1;
  }
}
