package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.net.UdpHandler
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.CoroutineContext
import dev.uring.net.UdpSocket as CoreUdpSocket

/**
 * The sockets of one server, on all workers, with their coroutines as children of one [job].
 *
 * Owner: each worker touches its own socket only.
 */
internal class UdpGroup(
    private val runtime: UringRuntime,
    private val parentContext: CoroutineContext,
    private val onError: (UdpSocket, Throwable) -> Unit,
    private val handler: suspend CoroutineScope.(UdpSocket) -> Unit,
) {
    // Not a supervisor: a handler that cannot even begin is an error of the program, which must hear of it.
    val job: CompletableJob = Job(parentContext.job)
    private val unopened = AtomicInteger(runtime.workersCount())
    private val live = arrayOfNulls<SuspendingUdp>(runtime.workersCount())

    @Volatile
    private var isDraining = false

    fun serve(core: CoreUdpSocket): UdpHandler {
        val served = SuspendingUdp(core)
        val index = core.worker().index()
        served.onOpened = {
            live[index] = served
            if (job.isActive) launch(served) else core.close()
            // With every coroutine launched, the job is over when they are.
            if (unopened.decrementAndGet() == 0) job.complete()
        }
        return served
    }

    private fun launch(served: SuspendingUdp) {
        if (isDraining) served.drain()
        val worker = served.socket.worker
        // For a failure that comes when another worker's has ended the server already: its job listens no more.
        val late = CoroutineExceptionHandler { _, failure -> worker.taskFailed(failure) }
        // Undispatched: the loop's top level called, so the handler may run right here until it first waits.
        CoroutineScope(parentContext + job + worker.dispatcher + late)
            .launch(start = CoroutineStart.UNDISPATCHED) { served.closing { serveUntilReturned(served.socket) } }
    }

    fun drain() {
        isDraining = true
        for (i in live.indices) runtime.worker(i).executeUnlessStopped { live[i]?.drain() }
        job.complete()
    }

    private suspend fun serveUntilReturned(socket: UdpSocket) {
        while (true) {
            val receivedBefore = socket.counters.received
            try {
                coroutineScope { handler(this, socket) }
                return
            } catch (end: CancellationException) {
                throw end
            } catch (failure: Throwable) {
                // Called again without having received anything, it would fail again, and again.
                if (socket.counters.received == receivedBefore) throw failure
                report(socket, failure)
            }
        }
    }

    private fun report(
        socket: UdpSocket,
        failure: Throwable,
    ) {
        try {
            onError(socket, failure)
        } catch (secondFailure: Throwable) {
            failure.addSuppressed(secondFailure)
            socket.worker.taskFailed(failure)
        }
    }
}
