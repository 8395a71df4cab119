package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.base.UringException;
import dev.uring.ffi.NativeMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;

/**
 * Datagrams on the sockets of a {@link NioDriver}.
 *
 * <p>A train is one system call for each of its datagrams, arrivals are never joined, ECN marks are
 * neither sent nor told, and the number of datagrams that the kernel dropped is not known: the JDK
 * has nothing for these. A socket on the IPv6 wildcard also hears IPv4; one that must not is
 * refused with EOPNOTSUPP.
 *
 * <p><i>Thread:</i> the driver's, except {@link #open}.
 */
final class NioDatagrams implements DatagramDriver {
  // What no datagram exceeds. A buffer of the program's that is smaller is filled by way of one of
  // this size: only so is it seen how long a datagram was of which a part did not fit.
  private static final int DATAGRAM_BYTES_MAX = 1 << 16;

  private final NioDriver driver;
  private final Arena arena;
  private final NioPeers peers = new NioPeers();

  // Read by other threads for a snapshot: an array that never moves.
  private final NioDatagramBuffers[] groups = new NioDatagramBuffers[UringDatagrams.GROUPS_MAX];
  private int groupsCount;
  private MemorySegment staging;
  private ByteBuffer stagingView;

  NioDatagrams(NioDriver driver, Arena arena) {
    this.driver = driver;
    this.arena = arena;
  }

  @Override
  public int open(DatagramOpening opening) {
    DatagramChannel channel = null;
    try {
      channel = DatagramChannel.open(familyOf(opening.local().getAddress()));
      channel.configureBlocking(false);
      configure(channel, opening);
      channel.bind(opening.local());
      if (opening.remote() != null) {
        channel.connect(opening.remote());
      }
      int id = driver.sockets().add(new NioDatagramSocket(channel));
      if (id < 0) {
        NioSocketOptions.closeQuietly(channel);
      }
      return id;
    } catch (IOException | RuntimeException refused) {
      NioSocketOptions.closeQuietly(channel);
      return -NioErrors.errno(refused);
    }
  }

  @Override
  public ReceiveBuffers buffers(int count, int payloadBytes) {
    for (int i = 0; i < groupsCount; i++) {
      NioDatagramBuffers group = groups[i];
      if (group.bufferBytes() == payloadBytes && group.count() == count) {
        return group;
      }
    }
    if (groupsCount == groups.length) {
      throw UringDatagrams.tooManyGroups(count, payloadBytes);
    }
    NioDatagramBuffers group = new NioDatagramBuffers(count, payloadBytes, arena);
    groups[groupsCount++] = group;
    return group;
  }

  @Override
  public void receive(int socket, ReceiveBuffers buffers, Operation operation) {
    if (!(buffers instanceof NioDatagramBuffers group)) {
      throw new IllegalArgumentException("these are not buffers of this driver");
    }
    find(socket).receive(driver, this, group, operation);
  }

  @Override
  public void read(ReceiveBuffers buffers, int bufferId, int result, DatagramArrival arrival) {
    NioDatagramBuffers group = (NioDatagramBuffers) buffers;
    arrival.from.set(group.sender(bufferId));
    arrival.memory = group.memory();
    arrival.offset = group.offset(bufferId);
    arrival.length = result;
    arrival.fullLength = group.fullLength(bufferId);
    arrival.segmentBytes = 0;
    arrival.ecn = DatagramArrival.UNKNOWN;
    arrival.droppedTotal = 0;
  }

  @Override
  public void send(int socket, boolean isSocketV4, DatagramSend operation) {
    find(socket).send(driver, this, operation);
  }

  @Override
  public int membership(int socket, InetAddress group, int interfaceIndex, boolean isMember) {
    NioDatagramSocket member = find(socket);
    NioDatagramSocket.Group key = new NioDatagramSocket.Group(group, interfaceIndex);
    try {
      if (!isMember) {
        MembershipKey membership = member.memberships.remove(key);
        if (membership == null) {
          return -Errno.EADDRNOTAVAIL;
        }
        membership.drop();
        return 0;
      }
      if (member.memberships.containsKey(key)) {
        return -Errno.EADDRINUSE;
      }
      NetworkInterface on =
          interfaceIndex == 0 ? routeTo(group) : NetworkInterface.getByIndex(interfaceIndex);
      if (on == null) {
        return -Errno.ENODEV;
      }
      member.memberships.put(key, member.channel().join(group, on));
      return 0;
    } catch (IOException | RuntimeException refused) {
      return -NioErrors.errno(refused);
    }
  }

