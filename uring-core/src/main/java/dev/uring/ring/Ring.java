package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.base.RingSetupException;
import dev.uring.ffi.IoUringSyscalls;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One io_uring instance.
 *
 * <p>Made on any thread, switched on by {@link #enable} on the thread that will own it, and used by
 * that thread alone. One turn: queue SQEs with {@link #sq}, {@link #enter}, reap CQEs with
 * {@link #cq}.
 *
 * <h2>Ownership</h2>
 *
 * Owns its descriptor, its mappings, its buffer rings and its direct descriptors until
 * {@link #close}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The owner thread only, except {@link #create}, construction of buffer rings before
 * {@link #enable}, and {@link #fd}. Counters are plain: exact on the owner, possibly behind
 * elsewhere.
 *
 * <h2>Errors</h2>
 *
 * {@link RingSetupException} when the kernel refuses to set something up. What {@link #enter} meets
 * is a result, not an exception.
 *
 * <h2>Source</h2>
 *
 * io_uring_setup(2), io_uring_enter(2); flags SINGLE_ISSUER and DEFER_TASKRUN, since kernel 6.1.
 */
public final class Ring implements AutoCloseable {

  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final int FEATURES_REQUIRED = IoUring.IORING_FEAT_SINGLE_MMAP
      | IoUring.IORING_FEAT_NODROP
      | IoUring.IORING_FEAT_SUBMIT_STABLE
      | IoUring.IORING_FEAT_EXT_ARG;

  // Layout of the argument block: the getevents argument, then the timespec it points to.
  private static final long TIMESPEC_AT = 32;
  private static final long ARGUMENT_BLOCK_BYTES = TIMESPEC_AT + Layouts.TIMESPEC_BYTES;

  private final Arena arena = Arena.ofShared();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final RingOptions options;
  private final int fd;
  private final int features;
  private final int setupFlags;
  private final SubmissionQueue sq;
  private final CompletionQueue cq;
  private final MemorySegment errnoCapture = IoUringSyscalls.newErrnoCapture();
  private final MemorySegment argument;
  private final long argumentAddress;
  private final List<BufferRing> bufferRings = new ArrayList<>();

  private Thread owner;
  private RegisteredRingFd registeredFd;
  private int enterFd;
  private int enterFlags = IoUring.IORING_ENTER_GETEVENTS;

  private long enters;
  private long submitted;
  private long overflows;

  private Ring(RingOptions options, RingSetup setup) {
    this.options = options;
    this.fd = setup.fd();
    this.features = setup.features();
    this.setupFlags = setup.flags();
    try {
      requireFeatures();
      MemorySegment rings = setup.mapRings(arena);
      boolean indexed = (setupFlags & IoUring.IORING_SETUP_NO_SQARRAY) == 0;
      this.sq = new SubmissionQueue(rings, setup.mapSqes(arena), setup.params(), indexed);
      this.cq = new CompletionQueue(rings, setup.params());
    } catch (RuntimeException refused) {
      Libc.close(fd);
      arena.close();
      throw refused;
    }
    this.enterFd = fd;
    this.argument = arena.allocate(ARGUMENT_BLOCK_BYTES, Long.BYTES);
    this.argumentAddress = argument.address();
    argument.set(JAVA_LONG, Layouts.GETEVENTS_ARG_TS, argumentAddress + TIMESPEC_AT);
  }

  /**
   * Creates a disabled ring, on any thread.
   *
   * @throws RingSetupException the kernel refused; the message says why and what to do
   */
  public static Ring create(RingOptions options) {
    return new Ring(options, RingSetup.create(options, 0));
  }

  /**
   * Creates a disabled ring with SQEs of 128 and CQEs of 32 bytes, which the commands of some
   * devices need and nothing else does: every entry costs twice the memory. Otherwise as
   * {@link #create}.
   *
   * @throws RingSetupException the kernel refused; the message says why and what to do
   */
  public static Ring createForCommands(RingOptions options) {
    int flags = IoUring.IORING_SETUP_SQE128 | IoUring.IORING_SETUP_CQE32;
    return new Ring(options, RingSetup.create(options, flags));
  }

  private void requireFeatures() {
    int missing = FEATURES_REQUIRED & ~features;
    if (missing != 0) {
      Blocker why = Blocker.lacks("feature bits 0x%x".formatted(missing));
      throw RingErrors.blocked("io_uring_setup", 0, "features=0x%x".formatted(features), why);
    }
  }

  /**
   * Makes the calling thread the owner and starts the ring.
   *
   * @throws RingSetupException the kernel refused, or the ring was enabled before
   */
  public void enable() {
    int result =
        IoUringSyscalls.register(fd, IoUring.IORING_REGISTER_ENABLE_RINGS, MemorySegment.NULL, 0);
    if (result < 0) {
      throw RingErrors.refused("io_uring_register(ENABLE_RINGS)", -result, "fd=%d".formatted(fd));
    }
    owner = Thread.currentThread();
    if (options.allows(RingFeature.REGISTERED_RING_FD)) {
      registeredFd = RegisteredRingFd.register(fd);
    }
    if (registeredFd != null) {
      enterFd = registeredFd.index();
      enterFlags |= IoUring.IORING_ENTER_REGISTERED_RING;
    }
  }

  /**
   * Publishes all queued SQEs, lets the kernel run completion work, and waits, in one system call.
   *
   * <h4>Shapes and units</h4>
   *
   * Waits until {@code minComplete} completions are in the queue. {@code timeoutNanos} limits the
   * wait: negative is no limit, 0 does not wait. Waiting for more than one can deadlock when the
   * first completion queues follow-up work: use 1 or 0. Returns how many SQEs the kernel took, or
   * minus an error number.
   *
   * <h4>Errors</h4>
   *
   * All results are ordinary: look at the completion queue whatever came back. {@code -ETIME} the
   * limit passed; {@code -EINTR} a signal came; {@code -EBUSY}, {@code -EAGAIN} the kernel asks to
   * reap first. After SQEs were taken the kernel reports their number even if the wait then ended
   * by time or signal. SQEs it did not take stay queued and go out with the next call.
   * {@code -EEXIST} the caller is not the owner; {@code -EBADFD} the ring is not enabled.
   *
   * <p>If completions overflow the queue the kernel keeps them and hands them out at the next call,
   * after the owner has reaped; {@link #overflowsSeen} counts the calls that left some behind.
   */
  public int enter(int minComplete, long timeoutNanos) {
    int toSubmit = sq.publish();
    int flags = enterFlags;
    int waitFor = timeoutNanos == 0 ? 0 : minComplete;
    long argumentOrNull = 0;
    long argumentBytes = 0;
    if (waitFor > 0 && timeoutNanos > 0) {
      argument.set(JAVA_LONG, TIMESPEC_AT + Layouts.TIMESPEC_SEC, timeoutNanos / NANOS_PER_SECOND);
      argument.set(JAVA_LONG, TIMESPEC_AT + Layouts.TIMESPEC_NSEC, timeoutNanos % NANOS_PER_SECOND);
      argumentOrNull = argumentAddress;
      argumentBytes = Layouts.GETEVENTS_ARG_BYTES;
      flags |= IoUring.IORING_ENTER_EXT_ARG;
    }
    int result = IoUringSyscalls.enter(
        errnoCapture, enterFd, toSubmit, waitFor, flags, argumentOrNull, argumentBytes);
    enters++;
    // The shared head tells what was taken even when the call reports an error after taking some.
    submitted += sq.refresh();
    if (sq.completionsOverflowed()) {
      overflows++;
    }
    return result;
  }

  /** Returns the exception for an {@link #enter} that was refused with {@code errno}. */
  public RingSetupException refusedToEnter(int errno) {
    return RingErrors.refused("io_uring_enter", errno, "fd=%d".formatted(fd));
  }

  /**
   * Registers a group of receive buffers; see {@link BufferRing}.
   *
   * @param group id that receives select, 0..65535
   * @param entries number of buffers, a power of two, at most 32768
   * @param bufferBytes bytes the kernel may fill per buffer
   * @param headroomBytes bytes in front of each that it leaves alone
   * @throws RingSetupException the kernel refused
   */
  public BufferRing newBufferRing(int group, int entries, int bufferBytes, int headroomBytes) {
    BufferRing ring = newEmptyBufferRing(group, entries, bufferBytes, headroomBytes);
    for (int bid = 0; bid < entries; bid++) {
      ring.add(bid);
    }
    ring.publish();
    return ring;
  }

  /**
   * As {@link #newBufferRing}, but the kernel has no buffer until one is added and published.
   *
   * @param group id that receives select, 0..65535
   * @param entries number of buffers, a power of two, at most 32768
   * @param bufferBytes bytes the kernel may fill per buffer
   * @param headroomBytes bytes in front of each that it leaves alone
   * @throws RingSetupException the kernel refused
   */
  public BufferRing newEmptyBufferRing(int group, int entries, int bufferBytes, int headroomBytes) {
    BufferRing ring = new BufferRing(this, group, entries, bufferBytes, headroomBytes);
    bufferRings.add(ring);
    return ring;
  }

  /**
   * Registers an empty table of {@code slots} direct descriptors; one per ring.
   *
   * @throws RingSetupException the kernel refused, for example because {@code slots} exceeds
   *     RLIMIT_NOFILE
   */
  public DirectDescriptors newDirectDescriptors(int slots) {
    return new DirectDescriptors(this, slots);
  }

  /**
   * Registers {@code bytes} of new memory for fixed reads and writes; one per ring.
   *
   * @throws RingSetupException the kernel refused, for example because the memory that may be
   *     locked (RLIMIT_MEMLOCK) is too little
   */
  public RegisteredBuffers newRegisteredBuffers(long bytes) {
    return new RegisteredBuffers(this, bytes);
  }

  /** Asks the kernel, through this ring, what it can do. */
  public Probe probe() {
    return Probe.ofRing(this);
  }

  /** Returns the ring's descriptor: the target of {@link Sqe#prepMsgRing}. Any thread. */
  public int fd() {
    return fd;
  }

  /** Returns the submission queue. */
  public SubmissionQueue sq() {
    return sq;
  }

  /** Returns the completion queue. */
  public CompletionQueue cq() {
    return cq;
  }

  /** Returns the {@code IORING_FEAT_*} bits the kernel reported. */
  public int features() {
    return features;
  }

  /** Returns the {@code IORING_SETUP_*} flags in force. */
  public int setupFlags() {
    return setupFlags;
  }

  /** Tells whether {@code feature} is in use. */
  public boolean uses(RingFeature feature) {
    return switch (feature) {
      case NO_SQARRAY -> (setupFlags & IoUring.IORING_SETUP_NO_SQARRAY) != 0;
      case REGISTERED_RING_FD -> registeredFd != null;
      case FTRUNCATE -> options.allows(feature) && probe().hasOpcode(IoUring.IORING_OP_FTRUNCATE);
    };
  }

  /** Returns how often {@link #enter} called the kernel. */
  public long entersCount() {
    return enters;
  }

  /** Returns how many SQEs the kernel has taken. */
  public long sqesSubmitted() {
    return submitted;
  }

  /** Returns how many CQEs were given back. */
  public long cqesReaped() {
    return cq.reaped();
  }

  /**
   * Returns how many enters ended with completions that did not fit into the queue; none of them is
   * lost.
   */
  public long overflowsSeen() {
    return overflows;
  }

  /**
   * Closes the descriptor, then unmaps the queues and the buffer rings; idempotent.
   *
   * <p>Call it on the owner, or when the owner thread has ended. The kernel cancels what is in
   * flight and frees the ring when the last reference goes: a registered ring descriptor is such a
   * reference, held by the owner thread, so a close from elsewhere takes full effect only when that
   * thread ends.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    if (registeredFd != null && owner == Thread.currentThread()) {
      registeredFd.unregister(fd);
    }
    Libc.close(fd);
    // After the descriptor: the kernel has let go of the buffer groups, so their memory needs no
    // unregistering.
    bufferRings.forEach(BufferRing::release);
    bufferRings.clear();
    arena.close();
  }

  /** Tells whether {@link #close} was called. */
  public boolean isClosed() {
    return closed.get();
  }

  void forget(BufferRing ring) {
    bufferRings.remove(ring);
  }
}
