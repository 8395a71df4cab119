package dev.uring.tls;

import dev.uring.base.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * A certificate, the chain that leads from it to an authority, and its private key.
 *
 * <h2>Shapes and units</h2>
 *
 * The chain begins with the certificate itself; the authority at its end may be left out. Keys are
 * RSA, EC or Ed25519. In PEM the forms are PKCS#8 ({@code PRIVATE KEY}, {@code ENCRYPTED PRIVATE
 * KEY}), PKCS#1 ({@code RSA PRIVATE KEY}) and SEC 1 ({@code EC PRIVATE KEY}).
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable, for any thread. What reads files or makes keys takes its time: not on a worker.
 *
 * <h2>Errors</h2>
 *
 * {@link ConfigException} for what cannot be read, with the file, the reason and the remedy.
 */
public final class TlsCredentials {
  // X.509's number for a host name among a certificate's alternative names (RFC 5280 4.2.1.6).
  private static final int DNS_NAME = 2;

  private final PrivateKey key;
  private final List<X509Certificate> chain;
  private final List<String> names;

  private TlsCredentials(PrivateKey key, List<X509Certificate> chain) {
    this.key = key;
    this.chain = List.copyOf(chain);
    this.names = namesOf(chain.getFirst());
  }

  /**
   * A key and its certificates as the JDK has them.
   *
   * @param key of the first certificate
   * @param chain the certificate, and those that lead to an authority
   * @return the credentials
   */
  public static TlsCredentials of(PrivateKey key, List<X509Certificate> chain) {
    if (chain.isEmpty()) {
      throw new ConfigException("credentials", "a key without a certificate: the chain is empty");
    }
    String certified = chain.getFirst().getPublicKey().getAlgorithm();
    if (!sameKind(certified, key.getAlgorithm())) {
      throw new ConfigException(
          "credentials",
          "the key is "
              + key.getAlgorithm()
              + ", but its certificate is for "
              + certified
              + " ("
              + chain.getFirst().getSubjectX500Principal()
              + ").\n  Likely cause: the files of two certificates were mixed up.");
    }
    return new TlsCredentials(key, chain);
  }

  /**
   * Reads PEM files.
   *
   * @param chain the certificate and those that lead to an authority, in this order
   * @param key its key, not encrypted; may be the same file
   * @return the credentials
   */
  public static TlsCredentials pem(Path chain, Path key) {
    return pem(chain, key, null);
  }

  /**
   * Reads PEM files, of which the key's is encrypted.
   *
   * @param chain the certificate and those that lead to an authority, in this order
   * @param key its key
   * @param password of the key, or null when it is not encrypted
   * @return the credentials
   */
  public static TlsCredentials pem(Path chain, Path key, char[] password) {
    List<X509Certificate> certificates = PemFile.read(chain).certificates();
    return of(PemFile.read(key).privateKey(password), certificates);
  }

  /**
   * Reads PEM texts, which may be one and the same.
   *
   * @param chain the certificate and those that lead to an authority, in this order
   * @param key its key, not encrypted
   * @return the credentials
   */
  public static TlsCredentials pemText(String chain, String key) {
    return of(
        new PemFile("the key's PEM text", key).privateKey(null),
        new PemFile("the certificate's PEM text", chain).certificates());
  }

  /**
   * Reads the first key of a PKCS#12 file.
   *
   * @param file the file
   * @param password of the file and the key
   * @return the credentials
   */
  public static TlsCredentials pkcs12(Path file, char[] password) {
    try (InputStream bytes = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(bytes, password);
      for (String alias : Collections.list(store.aliases())) {
        if (store.getKey(alias, password) instanceof PrivateKey key) {
          List<X509Certificate> chain = new ArrayList<>();
          for (var certificate : store.getCertificateChain(alias)) {
            chain.add((X509Certificate) certificate);
          }
          return of(key, chain);
        }
      }
      throw new ConfigException("credentials", file + " has no private key in it");
    } catch (IOException | GeneralSecurityException failure) {
      throw TlsSettings.refusal(
          "credentials",
          "cannot read "
              + file
              + " as PKCS#12: "
              + failure.getMessage()
              + ".\n  Likely cause: the password is wrong, or the file is PEM.",
          failure);
    }
  }

  /**
   * Makes a key and a certificate that it signs itself: for development and tests, where clients
   * trust exactly this certificate ({@link TlsTrust#certificates}). Takes about a second.
   *
   * @param names host names and addresses that it is for; {@code localhost} when there is none
   * @return an EC key and a certificate for 30 days
   */
  public static TlsCredentials selfSigned(String... names) {
    return Keytool.selfSigned(names.length == 0 ? List.of("localhost") : List.of(names));
  }

  /**
   * The certificate and those that lead to an authority.
   *
   * @return at least one
   */
  public List<X509Certificate> chain() {
    return chain;
  }

  /**
   * The certificate itself.
   *
   * @return the first of the chain
   */
  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /**
   * The host names that the certificate is for, wildcards as they are.
   *
   * @return names in lower case
   */
  public List<String> names() {
    return names;
  }

  @Override
  public String toString() {
    return "TlsCredentials("
        + certificate().getSubjectX500Principal()
        + ", names="
        + names
        + ", until "
        + certificate().getNotAfter().toInstant()
        + ")";
  }

  PrivateKey key() {
    return key;
  }

  /** Whether the key is of what engines call a type: EC, RSA, EC_RSA, EdDSA. */
  boolean isOfKeyType(String keyType) {
    int underscore = keyType.indexOf('_');
    String kind = underscore < 0 ? keyType : keyType.substring(0, underscore);
    return sameKind(kind, key.getAlgorithm());
  }

  /** Whether the certificate is for a host, by its exact name or by a wildcard for one label. */
  boolean isFor(String host) {
    String wanted = host.toLowerCase(Locale.ROOT);
    int dot = wanted.indexOf('.');
    String wildcard = dot < 0 ? null : "*" + wanted.substring(dot);
    return names.contains(wanted) || wildcard != null && names.contains(wildcard);
  }

  private static boolean sameKind(String first, String second) {
    return kind(first).equals(kind(second));
  }

  private static String kind(String algorithm) {
    return switch (algorithm) {
      case "Ed25519", "EdDSA" -> "EdDSA";
      case "ECDSA", "EC" -> "EC";
      default -> algorithm;
    };
  }

  private static List<String> namesOf(X509Certificate certificate) {
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives == null) {
        return List.of();
      }
      return alternatives.stream()
          .filter(name -> (Integer) name.get(0) == DNS_NAME)
          .map(name -> name.get(1).toString().toLowerCase(Locale.ROOT))
          .toList();
    } catch (CertificateParsingException damaged) {
      throw TlsSettings.refusal(
          "credentials",
          "the certificate's alternative names cannot be read: " + damaged.getMessage(),
          damaged);
    }
  }
}
