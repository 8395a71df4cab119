package dev.uring.bench.subject;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Map;

/**
 * Subjects {@code netty-jdk} and {@code netty-tcnative}: {@link NettyEcho} on the native epoll
 * transport, over TLS with the same certificate, protocols and preferred cipher suite as ours.
 */
public final class NettyTlsEcho {
  private NettyTlsEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args the PKCS#12 file, its password, and an {@link SslProvider}
   * @throws IOException the file cannot be read
   * @throws GeneralSecurityException the file is none
   * @throws InterruptedException never in practice: nothing interrupts the main thread
   */
  public static void main(String[] args)
      throws IOException, GeneralSecurityException, InterruptedException {
    SslContext tls = context(Path.of(args[0]), args[1].toCharArray(), SslProvider.valueOf(args[2]));
    int port = NettyEcho.start(
        EpollIoHandler.newFactory(),
        EpollServerSocketChannel.class,
        Map.of(
            ChannelOption.ALLOCATOR,
            PooledByteBufAllocator.DEFAULT,
            ChannelOption.RECVBUF_ALLOCATOR,
            new AdaptiveRecvByteBufAllocator(64, 2048, NioServer.READ_BYTES)),
        tls);
    new SubjectControl(
            port,
            "native epoll, one event loop, SslHandler with "
                + args[2]
                + ", pooled allocator, void promise, flush in channelReadComplete, TCP_NODELAY,"
                + " checks off")
        .serve();
  }

  static SslContext context(Path file, char[] password, SslProvider provider)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream bytes = Files.newInputStream(file)) {
      store.load(bytes, password);
    }
    String alias = store.aliases().nextElement();
    return SslContextBuilder.forServer((PrivateKey) store.getKey(alias, password), (X509Certificate)
            store.getCertificate(alias))
        .sslProvider(provider)
        .protocols("TLSv1.3", "TLSv1.2")
        .build();
  }
}
