package dev.uring.tls;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;

/**
 * How a client speaks TLS. Immutable; every setting has a default, and with the defaults the
 * server's certificate is verified: signed by an authority that the system trusts, in its time, and
 * for the host that was connected to.
 *
 * <pre>{@code
 * TlsClientOptions tls = TlsClientOptions.builder()
 *     .trust(TlsTrust.pem(Path.of("ca.pem")))
 *     .serverName("db.example.org")
 *     .build();
 * }</pre>
 *
 * <h2>Ownership</h2>
 *
 * Holds keys, and the sessions that may be resumed: one object for many connections, or each makes
 * a full handshake.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For any thread. {@link Builder#build()} loads the provider and the system's authorities: not on a
 * worker.
 *
 * <h2>Errors</h2>
 *
 * {@link Builder#build()} throws {@link dev.uring.base.ConfigException} for a wrong setting.
 */
public final class TlsClientOptions extends TlsSettings {
  private final TlsTrust trust;
  private final TlsCredentials credentials;
  private final String serverName;
  private final boolean isInsecure;
  private final SSLContext context;
  private final SSLParameters parameters;

  private TlsClientOptions(Builder builder) {
    super(builder);
    trust = builder.trust;
    credentials = builder.credentials;
    serverName = builder.serverName;
    isInsecure = builder.isInsecure;
    KeyManager[] keys =
        credentials == null ? null : new KeyManager[] {new ClientKeys(credentials, provider())};
    context = newContext(
        keys, isInsecure ? new TrustManager[] {new TrustsEverybody()} : trust.managers());
    parameters = newParameters(context);
    if (!isInsecure) {
      // What the JDK calls the check of the name against the certificate: RFC 2818, RFC 6125.
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
    }
  }

  // Made at the first use: it reads the system's authorities.
  private static final class Defaults {
    static final TlsClientOptions OPTIONS = builder().build();
  }

  /**
   * Options with every default.
   *
   * @return always the same object
   */
  public static TlsClientOptions defaults() {
    return Defaults.OPTIONS;
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
    return new Builder(this);
  }

  /**
   * Who may sign the server's certificate. Default the system's authorities.
   *
   * @return the authorities
   */
  public TlsTrust trust() {
    return trust;
  }

  /**
   * The client's own certificate, for servers that ask for one. Default none.
   *
   * @return the certificate
   */
  public Optional<TlsCredentials> credentials() {
    return Optional.ofNullable(credentials);
  }

  /**
   * The name that the server is asked for by SNI and that its certificate must have. Default the
   * host that was connected to. Needed for a Unix socket, which has no host.
   *
   * @return the name
   */
  public Optional<String> serverName() {
    return Optional.ofNullable(serverName);
  }

  /**
   * Whether the server's certificate is not looked at.
   *
   * @return {@code true} after {@link Builder#insecurelyTrustEverybody()}
   */
  public boolean isInsecure() {
    return isInsecure;
  }

  /**
   * An engine for a connection.
   *
   * @param address the peer, by which sessions are remembered too
   */
  SSLEngine newEngine(SocketAddress address) {
    InetSocketAddress ip = address instanceof InetSocketAddress internet ? internet : null;
    String name = serverName;
    if (name == null && ip != null) {
      name = ip.getHostString();
    }
    if (name == null && !isInsecure) {
      throw refusal(
          "serverName",
          "a Unix socket (" + address + ") has no host that the server's certificate could be"
              + " checked against: set serverName",
          null);
    }
    SSLEngine engine =
        provider().ready(context.createSSLEngine(name, ip == null ? 0 : ip.getPort()));
    engine.setUseClientMode(true);
    engine.setSSLParameters(parametersFor(name));
    return engine;
  }

  private SSLParameters parametersFor(String name) {
    if (name == null || isAddress(name)) {
      return parameters;
    }
    SSLParameters named = newParameters(context);
    named.setEndpointIdentificationAlgorithm(parameters.getEndpointIdentificationAlgorithm());
    named.setServerNames(List.of(new SNIHostName(name)));
    return named;
  }

  // RFC 6066 3: SNI carries no addresses.
  private static boolean isAddress(String name) {
    return name.indexOf(':') >= 0 || name.chars().allMatch(c -> c == '.' || c >= '0' && c <= '9');
  }

  /** Builds {@link TlsClientOptions}. */
  public static final class Builder extends TlsSettings.Builder<Builder> {
    private TlsTrust trust = TlsTrust.system();
    private TlsCredentials credentials;
    private String serverName;
    private boolean isInsecure;

    private Builder() {}

    private Builder(TlsClientOptions from) {
      super(from);
      trust = from.trust;
      credentials = from.credentials;
      serverName = from.serverName;
      isInsecure = from.isInsecure;
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Sets {@link TlsClientOptions#trust()}.
     *
     * @param authorities who may sign
     * @return this
     */
    public Builder trust(TlsTrust authorities) {
      trust = Objects.requireNonNull(authorities, "trust");
      return this;
    }

    /**
     * Sets {@link TlsClientOptions#credentials()}.
     *
     * @param certificate the client's own
     * @return this
     */
    public Builder credentials(TlsCredentials certificate) {
      credentials = Objects.requireNonNull(certificate, "credentials");
      return this;
    }

    /**
     * Sets {@link TlsClientOptions#serverName()}.
     *
     * @param name a host name or an address
     * @return this
     */
    public Builder serverName(String name) {
      serverName = Objects.requireNonNull(name, "serverName");
      return this;
    }

    /**
     * Takes any certificate for the right one: whoever sits between may read and change everything.
     * For tests against a server of one's own, and for nothing else.
     *
     * @return this
     */
    public Builder insecurelyTrustEverybody() {
      isInsecure = true;
      return this;
    }

    /**
     * The options.
     *
     * @return new options
     * @throws dev.uring.base.ConfigException a setting is wrong
     */
    public TlsClientOptions build() {
      check();
      return new TlsClientOptions(this);
    }
  }
}
