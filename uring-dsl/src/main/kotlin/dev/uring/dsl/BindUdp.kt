package dev.uring.dsl

import dev.uring.net.UdpOptions
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.coroutineContext

/**
 * Opens a UDP socket on the caller's worker for as long as [block] runs.
 *
 * ### Shapes and units
 * [address] is as for [UringScope.udp]; by default a port that the system chooses, for a client. With
 * [UdpOptions.remote] a socket for one peer. Returns what [block] returns.
 * ### Ownership
 * The socket is closed when [block], and what it launched, has returned: what it queued is sent. After an exception or
 * a cancellation what is queued is dropped.
 * ### Threading and cancellation
 * Called on a worker, where [block] runs and stays. Returns when the descriptor is closed, also when cancelled.
 * ### Errors
 * `IllegalStateException` not on a worker · [UringException][dev.uring.base.UringException] the address cannot be
 * bound · [block]'s own.
 *
 * @sample samples.dsl.udpAsk
 */
public suspend fun <T> UringScope.bindUdp(
    address: String = "0.0.0.0:0",
    options: UdpOptions = UdpOptions.defaults(),
    block: suspend CoroutineScope.(socket: UdpSocket) -> T,
): T {
    val worker = currentWorker()
    lateinit var opened: SuspendingUdp
    // A few microseconds on this worker: not cancellable, so that no socket is opened for nobody.
    withContext(NonCancellable) {
        runtime.openUdp(worker, address, options) { core -> SuspendingUdp(core).also { opened = it } }.await()
    }
    return opened.closing { coroutineScope { block(opened.socket) } }
}

private suspend fun currentWorker(): Worker =
    (coroutineContext[ContinuationInterceptor] as? WorkerDispatcher)?.worker
        ?: throw IllegalStateException(
            "bindUdp on thread '${Thread.currentThread().name}', in a coroutine that belongs to no worker.\n" +
                "  Call it in the uring block or a handler, or on a worker of your choice: onWorker(i) { … }.",
        )
