package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.client.ClientSides
import dev.uring.client.Dialer
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted

/** What all faces of one client share: a [RedisSide] on each worker. Thread: any. */
internal class ClientCore(
    val runtime: UringRuntime,
    val config: RedisConfig,
) {
    // A connection that waits in BLPOP is rightly silent, and only the kernel can tell that its peer is gone.
    private val socketOptions = SocketOptions.builder().keepAlive(KeepAlive.DEFAULT).build()
    private val dialer = Dialer.to(runtime, config.address, config.connectTimeout, socketOptions)
    private val sides = ClientSides(runtime) { RedisSide(runtime, it, config, dialer) }

    /** The side of the worker that this is called on, or null on another thread. */
    fun here(): RedisSide? = sides.here()

    /** [here], or the sides by turns. */
    fun place(): RedisSide = sides.place()

    fun command(command: Command): CommandWriter = here()?.writer(command) ?: CommandWriter().begin(command)

    fun execute(
        link: RedisLink?,
        request: CommandWriter,
        reply: Reply<*>,
        continuation: Continuation<Any?>,
    ): Any {
        val side = here()
        if (side != null) return side.call(continuation.context).begin(link, request, reply, continuation)
        val there = place()
        val intercepted = continuation.intercepted()
        try {
            there.worker.execute { there.call(intercepted.context).beginFor(request, reply, intercepted) }
        } catch (stopped: RejectedExecutionException) {
            throw RedisConnectionException("${request.command()}: the runtime has stopped", wasSent = false, stopped)
        }
        return COROUTINE_SUSPENDED
    }

    fun snapshot(): RedisSnapshot = sides.all.map { it.counters }.sum()

    /** Closes all connections when they have answered what is in flight. */
    fun close() = sides.close()
}
