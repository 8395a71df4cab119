package dev.uring.file;

/**
 * What direct I/O on a file needs; the kernel refuses anything else, and says no more than EINVAL.
 *
 * @param memoryBytes what memory addresses must be multiples of
 * @param positionBytes what positions and lengths must be multiples of
 */
record DirectAlignment(int memoryBytes, int positionBytes) {
  /** Of a file that is not direct: anything goes. */
  static final DirectAlignment NONE = new DirectAlignment(1, 1);

  void check(String verb, String path, long position, int from, int bytes) {
    // Both are powers of two, and a buffer begins at a multiple of 4096.
    if (((position | bytes) & positionBytes - 1) != 0 || (from & memoryBytes - 1) != 0) {
      throw new IllegalArgumentException("direct "
          + verb
          + " of "
          + path
          + " is not aligned: position="
          + position
          + " and bytes="
          + bytes
          + " must be multiples of "
          + positionBytes
          + ", from="
          + from
          + " a multiple of "
          + memoryBytes
          + ".\n  Read or write the whole blocks around it, or open without direct().");
    }
  }
}
