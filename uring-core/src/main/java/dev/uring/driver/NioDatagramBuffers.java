package dev.uring.driver;

import java.lang.foreign.Arena;

/** Receive buffers for datagrams of one size, each with who sent what lies in it. */
final class NioDatagramBuffers extends NioReceiveBuffers {
  private final PackedAddress[] senders;
  private final int[] fullLengths;

  NioDatagramBuffers(int count, int payloadBytes, Arena arena) {
    super(count, payloadBytes, 0, arena);
    senders = new PackedAddress[count];
    fullLengths = new int[count];
  }

  void note(int bufferId, PackedAddress sender, int fullLength) {
    if (senders[bufferId] == null) {
      senders[bufferId] = new PackedAddress();
    }
    senders[bufferId].set(sender);
    fullLengths[bufferId] = fullLength;
  }

  PackedAddress sender(int bufferId) {
    return senders[bufferId];
  }

  /** Bytes that were sent, more than are here when the buffer was too small. */
  int fullLength(int bufferId) {
    return fullLengths[bufferId];
  }
}
