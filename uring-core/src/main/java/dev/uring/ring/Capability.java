package dev.uring.ring;

/**
 * Abilities of io_uring that this library uses or may use, and the kernel that first had each.
 *
 * <p>{@link #required} ones are part of every kernel from 6.1; without one of them io_uring is not
 * used.
 */
public enum Capability {

  /** Multishot accept. */
  ACCEPT_MULTISHOT("accept multishot", "5.19", true),
  /** Ring-provided buffers. */
  BUFFER_RING("buffer ring", "5.19", true),
  /** Multishot receive. */
  RECV_MULTISHOT("recv multishot", "6.0", true),
  /** Time limits passed to enter. */
  EXT_ARG("enter with time limit", "5.11", true),
  /** Completions posted to another ring. */
  MSG_RING("msg_ring", "5.18", true),
  /** Completion work only inside enter. */
  DEFER_TASKRUN("deferred completion work", "6.1", true),
  /** The ring named by a registered index. */
  REGISTERED_RING_FD("registered ring descriptor", "5.18", false),
  /** Direct descriptors with slots the kernel picks. */
  DIRECT_DESCRIPTORS("direct descriptors", "6.0", false),
  /** SQEs in ring order. */
  NO_SQARRAY("no index array", "6.6", false),
  /** Zero-copy send. */
  SEND_ZC("send zero-copy", "6.0", false),
  /** Zero-copy sendmsg. */
  SENDMSG_ZC("sendmsg zero-copy", "6.1", false),
  /** Several buffers per send or receive completion. */
  RECVSEND_BUNDLE("send and recv bundles", "6.10", false),
  /** Buffers consumed in parts. */
  BUFFER_RING_INCREMENTAL("incremental buffers", "6.12", false),
  /** A minimum wait for batching. */
  MIN_WAIT("minimum wait", "6.12", false),
  /** Zero-copy receive. */
  RECV_ZC("recv zero-copy", "6.15", false);

  private final String label;
  private final String sinceKernel;
  private final boolean required;

  Capability(String label, String sinceKernel, boolean required) {
    this.label = label;
    this.sinceKernel = sinceKernel;
    this.required = required;
  }

  /** Returns a name for people. */
  public String label() {
    return label;
  }

  /** Returns the first kernel release that has it, such as {@code 6.0}. */
  public String sinceKernel() {
    return sinceKernel;
  }

  /** Tells whether io_uring is unusable to this library without it. */
  public boolean required() {
    return required;
  }
}
