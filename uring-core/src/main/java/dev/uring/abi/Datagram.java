package dev.uring.abi;

/**
 * Numbers that datagram sockets add to {@link Socket} ({@code <netinet/udp.h>},
 * {@code <netinet/in.h>}, {@code <netinet/ip.h>}, {@code <asm/socket.h>}), under the names the
 * headers use. The same on x86_64 and aarch64.
 */
public final class Datagram {

  private Datagram() {}

  // Options at SOL_SOCKET.

  /** Datagrams may be sent to a broadcast address. */
  public static final int SO_BROADCAST = 6;

  /** Each datagram says how many were dropped before it for want of receive-buffer room. */
  public static final int SO_RXQ_OVFL = 40;

  // Options and control messages at IPPROTO_UDP.

  /** Size of the datagrams a larger send is cut into, u16; since 4.18. */
  public static final int UDP_SEGMENT = 103;

  /** Received datagrams may be joined; the control message says their size, int; since 5.0. */
  public static final int UDP_GRO = 104;

  // Options and control messages at IPPROTO_IP.

  /** Type of service; its low two bits are ECN. */
  public static final int IP_TOS = 1;

  /** Each datagram says its type of service. */
  public static final int IP_RECVTOS = 13;

  /** The interface multicast leaves by; a {@code struct ip_mreqn}. */
  public static final int IP_MULTICAST_IF = 32;

  /** Hops of multicast. */
  public static final int IP_MULTICAST_TTL = 33;

  /** Whether this machine hears its own multicast. */
  public static final int IP_MULTICAST_LOOP = 34;

  // Options at IPPROTO_IP and IPPROTO_IPV6 alike.

  /** Joins a group; a {@code struct group_req}. */
  public static final int MCAST_JOIN_GROUP = 42;

  /** Leaves a group; a {@code struct group_req}. */
  public static final int MCAST_LEAVE_GROUP = 45;

  // Options and control messages at IPPROTO_IPV6.

  /** The interface multicast leaves by; its index. */
  public static final int IPV6_MULTICAST_IF = 17;

  /** Hops of multicast. */
  public static final int IPV6_MULTICAST_HOPS = 18;

  /** Whether this machine hears its own multicast. */
  public static final int IPV6_MULTICAST_LOOP = 19;

  /** Each datagram says its traffic class. */
  public static final int IPV6_RECVTCLASS = 66;

  /** Traffic class; its low two bits are ECN. */
  public static final int IPV6_TCLASS = 67;

  // Message flags.

  /** On return: bytes are missing. Asked for: the length is that of the whole datagram. */
  public static final int MSG_TRUNC = 0x20;
}
