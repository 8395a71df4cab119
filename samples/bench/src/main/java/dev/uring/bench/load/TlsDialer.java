package dev.uring.bench.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Opens connections over TLS 1.3 to servers whose certificate nobody has signed. */
final class TlsDialer {
  /** What every connection encrypts with. */
  static final String CIPHER_SUITE = "TLS_AES_128_GCM_SHA256";

  private static final int SOURCES = 200;

  private final SSLContext context;
  private final AtomicLong dialed = new AtomicLong();

  TlsDialer() throws GeneralSecurityException {
    context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, null);
  }

  Target target(int port, int stallMillis, String mode) {
    return new Target(port, stallMillis, mode);
  }

  /** A server, and how it is connected to. */
  final class Target {
    private final int port;
    private final int stallMillis;
    private final String mode;

    private Target(int port, int stallMillis, String mode) {
      this.port = port;
      this.stallMillis = stallMillis;
      this.mode = mode;
    }

    boolean isEcho() {
      return mode.equals("echo");
    }

    /**
     * Connects and shakes hands, as the mode says or not at all.
     *
     * @param slot whose session it is
     * @param serial of the connection; spreads them over local addresses
     * @param isFirst whether there is no session yet that could be resumed
     */
    SSLSocket dial(int slot, int serial, boolean isFirst) throws IOException {
      Socket plain = new Socket();
      plain.setTcpNoDelay(true);
      plain.setSoTimeout(stallMillis);
      byte[] source = {127, 0, 1, (byte) (1 + serial % SOURCES)};
      plain.bind(new InetSocketAddress(InetAddress.getByAddress(source), 0));
      plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      // Sessions are remembered by name: a slot comes back under its own, or never under the same.
      String name = "slot" + slot + (mode.equals("full") ? "-" + dialed.incrementAndGet() : "");
      SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket(plain, name + ".test", port, true);
      socket.setEnabledProtocols(new String[] {"TLSv1.3"});
      // No server can choose another, which would cost another CPU time.
      socket.setEnabledCipherSuites(new String[] {CIPHER_SUITE});
      long began = System.currentTimeMillis();
      socket.startHandshake();
      boolean isResumed = socket.getSession().getCreationTime() < began;
      if (mode.equals("full") && isResumed || mode.equals("resumed") && !isResumed && !isFirst) {
        throw new LoadException("a session was "
            + (isResumed ? "" : "not ")
            + "resumed where the handshakes measured are "
            + mode);
      }
      return socket;
    }
  }

  private static final class Anybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {
      // Trusted.
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {
      // Trusted.
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
