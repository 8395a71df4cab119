package dev.uring.bench.load;

import java.io.IOException;
import org.HdrHistogram.Histogram;

/**
 * What one thread of {@link TlsLoadGenerator} does on its connections, one round after the other.
 */
interface TlsTask {
  /** Opens what a round finds open. */
  void open() throws IOException;

  /**
   * Runs until a time is over, and the operation under way with it.
   *
   * @param endsNanos of {@link System#nanoTime}
   * @return how long each operation took
   */
  Histogram run(long endsNanos) throws IOException;

  /** Closes what is open, in whatever state it is. */
  void drop();
}
