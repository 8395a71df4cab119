package dev.uring.tls;

import dev.uring.net.Connection;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * What the two sides of a TLS connection agreed on.
 *
 * @param protocol such as {@code TLSv1.3}
 * @param cipherSuite its standard name, such as {@code TLS_AES_128_GCM_SHA256}
 * @param applicationProtocol what ALPN chose, such as {@code h2}; empty when nothing
 * @param serverName the name that the client asked for by SNI; empty when none
 * @param peerCertificates the peer's chain, its own certificate first; empty when it has shown
 *     none, as most clients. Verified, unless the options switched that off by a loud name
 * @param isResumed whether the session is one from before, so that no certificate was shown and no
 *     signature made; as far as the engine lets one see it: Conscrypt's tells it of sessions that
 *     were made in an earlier second
 */
public record TlsInfo(
    String protocol,
    String cipherSuite,
    Optional<String> applicationProtocol,
    Optional<String> serverName,
    List<X509Certificate> peerCertificates,
    boolean isResumed) {

  /**
   * What was agreed on for a connection.
   *
   * @param connection the connection
   * @return empty when it has no TLS, or the handshake is not through
   */
  public static Optional<TlsInfo> of(Connection connection) {
    return connection.layer() instanceof TlsLayer tls
        ? Optional.ofNullable(tls.info())
        : Optional.empty();
  }

  static TlsInfo of(SSLEngine engine, long beganMillis) {
    SSLSession session = engine.getSession();
    String alpn = engine.getApplicationProtocol();
    return new TlsInfo(
        session.getProtocol(),
        session.getCipherSuite(),
        alpn == null || alpn.isEmpty() ? Optional.empty() : Optional.of(alpn),
        requestedName(session),
        asksForCertificate(engine) ? peerCertificates(session) : List.of(),
        isFromBefore(session.getCreationTime(), beganMillis));
  }

  // That there are none is said with an exception, which is the dearest part of all this.
  private static boolean asksForCertificate(SSLEngine engine) {
    return engine.getUseClientMode() || engine.getNeedClientAuth() || engine.getWantClientAuth();
  }

  // Conscrypt's sessions have whole seconds: one of the same second is taken for a new one.
  private static boolean isFromBefore(long createdMillis, long beganMillis) {
    long granularity = createdMillis % 1000 == 0 ? 1000 : 1;
    return createdMillis / granularity < beganMillis / granularity;
  }

  private static Optional<String> requestedName(SSLSession session) {
    if (session instanceof ExtendedSSLSession extended) {
      for (SNIServerName name : extended.getRequestedServerNames()) {
        if (name instanceof SNIHostName host) {
          return Optional.of(host.getAsciiName());
        }
      }
    }
    return Optional.empty();
  }

  private static List<X509Certificate> peerCertificates(SSLSession session) {
    List<X509Certificate> chain = new ArrayList<>();
    try {
      for (Certificate certificate : session.getPeerCertificates()) {
        if (certificate instanceof X509Certificate x509) {
          chain.add(x509);
        }
      }
    } catch (SSLPeerUnverifiedException none) {
      return List.of();
    }
    return List.copyOf(chain);
  }
}
