package dev.uring;

import dev.uring.abi.Errno;
import dev.uring.abi.Posix;
import dev.uring.ffi.Libc;
import dev.uring.ffi.NativeMemory;
import dev.uring.ffi.ResourceLimit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Raises the soft limit of descriptors to the hard one: each connection takes one. */
final class FileLimit {
  private static final Logger LOG = LoggerFactory.getLogger(FileLimit.class);

  // What the process has open besides connections: rings, event descriptors, listeners, jar files.
  private static final int OTHER_DESCRIPTORS = 256;

  private FileLimit() {}

  static void raise(RuntimeConfig config) {
    if (!NativeMemory.isLinux()) {
      // The numbers of the limits are others, and the JDK raises this one by itself.
      return;
    }
    ResourceLimit limit = Libc.getrlimit(Posix.RLIMIT_NOFILE);
    long allowed = limit.soft();
    if (limit.soft() != limit.hard()) {
      int result =
          Libc.setrlimit(Posix.RLIMIT_NOFILE, new ResourceLimit(limit.hard(), limit.hard()));
      if (result >= 0) {
        allowed = limit.hard();
      } else {
        LOG.warn(
            "descriptor limit stays at {}: setrlimit failed with {}",
            limit.softText(),
            Errno.text(-result));
      }
    }
    long wanted = (long) Math.max(1, config.workersCount()) * config.connectionsPerWorkerMax()
        + OTHER_DESCRIPTORS;
    if (allowed != Posix.RLIM_INFINITY && allowed < wanted) {
      LOG.debug(
          "descriptor limit {} is below connectionsPerWorkerMax={} for each worker: accepting pauses"
              + " when descriptors run out",
          allowed,
          config.connectionsPerWorkerMax());
    }
  }
}
