package dev.uring;

import dev.uring.base.RingSetupException;
import dev.uring.base.UringException;
import dev.uring.buffer.BlockPool;
import dev.uring.driver.Driver;
import dev.uring.driver.NioDriver;
import dev.uring.driver.NioSockets;
import dev.uring.driver.UringDriver;
import dev.uring.ffi.NativeMemory;
import dev.uring.ring.Blocker;
import dev.uring.ring.Probe;
import dev.uring.ring.RingOptions;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which driver the workers of a runtime run on, and why.
 *
 * <p>Whether io_uring works is found out by using it: a kernel that has it may forbid it, and one
 * that allows the setup may lack an operation. Once it has worked it is not tried again: what could
 * fail later, for want of memory or descriptors, fails when the rings are made.
 */
final class DriverSelection implements Machine {
  /** The system property that decides what a program leaves open. */
  static final String PROPERTY = "uring.driver";

  /** The environment variable that decides what the property leaves open. */
  static final String VARIABLE = "URING_DRIVER";

  private static final Logger LOG = LoggerFactory.getLogger(DriverSelection.class);
  private static volatile boolean hasWorked;

  private final DriverChoice chosen;
  private final boolean isDemanded;
  private final NioSockets nioSockets = new NioSockets();

  private DriverSelection(DriverChoice chosen, boolean isDemanded) {
    this.chosen = chosen;
    this.isDemanded = isDemanded;
  }

  /** Decides, and warns when it falls back. */
  static DriverSelection of(RuntimeConfig config) {
    DriverChoice wanted =
        wanted(config.driver(), System.getProperty(PROPERTY), System.getenv(VARIABLE));
    return of(wanted, DriverSelection::findBlocker);
  }

  /** Who decides: the program, or else whoever starts it. */
  static DriverChoice wanted(DriverChoice configured, String property, String variable) {
    if (configured != DriverChoice.AUTO) {
      return configured;
    }
    if (property != null && !property.isBlank()) {
      return DriverChoice.parse(PROPERTY, property);
    }
    return variable == null || variable.isBlank()
        ? DriverChoice.AUTO
        : DriverChoice.parse(VARIABLE, variable);
  }

  static DriverSelection of(DriverChoice wanted, Supplier<Optional<Blocker>> blocker) {
    if (wanted == DriverChoice.NIO || wanted == DriverChoice.URING && NativeMemory.isLinux()) {
      // What is demanded is not tried first: when it fails, its own error is the most exact one.
      return new DriverSelection(wanted, true);
    }
    Optional<Blocker> inTheWay = blocker.get();
    if (inTheWay.isEmpty()) {
      return new DriverSelection(DriverChoice.URING, false);
    }
    if (wanted == DriverChoice.URING) {
      throw new UringException(demanded(inTheWay.get().cause(), inTheWay.get().remedy()));
    }
    warn(inTheWay.get().cause(), inTheWay.get().remedy());
    return new DriverSelection(DriverChoice.NIO, false);
  }

  /** What to use when the rings of all workers were refused; throws when io_uring is demanded. */
  DriverSelection insteadOf(RingSetupException refused) {
    if (isDemanded) {
      throw refused;
    }
    warn(
        refused.getMessage().lines().findFirst().orElse("").replaceFirst("\\.$", "") + ": "
            + refused.likelyCause(),
        refused.remedy());
    return new DriverSelection(DriverChoice.NIO, false);
  }

  DriverChoice chosen() {
    return chosen;
  }

  @Override
  public Driver newDriver(int worker, RuntimeConfig config, BlockPool blocks) {
    return chosen == DriverChoice.NIO
        ? new NioDriver(
            nioSockets,
            config.recvBuffersCount(),
            config.recvBufferBytes(),
            config.recvHeadroomBytes(),
            blocks)
        : new UringDriver(
            RingOptions.ofSqEntries(config.sqEntries()),
            config.recvBuffersCount(),
            config.recvBufferBytes(),
            config.recvHeadroomBytes(),
            blocks);
  }

  private static Optional<Blocker> findBlocker() {
    if (hasWorked) {
      return Optional.empty();
    }
    Optional<Blocker> blocker = Probe.run().blocker();
    hasWorked = blocker.isEmpty();
    return blocker;
  }

  private static String demanded(String cause, String remedy) {
    return "driver=uring is demanded, and io_uring cannot be used: "
        + cause
        + ".\n  Check: "
        + remedy
        + ". With driver=auto the program would run on driver nio.";
  }

  private static void warn(String cause, String remedy) {
    LOG.warn(
        "io_uring cannot be used, driver nio runs instead: {}.\n  Check: {}. `uring doctor` tells"
            + " more; {}=nio chooses this driver without a warning.",
        cause,
        remedy,
        VARIABLE);
  }
}
