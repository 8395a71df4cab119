package dev.uring.tls;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a server speaks TLS. Immutable; every setting has a default.
 *
 * <pre>{@code
 * TlsServerOptions tls = TlsServerOptions.builder()
 *     .credentials(TlsCredentials.pem(Path.of("chain.pem"), Path.of("key.pem")))
 *     .applicationProtocols("h2", "http/1.1")
 *     .build();
 * runtime.listen("0.0.0.0:8443", tls, acceptor);
 * }</pre>
 *
 * <h2>Ownership</h2>
 *
 * Holds the keys, and the sessions that may be resumed: one object for as many servers as like, but
 * not one for each connection.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For any thread. {@link Builder#build()} reads nothing but loads the provider: not on a worker.
 *
 * <h2>Errors</h2>
 *
 * {@link Builder#build()} throws {@link dev.uring.base.ConfigException} for a wrong setting, naming
 * it, the value and the bound.
 */
public final class TlsServerOptions extends TlsSettings implements TlsServerSource {
  private static final Logger LOG = LoggerFactory.getLogger(TlsServerOptions.class);

  private final List<TlsCredentials> credentials;
  private final ClientAuth clientAuth;
  private final TlsTrust trust;
  private final boolean rejectsUnknownNames;
  private final Consumer<TlsException> onHandshakeFailure;
  private final SSLContext context;
  private final SSLParameters parameters;

  private TlsServerOptions(Builder builder) {
    super(builder);
    credentials = List.copyOf(builder.credentials);
    clientAuth = builder.clientAuth;
    trust = builder.trust;
    rejectsUnknownNames = builder.rejectsUnknownNames;
    onHandshakeFailure = builder.onHandshakeFailure;
    ServerKeys keys = new ServerKeys(credentials, provider());
    context = newContext(new KeyManager[] {keys}, trust.managers());
    parameters = newParameters(context);
    parameters.setNeedClientAuth(clientAuth == ClientAuth.NEED);
    if (clientAuth == ClientAuth.WANT) {
      parameters.setWantClientAuth(true);
    }
    if (rejectsUnknownNames) {
      parameters.setSNIMatchers(List.<SNIMatcher>of(keys.matcher()));
    }
  }

  /**
   * Options with one certificate and every default.
   *
   * @param credentials the certificate and its key
   * @return the options
   */
  public static TlsServerOptions of(TlsCredentials credentials) {
    return builder().credentials(credentials).build();
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
   * The certificates. A client that asks for a name by SNI gets the first one that has it, exactly
   * or by a wildcard, and whose kind of key it takes; any other client the first it takes.
   *
   * @return at least one
   */
  public List<TlsCredentials> credentials() {
    return credentials;
  }

  /**
   * Whether clients are asked for a certificate. Default {@link ClientAuth#NONE}.
   *
   * @return whether they are
   */
  public ClientAuth clientAuth() {
    return clientAuth;
  }

  /**
   * Who may sign a client's certificate. Default the system's authorities, which is seldom what is
   * meant: name your own.
   *
   * @return the authorities
   */
  public TlsTrust trust() {
    return trust;
  }

  /**
   * Whether a client that asks for a name of no certificate is refused. Default false: it gets the
   * first one, and finds out by itself.
   *
   * @return whether it is
   */
  public boolean rejectsUnknownNames() {
    return rejectsUnknownNames;
  }

  @Override
  public TlsServerOptions current() {
    return this;
  }

  SSLEngine newEngine() {
    SSLEngine engine = provider().ready(context.createSSLEngine());
    engine.setUseClientMode(false);
    engine.setSSLParameters(parameters);
    return engine;
  }

  Consumer<TlsException> onHandshakeFailure() {
    return onHandshakeFailure;
  }

  /** Builds {@link TlsServerOptions}. */
  public static final class Builder extends TlsSettings.Builder<Builder> {
    private List<TlsCredentials> credentials = new ArrayList<>();
    private ClientAuth clientAuth = ClientAuth.NONE;
    private TlsTrust trust = TlsTrust.system();
    private boolean rejectsUnknownNames;
    // Not louder: whoever scans a port makes one of these.
    private Consumer<TlsException> onHandshakeFailure =
        failure -> LOG.debug("{}", failure.getMessage());

    private Builder() {}

    private Builder(TlsServerOptions from) {
      super(from);
      credentials = new ArrayList<>(from.credentials);
      clientAuth = from.clientAuth;
      trust = from.trust;
      rejectsUnknownNames = from.rejectsUnknownNames;
      onHandshakeFailure = from.onHandshakeFailure;
    }

    @Override
    Builder self() {
      return this;
    }

    /**
     * Sets {@link TlsServerOptions#credentials()}.
     *
     * @param certificates at least one; the first is for clients that ask for no name
     * @return this
     */
    public Builder credentials(TlsCredentials... certificates) {
      credentials = new ArrayList<>(List.of(certificates));
      return this;
    }

    /**
     * Sets {@link TlsServerOptions#clientAuth()}.
     *
     * @param how whether clients are asked
     * @return this
     */
    public Builder clientAuth(ClientAuth how) {
      clientAuth = Objects.requireNonNull(how, "clientAuth");
      return this;
    }

    /**
     * Sets {@link TlsServerOptions#trust()}.
     *
     * @param authorities who may sign
     * @return this
     */
    public Builder trust(TlsTrust authorities) {
      trust = Objects.requireNonNull(authorities, "trust");
      return this;
    }

    /**
     * Sets {@link TlsServerOptions#rejectsUnknownNames()}.
     *
     * @param rejects whether they are refused
     * @return this
     */
    public Builder rejectUnknownNames(boolean rejects) {
      rejectsUnknownNames = rejects;
      return this;
    }

    /**
     * Hears of each connection that was lost before its handshake was through, of which no handler
     * hears. By default it is logged at debug level.
     *
     * @param listener called on the connection's worker, which it must not block
     * @return this
     */
    public Builder onHandshakeFailure(Consumer<TlsException> listener) {
      onHandshakeFailure = Objects.requireNonNull(listener, "onHandshakeFailure");
      return this;
    }

    /**
     * The options.
     *
     * @return new options
     * @throws dev.uring.base.ConfigException a setting is wrong
     */
    public TlsServerOptions build() {
      check();
      if (credentials.isEmpty()) {
        throw refusal(
            "credentials",
            "a TLS server needs a certificate: set credentials; for development"
                + " TlsCredentials.selfSigned(\"localhost\") makes one",
            null);
      }
      return new TlsServerOptions(this);
    }
  }
}
