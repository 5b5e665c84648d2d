// What commands ask of a pod that runs, but for exec and attach.
#include <poll.h>

#include <csignal>

#include "monitor/client.hpp"
#include "podctl/control.hpp"
#include "sys/sys.hpp"

namespace podctl {
namespace {

using monitor::Client;
using monitor::Message;

Message with_grace(Message message, const StopOptions& options) {
  if (options.grace) message["graceMs"] = std::chrono::ceil<std::chrono::milliseconds>(*options.grace).count();
  return message;
}

// A pod that does not run any more, or one that ends while it is asked to.
bool has_ended(const Error& error) { return error.info().id == "pod-not-running" || error.info().id == "pod-ended"; }

// Asks for something that ends a container's process, and waits for that.
void await_container(const StorePaths& paths, const std::string& pod, const Message& request) {
  Client client(paths, pod);
  client.ask(request);
  for (const auto& process : client.take_descriptors()) {
    pollfd poll{process.get(), POLLIN, 0};
    while (sys::raw::poll(&poll, 1, -1) <= 0) {
    }
  }
  try {
    client.ask({{"do", "settle"}});  // so that who looks next finds it
  } catch (const Error& error) {
    if (!has_ended(error)) throw;
  }
}

Freeze freeze_of(const Message& answer) {
  const std::string method = answer.value("method", std::string());
  Freeze freeze{.method = {}, .refusal = answer.value("refusal", std::string())};
  if (!method.empty()) freeze.method = method == "freezer" ? FreezeMethod::kCgroup : FreezeMethod::kSignal;
  return freeze;
}

}  // namespace

void stop_pod(const StorePaths& paths, const std::string& pod, const StopOptions& options) {
  try {
    Client client(paths, pod);
    client.ask(with_grace({{"do", "stop"}}, options));
    client.await_end();
  } catch (const Error& error) {
    if (!has_ended(error)) throw;
  }
}

void kill_pod(const StorePaths& paths, const std::string& pod, const std::string& container, int signal_number) {
  Client client(paths, pod);
  Message message{{"do", "kill"}, {"signal", signal_number}};
  if (!container.empty()) message["container"] = container;
  client.ask(message);
  if (container.empty() && signal_number == SIGKILL) client.await_end();
}

void stop_container(const StorePaths& paths, const std::string& pod, const std::string& container, const StopOptions& options) {
  await_container(paths, pod, with_grace({{"do", "stop-container"}, {"container", container}}, options));
}

void restart_container(const StorePaths& paths, const std::string& pod, const std::string& container, const StopOptions& options) {
  await_container(paths, pod, with_grace({{"do", "restart-container"}, {"container", container}}, options));
}

Freeze freeze_pod(const StorePaths& paths, const std::string& pod) { return freeze_of(Client(paths, pod).ask({{"do", "freeze"}})); }

Freeze thaw_pod(const StorePaths& paths, const std::string& pod) { return freeze_of(Client(paths, pod).ask({{"do", "thaw"}})); }

}  // namespace podctl
