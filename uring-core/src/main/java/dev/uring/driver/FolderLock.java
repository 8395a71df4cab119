package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.abi.Fcntl;
import dev.uring.ffi.Libc;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;

/**
 * Keeps the other servers of this library out of a folder while one of them puts its socket there
 * or takes it away, whatever process they are in.
 *
 * <p>To look whether a socket is stale, to delete it and to bind are three steps, and the kernel
 * has no call for them together: of two servers that start at once, the slower deletes what the
 * faster has just bound, and the faster serves an address that nobody can reach. This makes the
 * three steps one.
 *
 * <p>It is an flock(2) of the folder itself, which needs no file that would stay behind, and which
 * the kernel releases when its holder dies. Where a folder cannot be locked, because it cannot be
 * read or its file system has no such locks, and where a stranger keeps it locked for longer than
 * {@link #WAIT_NANOS_MAX}, the steps are done without: as safe as they are elsewhere.
 *
 * <p><i>Tempting but wrong:</i> binding to a name of one's own and renaming it over the stale one.
 * There is then no moment without a socket, but of two servers at once still both succeed. And the
 * kernel goes on calling the socket by the name it was bound to: to clients, and in ss(8).
 */
final class FolderLock {
  // What it is held for takes less than a millisecond, so this is for a stranger's lock.
  static final long WAIT_NANOS_MAX = 2_000_000_000L;

  private static final long LOOK_NANOS = 1_000_000;
  private static final long LOOK_COUNTS_NANOS_MAX = 2 * LOOK_NANOS;

  private FolderLock() {}

  /**
   * Runs some steps while nobody else runs such steps in the same folder; waits for whoever does.
   *
   * @param file what the steps are about: its folder is locked
   * @param steps what is to be done at once
   * @return what the steps return
   */
  static int during(Path file, IntSupplier steps) {
    int folder = open(file.toAbsolutePath().getParent());
    try {
      if (folder >= 0) {
        lock(folder);
      }
      return steps.getAsInt();
    } finally {
      if (folder >= 0) {
        Libc.close(folder);
      }
    }
  }

  private static int open(Path folderOrNull) {
    return folderOrNull == null
        ? -Errno.ENOENT
        : Libc.open(folderOrNull.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC);
  }

  private static void lock(int folder) {
    // Not a blocking call: nothing could end the wait for a stranger who never lets go.
    long waitedNanos = 0;
    while (Libc.flock(folder, Fcntl.LOCK_EX | Fcntl.LOCK_NB) == -Errno.EAGAIN
        && waitedNanos < WAIT_NANOS_MAX) {
      long before = System.nanoTime();
      LockSupport.parkNanos(LOOK_NANOS);
      // A machine that stood still is no stranger: whoever has the lock stood still as well.
      waitedNanos += Math.min(System.nanoTime() - before, LOOK_COUNTS_NANOS_MAX);
    }
  }
}
