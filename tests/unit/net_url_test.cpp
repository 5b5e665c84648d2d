// Paths and locations.
#include "net/url.hpp"
#include "support/catch.hpp"

using namespace podctl::net;

TEST_CASE("a path is made fit for a request line", "[net]") {
  CHECK(request_target("") == "/");
  CHECK(request_target("healthz") == "/healthz");
  CHECK(request_target("/a/b?x=1&y=%20#z") == "/a/b?x=1&y=%20");
  CHECK(request_target("/a b\r\nX: y") == "/a%20b%0D%0AX:%20y");
  CHECK(request_target("/100%") == "/100%25");
  CHECK(request_target("/%zz%4") == "/%25zz%254");
  CHECK(request_target("/\xc3\xa9\"<>|") == "/%C3%A9%22%3C%3E%7C");
  CHECK(request_target("?q") == "/?q");
}

TEST_CASE("locations are resolved as RFC 3986 has it", "[net]") {
  const Url base{.scheme = Scheme::kHttp, .host = "10.0.0.1", .port = 8080, .target = "/a/b/c?q"};
  const auto text = [&](const char* location) {
    const auto url = resolve(base, location);
    return url ? url->text() : "none";
  };
  CHECK(text("/x") == "http://10.0.0.1:8080/x");
  CHECK(text("x") == "http://10.0.0.1:8080/a/b/x");
  CHECK(text("../x?y#z") == "http://10.0.0.1:8080/a/x?y");
  CHECK(text("../../../../x") == "http://10.0.0.1:8080/x");
  CHECK(text("./") == "http://10.0.0.1:8080/a/b/");
  CHECK(text("..") == "http://10.0.0.1:8080/a/");
  CHECK(text("?y") == "http://10.0.0.1:8080/a/b/c?y");
  CHECK(text("#z") == "http://10.0.0.1:8080/a/b/c?q");
  CHECK(text("") == "http://10.0.0.1:8080/a/b/c?q");
  CHECK(text(" /x ") == "http://10.0.0.1:8080/x");
  CHECK(text("/x/./y/../z") == "http://10.0.0.1:8080/x/z");
  CHECK(text("/x?../y") == "http://10.0.0.1:8080/x?../y");
  CHECK(text("//host") == "http://host:80/");
  CHECK(text("https://Host") == "https://host:443/");
  CHECK(text("HTTPS://u:p@host:9/x") == "https://host:9/x");
  CHECK(text("http://[FD00::1]:90/x") == "http://[fd00::1]:90/x");
  CHECK(text("http://host:/x") == "http://host:80/x");
  CHECK(text("http://host?x") == "http://host:80/?x");
  for (const char* wrong :
       {"ftp://host/", "mailto:x@y", "http:x", "http:///x", "http://:80/", "http://host:0/", "http://host:65536/", "http://host:x/",
        "http://[::1/", "http://[::1]x/", "http://[name]/", "http://[[::1]/", "http://a]/", "http://a b/", "http://h\xc3\xb6st/"}) {
    CAPTURE(wrong);
    CHECK(text(wrong) == "none");
  }
}

TEST_CASE("a host is the same whatever its port, scheme and case", "[net]") {
  const Url one{.host = "fd00::A", .port = 1}, other{.scheme = Scheme::kHttps, .host = "fd00::a", .port = 2}, third{.host = "localhost"};
  CHECK(is_same_host(one, other));
  CHECK_FALSE(is_same_host(one, third));
}
