package dev.uring.tls;

import dev.uring.base.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.KeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * A text of PEM blocks (RFC 7468): certificates and a key among whatever else.
 *
 * <p>The JDK's own PEM interface is a preview still. What it lacks is little: the blocks are cut
 * out here, and the two older forms of keys wrapped into the one that the JDK reads.
 *
 * @param origin what the text is called in errors
 * @param text the text
 */
record PemFile(String origin, String text) {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  private static final List<String> KEY_ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

  static PemFile read(Path file) {
    try {
      return new PemFile(file.toString(), Files.readString(file));
    } catch (IOException failure) {
      throw TlsSettings.refusal(
          "credentials",
          "cannot read " + file + " as PEM: " + failure + ".\n  Likely cause: there is no such"
              + " file, or it is DER or PKCS#12, which are no text.",
          failure);
    }
  }

  List<X509Certificate> certificates() {
    List<X509Certificate> found = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      Matcher blocks = BLOCK.matcher(text);
      while (blocks.find()) {
        if (blocks.group(1).equals("CERTIFICATE")) {
          found.add((X509Certificate)
              factory.generateCertificate(new ByteArrayInputStream(decode(blocks.group(2)))));
        }
      }
    } catch (GeneralSecurityException | IllegalArgumentException damaged) {
      throw refused("has a certificate that cannot be read: " + damaged.getMessage(), damaged);
    }
    if (found.isEmpty()) {
      throw refused("has no CERTIFICATE block", null);
    }
    return found;
  }

  PrivateKey privateKey(char[] password) {
    Matcher blocks = BLOCK.matcher(text);
    try {
      while (blocks.find()) {
        String body = blocks.group(2);
        switch (blocks.group(1)) {
          case "PRIVATE KEY" -> {
            return pkcs8(decode(body));
          }
          case "RSA PRIVATE KEY" -> {
            return pkcs8(LegacyKeys.pkcs8OfPkcs1(decode(inTheClear(body))));
          }
          case "EC PRIVATE KEY" -> {
            return pkcs8(LegacyKeys.pkcs8OfSec1(decode(inTheClear(body))));
          }
          case "ENCRYPTED PRIVATE KEY" -> {
            return decrypted(decode(body), password);
          }
          default -> {
            // A certificate, or the parameters of a curve.
          }
        }
      }
    } catch (GeneralSecurityException | IOException | IllegalArgumentException damaged) {
      throw refused("has a key that cannot be read: " + damaged.getMessage(), damaged);
    }
    throw refused("has no PRIVATE KEY block", null);
  }

  private PrivateKey decrypted(byte[] der, char[] password)
      throws GeneralSecurityException, IOException {
    if (password == null) {
      throw refused("has an encrypted key, and no password was given", null);
    }
    EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(der);
    // The parameters of PBES2 print as the full name of the algorithm, which alone tells the JDK
    // which of many it is.
    String algorithm = info.getAlgParameters() == null
        ? info.getAlgName()
        : info.getAlgParameters().toString();
    Cipher cipher = Cipher.getInstance(algorithm);
    cipher.init(
        Cipher.DECRYPT_MODE,
        SecretKeyFactory.getInstance(algorithm).generateSecret(new PBEKeySpec(password)),
        info.getAlgParameters());
    KeySpec spec;
    try {
      spec = info.getKeySpec(cipher);
    } catch (InvalidKeySpecException wrong) {
      throw refused("has a key that the password does not open", wrong);
    }
    return pkcs8(((PKCS8EncodedKeySpec) spec).getEncoded());
  }

  private PrivateKey pkcs8(byte[] der) throws GeneralSecurityException {
    InvalidKeySpecException last = null;
    for (String algorithm : KEY_ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException otherKind) {
        last = otherKind;
      }
    }
    throw last;
  }

  private String inTheClear(String body) {
    if (body.contains("ENCRYPTED")) {
      throw refused(
          "has a key that is encrypted in OpenSSL's old way; convert it: openssl pkcs8 -topk8 -in"
              + " key.pem -out new.pem",
          null);
    }
    return body;
  }

  private static byte[] decode(String base64) {
    return Base64.getMimeDecoder().decode(base64.strip());
  }

  private ConfigException refused(String problem, Throwable cause) {
    return TlsSettings.refusal("credentials", origin + " " + problem, cause);
  }
}
