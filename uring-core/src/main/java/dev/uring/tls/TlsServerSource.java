package dev.uring.tls;

/**
 * Where a server gets its options from, for each connection anew.
 *
 * <p>{@link TlsServerOptions} are one, which never changes; {@link ReloadableTls} is one whose
 * certificates can be replaced.
 */
@FunctionalInterface
public interface TlsServerSource {
  /**
   * The options for a connection that was accepted just now.
   *
   * @return options; on the worker, so without waiting for anything
   */
  TlsServerOptions current();
}
