package dev.uring.driver;

import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An IP address and a port as numbers, written over for each datagram: naming a sender allocates
 * nothing.
 *
 * <p>An IPv4 address is in the low 32 bits of {@code low}. One that an IPv6 socket received
 * ({@code ::ffff:a.b.c.d}) is kept as the IPv4 address it is, so that the same peer is the same
 * peer on both kinds of socket; {@link #encode} writes the form the socket wants.
 */
public final class PackedAddress {
  private static final ValueLayout.OfShort SHORT_BE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT_BE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG_BE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final long V4_MAPPED = 0xFFFF_0000_0000L;
  private static final long LOW_32_BITS = 0xFFFF_FFFFL;
  private static final int IPV4_BYTES = 4;
  private static final int IPV6_BYTES = 16;

  // How the JDK writes an address without a scope; with 0 it would print "%0".
  private static final int SCOPE_NONE = -1;

  private boolean isV4 = true;
  private int port;
  private int scopeId;
  private long high;
  private long low;

  /** The address 0.0.0.0:0. */
  public PackedAddress() {}

  /**
   * Takes over another address.
   *
   * @param other the address
   */
  public void set(PackedAddress other) {
    isV4 = other.isV4;
    port = other.port;
    scopeId = other.scopeId;
    high = other.high;
    low = other.low;
  }

  /**
   * Takes over an address of the JDK.
   *
   * @param address a resolved address
   */
  public void set(InetSocketAddress address) {
    InetAddress host = address.getAddress();
    if (host == null) {
      throw new IllegalArgumentException("address " + address + " is not resolved");
    }
    ByteBuffer bytes = ByteBuffer.wrap(host.getAddress());
    port = address.getPort();
    scopeId = host instanceof Inet6Address v6 ? v6.getScopeId() : 0;
    isV4 = host instanceof Inet4Address;
    if (isV4) {
      high = 0;
      low = bytes.getInt() & LOW_32_BITS;
    } else {
      high = bytes.getLong();
      low = bytes.getLong();
      unmap();
    }
  }

  /**
   * Whether it is an IPv4 address.
   *
   * @return {@code false} for IPv6
   */
  public boolean isV4() {
    return isV4;
  }

  /**
   * The port.
   *
   * @return 0 to 65535
   */
  public int port() {
    return port;
  }

  /**
   * Makes an address of the JDK.
   *
   * @return a new object
   */
  public InetSocketAddress toInetSocketAddress() {
    try {
      if (isV4) {
        byte[] bytes = ByteBuffer.allocate(IPV4_BYTES).putInt((int) low).array();
        return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
      }
      byte[] bytes = ByteBuffer.allocate(IPV6_BYTES).putLong(high).putLong(low).array();
      int scope = scopeId == 0 ? SCOPE_NONE : scopeId;
      return new InetSocketAddress(Inet6Address.getByAddress(null, bytes, scope), port);
    } catch (UnknownHostException e) {
      throw new AssertionError("an address of 4 or 16 bytes was refused", e);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PackedAddress that && sameAs(that);
  }

  /**
   * As {@link #equals}, without a type test.
   *
   * @param that another address
   * @return whether host, port and scope are the same
   */
  public boolean sameAs(PackedAddress that) {
    return port == that.port
        && low == that.low
        && high == that.high
        && isV4 == that.isV4
        && scopeId == that.scopeId;
  }

  @Override
  public int hashCode() {
    long mixed = (high * 31 + low) * 31 + port;
    mixed *= 0x9E37_79B9_7F4A_7C15L;
    return (int) (mixed >>> 32);
  }

  @Override
  public String toString() {
    InetSocketAddress address = toInetSocketAddress();
    String host = address.getAddress().getHostAddress();
    return (isV4 ? host : "[" + host + "]") + ":" + port;
  }

  /** Reads a {@code sockaddr_in} or {@code sockaddr_in6}. */
  void decode(MemorySegment memory, long at) {
    // The port stands at the same place in both.
    port = Short.toUnsignedInt(memory.get(SHORT_BE, at + Layouts.SOCKADDR_IN_PORT));
    isV4 = memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) == Socket.AF_INET;
    if (isV4) {
      high = 0;
      low = memory.get(INT_BE, at + Layouts.SOCKADDR_IN_ADDR) & LOW_32_BITS;
      scopeId = 0;
    } else {
      high = memory.get(LONG_BE, at + Layouts.SOCKADDR_IN6_ADDR);
      low = memory.get(LONG_BE, at + Layouts.SOCKADDR_IN6_ADDR + Long.BYTES);
      scopeId = memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.SOCKADDR_IN6_SCOPE_ID);
      unmap();
    }
  }

  /** Writes what a socket of the given family wants; returns its length in bytes. */
  int encode(MemorySegment memory, long at, boolean isSocketV4) {
    memory.set(SHORT_BE, at + Layouts.SOCKADDR_IN_PORT, (short) port);
    if (isV4 && isSocketV4) {
      memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) Socket.AF_INET);
      memory.set(INT_BE, at + Layouts.SOCKADDR_IN_ADDR, (int) low);
      return Layouts.SOCKADDR_IN_BYTES;
    }
    memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) Socket.AF_INET6);
    memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.SOCKADDR_IN6_FLOWINFO, 0);
    memory.set(LONG_BE, at + Layouts.SOCKADDR_IN6_ADDR, high);
    memory.set(LONG_BE, at + Layouts.SOCKADDR_IN6_ADDR + Long.BYTES, isV4 ? V4_MAPPED | low : low);
    memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.SOCKADDR_IN6_SCOPE_ID, scopeId);
    return Layouts.SOCKADDR_IN6_BYTES;
  }

  private void unmap() {
    if (high == 0 && (low & ~LOW_32_BITS) == V4_MAPPED) {
      isV4 = true;
      low &= LOW_32_BITS;
      scopeId = 0;
    }
  }
}
