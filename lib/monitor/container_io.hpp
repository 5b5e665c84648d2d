#pragma once

#include <functional>
#include <optional>
#include <string>

#include "monitor/console.hpp"
#include "monitor/loop.hpp"
#include "run/sandbox.hpp"
#include "state/log_file.hpp"

namespace podctl::monitor {

/// The pipes of one container instance: what it prints goes to its log and to the console, as fast as both
/// take it; what the caller types goes to it.
class ContainerIo {
 public:
  /// @param on_log_failure  told once when the log cannot be written any more; output still reaches the console
  ContainerIo(Loop& loop, Console& console, std::size_t container, bool is_init, std::optional<state::LogFile> log,
              std::function<void(const Error&)> on_log_failure);
  ContainerIo(const ContainerIo&) = delete;
  ContainerIo& operator=(const ContainerIo&) = delete;
  ~ContainerIo();

  /// Makes the pipes; the member's ends are valid until start_finished().
  run::Streams make_pipes(bool with_input);
  void start_finished();
  /// Copies the caller's standard input from now on.
  void pump_input(int source);
  /// Goes on reading when the console has room again.
  void resume();
  /// Reads what is there without waiting. True when both streams have ended.
  bool drain();
  /// Everything has been read: the last unfinished lines are kept.
  void finish();

 private:
  struct Source {
    UniqueFd read_end, write_end;
    bool watched = false, paused = false, grown = false;
  };
  static void grow(Source& source);
  bool read_some(state::Stream stream, bool once);
  void take(state::Stream stream, std::string_view bytes);
  void pause_if_full();
  void watch(state::Stream stream);
  void unwatch(Source& source);
  void push_input();
  void stop_input();

  Loop& loop_;
  Console& console_;
  std::size_t container_;
  bool is_init_;
  std::optional<state::LogFile> log_;
  std::function<void(const Error&)> on_log_failure_;
  Source sources_[2];
  UniqueFd input_read_, input_write_;
  int input_source_ = -1;
  bool input_watched_ = false, input_waits_ = false;
  std::string input_;  // read from the caller, not yet taken by the container
};

}  // namespace podctl::monitor
