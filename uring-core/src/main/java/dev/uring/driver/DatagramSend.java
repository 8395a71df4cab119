package dev.uring.driver;

import java.lang.foreign.MemorySegment;

/**
 * A datagram to send, or a train of equal ones that the kernel cuts apart (GSO).
 *
 * <p><i>Owner:</i> the memory belongs to the subclass, which keeps it unchanged until the answer;
 * the {@link #HEADROOM_BYTES} in front of the payload are the driver's to write to. The answer is
 * the number of payload bytes the kernel took, all of them, or a negative errno for none.
 */
public abstract class DatagramSend extends Operation {
  /**
   * Bytes in front of the payload: a sockaddr, and for a train or an ECN mark a msghdr, an iovec
   * and two control messages, in whole cache lines.
   */
  public static final int HEADROOM_BYTES = 192;

  /** Says that the datagrams carry whatever the socket's default is. */
  public static final int ECN_UNMARKED = 0;

  private final PackedAddress to = new PackedAddress();
  private boolean hasAddress;
  private int ecn;
  MemorySegment memory;
  long offset;
  int length;
  private int segmentBytes;

  /** For subclasses. */
  protected DatagramSend() {}

  /**
   * Says where the payload lies.
   *
   * @param newMemory native memory
   * @param newOffset where the payload begins, {@link #HEADROOM_BYTES} or more into the segment
   * @param newLength how many bytes
   * @param newSegmentBytes size of each datagram of a train, or 0 for one datagram
   */
  protected final void lie(
      MemorySegment newMemory, long newOffset, int newLength, int newSegmentBytes) {
    memory = newMemory;
    offset = newOffset;
    length = newLength;
    segmentBytes = newSegmentBytes;
  }

  /**
   * Says who shall get it.
   *
   * @param peer copied; null for the peer the socket is connected to
   */
  protected final void address(PackedAddress peer) {
    hasAddress = peer != null;
    if (hasAddress) {
      to.set(peer);
    }
  }

  /**
   * Says how the packets are marked.
   *
   * @param codepoint the two ECN bits
   */
  protected final void mark(int codepoint) {
    ecn = codepoint;
  }

  /**
   * Whether this send is for a peer.
   *
   * @param peer the peer, or null for the connected one
   * @return whether {@link #address} said the same
   */
  protected final boolean isFor(PackedAddress peer) {
    return peer == null ? !hasAddress : hasAddress && to.sameAs(peer);
  }

  /**
   * The peer.
   *
   * @return null for the connected one
   */
  protected final PackedAddress to() {
    return hasAddress ? to : null;
  }

  /**
   * The mark.
   *
   * @return the two ECN bits
   */
  protected final int ecn() {
    return ecn;
  }

  /**
   * Size of the datagrams of a train.
   *
   * @return bytes, or 0 for one datagram
   */
  protected final int segmentBytes() {
    return segmentBytes;
  }

  /**
   * How many payload bytes there are.
   *
   * @return bytes of all datagrams
   */
  protected final int length() {
    return length;
  }
}
