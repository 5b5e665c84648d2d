#pragma once

#include <optional>
#include <string>

#include "monitor/terminal.hpp"
#include "podctl/process.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::monitor {

/// Copies between the caller's standard streams and a program elsewhere until that ends: what `exec` and `attach` do while
/// they wait. Blocks on nothing but the caller's own output, whose pace the program then has to keep.
struct Relay {
  int process = -1;             ///< pidfd of the program; the relay ends with it
  UniqueFd out, err;            ///< its output; shown on 1 and 2
  UniqueFd in;                  ///< its input; receives what is read from 0
  bool in_is_terminal = false;  ///< `in` is the other end of its terminal: it is resized, and its end is a key
  /// The output comes by way of a monitor, which closes it once it has passed on all there was: that is waited for as well.
  bool awaits_output = false;
  KeySequence detach{""};
  bool reads_keys = false;  ///< what is read from 0 is looked at for `detach` alone where there is no `in`
  /// Sends the program a signal that came for us.
  int forward_to = -1;  ///< pidfd; -1: signals end the relay as keys do

  enum class End { kProgram, kKeys, kSignal };
  struct Result {
    End end = End::kProgram;
    int signal_number = 0;
  };
  /// @param signals  a signalfd of INT, TERM, HUP, QUIT and WINCH
  Result run(int signals);
};

/// Blocks INT, TERM, HUP, QUIT, WINCH and PIPE and gives a signalfd(2) of all but the last.
UniqueFd watch_relayed_signals();

}  // namespace podctl::monitor
