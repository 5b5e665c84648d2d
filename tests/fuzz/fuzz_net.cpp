// What servers send to probes: an answer in HTTP, in any pieces; a Location; a health response. The first byte says how
// long the pieces are.
#include "base/text.hpp"
#include "fuzz/require.hpp"
#include "net/grpc.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace {

using namespace podctl;
using namespace podctl::net;
using podfuzz::require;

struct Read {
  HttpAnswer answer;
  bool done = false, failed = false;
};

Read read_answer(std::string_view text, std::size_t piece) {
  AnswerReader reader;
  Read read;
  try {
    while (!text.empty() && !read.done) {
      read.done = reader.take(text.substr(0, piece)) == AnswerReader::State::kDone;
      text.remove_prefix(std::min(piece, text.size()));
    }
    if (!read.done) reader.finish();
  } catch (const Trouble& trouble) {
    require(trouble.outcome.result == Result::kFailure, "a bad answer is a failure of the server");
    require(!trouble.outcome.message.empty() && trouble.outcome.message.size() < 1024, "a failure says why, in short");
    read.failed = true;
  }
  read.answer = reader.answer();
  require(read.answer.body.size() <= kMostBody, "a body is kept up to its limit");
  return read;
}

void read_http(std::string_view text) {
  const std::size_t piece = text.empty() ? 1 : 1 + static_cast<unsigned char>(text[0]);
  text.remove_prefix(std::min<std::size_t>(text.size(), 1));
  const Read whole = read_answer(text, text.size() + 1), pieces = read_answer(text, piece);
  if (whole.failed || pieces.failed) return;  // how much of a bad answer is seen before it is found bad may differ
  require(whole.answer.status == pieces.answer.status, "the pieces do not change the status");
  require(whole.answer.location == pieces.answer.location, "the pieces do not change the location");
}

void read_url(std::string_view text) {
  const auto fits = [](std::string_view target) {
    if (target.empty() || target[0] != '/') return false;
    for (const char c : target)
      if (c <= ' ' || c >= 0x7f || c == '#') return false;
    return true;
  };
  const std::string target = request_target(text);
  require(fits(target), "a request line holds no more than one target", target);
  require(request_target(target) == target, "what is fit stays as it is", target);
  const auto url = resolve({.host = "10.0.0.1", .port = 80, .target = "/a/b?c"}, text);
  if (!url) return;
  require(fits(url->target) && !url->host.empty() && url->port != 0, "a location leads somewhere", url->text());
  const auto again = resolve(*url, url->text());
  require(again && again->text() == url->text(), "a URL leads to itself", url->text());
  const std::string request = http_request(*url, {}, "agent");
  require(split(request, '\n').size() == 7, "a request has the lines it has", request);
}

void read_health(std::string_view text) {
  const auto status = parse_health_response(text);
  if (status) require(!serving_name(*status).empty(), "a status has a name");
  const auto own = parse_health_response(health_request(text.substr(0, 1000)));
  require(own.has_value(), "a message of a string is one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = podfuzz::as_text(data, size);
  read_http(text);
  read_url(text);
  read_health(text);
  return 0;
}
