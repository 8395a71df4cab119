package dev.uring.net;

/**
 * What a UDP socket counts. Plain fields: written by its worker, read by others as numbers that may
 * lag but never tear on a 64-bit machine. Datagrams unless the name says bytes.
 */
public final class UdpCounters {
  /** Datagrams received, those dropped here included. */
  public long received;

  /** Payload bytes received. */
  public long receivedBytes;

  /** Buffers the kernel filled; fewer than datagrams when it joined some (GRO). */
  public long receiveOperations;

  /** Datagrams of which only the first {@code receiveBytesMax} bytes were received. */
  public long truncated;

  /**
   * Receives dropped here because the socket was paused and {@code receivePendingMax} was reached,
   * or no buffer could be held.
   */
  public long pendingDrops;

  /**
   * Datagrams the kernel dropped because the socket's receive buffer was full (SO_RXQ_OVFL). Known
   * only with the next datagram that arrives.
   */
  public long kernelDrops;

  /** Datagrams the kernel took for sending. */
  public long sent;

  /** Payload bytes the kernel took for sending. */
  public long sentBytes;

  /** Operations the datagrams were sent with; fewer than datagrams when they were joined (GSO). */
  public long sendOperations;

  /** Sends refused because {@code sendQueueBytesMax} was reached or the pool had no block. */
  public long sendRefusals;

  /** Datagrams that were accepted for sending and lost to an error. */
  public long sendErrors;

  /** Errors of the network reported to the socket, such as ICMP "port unreachable". */
  public long networkErrors;

  /** Counters at zero. */
  UdpCounters() {}
}
