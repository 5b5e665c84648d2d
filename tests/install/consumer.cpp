// Uses libpodctl as any program would: by its installed headers alone.
#include <podctl/manifest.hpp>
#include <podctl/plan.hpp>

#include <cstdio>

int main() {
  const podctl::Manifest manifest = podctl::make_command_pod({"true"});
  const podctl::Pod& pod = manifest.pods.front();
  const podctl::PlanOptions options{.state_directory = "/nonexistent", .manifest_directory = "/"};
  const podctl::Plan plan = podctl::make_plan(pod, manifest.objects, podctl::probe_host(podctl::questions_for(pod, options)), options);
  std::fputs(podctl::render_plan_text(plan).c_str(), stdout);
}
