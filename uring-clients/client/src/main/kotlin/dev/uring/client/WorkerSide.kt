package dev.uring.client

import dev.uring.UringRuntime
import dev.uring.worker.Worker
import java.util.concurrent.RejectedExecutionException
import kotlin.time.Duration

/**
 * What one client has on one worker: its shared connection, and those for one user at a time. A protocol extends it with
 * what it keeps per worker.
 *
 * Thread: the worker's, but for what is val and [executeUnlessStopped].
 */
public abstract class WorkerSide<R>(
    public val runtime: UringRuntime,
    public val worker: Worker,
    public val links: LinkConfig,
    public val dialer: Dialer,
    public val failures: ClientFailures,
) : ClientProtocol<R> {
    /** What was counted here. */
    public val counters: ClientCounters = ClientCounters()

    /** The connection of all coroutines of the worker. */
    public val shared: Link<R> = Link(this, Link.Kind.SHARED)

    /** Connections for one user at a time. */
    public val dedicated: DedicatedLinks<R> = DedicatedLinks(this)

    // Whether the server was there before: then it is worth while to wait for it to come back.
    internal var hasBeenReady = false

    private val requestBytesMax = runtime.config().run { sendQueueBytesMax() - sendHighWaterBytes() }

    internal val sendLowWaterBytes: Long get() = runtime.config().sendLowWaterBytes()

    /** [LinkConfig.commandTimeout] as [submit] wants it. */
    public val commandNanos: Long = nanosOf(links.commandTimeout)

    /** Most replies that a session has to make room for: [LinkConfig.maxInFlight], and always room for a greeting. */
    public val sessionRepliesMax: Int = maxOf(links.maxInFlight, OWN_IN_FLIGHT_MAX)

    /** Sends [request] over [link], now or when that may. Throws when it is refused: it is in nobody's hands then. */
    public fun submit(
        request: Request<R>,
        link: Link<R> = shared,
        timeoutNanos: Long = commandNanos,
    ) {
        request.ownsLink = false
        request.timeoutNanos = timeoutNanos
        request.beginRecord(this)
        link.submit(request)
    }

    /** Sends [request] over a connection of its own, which is free again when it has [ended]. Otherwise as [submit]. */
    public fun submitDedicated(
        request: Request<R>,
        timeoutNanos: Long = commandNanos,
    ) {
        request.timeoutNanos = timeoutNanos
        request.beginRecord(this)
        dedicated.submit(request)
    }

    /** [request] has left its link. Each request calls it once it is in nobody's hands. */
    public fun ended(request: Request<R>) {
        val link = request.link
        val ownedLink = request.ownsLink
        request.link = null
        request.isSent = false
        request.ownsLink = false
        request.deadlineNanos = Request.NO_DEADLINE
        request.endRecord()
        if (ownedLink && link != null) dedicated.release(link)
    }

    /** Runs [task] on the worker. A stopped one has closed its connections, so there is nothing left for [task] to do. */
    public fun executeUnlessStopped(task: Runnable) {
        try {
            worker.execute(task)
        } catch (_: RejectedExecutionException) {
            return
        }
    }

    /** Closes all connections when they have answered what is in flight. Thread: any. */
    public fun close() {
        executeUnlessStopped {
            shared.close()
            dedicated.close()
        }
    }

    internal fun checkSize(request: Request<R>) {
        require(request.sizeBytes <= requestBytesMax) {
            "${request.name} has ${request.sizeBytes} bytes, more than the send queue of a connection takes: " +
                "$requestBytesMax (sendQueueBytesMax - sendHighWaterBytes).\n" +
                "  Raise RuntimeConfig.sendQueueBytesMax, or send it in parts."
        }
    }

    /** What every kind of side needs. */
    public companion object {
        // A greeting is up to a few commands, whatever bound the commands of others have.
        private const val OWN_IN_FLIGHT_MAX = 8

        /** [timeout] as [submit] wants it. */
        public fun nanosOf(timeout: Duration): Long =
            if (timeout.isFinite()) timeout.inWholeNanoseconds else Request.NO_DEADLINE
    }
}
