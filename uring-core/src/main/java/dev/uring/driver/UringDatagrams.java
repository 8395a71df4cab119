package dev.uring.driver;

import dev.uring.abi.Datagram;
import dev.uring.abi.Errno;
import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import dev.uring.base.UringException;
import dev.uring.ring.CompletionQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;

/**
 * Datagrams on a {@link UringDriver}: one multishot RECVMSG for each socket, with buffers apart
 * from those of streams, and one operation for each datagram or train sent.
 *
 * <p>A filled buffer begins with what the kernel says about the datagram:
 *
 * <pre>
 *   0   io_uring_recvmsg_out: lengths and flags
 *  16   the sender's sockaddr, {@link #NAME_BYTES}
 *  48   control messages, {@link #CONTROL_BYTES}
 * 128   the payload, on a cache line
 * </pre>
 *
 * <p>With timestamps there are {@link #CONTROL_STAMPED_BYTES} of control messages, and the payload
 * begins one cache line later.
 *
 * <p>A plain send is a SEND with an address: no msghdr for the kernel to copy and check. Only a
 * train or an ECN mark needs SENDMSG, for its control messages.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class UringDatagrams implements DatagramDriver {
  // A sockaddr_in6 is 28 bytes; rounded up, so that the control messages are aligned.
  private static final int NAME_BYTES = 32;

  private static final int CONTROL_FROM = Layouts.RECVMSG_OUT_BYTES + NAME_BYTES;

  // Three messages of 24 bytes at most: drops, the size of a train's datagrams, ECN.
  private static final int CONTROL_BYTES = 80;

  // And one of 32 for the timestamp.
  private static final int CONTROL_STAMPED_BYTES = CONTROL_BYTES + 64;

  // Half of what streams have: a burst of 128 datagrams in one turn is rare, and costs one more
  // asking when it happens, while each buffer that is with the kernel is one that goes cold.
  private static final int WINDOW = 128;

  /** Most different sizes of buffers on one worker; more is a program that computes its sizes. */
  static final int GROUPS_MAX = 16;

  // Group ids far from those that other parts of a driver choose.
  private static final int GROUP_ID_FIRST = 1 << 8;

  // From here to the payload, downwards: sockaddr, msghdr, iovec, control messages.
  private static final int SOCKADDR_BACK = NAME_BYTES;
  private static final int HEADER_BACK = SOCKADDR_BACK + Layouts.MSGHDR_BYTES;
  private static final int VECTOR_BACK = HEADER_BACK + Layouts.IOVEC_BYTES;
  private static final int CONTROL_BACK = DatagramSend.HEADROOM_BYTES;

  private final UringDriver driver;
  private final MemorySegment receiveHeader;
  private final MemorySegment stampedHeader;

  // Read by other threads for a snapshot: an array that never moves.
  private final DatagramGroup[] groups = new DatagramGroup[GROUPS_MAX];
  private int groupsCount;

  UringDatagrams(UringDriver driver, Arena arena) {
    this.driver = driver;
    // Of a multishot's msghdr the kernel reads the two lengths only, so one serves all.
    receiveHeader = header(arena, CONTROL_BYTES);
    stampedHeader = header(arena, CONTROL_STAMPED_BYTES);
  }

  private static MemorySegment header(Arena arena, int controlBytes) {
    MemorySegment header = arena.allocate(Layouts.MSGHDR_BYTES, Long.BYTES);
    header.set(ValueLayout.JAVA_INT, Layouts.MSGHDR_NAMELEN, NAME_BYTES);
    header.set(ValueLayout.JAVA_LONG, Layouts.MSGHDR_CONTROLLEN, controlBytes);
    return header;
  }

  @Override
  public int open(DatagramOpening opening) {
    return DatagramSockets.open(opening);
  }

  @Override
  public ReceiveBuffers buffers(int count, int payloadBytes) {
    return buffers(count, payloadBytes, CONTROL_BYTES);
  }

  @Override
  public ReceiveBuffers stampedBuffers(int count, int payloadBytes) {
    return buffers(count, payloadBytes, CONTROL_STAMPED_BYTES);
  }

  private ReceiveBuffers buffers(int count, int payloadBytes, int controlBytes) {
    int headerBytes = CONTROL_FROM + controlBytes;
    for (int i = 0; i < groupsCount; i++) {
      DatagramGroup group = groups[i];
      if (group.payloadBytes == payloadBytes
          && group.buffers.count() == count
          && group.buffers.headerBytes == headerBytes) {
        return group.buffers;
      }
    }
    if (groupsCount == GROUPS_MAX) {
      throw tooManyGroups(count, payloadBytes);
    }
    int id = GROUP_ID_FIRST + groupsCount;
    UringReceiveBuffers buffers = new UringReceiveBuffers(
        driver.newBufferRing(id, count, headerBytes + payloadBytes), WINDOW, headerBytes);
    groups[groupsCount++] = new DatagramGroup(buffers, id, payloadBytes);
    return buffers;
  }

  @Override
  public void receive(int socket, ReceiveBuffers buffers, Operation operation) {
    DatagramGroup group = groupOf(buffers);
    boolean isStamped = group.buffers.headerBytes > CONTROL_FROM + CONTROL_BYTES;
    MemorySegment header = isStamped ? stampedHeader : receiveHeader;
    // MSG_TRUNC: the length reported is the datagram's own, also when it did not fit.
    driver
        .next()
        .prepRecvmsgMultishot(socket, header.address(), group.id, Datagram.MSG_TRUNC)
        .userData(driver.begin(operation));
    operation.datagramGroup = group;
    operation.receivingSocket = socket;
  }

  @Override
  public void read(ReceiveBuffers buffers, int bufferId, int result, DatagramArrival arrival) {
    MemorySegment memory = buffers.memory();
    long at = buffers.offset(bufferId);
    int headerBytes = ((UringReceiveBuffers) buffers).headerBytes;
    arrival.from.decode(memory, at + Layouts.RECVMSG_OUT_BYTES);
    arrival.memory = memory;
    arrival.offset = at + headerBytes;
    arrival.length = result - headerBytes;
    arrival.fullLength =
        memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.RECVMSG_OUT_PAYLOADLEN);
    arrival.segmentBytes = 0;
    arrival.ecn = DatagramArrival.UNKNOWN;
    arrival.droppedTotal = 0;
    arrival.kernelNanos = 0;
    int controlBytes =
        memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.RECVMSG_OUT_CONTROLLEN);
    if (controlBytes > 0) {
      readControl(memory, at + CONTROL_FROM, controlBytes, arrival);
    }
  }

  @Override
  public void send(int socket, boolean isSocketV4, DatagramSend operation) {
    MemorySegment memory = operation.memory;
    long payload = operation.offset;
    long base = memory.address();
    long sockaddr = payload - SOCKADDR_BACK;
    PackedAddress to = operation.to();
    int sockaddrBytes = to == null ? 0 : to.encode(memory, sockaddr, isSocketV4);
    if (operation.segmentBytes() == 0 && operation.ecn() == DatagramSend.ECN_UNMARKED) {
      driver
          .next()
          .prepSendto(
              socket,
              base + payload,
              operation.length,
              Socket.MSG_NOSIGNAL,
              to == null ? 0 : base + sockaddr,
              sockaddrBytes)
          .userData(driver.begin(operation));
      return;
    }
    int controlBytes = writeControl(operation, isSocketV4);
    writeVector(operation);
    long header = payload - HEADER_BACK;
    memory.set(
        ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_NAME, to == null ? 0 : base + sockaddr);
    memory.set(ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_NAMELEN, sockaddrBytes);
    memory.set(ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_IOV, base + payload - VECTOR_BACK);
    memory.set(ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_IOVLEN, 1);
    memory.set(
        ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_CONTROL, base + payload - CONTROL_BACK);
    memory.set(ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_CONTROLLEN, controlBytes);
    memory.set(ValueLayout.JAVA_LONG, header + Layouts.MSGHDR_FLAGS, 0);
    driver
        .next()
        .prepSendmsg(socket, base + header, Socket.MSG_NOSIGNAL)
        .userData(driver.begin(operation));
  }

  @Override
  public int membership(int socket, InetAddress group, int interfaceIndex, boolean isMember) {
    int option = isMember ? Datagram.MCAST_JOIN_GROUP : Datagram.MCAST_LEAVE_GROUP;
    return DatagramSockets.membership(socket, group, interfaceIndex, option);
  }

  @Override
  public int multicast(int socket, boolean isSocketV4, MulticastOption option, int value) {
    return DatagramSockets.multicast(socket, isSocketV4, option, value);
  }

  @Override
  public int buffersHeldCount() {
    int held = 0;
    for (DatagramGroup group : groups) {
      held += group == null ? 0 : group.buffers.heldCount();
    }
    return held;
  }

  // What the driver's turn calls.

  void publish() {
    for (int i = 0; i < groupsCount; i++) {
      groups[i].buffers.publish();
    }
  }

  boolean hasStarved() {
    for (int i = 0; i < groupsCount; i++) {
      if (groups[i].hasStarved()) {
        return true;
      }
    }
    return false;
  }

  /** The answer to a receive of this class; its slot is free already when it is the last. */
  void deliver(Operation operation, int result, int flags, boolean isLast) {
    DatagramGroup group = operation.datagramGroup;
    if ((flags & IoUring.IORING_CQE_F_BUFFER) != 0) {
      int bufferId = CompletionQueue.bufferId(flags);
      group.buffers.lend(bufferId);
      try {
        operation.completed(result, bufferId, isLast);
      } finally {
        group.buffers.release(bufferId);
      }
    } else if (result == -Errno.ENOBUFS && !operation.isCancelRequested) {
      driver.counters().buffersExhausted++;
      group.starve(operation);
    } else {
      int answer = result == -Errno.ENOBUFS ? -Errno.ECANCELED : result;
      operation.completed(answer, Driver.NO_BUFFER, isLast);
    }
  }

  /** Asks again for the receives that found no buffer, one for each that is free now. */
  void askStarvedAgain() {
    for (int i = 0; i < groupsCount; i++) {
      DatagramGroup group = groups[i];
      if (group.hasStarved()) {
        int free = group.buffers.freeCount();
        Operation operation = group.pollStarved(free--);
        while (operation != null) {
          if (operation.isCancelRequested) {
            operation.completed(-Errno.ECANCELED, Driver.NO_BUFFER, true);
          } else {
            receive(operation.receivingSocket, group.buffers, operation);
          }
          operation = group.pollStarved(free--);
        }
      }
    }
  }

  static UringException tooManyGroups(int count, int payloadBytes) {
    return new UringException("datagram buffers of " + payloadBytes + " bytes × " + count
        + " would be the " + (GROUPS_MAX + 1) + "th size on this worker, GROUPS_MAX=" + GROUPS_MAX
        + ".\n  Likely cause: sizes are computed for each socket. Use a few fixed ones.");
  }

  private DatagramGroup groupOf(ReceiveBuffers buffers) {
    for (int i = 0; i < groupsCount; i++) {
      if (groups[i].buffers == buffers) {
        return groups[i];
      }
    }
    throw new IllegalArgumentException("these are not buffers of this driver");
  }

  private static void readControl(
      MemorySegment memory, long from, int bytes, DatagramArrival arrival) {
    int left = bytes;
    for (long at = from; left >= Layouts.CMSGHDR_BYTES; ) {
      int length = (int) memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Layouts.CMSGHDR_LEN);
      if (length < Layouts.CMSGHDR_BYTES) {
        return;
      }
      long data = at + Layouts.CMSGHDR_BYTES;
      int level = memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.CMSGHDR_LEVEL);
      int type = memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.CMSGHDR_TYPE);
      if (level == Socket.IPPROTO_UDP && type == Datagram.UDP_GRO) {
        arrival.segmentBytes = memory.get(ValueLayout.JAVA_INT_UNALIGNED, data);
      } else if (level == Socket.IPPROTO_IP && type == Datagram.IP_TOS) {
        // One byte here, an int for IPv6: the kernel's two families never agreed.
        arrival.ecn = memory.get(ValueLayout.JAVA_BYTE, data) & ECN_BITS;
      } else if (level == Socket.IPPROTO_IPV6 && type == Datagram.IPV6_TCLASS) {
        arrival.ecn = memory.get(ValueLayout.JAVA_INT_UNALIGNED, data) & ECN_BITS;
      } else if (level == Socket.SOL_SOCKET && type == Datagram.SO_RXQ_OVFL) {
        arrival.droppedTotal = memory.get(ValueLayout.JAVA_INT_UNALIGNED, data);
      } else if (level == Socket.SOL_SOCKET && type == Socket.SO_TIMESTAMPNS_NEW) {
        arrival.kernelNanos = StampedReceives.timespecNanos(memory, data);
      }
      int step = length + Long.BYTES - 1 & -Long.BYTES;
      at += step;
      left -= step;
    }
  }

  // Returns the bytes written.
  private static int writeControl(DatagramSend operation, boolean isSocketV4) {
    MemorySegment memory = operation.memory;
    long from = operation.offset - CONTROL_BACK;
    long at = from;
    if (operation.segmentBytes() > 0) {
      writeMessage(memory, at, Short.BYTES, Socket.IPPROTO_UDP, Datagram.UDP_SEGMENT);
      memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + Layouts.CMSGHDR_BYTES, (short)
          operation.segmentBytes());
      at += CONTROL_MESSAGE_BYTES;
    }
    if (operation.ecn() != DatagramSend.ECN_UNMARKED) {
      PackedAddress to = operation.to();
      boolean isV4 = isSocketV4 || to != null && to.isV4();
      writeMessage(
          memory,
          at,
          Integer.BYTES,
          isV4 ? Socket.IPPROTO_IP : Socket.IPPROTO_IPV6,
          isV4 ? Datagram.IP_TOS : Datagram.IPV6_TCLASS);
      memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.CMSGHDR_BYTES, operation.ecn());
      at += CONTROL_MESSAGE_BYTES;
    }
    return (int) (at - from);
  }

  private static void writeMessage(MemorySegment memory, long at, int bytes, int level, int type) {
    memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at, (long) Layouts.CMSGHDR_BYTES + bytes);
    memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.CMSGHDR_LEVEL, level);
    memory.set(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.CMSGHDR_TYPE, type);
    // The data and what pads it: the block has been other things before.
    memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at + Layouts.CMSGHDR_BYTES, 0);
  }

  private static void writeVector(DatagramSend operation) {
    MemorySegment memory = operation.memory;
    long vector = operation.offset - VECTOR_BACK;
    memory.set(
        ValueLayout.JAVA_LONG, vector + Layouts.IOVEC_BASE, memory.address() + operation.offset);
    memory.set(ValueLayout.JAVA_LONG, vector + Layouts.IOVEC_LEN, operation.length);
  }

  private static final int ECN_BITS = 3;

  // CMSG_SPACE of anything up to eight bytes.
  private static final int CONTROL_MESSAGE_BYTES = Layouts.CMSGHDR_BYTES + Long.BYTES;
}
