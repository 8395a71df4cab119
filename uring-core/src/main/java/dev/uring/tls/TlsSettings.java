package dev.uring.tls;

import dev.uring.base.ConfigException;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.TrustManager;

/**
 * What the options of clients and servers have in common. Immutable; made by
 * {@link TlsServerOptions#builder()} and {@link TlsClientOptions#builder()}.
 */
public abstract sealed class TlsSettings permits TlsServerOptions, TlsClientOptions {
  /** The only versions there are; older ones are broken. */
  public static final List<String> PROTOCOLS_DEFAULT = List.of("TLSv1.3", "TLSv1.2");

  /**
   * Forward secrecy and authenticated encryption only: what Mozilla calls "intermediate". First
   * those that this machine's CPU has instructions for.
   */
  public static final List<String> CIPHER_SUITES_DEFAULT = List.of(
      "TLS_AES_128_GCM_SHA256",
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
      "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

  private final List<String> protocols;
  private final List<String> cipherSuites;
  private final List<String> applicationProtocols;
  private final Duration handshakeTimeout;
  private final Duration closeTimeout;
  private final int sessionCacheSize;
  private final Duration sessionTimeout;
  private final boolean toleratesTruncation;
  private final TlsProvider provider;

  TlsSettings(Builder<?> builder) {
    protocols = List.copyOf(builder.protocols);
    cipherSuites = List.copyOf(builder.cipherSuites);
    applicationProtocols = List.copyOf(builder.applicationProtocols);
    handshakeTimeout = builder.handshakeTimeout;
    closeTimeout = builder.closeTimeout;
    sessionCacheSize = builder.sessionCacheSize;
    sessionTimeout = builder.sessionTimeout;
    toleratesTruncation = builder.toleratesTruncation;
    provider = builder.provider;
  }

  /**
   * Versions that are spoken. Default {@link #PROTOCOLS_DEFAULT}.
   *
   * @return a part of the default
   */
  public final List<String> protocols() {
    return protocols;
  }

  /**
   * Cipher suites that are offered or accepted, the preferred one first. Default
   * {@link #CIPHER_SUITES_DEFAULT}. Those that the provider does not know are left out. The three
   * of TLS 1.3 Conscrypt always offers and accepts, and prefers those that the client prefers.
   *
   * @return standard names
   */
  public final List<String> cipherSuites() {
    return cipherSuites;
  }

  /**
   * Application protocols for ALPN, the preferred one first. Default none: nothing is negotiated.
   * When both sides name some and have none in common, the handshake fails.
   *
   * @return names such as {@code h2}
   */
  public final List<String> applicationProtocols() {
    return applicationProtocols;
  }

  /**
   * How long a handshake may take, from the first byte either side could send. Default 10 s: a
   * handshake is two round trips and a signature, so a peer that needs longer is not going to
   * finish; and each one that hangs holds a connection. Then the connection is reset.
   *
   * @return a positive time
   */
  public final Duration handshakeTimeout() {
    return handshakeTimeout;
  }

  /**
   * How long a closed connection waits for the peer to read the farewell and answer. Default 2 s.
   * Then the descriptor is closed all the same. Takes the place of {@code lingerTimeout}.
   *
   * @return a time, zero for no wait
   */
  public final Duration closeTimeout() {
    return closeTimeout;
  }

  /**
   * Most sessions that are remembered for resumption. Default 20480, as the JDK's: about 1 KiB
   * each. Beyond, the oldest is forgotten and costs its peer a full handshake. A server that
   * resumes by tickets keeps nothing for them.
   *
   * @return a count; 0 for no limit
   */
  public final int sessionCacheSize() {
    return sessionCacheSize;
  }

  /**
   * How long a session may be resumed. Default 2 h: long enough for a client that comes back, and a
   * stolen ticket key opens no more than that.
   *
   * @return a time of whole seconds
   */
  public final Duration sessionTimeout() {
    return sessionTimeout;
  }

  /**
   * Whether a FIN without a close_notify is taken for an ordinary end. Default false: it is a
   * {@link TlsTruncatedException}. True is for protocols whose messages carry their length.
   *
   * @return whether it is
   */
  public final boolean toleratesTruncation() {
    return toleratesTruncation;
  }

  /**
   * Who does the cryptography. Default {@link TlsProvider#AUTO}: who puts Conscrypt on the class
   * path wants its speed, and everybody else has the JDK's.
   *
   * @return the provider
   */
  public final TlsProvider provider() {
    return provider;
  }

  final SSLContext newContext(KeyManager[] keys, TrustManager[] trust) {
    Provider implementation = provider.implementation();
    try {
      SSLContext context = implementation == null
          ? SSLContext.getInstance("TLS")
          : SSLContext.getInstance("TLS", implementation);
      context.init(keys, implementation == null ? trust : RenamedAuthType.in(trust), null);
      limit(context.getServerSessionContext());
      limit(context.getClientSessionContext());
      // Loads what the first handshake would otherwise load on a worker.
      context.createSSLEngine();
      return context;
    } catch (GeneralSecurityException refused) {
      throw refusal("provider", "TLS cannot be set up: " + refused.getMessage(), refused);
    }
  }

  private void limit(SSLSessionContext sessions) {
    if (sessions != null) {
      sessions.setSessionCacheSize(sessionCacheSize);
      sessions.setSessionTimeout(Math.toIntExact(sessionTimeout.toSeconds()));
    }
  }

  final SSLParameters newParameters(SSLContext context) {
    SSLParameters parameters = context.getDefaultSSLParameters();
    SSLParameters supported = context.getSupportedSSLParameters();
    parameters.setProtocols(protocols.toArray(String[]::new));
    Set<String> suites = new LinkedHashSet<>(cipherSuites);
    suites.retainAll(Arrays.asList(supported.getCipherSuites()));
    if (suites.isEmpty()) {
      throw refusal("cipherSuites", "none of " + cipherSuites + " is known to the provider", null);
    }
    parameters.setCipherSuites(suites.toArray(String[]::new));
    parameters.setUseCipherSuitesOrder(true);
    parameters.setApplicationProtocols(applicationProtocols.toArray(String[]::new));
    return parameters;
  }

  static ConfigException refusal(String field, String message, Throwable cause) {
    ConfigException refused = new ConfigException(field, message);
    if (cause != null) {
      refused.initCause(cause);
    }
    return refused;
  }

  /**
   * Builds options; each method returns the builder.
   *
   * @param <B> the builder's own type
   */
  public abstract static sealed class Builder<B extends Builder<B>>
      permits TlsServerOptions.Builder, TlsClientOptions.Builder {
    private List<String> protocols = PROTOCOLS_DEFAULT;
    private List<String> cipherSuites = CIPHER_SUITES_DEFAULT;
    private List<String> applicationProtocols = List.of();
    private Duration handshakeTimeout = Duration.ofSeconds(10);
    private Duration closeTimeout = Duration.ofSeconds(2);
    private int sessionCacheSize = 20480;
    private Duration sessionTimeout = Duration.ofHours(2);
    private boolean toleratesTruncation;
    private TlsProvider provider = TlsProvider.AUTO;

    Builder() {}

    Builder(TlsSettings from) {
      protocols = from.protocols;
      cipherSuites = from.cipherSuites;
      applicationProtocols = from.applicationProtocols;
      handshakeTimeout = from.handshakeTimeout;
      closeTimeout = from.closeTimeout;
      sessionCacheSize = from.sessionCacheSize;
      sessionTimeout = from.sessionTimeout;
      toleratesTruncation = from.toleratesTruncation;
      provider = from.provider;
    }

    abstract B self();

    /**
     * Sets {@link TlsSettings#protocols()}.
     *
     * @param names of {@link #PROTOCOLS_DEFAULT}, at least one
     * @return this
     */
    public final B protocols(String... names) {
      protocols = List.of(names);
      return self();
    }

    /**
     * Sets {@link TlsSettings#cipherSuites()}.
     *
     * @param names standard names, the preferred one first
     * @return this
     */
    public final B cipherSuites(String... names) {
      cipherSuites = List.of(names);
      return self();
    }

    /**
     * Sets {@link TlsSettings#applicationProtocols()}.
     *
     * @param names such as {@code h2} and {@code http/1.1}, the preferred one first
     * @return this
     */
    public final B applicationProtocols(String... names) {
      applicationProtocols = List.of(names);
      return self();
    }

    /**
     * Sets {@link TlsSettings#handshakeTimeout()}.
     *
     * @param limit positive
     * @return this
     */
    public final B handshakeTimeout(Duration limit) {
      handshakeTimeout = Objects.requireNonNull(limit, "handshakeTimeout");
      return self();
    }

    /**
     * Sets {@link TlsSettings#closeTimeout()}.
     *
     * @param limit zero or more
     * @return this
     */
    public final B closeTimeout(Duration limit) {
      closeTimeout = Objects.requireNonNull(limit, "closeTimeout");
      return self();
    }

    /**
     * Sets {@link TlsSettings#sessionCacheSize()}.
     *
     * @param sessions 0 or more
     * @return this
     */
    public final B sessionCacheSize(int sessions) {
      sessionCacheSize = sessions;
      return self();
    }

    /**
     * Sets {@link TlsSettings#sessionTimeout()}.
     *
     * @param limit from 1 s to 7 days, which RFC 8446 allows at most
     * @return this
     */
    public final B sessionTimeout(Duration limit) {
      sessionTimeout = Objects.requireNonNull(limit, "sessionTimeout");
      return self();
    }

    /**
     * Sets {@link TlsSettings#toleratesTruncation()}.
     *
     * @param tolerates whether it is tolerated
     * @return this
     */
    public final B toleratesTruncation(boolean tolerates) {
      toleratesTruncation = tolerates;
      return self();
    }

    /**
     * Sets {@link TlsSettings#provider()}.
     *
     * @param who the provider
     * @return this
     */
    public final B provider(TlsProvider who) {
      provider = Objects.requireNonNull(who, "provider");
      return self();
    }

    final void check() {
      if (protocols.isEmpty() || !PROTOCOLS_DEFAULT.containsAll(protocols)) {
        throw refusal(
            "protocols",
            "protocols=" + protocols + " must be one or both of " + PROTOCOLS_DEFAULT
                + ": older versions are broken and not spoken here",
            null);
      }
      if (!handshakeTimeout.isPositive()) {
        throw refusal(
            "handshakeTimeout", "handshakeTimeout=" + handshakeTimeout + " must be positive", null);
      }
      if (closeTimeout.isNegative()) {
        throw refusal("closeTimeout", "closeTimeout=" + closeTimeout + " is negative", null);
      }
      if (sessionCacheSize < 0) {
        throw refusal(
            "sessionCacheSize", "sessionCacheSize=" + sessionCacheSize + " is negative", null);
      }
      if (sessionTimeout.toSeconds() < 1 || sessionTimeout.toDays() > 7) {
        throw refusal(
            "sessionTimeout",
            "sessionTimeout=" + sessionTimeout + " must be from 1 s to 7 days (RFC 8446 4.6.1)",
            null);
      }
    }
  }
}
