package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import dev.uring.worker.Worker
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted

/** What all faces of one client share: a [WorkerSide] on each worker. Thread: any. */
internal class ClientCore(
    val runtime: UringRuntime,
    val config: RedisConfig,
) {
    // A connection that waits in BLPOP is rightly silent, and only the kernel can tell that its peer is gone.
    private val socketOptions = SocketOptions.builder().keepAlive(KeepAlive.DEFAULT).build()
    private val sides = List(runtime.workersCount()) { WorkerSide(runtime, runtime.worker(it), config, socketOptions) }
    private val placedCount = AtomicInteger()

    /** The side of the worker that this is called on, or null on another thread. */
    fun here(): WorkerSide? {
        val worker = Worker.current() ?: return null
        val side = sides.getOrNull(worker.index()) ?: return null
        return if (side.worker === worker) side else null
    }

    /** [here], or the sides by turns. */
    fun place(): WorkerSide = here() ?: sides[Math.floorMod(placedCount.getAndIncrement(), sides.size)]

    fun command(command: Command): CommandWriter = here()?.writer(command) ?: CommandWriter().begin(command)

    fun execute(
        link: Link?,
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

    fun snapshot(): RedisSnapshot = sides.map { it.counters }.sum()

    /** Closes all connections when they have answered what is in flight. */
    fun close() {
        for (side in sides) {
            side.executeUnlessStopped {
                side.shared.close()
                side.dedicated.close()
            }
        }
    }
}
