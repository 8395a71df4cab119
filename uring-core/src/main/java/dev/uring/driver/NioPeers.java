package dev.uring.driver;

import java.net.InetSocketAddress;

/**
 * The JDK's objects for the peers that a socket sends to, kept so that a datagram to a peer of late
 * makes none: a small table in which a peer takes the place of another with the same hash.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class NioPeers {
  // The clients a socket answers in one turn; more of them cost an object for each datagram.
  private static final int PLACES = 256;

  private final PackedAddress[] keys = new PackedAddress[PLACES];
  private final InetSocketAddress[] addresses = new InetSocketAddress[PLACES];

  InetSocketAddress of(PackedAddress peer) {
    int at = peer.hashCode() & PLACES - 1;
    PackedAddress key = keys[at];
    if (key == null || !key.sameAs(peer)) {
      if (key == null) {
        key = new PackedAddress();
        keys[at] = key;
      }
      key.set(peer);
      addresses[at] = peer.toInetSocketAddress();
    }
    return addresses[at];
  }
}
