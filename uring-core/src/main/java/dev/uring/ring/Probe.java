package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.uring.abi.Errno;
import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.base.RingSetupException;
import dev.uring.ffi.IoUringSyscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the running kernel can do, found out by asking it.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #run} sets up a real ring, runs a NOP through it and tries each {@link Capability}. The
 * result is either {@link #available} or a {@link Blocker} with cause and remedy.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable; any thread. {@link #run} works on a short-lived platform thread of its own: a ring
 * belongs to one kernel thread, and a virtual caller may change carriers between two calls.
 *
 * <h2>Errors</h2>
 *
 * {@link #run} never throws: what goes wrong is the answer.
 *
 * <h2>Source</h2>
 *
 * io_uring_get_probe(3), IORING_REGISTER_PROBE, since kernel 5.6.
 */
public final class Probe {

  // The table of opcodes has one byte for its length; the kernel refuses more than it has room for.
  private static final int OPCODES_MAX = 256;
  private static final int RING_ENTRIES = 8;

  private final KernelSettings settings;
  private final Blocker blocker;
  private final int features;
  private final BitSet opcodes;
  private final Map<Capability, String> missing;

  Probe(
      KernelSettings settings,
      Blocker blocker,
      int features,
      BitSet opcodes,
      Map<Capability, String> missing) {
    this.settings = settings;
    this.blocker = blocker;
    this.features = features;
    this.opcodes = opcodes;
    this.missing = missing;
  }

  /** Probes the running system; never throws. */
  public static Probe run() {
    Probe[] found = new Probe[1];
    Thread prober =
        Thread.ofPlatform().name("uring-probe").daemon().unstarted(() -> found[0] = runHere());
    prober.start();
    boolean interrupted = false;
    while (prober.isAlive()) {
      try {
        prober.join();
      } catch (InterruptedException laterPlease) {
        // The probe takes about a millisecond; the interrupt is the caller's business and is put
        // back.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return found[0];
  }

  private static Probe runHere() {
    Optional<Blocker> platform = unsupportedPlatform();
    if (platform.isPresent()) {
      return blocked(new KernelSettings("", -1, -1), platform.get());
    }
    try {
      KernelSettings settings = KernelSettings.read();
      if (settings.belowFloor()) {
        return blocked(settings, Blocker.tooOld(settings));
      }
      return runRing(settings);
    } catch (RuntimeException | Error broken) {
      // A C library without the functions we bind, or native access denied to this module.
      return blocked(
          new KernelSettings("", -1, -1),
          new Blocker(
              Blocker.Kind.PLATFORM,
              "native calls do not work: " + rootCause(broken),
              "that the program runs with --enable-native-access for this library"));
    }
  }

  private static Throwable rootCause(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private static Optional<Blocker> unsupportedPlatform() {
    String system = System.getProperty("os.name") + "/" + System.getProperty("os.arch");
    return switch (system) {
      case "Linux/amd64", "Linux/aarch64" -> Optional.empty();
      default ->
        Optional.of(new Blocker(
            Blocker.Kind.PLATFORM,
            "io_uring needs Linux on x86_64 or aarch64, this is " + system,
            "the system the program runs on"));
    };
  }

  private static Probe runRing(KernelSettings settings) {
    return runRing(settings, Ring::enable);
  }

  /** As {@link #run}, on the calling thread, with a ring that {@code enabling} has enabled. */
  static Probe runRing(KernelSettings settings, Consumer<Ring> enabling) {
    try (Ring ring = Ring.create(RingOptions.ofSqEntries(RING_ENTRIES))) {
      enabling.accept(ring);
      int nop = CapabilityTrials.nop(ring);
      if (nop < 0) {
        return blocked(settings, Blocker.of(-nop, settings));
      }
      Map<Capability, String> failed = new EnumMap<>(Capability.class);
      noteFailure(failed, Capability.MSG_RING, CapabilityTrials.msgRing(ring));
      noteFailure(failed, Capability.RECV_MULTISHOT, CapabilityTrials.recvMultishot(ring));
      return ofRing(ring, settings, failed, CapabilityTrials.refused(ring));
    } catch (RingSetupException refused) {
      return blocked(settings, Blocker.of(refused.errno(), settings));
    }
  }

  private static void noteFailure(
      Map<Capability, String> failed, Capability capability, int result) {
    if (result < 0) {
      failed.put(capability, "trying it failed: " + Errno.name(-result));
    }
  }

  /** Asks through a live ring: everything but trials, which would disturb what is in flight. */
  static Probe ofRing(Ring ring) {
    return ofRing(ring, KernelSettings.read(), Map.of(), new BitSet());
  }

  private static Probe ofRing(
      Ring ring, KernelSettings settings, Map<Capability, String> failed, BitSet refused) {
    BitSet opcodes = opcodes(ring.fd());
    opcodes.andNot(refused);
    Map<Capability, String> missing = new EnumMap<>(Capability.class);
    for (Capability capability : Capability.values()) {
      String reason = CapabilityChecks.missing(capability, ring, opcodes);
      if (!reason.isEmpty()) {
        missing.put(capability, reason);
      }
    }
    missing.putAll(failed);
    Stream<String> lackingAbilities =
        missing.keySet().stream().filter(Capability::required).map(Capability::label);
    Stream<String> lackingOpcodes = Arrays.stream(Opcode.values())
        .filter(opcode -> opcode.required() && !opcodes.get(opcode.number()))
        .map(opcode -> "operation " + opcode.name());
    String lacking =
        Stream.concat(lackingAbilities, lackingOpcodes).collect(Collectors.joining(", "));
    Blocker blocker = lacking.isEmpty() ? null : Blocker.lacks(lacking);
    return new Probe(settings, blocker, ring.features(), opcodes, missing);
  }

  private static Probe blocked(KernelSettings settings, Blocker blocker) {
    Map<Capability, String> missing = new EnumMap<>(Capability.class);
    for (Capability capability : Capability.values()) {
      missing.put(capability, blocker.cause());
    }
    return new Probe(settings, blocker, 0, new BitSet(), missing);
  }

  private static BitSet opcodes(int ringFd) {
    BitSet supported = new BitSet(OPCODES_MAX);
    try (Arena call = Arena.ofConfined()) {
      long bytes = Layouts.PROBE_BYTES + (long) OPCODES_MAX * Layouts.PROBE_OP_BYTES;
      MemorySegment table = call.allocate(bytes, Long.BYTES);
      int result =
          IoUringSyscalls.register(ringFd, IoUring.IORING_REGISTER_PROBE, table, OPCODES_MAX);
      if (result < 0) {
        // Without the table nobody knows what works: the refusal is as good as a refused setup.
        throw RingErrors.refused("io_uring_register(PROBE)", -result, "fd=%d".formatted(ringFd));
      }
      int length = Byte.toUnsignedInt(table.get(JAVA_BYTE, Layouts.PROBE_OPS_LEN));
      for (int i = 0; i < length; i++) {
        long entry = Layouts.PROBE_BYTES + (long) i * Layouts.PROBE_OP_BYTES;
        if ((table.get(JAVA_SHORT, entry + Layouts.PROBE_OP_FLAGS) & IoUring.IO_URING_OP_SUPPORTED)
            != 0) {
          supported.set(Byte.toUnsignedInt(table.get(JAVA_BYTE, entry + Layouts.PROBE_OP_OP)));
        }
      }
    }
    return supported;
  }

  /** Tells whether a ring could be set up and ran a NOP. */
  public boolean available() {
    return blocker == null;
  }

  /** Returns why io_uring cannot be used; empty if it can. */
  public Optional<Blocker> blocker() {
    return Optional.ofNullable(blocker);
  }

  /** Returns the system's settings as they were read. */
  public KernelSettings settings() {
    return settings;
  }

  /** Returns the kernel's release, such as {@code 6.1.0-18-amd64}. */
  public String kernelRelease() {
    return settings.release();
  }

  /** Returns the {@code IORING_FEAT_*} bits. */
  public int features() {
    return features;
  }

  /** Tells whether the kernel has opcode {@code IORING_OP_*}. */
  public boolean hasOpcode(int opcode) {
    return opcodes.get(opcode);
  }

  /** Tells whether {@code capability} works here. */
  public boolean has(Capability capability) {
    return !missing.containsKey(capability);
  }

  /** Returns why {@code capability} does not work, empty if it does. */
  public String whyMissing(Capability capability) {
    return missing.getOrDefault(capability, "");
  }
}
