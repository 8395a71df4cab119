package dev.uring.socket;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a listener or a connection is set. Immutable; every option has a default and a stated cost.
 *
 * <p>A listener's options are those of the connections it accepts as well, which inherit them from
 * its socket. Options marked <i>Listener</i> or <i>Connect</i> are for these alone, and options for
 * TCP do nothing on a Unix socket.
 *
 * <pre>{@code
 * SocketOptions options =
 *     SocketOptions.builder().keepAlive(KeepAlive.DEFAULT).idleTimeout(Duration.ofMinutes(5)).build();
 * }</pre>
 *
 * <h2>Errors</h2>
 *
 * The builder throws {@link dev.uring.base.ConfigException} for a value outside its bound.
 *
 * <h2>Source</h2>
 *
 * {@code socket(7)}, {@code tcp(7)}, {@code unix(7)}.
 */
public final class SocketOptions {
  private static final SocketOptions DEFAULTS = builder().build();

  private final Boolean noDelay;
  private final KeepAlive keepAlive;
  private final Duration linger;
  private final Duration idleTimeout;
  private final int sendBufferBytes;
  private final int receiveBufferBytes;
  private final boolean quickAck;
  private final boolean receiveTimestamps;
  private final Duration userTimeout;
  private final boolean fastOpen;
  private final Duration deferAccept;
  private final boolean sharePort;
  private final Integer fileMode;
  private final AcceptPlacement acceptPlacement;
  private final SocketAddress localAddress;

  private SocketOptions(Builder builder) {
    noDelay = builder.noDelay;
    keepAlive = builder.keepAlive;
    linger = builder.linger;
    idleTimeout = builder.idleTimeout;
    sendBufferBytes = builder.sendBufferBytes;
    receiveBufferBytes = builder.receiveBufferBytes;
    quickAck = builder.quickAck;
    receiveTimestamps = builder.receiveTimestamps;
    userTimeout = builder.userTimeout;
    fastOpen = builder.fastOpen;
    deferAccept = builder.deferAccept;
    sharePort = builder.sharePort;
    fileMode = builder.fileMode;
    acceptPlacement = builder.acceptPlacement;
    localAddress = builder.localAddress;
  }

  /**
   * The options with every default.
   *
   * @return the options
   */
  public static SocketOptions defaults() {
    return DEFAULTS;
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
    Builder builder = new Builder();
    builder.noDelay = noDelay;
    builder.keepAlive = keepAlive;
    builder.linger = linger;
    builder.idleTimeout = idleTimeout;
    builder.sendBufferBytes = sendBufferBytes;
    builder.receiveBufferBytes = receiveBufferBytes;
    builder.quickAck = quickAck;
    builder.receiveTimestamps = receiveTimestamps;
    builder.userTimeout = userTimeout;
    builder.fastOpen = fastOpen;
    builder.deferAccept = deferAccept;
    builder.sharePort = sharePort;
    builder.fileMode = fileMode;
    builder.acceptPlacement = acceptPlacement;
    builder.localAddress = localAddress;
    return builder;
  }

  /**
   * Whether small segments leave at once (TCP_NODELAY). Default empty: as
   * {@code RuntimeConfig.tcpNoDelay} says, which is on, for writes are gathered for each turn
   * already. TCP only.
   *
   * @return the value
   */
  public Optional<Boolean> noDelay() {
    return Optional.ofNullable(noDelay);
  }

  /**
   * Probes on a silent connection (SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT). Default
   * empty: none, so a peer that vanished without a word is noticed only when something is sent. TCP
   * only.
   *
   * @return the value
   */
  public Optional<KeepAlive> keepAlive() {
    return Optional.ofNullable(keepAlive);
  }

  /**
   * How long a closed connection waits for the peer's FIN. Default empty: as
   * {@code RuntimeConfig.lingerTimeout} says. Bound: 0 to 1 minute; with 0 the descriptor goes as
   * soon as the kernel has the last byte, and a peer whose bytes were not all read is then reset,
   * perhaps before it has read the reply.
   *
   * <p>This is not SO_LINGER, which would make the kernel's close, and with it the worker, wait,
   * and which drops what is unsent when its time is over. Here what is queued is sent in any case,
   * and only then the time begins; {@code abort()} is the reset that SO_LINGER with 0 is used for
   * elsewhere.
   *
   * @return the value
   */
  public Optional<Duration> linger() {
    return Optional.ofNullable(linger);
  }

  /**
   * How long a connection may neither receive nor send a byte before it is reset with
   * {@code ConnectionLostException}. Default empty: for ever. Bound: 1 ms to 1 day. Cost: one timer
   * for each connection, moved only when it fires.
   *
   * @return the value
   */
  public Optional<Duration> idleTimeout() {
    return Optional.ofNullable(idleTimeout);
  }

