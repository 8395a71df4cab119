package dev.uring.bench.file;

import java.util.Map;

/** A program that reads blocks. */
public interface FileReader {
  /**
   * Keeps {@code depth} reads under way until the time is over, and returns when the last of them
   * has been answered.
   *
   * @param depth 1 to {@link FileControl#DEPTH_MAX}
   * @param nanos how long to ask for more
   * @param seed which blocks, in which order
   * @return what was read
   * @throws Exception a read has failed
   */
  FileTally run(int depth, long nanos, long seed) throws Exception;

  /**
   * Figures that only grow, such as {@code sqes} and {@code enters}.
   *
   * @return by name
   */
  default Map<String, Long> counters() {
    return Map.of();
  }
}
