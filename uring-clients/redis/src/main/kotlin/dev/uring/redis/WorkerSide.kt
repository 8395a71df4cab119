package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.socket.SocketOptions
import dev.uring.worker.Worker
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.CoroutineContext

/**
 * What one client has on one worker: its shared connection, those for one user at a time, and objects to use again.
 *
 * Thread: the worker's, but for what is val.
 */
internal class WorkerSide(
    val runtime: UringRuntime,
    val worker: Worker,
    val config: RedisConfig,
    val socketOptions: SocketOptions,
) {
    val counters = RedisCounters()
    val shared = Link(this, Link.Kind.SHARED)
    val dedicated = DedicatedLinks(this)

    /** Whether the server was there before: then it is worth while to wait for it to come back. */
    var hasBeenReady = false

    private val writers = ArrayList<CommandWriter>()
    private val calls = ArrayList<CommandCall>()
    private val commandNanos = config.commandTimeout.run { if (isFinite()) inWholeNanoseconds else FOREVER }
    private val requestBytesMax = runtime.config().run { sendQueueBytesMax() - sendHighWaterBytes() }

    val sendLowWaterBytes: Long get() = runtime.config().sendLowWaterBytes()

    fun writer(command: Command): CommandWriter = (writers.removeLastOrNull() ?: CommandWriter()).begin(command)

    fun giveBack(writer: CommandWriter) {
        if (writers.size < KEPT_MAX) writers.add(writer)
    }

    /**
     * A call for a coroutine with [context]. The one given back last is most often its own from before, because it was
     * given back right before the coroutine was resumed; a look at a few others costs less than to bind anew.
     */
    fun call(context: CoroutineContext): CommandCall {
        val last = calls.size - 1
        if (last < 0) return CommandCall(this)
        for (i in last downTo maxOf(0, last - LOOKED_AT_MAX)) {
            if (calls[i].context === context) {
                val found = calls[i]
                calls[i] = calls[last]
                calls.removeLast()
                return found
            }
        }
        return calls.removeLast()
    }

    fun giveBack(call: CommandCall) {
        if (calls.size < KEPT_MAX) calls.add(call)
    }

    /** Whether what [writer] holds may be sent twice. */
    fun mayReplay(writer: CommandWriter): Boolean =
        config.replay == ReplayRule.AT_LEAST_ONCE &&
            writer.blockMillis() == CommandWriter.NOT_BLOCKING &&
            writer.command().run { `is`(Command.IDEMPOTENT) || `is`(Command.READONLY) }

    /** Sends [request], which [writer] holds, over [target] or whatever link is right for it. */
    fun submit(
        request: Request,
        target: Link?,
        writer: CommandWriter,
    ) {
        val blockMillis = writer.blockMillis()
        request.ownsLink = false
        request.timeoutNanos = timeoutNanos(blockMillis)
        when {
            target != null -> target.submit(request)
            blockMillis != CommandWriter.NOT_BLOCKING -> dedicated.submit(request)
            writer.command().`is`(Command.CONNECTION) -> throw changesConnection(writer.command())
            else -> shared.submit(request)
        }
    }

    /** [request] has left its link. */
    fun ended(request: Request) {
        val link = request.link
        val ownedLink = request.ownsLink
        request.link = null
        request.isSent = false
        request.ownsLink = false
        request.deadlineNanos = Request.NO_DEADLINE
        if (ownedLink && link != null) dedicated.release(link)
    }

    fun timeoutNanos(blockMillis: Long): Long =
        when {
            commandNanos == FOREVER || blockMillis == 0L -> FOREVER
            blockMillis < 0 -> commandNanos
            blockMillis >= BLOCK_MILLIS_MAX -> FOREVER
            else -> commandNanos + blockMillis * NANOS_PER_MILLI
        }

    fun checkSize(request: Request) {
        require(request.sizeBytes <= requestBytesMax) {
            "${request.name} has ${request.sizeBytes} bytes, more than the send queue of a connection takes: " +
                "$requestBytesMax (sendQueueBytesMax - sendHighWaterBytes).\n" +
                "  Raise RuntimeConfig.sendQueueBytesMax, or send it in parts."
        }
    }

    /** A stopped worker has closed its connections, so there is nothing left for [task] to do. */
    fun executeUnlessStopped(task: Runnable) {
        try {
            worker.execute(task)
        } catch (_: RejectedExecutionException) {
            return
        }
    }

    private fun changesConnection(command: Command) =
        IllegalStateException(
            "$command changes the state of its connection, which all coroutines of the worker share.\n" +
                "  Use what the client has for it: RedisConfig for SELECT, AUTH and HELLO, transaction for MULTI, " +
                "watch for WATCH, subscribe for the SUBSCRIBE family.",
        )

    private companion object {
        const val FOREVER = Request.NO_DEADLINE
        const val NANOS_PER_MILLI = 1_000_000L

        // 146 years, so that nanoseconds do not overflow.
        const val BLOCK_MILLIS_MAX = Long.MAX_VALUE / 2 / NANOS_PER_MILLI

        // As many coroutines as usually wait at once; each object is a few hundred bytes.
        const val KEPT_MAX = 4096
        const val LOOKED_AT_MAX = 8
    }
}
