package dev.uring.tls;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * The JDK's check of certificates for Conscrypt's engine. In TLS 1.3 a cipher suite does not say
 * how a server proves itself: Conscrypt then calls it "GENERIC", the JDK "UNKNOWN", and refuses any
 * other word.
 */
final class RenamedAuthType extends X509ExtendedTrustManager {
  private final X509ExtendedTrustManager checks;

  private RenamedAuthType(X509ExtendedTrustManager checks) {
    this.checks = checks;
  }

  static TrustManager[] in(TrustManager[] managers) {
    TrustManager[] renamed = managers.clone();
    for (int i = 0; i < renamed.length; i++) {
      if (renamed[i] instanceof X509ExtendedTrustManager checks) {
        renamed[i] = new RenamedAuthType(checks);
      }
    }
    return renamed;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checks.checkServerTrusted(chain, renamed(authType), engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checks.checkClientTrusted(chain, renamed(authType), engine);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checks.checkServerTrusted(chain, renamed(authType), socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checks.checkClientTrusted(chain, renamed(authType), socket);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    checks.checkServerTrusted(chain, renamed(authType));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    checks.checkClientTrusted(chain, renamed(authType));
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return checks.getAcceptedIssuers();
  }

  private static String renamed(String authType) {
    return authType.equals("GENERIC") ? "UNKNOWN" : authType;
  }
}