  /**
   * The kernel's send buffer (SO_SNDBUF), in bytes; it keeps twice as many for its own use and cuts
   * at net.core.wmem_max. Default 0: the kernel sizes it as the connection needs. Bound: 0 to 1
   * GiB.
   *
   * @return the value
   */
  public int sendBufferBytes() {
    return sendBufferBytes;
  }

  /**
   * The kernel's receive buffer (SO_RCVBUF), in bytes; it keeps twice as many for its own use and
   * cuts at net.core.rmem_max. Default 0: the kernel sizes it as the connection needs. Bound: 0 to
   * 1 GiB. Cost: a fixed size holds large transfers back on long ways.
   *
   * @return the value
   */
  public int receiveBufferBytes() {
    return receiveBufferBytes;
  }

  /**
   * Whether the first bytes are acknowledged at once (TCP_QUICKACK). Default false: the kernel may
   * wait 40 ms for a reply to carry the acknowledgement. The kernel takes it as a hint and goes
   * back to waiting by itself. Cost: one system call for each connection. TCP only.
   *
   * @return the value
   */
  public boolean quickAck() {
    return quickAck;
  }

  /**
   * Whether the kernel says of each arrival when it took it from the network (SO_TIMESTAMPNS):
   * {@code Connection.kernelReceiveEpochNanos()}. Default false. Cost: receives become RECVMSG with
   * 48 bytes of the kernel's in each buffer, and the kernel reads its clock for every packet of the
   * machine. TCP only; nothing on a Unix socket, which has no network under it.
   *
   * @return the value
   */
  public boolean receiveTimestamps() {
    return receiveTimestamps;
  }

  /**
   * How long sent bytes may stay unacknowledged before the connection is lost (TCP_USER_TIMEOUT).
   * Default empty: as net.ipv4.tcp_retries2 says, about 15 minutes. Bound: 1 ms to 1 day. TCP only.
   *
   * @return the value
   */
  public Optional<Duration> userTimeout() {
    return Optional.ofNullable(userTimeout);
  }

  /**
   * Whether the first bytes may travel with the connection request (TCP_FASTOPEN,
   * TCP_FASTOPEN_CONNECT). Default false. A connect then succeeds at once, and what fails is the
   * first send. Both sides' net.ipv4.tcp_fastopen must allow it; else it does nothing. A request's
   * bytes may arrive twice: for requests that may be repeated only. TCP only.
   *
   * @return the value
   */
  public boolean fastOpen() {
    return fastOpen;
  }

  /**
   * Listener: a connection counts as accepted only when its first bytes are there
   * (TCP_DEFER_ACCEPT). Default empty: at once. Bound: 1 s to 1 hour, in whole seconds; after that
   * the kernel hands out the silent connection too. Cost: a peer that waits for a greeting gets it
   * late. TCP only.
   *
   * @return the value
   */
  public Optional<Duration> deferAccept() {
    return Optional.ofNullable(deferAccept);
  }

  /**
   * Listener: whether other programs of this user may listen on the port too (SO_REUSEPORT), the
   * kernel spreading connections over all. Default false: a second server on the port is refused,
   * in place of silently taking half of the first one's clients. TCP only.
   *
   * @return the value
   */
  public boolean sharePort() {
    return sharePort;
  }

  /**
   * Listener: the permissions of a Unix socket's file; connecting needs the one to write. Default
   * empty: what the process's umask leaves of 777. Bound: 0 to 0777. Unix paths only.
   *
   * @return the value
   */
  public OptionalInt fileMode() {
    return fileMode == null ? OptionalInt.empty() : OptionalInt.of(fileMode);
  }

  /**
   * Listener: which worker gets a new connection. Default {@link AcceptPlacement#PER_WORKER}.
   *
   * @return the value
   */
  public AcceptPlacement acceptPlacement() {
    return acceptPlacement;
  }

  /**
   * Connect: the address of this side. Default empty: the kernel chooses. Of an IP address with
   * port 0 the kernel chooses the port when it knows the peer, so that a port may serve many peers.
   *
   * @return the value
   */
  public Optional<SocketAddress> localAddress() {
    return Optional.ofNullable(localAddress);
  }

  /** Collects values. */
  public static final class Builder {
    private Boolean noDelay;
    private KeepAlive keepAlive;
    private Duration linger;
    private Duration idleTimeout;
    private int sendBufferBytes = 0;
    private int receiveBufferBytes = 0;
    private boolean quickAck = false;
    private boolean receiveTimestamps = false;
    private Duration userTimeout;
    private boolean fastOpen = false;
    private Duration deferAccept;
    private boolean sharePort = false;
    private Integer fileMode;
    private AcceptPlacement acceptPlacement = AcceptPlacement.PER_WORKER;
    private SocketAddress localAddress;

