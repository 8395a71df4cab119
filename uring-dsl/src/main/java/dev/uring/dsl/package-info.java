/**
 * Coroutines on Uring's workers: the suspending face of the library.
 *
 * <p><b>What lives here.</b> {@code uring}, which runs a block with servers in it until they are
 * closed, with {@code UringScope} and {@code Server}; {@code Connection}, whose operations suspend;
 * the workers' dispatcher; {@code onWorker} and {@code Sharded} for work across workers;
 * {@code withDeadline}, {@code every} and {@code withSchedulingGroup} for time;
 * {@code UringMetrics}, the page of all meters. Behind a connection stand its two halves,
 * {@code ConnectionInput} and {@code ConnectionOutput}, and {@code WaitSlot}, the place where a
 * coroutine waits without an allocation.
 *
 * <p>Beside it, as extensions: messages ({@code readExactly}, {@code readFrame}, {@code readUntil},
 * {@code readLine}), bytes to keep ({@code receiveOwned}), forwarding ({@code forwardTo},
 * {@code relay}), and the bridges to kotlinx-io.
 *
 * <p><b>May import.</b> {@code dev.uring}, {@code net}, {@code worker}, {@code bytes},
 * {@code codec}, {@code base} of the core; of {@code dev.uring.dns} the {@code Resolver};
 * kotlinx.coroutines; of kotlinx-io the {@code ByteString}, {@code Buffer}, {@code RawSource} and
 * {@code RawSink}.
 *
 * <p><b>Threads.</b> A connection's coroutine runs on the connection's worker, always. Received
 * bytes, room in a send queue and deadlines resume it right there, from the top level of the
 * worker's loop and without a dispatch; everything else comes through the worker's run queue. Only
 * cancellation may come from another thread, and it does nothing there but ask the worker to look.
 *
 * <p><b>Who owns memory.</b> Nobody here: views are lent by the core for the time of a block, and
 * what is written is copied or retained by the core before the call returns.
 *
 * <p><b>Read next.</b> {@code WaitSlot}, then {@code Connection.receive}.
 */
package dev.uring.dsl;
