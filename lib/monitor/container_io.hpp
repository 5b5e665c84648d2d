#pragma once

#include <functional>
#include <list>
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
  /// @param on_log_failure  told when the log cannot be written; output still reaches the console. Once it can be again, a line
  ///                        of it says how much is missing, and the next failure is told as well
  ContainerIo(Loop& loop, Console& console, std::size_t container, bool is_init, std::optional<state::LogFile> log,
              std::function<void(const Error&)> on_log_failure);
  ContainerIo(const ContainerIo&) = delete;
  ContainerIo& operator=(const ContainerIo&) = delete;
  ~ContainerIo();

  struct Wanted {
    bool input = false;
    bool terminal = false;
    unsigned rows = 0, columns = 0;  ///< of the terminal; 0: not known
  };
  /// Makes what the container gets as its streams; its ends are valid until start_finished().
  run::Streams make_streams(const Wanted& wanted);
  void start_finished();
  /// Copies the caller's standard input from now on.
  void pump_input(int source);

  /// What somebody gets who attaches: the reading ends of the container's output from now on, and the writing end of its
  /// input. With a terminal there is no `err`, and `in` is the terminal's other end, which may be resized through it.
  struct Attachment {
    UniqueFd out, err, in;
  };
  enum class Input { kNone, kCallers, kOpen };
  [[nodiscard]] Input input() const noexcept;
  /// A reader that is too slow misses what there was no room for, and is told how much; the log has all of it.
  /// @param with_input  only when it is kOpen
  Attachment attach(bool with_input, bool once);
  void resize(unsigned rows, unsigned columns);
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
    bool deserted = false;  // a terminal that no program has open now
  };
  struct Tap {
    UniqueFd ends[2];
    std::uint64_t missed = 0;
  };
  static void grow(Source& source);
  bool read_some(state::Stream stream, bool once);
  void receive_terminal();
  void tell(state::Stream stream, std::string_view bytes);
  void drop_tap_end(UniqueFd& end);
  void take(state::Stream stream, std::string_view bytes);
  void keep(state::Stream stream, std::string_view bytes);
  void keep_gap();
  void pause_if_full();
  void watch(state::Stream stream);
  void listen(const Source& source);
  void unwatch(Source& source);
  void push_input();
  void stop_input();

  Loop& loop_;
  Console& console_;
  std::size_t container_;
  bool is_init_;
  std::optional<state::LogFile> log_;
  std::function<void(const Error&)> on_log_failure_;
  std::uint64_t not_kept_ = 0;  // bytes that the log had no room for
  Source sources_[2];
  UniqueFd terminal_ours_, terminal_theirs_;  // the socket that a terminal comes over
  bool is_terminal_ = false;
  std::list<Tap> taps_;
  UniqueFd input_read_, input_write_;
  int input_source_ = -1;
  bool wants_input_ = false, input_watched_ = false, input_waits_ = false;
  std::string input_;  // read from the caller, not yet taken by the container
  char last_input_ = '\n';
  bool input_ended_ = false;
};

}  // namespace podctl::monitor