  @Override
  public int multicast(int socket, boolean isSocketV4, MulticastOption option, int value) {
    DatagramChannel channel = find(socket).channel();
    try {
      switch (option) {
        case HOPS -> channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, value);
        case LOOP -> channel.setOption(StandardSocketOptions.IP_MULTICAST_LOOP, value != 0);
        case INTERFACE -> {
          NetworkInterface by = value == 0 ? null : NetworkInterface.getByIndex(value);
          if (by == null) {
            // Without one the routing table chooses, as long as none was set: the JDK unsets none.
            boolean isSet = channel.getOption(StandardSocketOptions.IP_MULTICAST_IF) != null;
            return value != 0 ? -Errno.ENODEV : isSet ? -Errno.EOPNOTSUPP : 0;
          }
          channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, by);
        }
      }
      return 0;
    } catch (IOException | RuntimeException refused) {
      return -NioErrors.errno(refused);
    }
  }

  @Override
  public int buffersHeldCount() {
    int held = 0;
    for (NioDatagramBuffers group : groups) {
      held += group == null ? 0 : group.heldCount();
    }
    return held;
  }

  // What the driver's turn and the sockets need.

  InetSocketAddress peer(PackedAddress packed) {
    return peers.of(packed);
  }

  /** Where a datagram for a buffer is received: there, or where the longest has room. */
  ByteBuffer receiveView(NioDatagramBuffers buffers, int bufferId) {
    if (buffers.bufferBytes() >= DATAGRAM_BYTES_MAX) {
      return buffers.view(bufferId);
    }
    if (staging == null) {
      staging = NativeMemory.map(DATAGRAM_BYTES_MAX, arena);
      stagingView = staging.asByteBuffer();
    }
    return stagingView.clear();
  }

  /** Brings what was received into its buffer; returns the bytes that fit. */
  int received(NioDatagramBuffers buffers, int bufferId, int fullLength) {
    int bytes = Math.min(fullLength, buffers.bufferBytes());
    if (buffers.bufferBytes() < DATAGRAM_BYTES_MAX) {
      MemorySegment.copy(staging, 0, buffers.memory(), buffers.offset(bufferId), bytes);
    }
    return bytes;
  }

  private NioDatagramSocket find(int socket) {
    if (driver.sockets().find(socket) instanceof NioDatagramSocket found) {
      return found;
    }
    throw new UringException("socket " + socket + " is used after it was closed");
  }

  private static void configure(DatagramChannel channel, DatagramOpening opening)
      throws IOException {
    InetSocketAddress local = opening.local();
    boolean isWildcardV6 = NioSocketOptions.isIpv6(local) && local.getAddress().isAnyLocalAddress();
    if (opening.v6Only() && isWildcardV6) {
      throw new UnsupportedOperationException("a wildcard for IPv6 alone");
    }
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, opening.reuseAddress());
    if (opening.reusePort()) {
      channel.setOption(StandardSocketOptions.SO_REUSEPORT, true);
    }
    if (opening.broadcast()) {
      channel.setOption(StandardSocketOptions.SO_BROADCAST, true);
    }
    if (opening.receiveBufferBytes() > 0) {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, opening.receiveBufferBytes());
    }
    if (opening.sendBufferBytes() > 0) {
      channel.setOption(StandardSocketOptions.SO_SNDBUF, opening.sendBufferBytes());
    }
  }

  private static ProtocolFamily familyOf(InetAddress address) {
    return address instanceof Inet6Address
        ? StandardProtocolFamily.INET6
        : StandardProtocolFamily.INET;
  }

  // The JDK wants to be told an interface where the kernel looks at its routes: a socket that is
  // connected there is bound to the address of the interface that leads there. Nothing is sent.
  private static NetworkInterface routeTo(InetAddress group) throws IOException {
    try (DatagramChannel probe = DatagramChannel.open(familyOf(group))) {
      probe.connect(new InetSocketAddress(group, DISCARD_PORT));
      InetSocketAddress local = (InetSocketAddress) probe.getLocalAddress();
      return NetworkInterface.getByInetAddress(local.getAddress());
    }
  }

  private static final int DISCARD_PORT = 9;
}
