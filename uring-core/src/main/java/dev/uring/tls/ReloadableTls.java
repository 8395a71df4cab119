package dev.uring.tls;

import java.util.Objects;

/**
 * A server's options that can be replaced while it runs, when a certificate is renewed for
 * instance.
 *
 * <pre>{@code
 * ReloadableTls tls = new ReloadableTls(TlsServerOptions.of(TlsCredentials.pem(chain, key)));
 * runtime.listen("0.0.0.0:8443", tls, acceptor);
 * …
 * tls.reload(TlsServerOptions.of(TlsCredentials.pem(chain, key)));   // the files were renewed
 * }</pre>
 *
 * <h2>Ownership</h2>
 *
 * Connections keep the options that they began with, and none is dropped. Sessions from before a
 * reload are not resumed after it: those peers make one full handshake.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For any thread.
 *
 * <h2>Errors</h2>
 *
 * None: options that cannot be made throw where they are made, and the old ones stay.
 */
public final class ReloadableTls implements TlsServerSource {
  private volatile TlsServerOptions options;

  /**
   * Options to begin with.
   *
   * @param options the options
   */
  public ReloadableTls(TlsServerOptions options) {
    this.options = Objects.requireNonNull(options, "options");
  }

  /**
   * Replaces them: a connection that is accepted from now on has the new ones.
   *
   * @param newOptions the options
   */
  public void reload(TlsServerOptions newOptions) {
    options = Objects.requireNonNull(newOptions, "newOptions");
  }

  @Override
  public TlsServerOptions current() {
    return options;
  }
}
