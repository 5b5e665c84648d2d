// spout BYTES LINE: writes lines of LINE bytes, about 64 KiB at a time, until BYTES are written: a program that waits for
// nobody but the reader of its output.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  static char block[65536];
  const long long total = atoll(argv[1]);
  const long line = atol(argv[2]);
  if (total < 0 || line < 1 || line > (long)sizeof block) return 2;
  const long whole = (long)sizeof block / line * line;
  memset(block, 'x', sizeof block);
  for (long end = line; end <= whole; end += line) block[end - 1] = '\n';
  for (long long left = total; left > 0;) {
    const long at = (long)((total - left) % whole);
    const ssize_t got = write(1, block + at, (size_t)(left < whole - at ? left : whole - at));
    if (got < 0) return 1;
    left -= got;
  }
  return 0;
}
