package dev.uring.net;

import dev.uring.base.ConfigException;
import dev.uring.driver.DatagramOpening;
import java.net.InetSocketAddress;

/**
 * How a UDP socket is opened and sized. Immutable; every option has a default, a unit, a bound and
 * a cost.
 *
 * <h2>Errors</h2>
 *
 * {@link Builder#build()} throws {@link ConfigException} for a value outside its bound.
 */
public final class UdpOptions {
  /** The largest payload of one datagram over IPv4, in bytes. */
  public static final int PAYLOAD_BYTES_MAX = 65_507;

  private static final int TRAIN_BYTES_MAX = 65_535;
  private static final int BUFFERS_MAX = 1 << 15;
  private static final int PENDING_MAX = 1 << 14;
  private static final int SOCKET_BUFFER_BYTES_MAX = 1 << 30;

  private final Builder values;

  private UdpOptions(Builder builder) {
    values = new Builder(builder);
  }

  /**
   * The options with every default.
   *
   * @return options
   */
  public static UdpOptions defaults() {
    return builder().build();
  }

  /**
   * A builder with every default.
   *
   * @return a new builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * A builder with the values of these options.
   *
   * @return a new builder
   */
  public Builder toBuilder() {
    return new Builder(values);
  }

  /**
   * The only peer the socket is for: the kernel drops what others send, reports the peer's ICMP
   * errors, and sends need no address. Default null: any peer.
   *
   * @return the peer or null
   */
  public InetSocketAddress remote() {
    return values.remote;
  }

  /**
   * Largest payload received whole; of a longer one the rest is lost, which
   * {@link UdpSocket#isTruncated()} says. Default 2048: more than a datagram of an Ethernet frame.
   * With {@link #joinsArrivals()} 65535, the largest train. Bound: 64 to 65535. Cost: see
   * receiveBuffersCount.
   *
   * @return bytes
   */
  public int receiveBytesMax() {
    if (values.receiveBytesMax > 0) {
      return values.receiveBytesMax;
    }
    return values.joinsArrivals ? TRAIN_BYTES_MAX : 2048;
  }

  /**
   * Receive buffers, shared by the worker's sockets that ask for the same sizes. Default 512: the
   * kernel has 128 at a time, half may be held by datagrams that wait for a paused program. With
   * none free, datagrams wait in the kernel's buffer of the socket. Bound: a power of two from 2 to
   * 32768. Cost for each worker: receiveBuffersCount × (receiveBytesMax + 128), touched only as it
   * is used.
   *
   * @return a count
   */
  public int receiveBuffersCount() {
    return values.receiveBuffersCount;
  }

  /**
   * Datagrams (or trains of them) a paused socket keeps. From half of it on the kernel is told to
   * stop, and keeps the following in its own buffer; what was on its way beyond the bound is
   * dropped and counted. Default 128. Bound: 2 to 16384. Cost: as many receive buffers.
   *
   * @return a count
   */
  public int receivePendingMax() {
    return values.receivePendingMax;
  }

  /**
   * Most bytes unsent, {@value UdpSocket#SEND_OVERHEAD_BYTES} added for each operation. A send
   * beyond it is refused and counted. Default 1 MiB: five times the kernel's own default for a
   * socket. Bound: 1 KiB to 1 GiB. Cost: as much memory while the network is slower than the
   * program.
   *
   * @return bytes
   */
  public int sendQueueBytesMax() {
    return values.sendQueueBytesMax;
  }

  /**
   * Whether datagrams of equal size that are sent to one peer one after the other in a turn leave
   * as one operation, which the kernel cuts apart (GSO). On the network nothing is different.
   * Default true. Cost: nothing; a path that refuses a size is found out once for that size.
   *
   * @return whether they are joined
   */
  public boolean joinsSends() {
    return values.joinsSends;
  }

  /**
   * Whether the kernel may join arrivals of equal size from one peer (GRO); the program still sees
   * each by itself. Default false: the buffers must have room for 64 KiB each. Cost: 32 MiB of
   * address space with the default number of buffers.
   *
   * @return whether they may be joined
   */
  public boolean joinsArrivals() {
    return values.joinsArrivals;
  }

  /**
   * Whether {@link UdpSocket#ecn()} tells how routers marked a datagram. Default false. Cost: 24
   * bytes that the kernel writes with each datagram.
   *
   * @return whether marks are received
   */
  public boolean receivesEcn() {
    return values.receivesEcn;
  }

  /**
   * Whether {@link UdpSocket#kernelReceiveEpochNanos()} tells when the kernel took a datagram from
   * the network (SO_TIMESTAMPNS). Default false. Cost: 64 bytes more in each receive buffer, and
   * the kernel reads its clock for every packet of the machine.
   *
   * @return whether times are received
   */
  public boolean receiveTimestamps() {
    return values.receiveTimestamps;
  }

  /**
   * Whether other sockets, of any process of the same user, may share the address; the kernel gives
   * each peer to one of them. Default false; a socket that is one of several workers' shares with
   * the others in any case.
   *
   * @return whether the port is shared
   */
  public boolean reusePort() {
    return values.reusePort;
  }

  /**
   * Whether sockets that are members of the same multicast group may have the same port; each gets
   * its copy. Default false.
   *
   * @return whether the address is shared
   */
  public boolean reuseAddress() {
    return values.reuseAddress;
  }

  /**
   * Whether a socket bound to an IPv6 address has IPv6 peers only. Default false.
   *
   * @return whether IPv4 peers are left out
   */
  public boolean v6Only() {
    return values.v6Only;
  }

