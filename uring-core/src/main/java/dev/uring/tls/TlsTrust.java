package dev.uring.tls;

import dev.uring.base.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Whose signature makes a peer's certificate believed.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable, for any thread. What reads files takes its time: not on a worker.
 *
 * <h2>Errors</h2>
 *
 * {@link ConfigException} for what cannot be read, with the file and the reason.
 */
public final class TlsTrust {
  private static final TlsTrust SYSTEM = new TlsTrust(null);

  // Null for the system's. Made at the first use: a server without client certificates needs none.
  private final KeyStore authorities;
  private TrustManager[] managers;

  private TlsTrust(KeyStore authorities) {
    this.authorities = authorities;
  }

  /**
   * The authorities that the JDK was installed with, or those of {@code javax.net.ssl.trustStore}.
   *
   * @return always the same object
   */
  public static TlsTrust system() {
    return SYSTEM;
  }

  /**
   * Authorities from PEM files: every certificate in them.
   *
   * @param files at least one
   * @return the authorities, and no others
   */
  public static TlsTrust pem(Path... files) {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Path file : files) {
      certificates.addAll(PemFile.read(file).certificates());
    }
    return of(certificates);
  }

  /**
   * Authorities as the JDK has them; also single certificates, such as one that signed itself.
   *
   * @param certificates at least one
   * @return these, and no others
   */
  public static TlsTrust certificates(X509Certificate... certificates) {
    return of(List.of(certificates));
  }

  /**
   * Authorities from a PKCS#12 file: every trusted certificate in it.
   *
   * @param file the file
   * @param password of the file
   * @return the authorities, and no others
   */
  public static TlsTrust pkcs12(Path file, char[] password) {
    try (InputStream bytes = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(bytes, password);
      List<X509Certificate> certificates = new ArrayList<>();
      for (String alias : Collections.list(store.aliases())) {
        if (store.getCertificate(alias) instanceof X509Certificate certificate) {
          certificates.add(certificate);
        }
      }
      return of(certificates);
    } catch (IOException | GeneralSecurityException failure) {
      throw TlsSettings.refusal(
          "trust", "cannot read " + file + " as PKCS#12: " + failure.getMessage(), failure);
    }
  }

  private static TlsTrust of(List<X509Certificate> certificates) {
    if (certificates.isEmpty()) {
      throw new ConfigException("trust", "trust in nobody: no certificate was given");
    }
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (int i = 0; i < certificates.size(); i++) {
        store.setCertificateEntry("authority-" + i, certificates.get(i));
      }
      return new TlsTrust(store);
    } catch (IOException | GeneralSecurityException impossible) {
      throw new AssertionError("an empty key store refused a certificate", impossible);
    }
  }

  synchronized TrustManager[] managers() {
    if (managers == null) {
      try {
        TrustManagerFactory factory =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(authorities);
        managers = factory.getTrustManagers();
      } catch (GeneralSecurityException failure) {
        throw TlsSettings.refusal(
            "trust", "the authorities cannot be used: " + failure.getMessage(), failure);
      }
    }
    return managers;
  }
}
