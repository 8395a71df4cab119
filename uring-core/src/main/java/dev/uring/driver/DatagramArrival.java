package dev.uring.driver;

import java.lang.foreign.MemorySegment;

/**
 * What one receive brought: a datagram, or a train of them that the kernel joined (GRO). Written
 * over by {@link DatagramDriver#read}, so reading allocates nothing.
 */
public final class DatagramArrival {
  /** Says that the kernel did not tell. */
  public static final int UNKNOWN = -1;

  /** Who sent it. */
  public final PackedAddress from = new PackedAddress();

  /** The memory the payload lies in. */
  public MemorySegment memory = MemorySegment.NULL;

  /** Where in it. */
  public long offset;

  /** Payload bytes that are here. */
  public int length;

  /** Payload bytes that were sent; more than {@link #length} when the rest did not fit. */
  public int fullLength;

  /** Bytes of each datagram of a train, the last may be shorter; 0 when it is one datagram. */
  public int segmentBytes;

  /** The two ECN bits, or {@link #UNKNOWN}. */
  public int ecn = UNKNOWN;

  /** Datagrams the kernel dropped before this one since the socket began, modulo 2^32. */
  public int droppedTotal;

  /**
   * When the kernel took it from the network, in nanoseconds since 1970; 0 when it did not tell.
   */
  public long kernelNanos;

  /** An arrival that says nothing yet. */
  public DatagramArrival() {}
}
