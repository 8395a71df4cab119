package dev.uring.worker;

import dev.uring.abi.Errno;
import dev.uring.ffi.Libc;
import dev.uring.ffi.NativeMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which CPU a worker runs on.
 *
 * <p>The CPUs are those the process may use when the runtime starts (a container or {@code taskset}
 * may allow a few of many); worker i takes the i-th of them, wrapping round when there are more
 * workers than CPUs.
 */
public final class CpuPlacement {
  private static final Logger LOG = LoggerFactory.getLogger(CpuPlacement.class);

  private final int[] cpus;
  private final boolean isPinning;

  private CpuPlacement(int[] cpus, boolean isPinning) {
    this.cpus = cpus;
    this.isPinning = isPinning;
  }

  /**
   * The placement over the CPUs this process may use.
   *
   * @return a placement
   */
  public static CpuPlacement ofAllowedCpus() {
    if (NativeMemory.isLinux()) {
      int[] allowed = Libc.schedGetaffinity();
      if (allowed.length > 0) {
        return new CpuPlacement(allowed, true);
      }
    }
    // Another system, or a filter that does not let us ask: as many workers, and nobody is pinned.
    return new CpuPlacement(new int[Runtime.getRuntime().availableProcessors()], false);
  }

  /**
   * How many CPUs there are to place workers on.
   *
   * @return at least 1
   */
  public int cpusCount() {
    return cpus.length;
  }

  /** Pins the calling thread to the worker's CPU. A refusal costs locality and nothing else. */
  void pinCurrentThread(int workerIndex) {
    if (!isPinning) {
      return;
    }
    int cpu = cpus[workerIndex % cpus.length];
    int result = Libc.schedSetaffinityCurrentThread(cpu);
    if (result < 0) {
      LOG.warn("worker {} is not pinned to CPU {}: {}", workerIndex, cpu, Errno.text(-result));
    }
  }

  /** Lets the calling thread run on every CPU again: one that a worker started inherits its pin. */
  void unpinCurrentThread() {
    int result = Libc.schedSetaffinityCurrentThread(cpus);
    if (result < 0) {
      LOG.warn("a thread of a worker's stays on its CPU: {}", Errno.text(-result));
    }
  }
}
