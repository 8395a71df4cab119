package dev.uring.tls;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.spec.PKCS8EncodedKeySpec;
import javax.net.ssl.SSLEngine;

/** Who does the cryptography of TLS. */
public enum TlsProvider {
  /** Conscrypt when it is on the class path, else the JDK. */
  AUTO,
  /** The JDK's own. */
  JDK,
  /**
   * Conscrypt, which is BoringSSL: artifact {@code org.conscrypt:conscrypt-openjdk-uber}. Options
   * with it are refused when it is not on the class path. Its engine hands out no tasks: it signs
   * on the worker, which takes 20 µs with an EC key and half a millisecond with RSA 2048.
   */
  CONSCRYPT;

  // Looked for once: loading it unpacks a native library.
  private static final class Conscrypt {
    static final Provider PROVIDER = load();
    static Throwable missing;
    private static Method setUseSessionTickets;

    private static Provider load() {
      try {
        Class<?> conscrypt = Class.forName("org.conscrypt.Conscrypt");
        setUseSessionTickets =
            conscrypt.getMethod("setUseSessionTickets", SSLEngine.class, boolean.class);
        return (Provider) conscrypt.getMethod("newProvider").invoke(null);
      } catch (ReflectiveOperationException | LinkageError absent) {
        missing = absent instanceof InvocationTargetException thrown ? thrown.getCause() : absent;
        return null;
      }
    }

    static void useTickets(SSLEngine engine) {
      try {
        setUseSessionTickets.invoke(null, engine, true);
      } catch (ReflectiveOperationException impossible) {
        throw new IllegalStateException("Conscrypt does not take its own engine", impossible);
      }
    }
  }

  /**
   * Whether Conscrypt can be used here.
   *
   * @return whether it is on the class path and its native library fits this machine
   */
  public static boolean isConscryptThere() {
    return Conscrypt.PROVIDER != null;
  }

  /** A new engine, which resumes sessions: of Conscrypt's no one does over TLS 1.3 by itself. */
  SSLEngine ready(SSLEngine engine) {
    if (isConscrypt()) {
      Conscrypt.useTickets(engine);
    }
    return engine;
  }

  /**
   * The key as the engine uses it. Conscrypt parses and checks any other in every handshake, also
   * in those that resume a session: 30 µs for an EC key, 100 µs for RSA 2048.
   *
   * @return the same key where there is nothing to gain: it cannot be read, as that of a hardware
   *     module, or is of a kind that the provider has no factory for
   */
  PrivateKey ready(PrivateKey key) {
    byte[] encoded = isConscrypt() && "PKCS#8".equals(key.getFormat()) ? key.getEncoded() : null;
    if (encoded == null) {
      return key;
    }
    try {
      return KeyFactory.getInstance(key.getAlgorithm(), implementation())
          .generatePrivate(new PKCS8EncodedKeySpec(encoded));
    } catch (GeneralSecurityException unknown) {
      return key;
    }
  }

  /** Whether its engine lets nothing more out once it has seen the peer's end. */
  boolean endsOutputWithInput() {
    return isConscrypt();
  }

  /** Whether its engine works on native memory, so that it would copy arrays there and back. */
  boolean worksOnNativeMemory() {
    return isConscrypt();
  }

  private boolean isConscrypt() {
    return this == CONSCRYPT || this == AUTO && Conscrypt.PROVIDER != null;
  }

  /** The provider to ask; null for the JDK's preferred one. */
  Provider implementation() {
    if (!isConscrypt()) {
      return null;
    }
    if (Conscrypt.PROVIDER == null) {
      throw TlsSettings.refusal(
          "provider",
          "provider=CONSCRYPT, but Conscrypt cannot be used: "
              + Conscrypt.missing
              + ".\n  Put org.conscrypt:conscrypt-openjdk-uber on the class path, or take AUTO.",
          Conscrypt.missing);
    }
    return Conscrypt.PROVIDER;
  }
}
