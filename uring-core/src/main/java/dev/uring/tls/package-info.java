/**
 * TLS on connections, as a client and as a server.
 *
 * <p><b>What lives here.</b> {@link dev.uring.tls.TlsServerOptions} and
 * {@link dev.uring.tls.TlsClientOptions}: who we are, whom we trust, what is spoken.
 * {@link dev.uring.tls.TlsCredentials} and {@link dev.uring.tls.TlsTrust} read PEM and PKCS#12
 * files. {@link dev.uring.tls.TlsInfo} says what was agreed on. {@link dev.uring.tls.Tls} begins
 * TLS on a connection that exists. {@link dev.uring.tls.TlsLayer} is the layer itself: an
 * {@link javax.net.ssl.SSLEngine} between a connection and its socket.
 *
 * <p><b>May import.</b> {@code net}, {@code worker}, {@code buffer}, {@code bytes}, {@code base};
 * of others the JDK alone. Keys in PEM are read with the JDK, which knows PKCS#8: the two older
 * forms are wrapped into it. A development certificate is made by the JDK's {@code keytool}. So no
 * library is needed for either.
 *
 * <p><b>Threads.</b> A layer belongs to its connection's worker. What takes long in a handshake,
 * private keys and chains of certificates, runs on a few threads beside each worker
 * ({@link dev.uring.tls.HandshakeThreads}), never on it. Only Conscrypt's engine hands nothing out.
 *
 * <p><b>Who owns memory.</b> Records are decoded into the connection's own block of unconsumed
 * bytes, and encoded into its send queue; on their way they pass through two arrays of the worker
 * ({@link dev.uring.tls.RecordArrays}), with Conscrypt through none. Only the beginning of a record
 * whose rest has not arrived is kept. An idle connection keeps its engine, and no buffer.
 *
 * <p><b>Read next.</b> {@code dev.uring.UringRuntime#listen} with TLS.
 */
package dev.uring.tls;
