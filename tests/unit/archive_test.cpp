// Tar streams to trees and back, and streams that somebody means harm with.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "archive/pack.hpp"
#include "archive/tar.hpp"
#include "archive/unpack.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"
#include "support/command.hpp"

using namespace podctl;
using namespace podctl::archive;
namespace fs = std::filesystem;

namespace {

// A folder with "in", where streams are unpacked, and a file beside it that nothing may touch.
class Ground {
 public:
  Ground() {
    std::string name = (fs::temp_directory_path() / "podctl-archive-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    fs::create_directory(in());
    std::ofstream(outside()) << "untouched";
  }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;
  ~Ground() {
    CHECK(podtest::read_file(outside()) == "untouched");
    CHECK(std::distance(fs::directory_iterator(path_), fs::directory_iterator()) <= 3);
    fs::remove_all(path_);
  }
  [[nodiscard]] std::string in() const { return path_ + "/in"; }
  [[nodiscard]] std::string from() const { return path_ + "/from"; }
  [[nodiscard]] std::string outside() const { return path_ + "/outside"; }

 private:
  std::string path_;
};

UniqueFd memory_file() { return UniqueFd(::memfd_create("stream", MFD_CLOEXEC)); }

struct Made {
  std::string name;
  mode_t mode = S_IFREG | 0644;
  std::string content, link_target;
};

UniqueFd stream_of(const std::vector<Made>& entries) {
  UniqueFd file = memory_file();
  TarWriter writer(file.get());
  for (const auto& made : entries) {
    Entry entry;
    entry.name = made.name;
    entry.mode = made.mode;
    entry.link_target = made.link_target;
    entry.size = static_cast<std::int64_t>(made.content.size());
    entry.modified = {1'600'000'000, 123'456'789};
    writer.begin(entry);
    writer.data(made.content);
  }
  writer.finish();
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

Omissions unpack_in(const Ground& ground, const UniqueFd& stream, mode_t kept = 07777) {
  Destination destination = open_destination_folder(ground.in(), {});
  destination.kept = kept;
  return unpack(stream.get(), "the stream", destination);
}

ErrorInfo refused(const Ground& ground, const UniqueFd& stream) {
  try {
    unpack_in(ground, stream);
  } catch (const Error& error) {
    return error.info();
  }
  FAIL("nothing was refused");
  return {};
}

Omissions copy(const std::string& from, const std::string& to) {
  Source source = open_source(from, {});
  const std::string name = std::exchange(source.label, "top");
  const UniqueFd file = memory_file();
  const Omissions omissions = pack(source, file.get());
  ::lseek(file.get(), 0, SEEK_SET);
  unpack(file.get(), "the stream", open_destination(to, name, {}));
  return omissions;
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

}  // namespace

TEST_CASE("names that lead out of where they are unpacked are none", "[archive]") {
  using Parts = std::vector<std::string>;
  CHECK(inner_path("a/b") == Parts{"a", "b"});
  CHECK(inner_path("./a//b/.") == Parts{"a", "b"});
  CHECK(inner_path(".") == Parts{});
  CHECK(inner_path("..a/b..") == Parts{"..a", "b.."});
  for (const char* bad : {"", "/", "/a", "..", "../a", "a/..", "a/../b", "a/../../b", "./.."}) CHECK(!inner_path(bad));
}

TEST_CASE("the last name of a path", "[archive]") {
  CHECK(last_name("a/b") == "b");
  CHECK(last_name("b//") == "b");
  CHECK(last_name("/.b") == ".b");
  for (const char* none : {"/", "", ".", "a/.", "..", "a/..", "//"}) CHECK(last_name(none) == ".");
}

TEST_CASE("a tree comes back with its modes, times, links and names", "[archive]") {
  const Ground ground;
  const std::string deep = ground.from() + "/" + std::string(120, 'n') + "/" + std::string(150, 'm');
  fs::create_directories(deep);
  fs::create_directory(ground.from() + "/empty");
  for (const char* name : {"a b", "line\nline", "gr\xc3\xbc\xc3\x9f", "\xff\xfe", "-rf", ".hidden"})
    std::ofstream(ground.from() + "/" + name) << "content of " << name;
  std::ofstream(deep + "/f") << "deep";
  fs::create_symlink("/nowhere", ground.from() + "/link");
  ::chmod((ground.from() + "/a b").c_str(), 0604);
  const timespec times[2] = {{1, 0}, {1'500'000'000, 987'654'321}};
  ::utimensat(AT_FDCWD, (ground.from() + "/a b").c_str(), times, 0);
  ::utimensat(AT_FDCWD, (ground.from() + "/link").c_str(), times, AT_SYMLINK_NOFOLLOW);
  ::chmod((ground.from() + "/empty").c_str(), 0500);
  ::utimensat(AT_FDCWD, ground.from().c_str(), times, 0);

  CHECK(copy(ground.from(), ground.in()).left_out == 0);
  CHECK(podtest::run({"diff", "-r", "--no-dereference", ground.from(), ground.in() + "/from"}).out == "");
  CHECK(status_of(ground.in() + "/from/a b").st_mode == (S_IFREG | 0604));
  CHECK(status_of(ground.in() + "/from/empty").st_mode == (S_IFDIR | 0500));
  for (const char* name : {"/from/a b", "/from/link", "/from"}) {
    INFO(name);
    CHECK(status_of(ground.in() + name).st_mtim.tv_sec == 1'500'000'000);
    CHECK(status_of(ground.in() + name).st_mtim.tv_nsec == 987'654'321);
  }
}

TEST_CASE("a copy goes into a folder that is there, and else gets the name it is given", "[archive]") {
  const Ground ground;
  fs::create_directory(ground.from());
  std::ofstream(ground.from() + "/f") << "one";
  copy(ground.from() + "/f", ground.in());
  CHECK(podtest::read_file(ground.in() + "/f") == "one");
  copy(ground.from() + "/f", ground.in() + "/g");
  CHECK(podtest::read_file(ground.in() + "/g") == "one");
  copy(ground.from(), ground.in() + "/d");
  copy(ground.from() + "/", ground.in() + "/d/");
  CHECK(podtest::read_file(ground.in() + "/d/f") == "one");
  CHECK(podtest::read_file(ground.in() + "/d/from/f") == "one");
  std::ofstream(ground.from() + "/f") << "two";
  copy(ground.from() + "/.", ground.in() + "/d");
  CHECK(podtest::read_file(ground.in() + "/d/f") == "two");
  CHECK(podtest::read_file(ground.in() + "/d/from/f") == "one");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"", "/g"}, {"/f", "/d/from/f/"}, {"/f", "/none/x"}, {"/f", "/none/"}, {"/f/", "/x"}, {"/f/.", "/x"}, {"/none", "/x"}}) {
    INFO(from << " to " << to);
    CHECK_THROWS_AS(copy(ground.from() + from, ground.in() + to), Error);
  }
  std::ofstream(ground.from() + "/d") << "a file";
  CHECK_THROWS_AS(copy(ground.from() + "/d", ground.in()), Error);  // there it is a folder
}

TEST_CASE("holes stay holes", "[archive]") {
  const Ground ground;
  fs::create_directory(ground.from());
  constexpr off_t kSize = off_t{64} << 20;
  for (const char* name : {"middle", "hole"}) {
    const UniqueFd file(::open((ground.from() + "/" + name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (name == std::string("middle")) REQUIRE(::pwrite(file.get(), "data", 4, kSize / 2) == 4);
    REQUIRE(::ftruncate(file.get(), kSize) == 0);
  }
  copy(ground.from(), ground.in());
  for (const char* name : {"middle", "hole"}) {
    INFO(name);
    CHECK(podtest::run({"cmp", ground.from() + "/" + name, ground.in() + "/from/" + name}).code == 0);
    CHECK(status_of(ground.in() + "/from/" + name).st_size == kSize);
    CHECK(status_of(ground.in() + "/from/" + name).st_blocks * 512 < kSize / 16);
  }
}

TEST_CASE("files that say no size, and what is no file", "[archive]") {
  const Ground ground;
  copy("/proc/self/status", ground.in());
  CHECK(podtest::read_file(ground.in() + "/status").find("Name:") == 0);
  fs::create_directory(ground.from());
  REQUIRE(::mkfifo((ground.from() + "/fifo").c_str(), 0600) == 0);
  std::ofstream(ground.from() + "/z") << "after it";
  const Omissions omissions = copy(ground.from(), ground.in());
  CHECK(omissions.left_out == 1);
  CHECK(omissions.first_left_out == cat("\"", ground.from(), "/fifo\" is neither file, folder nor link"));
  CHECK(podtest::read_file(ground.in() + "/from/z") == "after it");
  CHECK_THROWS_AS(copy(ground.from() + "/fifo", ground.in()), Error);
  CHECK_THROWS_AS(copy("/dev/null", ground.in()), Error);
}

TEST_CASE("a stream makes nothing outside of its folder", "[archive]") {
  const Ground ground;
  for (const std::string name : {"../outside", "a/../../outside", "/outside", "..", "."}) {
    INFO(name);
    refused(ground, stream_of({{.name = name, .content = "evil"}}));
  }
  refused(ground, stream_of({{.name = ground.outside(), .content = "evil"}}));
  // Through links: one that the stream brings, one that was there, a whole chain, and one instead of a folder of its own.
  const Made up{.name = "up", .mode = S_IFLNK | 0777, .content = {}, .link_target = ".."};
  const Made file{.name = "up/outside", .content = "evil"};
  CHECK(refused(ground, stream_of({up, file})).cause == "it is no folder, and a link is not followed here");
  refused(ground, stream_of({file}));
  refused(ground, stream_of({{.name = "up", .mode = S_IFDIR | 0755}, file}));
  refused(ground, stream_of({{.name = "l", .mode = S_IFLNK | 0777, .content = {}, .link_target = "."},
                             {.name = "l/up/outside", .content = "evil"}}));
  refused(ground, stream_of({{.name = "up/x", .mode = S_IFLNK | 0777, .content = {}, .link_target = "evil"}}));
  refused(ground, stream_of({{.name = "up/x", .mode = S_IFDIR | 0755}}));
  // A link where a file shall be is replaced, and what it leads to is not written.
  unpack_in(ground, stream_of({{.name = "f", .mode = S_IFLNK | 0777, .content = {}, .link_target = "../outside"},
                               {.name = "f", .content = "new"}}));
  CHECK(podtest::read_file(ground.in() + "/f") == "new");
}

TEST_CASE("set-uid bits, devices and fifos of a stream do not come out", "[archive]") {
  const Ground ground;
  const Omissions omissions = unpack_in(ground,
                                        stream_of({{.name = "s", .mode = S_IFREG | 06755, .content = "x"},
                                                   {.name = "d", .mode = S_IFDIR | 03755},
                                                   {.name = "fifo", .mode = S_IFIFO | 0666},
                                                   {.name = "null", .mode = S_IFCHR | 0666},
                                                   {.name = "disk", .mode = S_IFBLK | 0666}}),
                                        0777);
  CHECK(status_of(ground.in() + "/s").st_mode == (S_IFREG | 0755));
  CHECK(status_of(ground.in() + "/d").st_mode == (S_IFDIR | 0755));
  CHECK(omissions.left_out == 3);
  CHECK(!podtest::exists(ground.in() + "/fifo"));
  CHECK(!podtest::exists(ground.in() + "/null"));
}

TEST_CASE("a stream of tar(1) is unpacked with its hard links, and folders that it does not name", "[archive]") {
  const Ground ground;
  fs::create_directories(ground.from() + "/a/b");
  std::ofstream(ground.from() + "/a/b/f") << "twice";
  fs::create_hard_link(ground.from() + "/a/b/f", ground.from() + "/a/b/g");
  const UniqueFd file = memory_file();
  const std::string to = cat("/proc/", ::getpid(), "/fd/", file.get());
  for (const char* format : {"gnu", "pax", "ustar", "v7"}) {
    INFO(format);
    REQUIRE(podtest::run({"tar", "-C", ground.from(), "--format", format, "-cf", to, "a/b/f", "a/b/g"}).code == 0);
    ::lseek(file.get(), 0, SEEK_SET);
    unpack_in(ground, file);
    CHECK(podtest::read_file(ground.in() + "/a/b/g") == "twice");
    CHECK(status_of(ground.in() + "/a/b/f").st_nlink == 2);
  }
}

TEST_CASE("a stream that was cut off is never a whole one", "[archive]") {
  const UniqueFd whole = stream_of({{.name = "a", .content = std::string(3000, 'a')}, {.name = "b", .content = "b"}});
  const off_t size = ::lseek(whole.get(), 0, SEEK_END);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  REQUIRE(::pread(whole.get(), bytes.data(), bytes.size(), 0) == size);
  const std::size_t end = bytes.size() - 1024;  // two blocks of zeros
  for (std::size_t length = 0; length <= end; length += 256) {
    INFO(length);
    const Ground ground;
    const UniqueFd part = memory_file();
    REQUIRE(::write(part.get(), bytes.data(), length) == static_cast<ssize_t>(length));
    ::lseek(part.get(), 0, SEEK_SET);
    CHECK(refused(ground, part).id == "not-a-tar");
  }
}

TEST_CASE("what is no tar stream is said to be none", "[archive]") {
  const Ground ground;
  for (const auto& text : {std::string("garbage"), std::string(2000, 'x'), std::string("\x1f\x8b\x08")}) {
    const UniqueFd file = memory_file();
    REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::lseek(file.get(), 0, SEEK_SET);
    CHECK(refused(ground, file).message == "the stream is no tar archive");
  }
}
