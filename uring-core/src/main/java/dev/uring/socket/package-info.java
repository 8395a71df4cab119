/**
 * What sockets are called, how they are set, and what the kernel says about them: values only.
 *
 * <p><b>What lives here.</b> {@link dev.uring.socket.Endpoint}, an address as users write it;
 * {@link dev.uring.socket.EndpointName}, one with a name in it;
 * {@link dev.uring.socket.AbstractUnixAddress}, the kind the JDK has no class for;
 * {@link dev.uring.socket.SocketOptions}, with {@link dev.uring.socket.KeepAlive} and
 * {@link dev.uring.socket.AcceptPlacement}; {@link dev.uring.socket.PeerCredentials} and
 * {@link dev.uring.socket.TcpInfo}.
 *
 * <p><b>May import.</b> {@code base}.
 *
 * <p><b>Threads.</b> Immutable, except the builder.
 *
 * <p><b>Read next.</b> {@code dev.uring.driver}, which hands these to a kernel.
 */
package dev.uring.socket;