  /**
   * Whether datagrams may go to a broadcast address. Default false, as in the kernel: a broadcast
   * is an error more often than a wish.
   *
   * @return whether broadcasts are allowed
   */
  public boolean broadcast() {
    return values.broadcast;
  }

  /**
   * The kernel's receive buffer for the socket, where datagrams wait for the worker. Default 0: the
   * system's (net.core.rmem_default). Bound: to 1 GiB; the kernel doubles it, and cuts it to
   * net.core.rmem_max.
   *
   * @return bytes, or 0
   */
  public int socketReceiveBytes() {
    return values.socketReceiveBytes;
  }

  /**
   * The kernel's send buffer for the socket. Default 0: the system's. Bound as for
   * socketReceiveBytes.
   *
   * @return bytes, or 0
   */
  public int socketSendBytes() {
    return values.socketSendBytes;
  }

  DatagramOpening opening(InetSocketAddress local, boolean sharesPort) {
    return new DatagramOpening(
        local,
        remote(),
        sharesPort || reusePort(),
        reuseAddress(),
        v6Only(),
        broadcast(),
        receivesEcn(),
        receiveTimestamps(),
        joinsArrivals(),
        socketReceiveBytes(),
        socketSendBytes());
  }

  /** Collects values; {@link #build()} checks them. */
  public static final class Builder {
    private InetSocketAddress remote;
    private int receiveBytesMax;
    private int receiveBuffersCount = 512;
    private int receivePendingMax = 128;
    private int sendQueueBytesMax = 1 << 20;
    private boolean joinsSends = true;
    private boolean joinsArrivals;
    private boolean receivesEcn;
    private boolean receiveTimestamps;
    private boolean reusePort;
    private boolean reuseAddress;
    private boolean v6Only;
    private boolean broadcast;
    private int socketReceiveBytes;
    private int socketSendBytes;

    private Builder() {}

    private Builder(Builder other) {
      remote = other.remote;
      receiveBytesMax = other.receiveBytesMax;
      receiveBuffersCount = other.receiveBuffersCount;
      receivePendingMax = other.receivePendingMax;
      sendQueueBytesMax = other.sendQueueBytesMax;
      joinsSends = other.joinsSends;
      joinsArrivals = other.joinsArrivals;
      receivesEcn = other.receivesEcn;
      receiveTimestamps = other.receiveTimestamps;
      reusePort = other.reusePort;
      reuseAddress = other.reuseAddress;
      v6Only = other.v6Only;
      broadcast = other.broadcast;
      socketReceiveBytes = other.socketReceiveBytes;
      socketSendBytes = other.socketSendBytes;
    }

    /**
     * Sets {@link UdpOptions#remote()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder remote(InetSocketAddress value) {
      remote = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#receiveBytesMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder receiveBytesMax(int value) {
      receiveBytesMax = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#receiveBuffersCount()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder receiveBuffersCount(int value) {
      receiveBuffersCount = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#receivePendingMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder receivePendingMax(int value) {
      receivePendingMax = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#sendQueueBytesMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder sendQueueBytesMax(int value) {
      sendQueueBytesMax = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#joinsSends()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder joinsSends(boolean value) {
      joinsSends = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#joinsArrivals()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder joinsArrivals(boolean value) {
      joinsArrivals = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#receiveTimestamps()}.
     *
     * @param value the value
     * @return this
     */
    public Builder receiveTimestamps(boolean value) {
      receiveTimestamps = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#receivesEcn()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder receivesEcn(boolean value) {
      receivesEcn = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#reusePort()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder reusePort(boolean value) {
      reusePort = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#reuseAddress()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder reuseAddress(boolean value) {
      reuseAddress = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#v6Only()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder v6Only(boolean value) {
      v6Only = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#broadcast()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder broadcast(boolean value) {
      broadcast = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#socketReceiveBytes()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder socketReceiveBytes(int value) {
      socketReceiveBytes = value;
      return this;
    }

    /**
     * Sets {@link UdpOptions#socketSendBytes()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder socketSendBytes(int value) {
      socketSendBytes = value;
      return this;
    }

    /**
     * Checks the values.
     *
     * @return immutable options
     * @throws ConfigException a value is outside its bound
     */
    public UdpOptions build() {
      if (receiveBytesMax != 0) {
        check("receiveBytesMax", receiveBytesMax, 64, TRAIN_BYTES_MAX);
      }
      check("receiveBuffersCount", receiveBuffersCount, 2, BUFFERS_MAX);
      if (Integer.bitCount(receiveBuffersCount) != 1) {
        throw new ConfigException(
            "receiveBuffersCount",
            "receiveBuffersCount=" + receiveBuffersCount + " is not a power of two");
      }
      check("receivePendingMax", receivePendingMax, 2, PENDING_MAX);
      check("sendQueueBytesMax", sendQueueBytesMax, 1 << 10, 1 << 30);
      check("socketReceiveBytes", socketReceiveBytes, 0, SOCKET_BUFFER_BYTES_MAX);
      check("socketSendBytes", socketSendBytes, 0, SOCKET_BUFFER_BYTES_MAX);
      if (remote != null && remote.isUnresolved()) {
        throw new ConfigException("remote", "remote=" + remote + " is not resolved");
      }
      return new UdpOptions(this);
    }

    private static void check(String field, int value, int least, int most) {
      if (value < least || value > most) {
        throw new ConfigException(
            field, field + "=" + value + " is outside " + least + ".." + most);
      }
    }
  }
}
