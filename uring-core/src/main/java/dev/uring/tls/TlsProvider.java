package dev.uring.tls;

import java.lang.reflect.InvocationTargetException;
import java.security.Provider;

/** Who does the cryptography of TLS. */
public enum TlsProvider {
  /** Conscrypt when it is on the class path, else the JDK. */
  AUTO,
  /** The JDK's own. */
  JDK,
  /**
   * Conscrypt, which is BoringSSL: artifact {@code org.conscrypt:conscrypt-openjdk-uber}. Options
   * with it are refused when it is not on the class path.
   *
   * <p>Its engine may end the output when the peer ends its own: a reply to a request that arrives
   * together with the peer's {@code close_notify} can be lost.
   */
  CONSCRYPT;

  // Looked for once: loading it unpacks a native library.
  private static final class Conscrypt {
    static final Provider PROVIDER = load();
    static Throwable missing;

    private static Provider load() {
      try {
        return (Provider)
            Class.forName("org.conscrypt.Conscrypt").getMethod("newProvider").invoke(null);
      } catch (ReflectiveOperationException | LinkageError absent) {
        missing = absent instanceof InvocationTargetException thrown ? thrown.getCause() : absent;
        return null;
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

  /** The provider to ask; null for the JDK's preferred one. */
  Provider implementation() {
    if (this == JDK || this == AUTO && Conscrypt.PROVIDER == null) {
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