    private Builder() {}

    /**
     * Sets {@link SocketOptions#noDelay()}.
     *
     * @param noDelay the value
     * @return this
     */
    public Builder noDelay(boolean noDelay) {
      this.noDelay = noDelay;
      return this;
    }

    /**
     * Sets {@link SocketOptions#keepAlive()}.
     *
     * @param keepAlive the value
     * @return this
     */
    public Builder keepAlive(KeepAlive keepAlive) {
      this.keepAlive = keepAlive;
      return this;
    }

    /**
     * Sets {@link SocketOptions#linger()}.
     *
     * @param linger the value
     * @return this
     */
    public Builder linger(Duration linger) {
      OptionChecks.atMost("linger", linger, Duration.ZERO, Duration.ofMinutes(1));
      this.linger = linger;
      return this;
    }

    /**
     * Sets {@link SocketOptions#idleTimeout()}.
     *
     * @param idleTimeout the value
     * @return this
     */
    public Builder idleTimeout(Duration idleTimeout) {
      OptionChecks.atMost("idleTimeout", idleTimeout, Duration.ofMillis(1), Duration.ofDays(1));
      this.idleTimeout = idleTimeout;
      return this;
    }

    /**
     * Sets {@link SocketOptions#sendBufferBytes()}.
     *
     * @param sendBufferBytes the value
     * @return this
     */
    public Builder sendBufferBytes(int sendBufferBytes) {
      OptionChecks.range("sendBufferBytes", sendBufferBytes, 0, 1 << 30);
      this.sendBufferBytes = sendBufferBytes;
      return this;
    }

    /**
     * Sets {@link SocketOptions#receiveBufferBytes()}.
     *
     * @param receiveBufferBytes the value
     * @return this
     */
    public Builder receiveBufferBytes(int receiveBufferBytes) {
      OptionChecks.range("receiveBufferBytes", receiveBufferBytes, 0, 1 << 30);
      this.receiveBufferBytes = receiveBufferBytes;
      return this;
    }

    /**
     * Sets {@link SocketOptions#quickAck()}.
     *
     * @param quickAck the value
     * @return this
     */
    public Builder quickAck(boolean quickAck) {
      this.quickAck = quickAck;
      return this;
    }

    /**
     * Sets {@link SocketOptions#receiveTimestamps()}.
     *
     * @param receiveTimestamps the value
     * @return this
     */
    public Builder receiveTimestamps(boolean receiveTimestamps) {
      this.receiveTimestamps = receiveTimestamps;
      return this;
    }

    /**
     * Sets {@link SocketOptions#userTimeout()}.
     *
     * @param userTimeout the value
     * @return this
     */
    public Builder userTimeout(Duration userTimeout) {
      OptionChecks.atMost("userTimeout", userTimeout, Duration.ofMillis(1), Duration.ofDays(1));
      this.userTimeout = userTimeout;
      return this;
    }

    /**
     * Sets {@link SocketOptions#fastOpen()}.
     *
     * @param fastOpen the value
     * @return this
     */
    public Builder fastOpen(boolean fastOpen) {
      this.fastOpen = fastOpen;
      return this;
    }

    /**
     * Sets {@link SocketOptions#deferAccept()}.
     *
     * @param deferAccept the value
     * @return this
     */
    public Builder deferAccept(Duration deferAccept) {
      OptionChecks.seconds("deferAccept", deferAccept, 3600);
      this.deferAccept = deferAccept;
      return this;
    }

    /**
     * Sets {@link SocketOptions#sharePort()}.
     *
     * @param sharePort the value
     * @return this
     */
    public Builder sharePort(boolean sharePort) {
      this.sharePort = sharePort;
      return this;
    }

    /**
     * Sets {@link SocketOptions#fileMode()}.
     *
     * @param fileMode the value
     * @return this
     */
    public Builder fileMode(int fileMode) {
      OptionChecks.range("fileMode", fileMode, 0, 0777);
      this.fileMode = fileMode;
      return this;
    }

    /**
     * Sets {@link SocketOptions#acceptPlacement()}.
     *
     * @param acceptPlacement the value
     * @return this
     */
    public Builder acceptPlacement(AcceptPlacement acceptPlacement) {
      this.acceptPlacement = acceptPlacement;
      return this;
    }

    /**
     * Sets {@link SocketOptions#localAddress()}.
     *
     * @param localAddress the value
     * @return this
     */
    public Builder localAddress(SocketAddress localAddress) {
      this.localAddress = localAddress;
      return this;
    }

    /**
     * The options.
     *
     * @return immutable options
     */
    public SocketOptions build() {
      return new SocketOptions(this);
    }
  }
}
