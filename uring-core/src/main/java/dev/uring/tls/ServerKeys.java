package dev.uring.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.IntStream;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.StandardConstants;
import javax.net.ssl.X509ExtendedKeyManager;

/** Chooses a server's certificate by the name that the client asks for. An alias is an index. */
final class ServerKeys extends X509ExtendedKeyManager {
  private final List<TlsCredentials> credentials;
  // As the provider's engine wants them, once and not in every handshake.
  private final List<PrivateKey> keys;

  ServerKeys(List<TlsCredentials> credentials, TlsProvider provider) {
    this.credentials = credentials;
    this.keys = credentials.stream().map(each -> provider.ready(each.key())).toList();
  }

  @Override
  public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
    String name = requestedName(engine);
    int fallback = -1;
    for (int i = 0; i < credentials.size(); i++) {
      TlsCredentials each = credentials.get(i);
      if (!each.isOfKeyType(keyType)) {
        continue;
      }
      if (name == null || each.isFor(name)) {
        return String.valueOf(i);
      }
      if (fallback < 0) {
        fallback = i;
      }
    }
    // The right name with another kind of key goes before a wrong name with this kind.
    return fallback < 0 || credentials.stream().anyMatch(each -> each.isFor(name))
        ? null
        : String.valueOf(fallback);
  }

  private static String requestedName(SSLEngine engine) {
    if (engine.getHandshakeSession() instanceof ExtendedSSLSession session) {
      for (SNIServerName name : session.getRequestedServerNames()) {
        if (name instanceof SNIHostName host) {
          return host.getAsciiName();
        }
      }
    }
    return null;
  }

  /** Matches the names that some certificate has. */
  SNIMatcher matcher() {
    return new SNIMatcher(StandardConstants.SNI_HOST_NAME) {
      @Override
      public boolean matches(SNIServerName requested) {
        String name = requested instanceof SNIHostName host
            ? host.getAsciiName()
            : new SNIHostName(requested.getEncoded()).getAsciiName();
        return credentials.stream().anyMatch(each -> each.isFor(name));
      }
    };
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return credentials.get(Integer.parseInt(alias)).chain().toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return keys.get(Integer.parseInt(alias));
  }

  @Override
  public String[] getServerAliases(String keyType, Principal[] issuers) {
    return IntStream.range(0, credentials.size())
        .filter(i -> credentials.get(i).isOfKeyType(keyType))
        .mapToObj(String::valueOf)
        .toArray(String[]::new);
  }

  @Override
  public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
    return null;
  }

  @Override
  public String[] getClientAliases(String keyType, Principal[] issuers) {
    return new String[0];
  }

  @Override
  public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
    return null;
  }
}
