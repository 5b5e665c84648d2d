#include "archive/tar.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "podctl/error.hpp"
#include "sys/sys.hpp"

namespace podctl::archive {
namespace {

namespace raw = sys::raw;

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr std::int64_t kMostPadding = std::int64_t{1} << 20;

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

struct FreeEntry {
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

void fill(archive_entry* to, const Entry& from) {
  archive_entry_copy_pathname(to, from.name.c_str());
  archive_entry_set_mode(to, from.mode);
  archive_entry_set_uid(to, from.uid);
  archive_entry_set_gid(to, from.gid);
  archive_entry_set_size(to, from.size);
  archive_entry_set_mtime(to, from.modified.tv_sec, from.modified.tv_nsec);
  if (!from.hard_link.empty()) archive_entry_copy_hardlink(to, from.hard_link.c_str());
  else if (S_ISLNK(from.mode)) archive_entry_copy_symlink(to, from.link_target.c_str());
  for (const auto& extent : from.extents) archive_entry_sparse_add_entry(to, extent.offset, extent.length);
}

Entry entry_of(archive_entry* from) {
  Entry entry;
  entry.name = text_or_empty(archive_entry_pathname(from));
  entry.link_target = text_or_empty(archive_entry_symlink(from));
  entry.hard_link = text_or_empty(archive_entry_hardlink(from));
  entry.mode = archive_entry_mode(from);
  entry.uid = static_cast<uid_t>(archive_entry_uid(from));
  entry.gid = static_cast<gid_t>(archive_entry_gid(from));
  entry.size = archive_entry_size(from);
  entry.modified = {archive_entry_mtime(from), archive_entry_mtime_nsec(from)};
  // Counting drops a list of one extent that is the whole file; resetting alone counts as well, and keeps a pointer to what
  // has been dropped (libarchive 3.6.2).
  if (archive_entry_sparse_count(from) == 0) return entry;
  archive_entry_sparse_reset(from);
  for (Extent extent; archive_entry_sparse_next(from, &extent.offset, &extent.length) == ARCHIVE_OK;) entry.extents.push_back(extent);
  return entry;
}

}  // namespace

bool is_reader_gone(int error_number) noexcept { return error_number == EPIPE; }

void TarWriter::Free::operator()(struct ::archive* stream) const noexcept {
  archive_write_fail(stream);  // else it would end the stream, which may be half there, as if it were whole
  archive_write_free(stream);
}

TarWriter::TarWriter(int fd, Names names) : stream_(archive_write_new()) {
  archive_write_set_format_pax(stream_.get());  // not "restricted", which cuts times down to seconds
  if (names == Names::kBytes) require(archive_write_set_options(stream_.get(), "hdrcharset=BINARY"));
  archive_write_set_bytes_per_block(stream_.get(), kBlock);
  archive_write_set_bytes_in_last_block(stream_.get(), 1);
  require(archive_write_open_fd(stream_.get(), fd));
}

void TarWriter::require(long result) {
  if (result >= ARCHIVE_WARN) return;
  const int error_number = archive_errno(stream_.get());
  Error error({.id = "stream-unwritable",
               .message = "cannot write the tar stream",
               .cause = error_number > 0 ? cat("write: ", errno_text(error_number)) : text_or_empty(archive_error_string(stream_.get()))});
  error.info().error_number = error_number;
  throw error;
}

void TarWriter::begin(const Entry& entry) {
  const std::unique_ptr<archive_entry, FreeEntry> header(archive_entry_new());
  fill(header.get(), entry);
  require(archive_write_header(stream_.get(), header.get()));
}

void TarWriter::data(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const la_ssize_t written = archive_write_data(stream_.get(), bytes.data(), bytes.size());
    require(written);
    if (written <= 0) break;  // more than the entry said it had
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void TarWriter::finish() { require(archive_write_close(stream_.get())); }

void TarReader::Free::operator()(struct ::archive* stream) const noexcept { archive_read_free(stream); }

TarReader::TarReader(int fd, std::string what)
    : what_(std::move(what)), input_{.fd = fd, .buffer = std::vector<char>(kBlock)}, stream_(archive_read_new()) {
  archive_read_support_format_tar(stream_.get());
  if (archive_read_open(stream_.get(), &input_, nullptr, read_more, nullptr) < ARCHIVE_WARN) refuse_with_own_words();
}

long TarReader::read_more(struct ::archive* stream, void* input, const void** buffer) {
  auto& from = *static_cast<Input*>(input);
  long got = 0;
  do got = raw::read(from.fd, from.buffer.data(), from.buffer.size());
  while (got == -EINTR);
  *buffer = from.buffer.data();
  if (got >= 0) {
    from.total += got;
    return got;
  }
  from.error_number = static_cast<int>(-got);
  archive_set_error(stream, from.error_number, "read");
  return -1;
}

void TarReader::refuse(const std::string& why) const {
  throw Error({.id = "not-a-tar", .message = cat(what_, " is no whole tar archive"), .cause = why});
}

void TarReader::refuse_with_own_words() const {
  if (input_.error_number != 0) throw SysError(input_.error_number, "read", what_);
  // Before its first entry is found, it is no tar at all; a compressed one is what that is most often.
  if (archive_format(stream_.get()) == 0)
    throw Error(
        {.id = "not-a-tar",
         .message = cat(what_, " is no tar archive"),
         .hint = input_.total == 0 ? "it is empty" : "a compressed one is unpacked first: gzip -dc FILE.tar.gz | podctl cp - POD:DIR"});
  refuse(text_or_empty(archive_error_string(stream_.get())));
}

std::optional<Entry> TarReader::next() {
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(stream_.get(), &entry);
  if (result == ARCHIVE_EOF) {
    // libarchive takes an end without the mark of one for an end too.
    if (archive_read_header_position(stream_.get()) >= input_.total) refuse("it ends without an end mark: it was cut off");
    return std::nullopt;
  }
  if (result < ARCHIVE_WARN) refuse_with_own_words();
  return entry_of(entry);
}

std::optional<TarReader::Block> TarReader::data() {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int result = archive_read_data_block(stream_.get(), &bytes, &size, &offset);
  if (result == ARCHIVE_EOF) return std::nullopt;
  if (result < ARCHIVE_WARN) refuse_with_own_words();
  return Block{{static_cast<const char*>(bytes), size}, offset};
}

void TarReader::drain() {
  for (std::int64_t rest = kMostPadding; rest > 0;) {
    const long got = raw::read(input_.fd, input_.buffer.data(), input_.buffer.size());
    if (got == -EINTR) continue;
    if (got <= 0) return;
    rest -= got;
  }
}

namespace {

// The data of an entry, its holes as zeros: the writer leaves those out again that are in the entry's extents.
void copy_data(TarReader& reader, TarWriter& writer, std::int64_t size) {
  static constexpr char kZeros[4096] = {};
  std::int64_t at = 0;
  const auto fill_up_to = [&](std::int64_t end) {
    for (; at < end; at += std::min<std::int64_t>(end - at, sizeof kZeros))
      writer.data({kZeros, static_cast<std::size_t>(std::min<std::int64_t>(end - at, sizeof kZeros))});
  };
  while (const auto block = reader.data()) {
    fill_up_to(block->offset);
    writer.data(block->bytes);
    at += static_cast<std::int64_t>(block->bytes.size());
  }
  fill_up_to(size);
}

}  // namespace

void copy_stream(int in, std::string what, int out, Names names) {
  TarReader reader(in, std::move(what));
  TarWriter writer(out, names);
  while (auto entry = reader.next()) {
    if (!S_ISREG(entry->mode) || !entry->hard_link.empty()) entry->size = 0;
    writer.begin(*entry);
    if (entry->size > 0) copy_data(reader, writer, entry->size);
  }
  writer.finish();
  reader.drain();
}

std::optional<std::vector<std::string>> inner_path(std::string_view name) {
  if (name.empty() || name.front() == '/') return std::nullopt;
  std::vector<std::string> parts;
  for (const auto part : split(name, '/')) {
    if (part == "..") return std::nullopt;
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  return parts;
}

}  // namespace podctl::archive
