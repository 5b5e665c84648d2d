#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/probe.hpp"
#include "net/stream.hpp"
#include "net/url.hpp"

/// HTTP/1.1 as probes speak it: one request a connection.
namespace podctl::net {

/// How much of a body is looked at.
inline constexpr std::size_t kMostBody = 10240;

struct HttpAnswer {
  int status = 0;
  std::string location;  ///< of a redirect; empty when there is none
  std::string body;      ///< its first kMostBody bytes
};

/// Names of headers, whatever their case.
bool is_named(std::string_view a, std::string_view b);

/// The request as a kubelet words it: `agent` and "Accept: */*" unless `headers` say otherwise, an empty Accept leaves it
/// out, Host is the request's host, and names that are repeated are all sent. Pure.
/// @throws Trouble for a header that would not stay one line
std::string http_request(const Url& url, std::span<const Header> headers, std::string_view agent);

/// Reads an answer as it comes, by Boost.Beast's parser: bytes in any pieces, to its end or until there is enough of it.
class AnswerReader {
 public:
  AnswerReader();
  AnswerReader(AnswerReader&&) noexcept;
  ~AnswerReader();

  enum class State { kMore, kDone };
  /// @throws Trouble for what is no answer in HTTP, and for a header without end
  State take(std::string_view bytes);
  /// The connection has ended. @throws Trouble when the answer has not
  void finish();
  [[nodiscard]] const HttpAnswer& answer() const noexcept;

 private:
  class Parser;
  State parse();

  std::unique_ptr<Parser> parser_;
  std::string waiting_;  // bytes that are no whole line yet
  int interim_ = 0;      // answers before the real one: 100 Continue and the like
};

/// Sends `request` and reads the answer. @throws Trouble
HttpAnswer ask(Stream& stream, std::string_view request);

}  // namespace podctl::net
