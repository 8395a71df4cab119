package dev.uring.net;

import dev.uring.driver.PackedAddress;
import java.net.InetSocketAddress;

/**
 * The other end of datagrams: an IP address and a port.
 *
 * <h2>Shapes and units</h2>
 *
 * Equal when address and port are equal, so a peer is a key for a map. An IPv4 peer is the same
 * peer on an IPv4 and on an IPv6 socket.
 *
 * <h2>Ownership</h2>
 *
 * A socket lends one and the same object with every datagram and writes the next sender into it:
 * good for looking up and answering inside the call, without an allocation. {@link #copy()} makes
 * one to keep. A peer from {@link #of} or {@link #copy()} never changes.
 *
 * <h2>Threading and cancellation</h2>
 *
 * A lent one belongs to the socket's worker; a kept one is for any thread.
 */
public final class UdpPeer {
  private final PackedAddress packed;

  UdpPeer(PackedAddress packed) {
    this.packed = packed;
  }

  /**
   * A peer to send to.
   *
   * @param address a resolved address
   * @return a peer that never changes
   */
  public static UdpPeer of(InetSocketAddress address) {
    PackedAddress packed = new PackedAddress();
    packed.set(address);
    return new UdpPeer(packed);
  }

  /**
   * A peer to keep.
   *
   * @return an equal peer that never changes
   */
  public UdpPeer copy() {
    PackedAddress copy = new PackedAddress();
    copy.set(packed);
    return new UdpPeer(copy);
  }

  /**
   * The address as the JDK has it.
   *
   * @return a new object
   */
  public InetSocketAddress address() {
    return packed.toInetSocketAddress();
  }

  /**
   * The port.
   *
   * @return 0 to 65535
   */
  public int port() {
    return packed.port();
  }

  /**
   * Whether the address is an IPv4 address.
   *
   * @return {@code false} for IPv6
   */
  public boolean isV4() {
    return packed.isV4();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof UdpPeer that && packed.sameAs(that.packed);
  }

  @Override
  public int hashCode() {
    return packed.hashCode();
  }

  @Override
  public String toString() {
    return packed.toString();
  }

  PackedAddress packed() {
    return packed;
  }
}
