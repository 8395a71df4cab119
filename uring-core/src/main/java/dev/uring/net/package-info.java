/**
 * Connections and listeners, over TCP and Unix sockets, on a worker.
 *
 * <p><b>What lives here.</b> {@link dev.uring.net.Connection}, its
 * {@link dev.uring.net.ConnectionHandler}, and {@link dev.uring.net.Listener}. Behind a connection
 * stand two parts with a state of their own: {@link dev.uring.net.ReceivePath}, from the kernel's
 * buffer to the handler, and {@link dev.uring.net.SendQueue}, from the program to the kernel.
 * {@link dev.uring.net.Forward} and {@link dev.uring.net.Relay} join the one's input to the other's
 * output, as an {@link dev.uring.net.Intake} that takes the bytes in the handler's place;
 * {@link dev.uring.net.OwnedBytes} are what a program keeps. A {@link dev.uring.net.StreamLayer}
 * may stand between a connection and its socket, as TLS does.
 *
 * <p><b>May import.</b> {@code worker}, {@code driver}, {@code buffer}, {@code bytes},
 * {@code metrics}, {@code socket}, {@code base}.
 *
 * <p><b>Threads.</b> A connection belongs to one worker for its whole life.
 *
 * <p><b>Who owns memory.</b> Received bytes are lent to the handler on the buffer the kernel
 * filled; only what it leaves over is copied, so that no slow handler pins a receive buffer. Bytes
 * to send are copied once into a block, or, when they lie in a receive buffer, sent from there:
 * those of the same connection, and those that are forwarded. What is owned is the program's.
 *
 * <p><b>Order.</b> One send is in flight for each connection, because the kernel does not order
 * independent operations. What a program writes meanwhile is gathered into the next one.
 *
 * <p><b>Read next.</b> {@code dev.uring.UringRuntime}.
 */
package dev.uring.net;
