package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.client.Dialer
import dev.uring.client.Link
import dev.uring.client.Request
import dev.uring.client.RequestPool
import dev.uring.client.WorkerSide
import dev.uring.client.session.ProtocolSession
import dev.uring.redis.cache.WorkerCache
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.session.PushListener
import dev.uring.redis.session.ReplySession
import dev.uring.worker.Worker
import kotlin.coroutines.CoroutineContext

internal typealias RedisLink = Link<ReplyReader>

/**
 * What one Redis client has on one worker: its links, and objects to use again.
 *
 * Thread: the worker's, but for what is val.
 */
internal class RedisSide(
    runtime: UringRuntime,
    worker: Worker,
    val config: RedisConfig,
    dialer: Dialer,
    val use: ConnectionUse,
) : WorkerSide<ReplyReader>(
        runtime,
        worker,
        config.links.copy(address = use.serverName ?: config.links.address, waitsForServer = !use.isOneOfMany),
        dialer,
        RedisFailures.of(use.serverName),
    ) {
    private val writers = ArrayList<CommandWriter>()
    private val calls = RequestPool { CommandCall(this) }
    private val batches = RequestPool { BatchCall(this) }
    private val contents = ArrayList<BatchContent>()

    /** Whether commands that may be sent twice are. */
    val repeats: Boolean = config.replay == ReplayRule.AT_LEAST_ONCE

    // Those that have had a connection; of the sentinels' clients alone, for nobody else asks.
    private val opened = LinkedHashSet<RedisLink>(0)

    /** What the shared connection keeps of its replies. */
    val cache: WorkerCache? = use.cache?.let { WorkerCache(it, config.replyLimits, worker::nanoTime) }

    /** Reads that could go to the master or to a replica. */
    var readsCount = 0

    init {
        if (cache != null) shared.whenLost = { cache.flush() }
    }

    override fun openSession(link: RedisLink): ProtocolSession<ReplyReader> {
        if (config.sentinel != null) {
            opened.removeIf { it.isClosed }
            opened += link
        }
        val listener = if (link === shared) cache else (link as? SubscriberLink)?.pushes
        return ReplySession(config.replyLimits, sessionRepliesMax) { push ->
            counters.pushesReceived++
            listener?.pushed(push)
        }
    }

    /** Gives up all connections because of [cause]. */
    fun loseAll(cause: RedisConnectionException): Unit = opened.toList().forEach { it.lose(cause) }

    override fun greet(link: RedisLink): Unit = Greeting(link, this).begin()

    override fun ping(link: RedisLink): Boolean {
        if (link.kind == Link.Kind.SUBSCRIBER) return writePushing(link, writer(Greeting.PING))
        if (link.session?.hasRoom(1) == true) link.writeAhead(InternalRequest(this, writer(Greeting.PING)) { _, _ -> })
        return true
    }

    /** Writes bytes that have no reply, or whose replies are pushes. False when there is no connection for it. */
    fun writePushing(
        link: RedisLink,
        request: CommandWriter,
    ): Boolean {
        val output = link.outputOrNull() ?: return false
        request.finish()
        request.writeTo(output)
        giveBack(request)
        return true
    }

    fun writer(command: Command): CommandWriter = (writers.removeLastOrNull() ?: CommandWriter()).begin(command)

    fun giveBack(writer: CommandWriter) {
        val isLarge = writer.memoryBytes() > SMALL_WRITER_BYTES_MAX
        // Lets go of what is too large to be kept.
        if (isLarge) writer.clear()
        val keptMax = if (isLarge) LARGE_WRITERS_KEPT_MAX else KEPT_MAX
        if (writers.size < keptMax) writers.add(writer)
    }

    fun call(context: CoroutineContext): CommandCall = calls.take(context)

    fun giveBack(call: CommandCall) = calls.giveBack(call)

    fun batch(context: CoroutineContext): BatchCall = batches.take(context)

    fun giveBack(call: BatchCall) = batches.giveBack(call)

    fun content(): BatchContent = contents.removeLastOrNull() ?: BatchContent()

    fun giveBack(content: BatchContent) {
        content.clear()
        if (contents.size < CONTENTS_KEPT_MAX) contents.add(content)
    }

    /** Whether what [writer] holds may be sent twice. */
    fun mayReplay(writer: CommandWriter): Boolean =
        repeats &&
            writer.blockMillis() == CommandWriter.NOT_BLOCKING &&
            writer.command().run { `is`(Command.IDEMPOTENT) || `is`(Command.READONLY) }

    /** Sends [request], which [writer] holds, over [target] or whatever link is right for it. */
    fun submit(
        request: Request<ReplyReader>,
        target: RedisLink?,
        writer: CommandWriter,
    ) {
        val blockMillis = writer.blockMillis()
        val timeoutNanos = timeoutNanos(blockMillis)
        when {
            target != null -> submit(request, target, timeoutNanos)
            blockMillis != CommandWriter.NOT_BLOCKING -> submitDedicated(request, timeoutNanos)
            writer.command().`is`(Command.CONNECTION) -> throw changesConnection(writer.command())
            else -> submit(request, shared, timeoutNanos)
        }
    }

    private fun timeoutNanos(blockMillis: Long): Long =
        when {
            blockMillis == CommandWriter.NOT_BLOCKING -> commandNanos
            commandNanos == Request.NO_DEADLINE || blockMillis == 0L -> Request.NO_DEADLINE
            blockMillis >= BLOCK_MILLIS_MAX -> Request.NO_DEADLINE
            else -> commandNanos + blockMillis * NANOS_PER_MILLI
        }

    private fun changesConnection(command: Command) =
        IllegalStateException(
            "$command changes the state of its connection, which all coroutines of the worker share.\n" +
                "  Use what the client has for it: RedisConfig for SELECT, AUTH and HELLO, transaction for MULTI, " +
                "watch for WATCH, subscribe for the SUBSCRIBE family.",
        )

    private companion object {
        const val NANOS_PER_MILLI = 1_000_000L

        // 146 years, so that nanoseconds do not overflow.
        const val BLOCK_MILLIS_MAX = Long.MAX_VALUE / 2 / NANOS_PER_MILLI

        // As many coroutines as usually wait at once; each object is a few hundred bytes.
        const val KEPT_MAX = 4096

        // Most commands fit into a writer as small as this. A larger one is kept only where it is one of few: each has up to
        // 128 KiB, and together they have at most 8 MiB for a worker.
        const val SMALL_WRITER_BYTES_MAX = 4 shl 10
        const val LARGE_WRITERS_KEPT_MAX = 64

        // Batches that a worker has under way at the same time; each may keep 128 KiB.
        const val CONTENTS_KEPT_MAX = 64
    }
}

/** A link whose server speaks by itself, to [pushes]. */
internal class SubscriberLink(
    side: RedisSide,
    val pushes: PushListener,
) : Link<ReplyReader>(side, Kind.SUBSCRIBER)
