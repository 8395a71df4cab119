package dev.uring.redis.server

import dev.uring.UringRuntime
import dev.uring.dsl.Connection
import dev.uring.dsl.Server
import dev.uring.dsl.UringScope
import dev.uring.dsl.dispatcher
import dev.uring.dsl.onEachWorker
import dev.uring.redis.codec.RespLimits
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/**
 * Serves the Redis protocol on [address] with the commands that [declare] declares.
 *
 * ### Shapes and units
 * RESP2, RESP3 after HELLO 3, and inline commands. [address] as in [UringScope.tcp]. [shard] makes what one worker keeps:
 * it is called once on each worker that comes to need it, and a key always goes to the same one.
 * ### Ownership
 * The server is a child of this scope. It copies what it keeps of a request.
 * ### Threading and cancellation
 * Requests that arrive together are executed together and their replies leave in one send. Those for keys of other
 * workers travel there in one message per worker and arrival; meanwhile the connection reads no further. Commands of one
 * connection take effect in their order for each key, and replies are in the order of the requests. A command that spans
 * workers is not atomic: another client may see its effect on one worker before that on another.
 *
 * A client that does not read what it is sent is not read from either, from `sendHighWaterBytes` on. When the server is
 * closed, every request that was received whole is answered before its connection closes.
 * ### Errors
 * What a client sends wrong is answered as Redis does; after a protocol error the connection closes, in order. A handler's
 * failure ends its connection and goes to [onError], whose default logs it. Thrown here: the address cannot be bound.
 *
 * @sample samples.redis.counter
 */
public fun <S> UringScope.respServer(
    address: String,
    shard: () -> S,
    limits: RespLimits = RespLimits.defaults(),
    onError: ((connection: Connection, cause: Throwable) -> Unit)? = null,
    declare: RespCommands<S>.() -> Unit,
): Server {
    val commands = RespCommands<S>()
    commands.declareBuiltIns()
    commands.declare()
    val config = runtime.config()
    // A request must begin to move into the decoder's memory before the connection refuses to hold more of it.
    val gatherBytesMin = minOf(limits.gatherBytesMin(), config.frameBytesMax() / 2)
    val table = commands.build()
    val core = RespServerCore(table, limits.withGatherBytesMin(gatherBytesMin), RuntimeWorkers(runtime), shard)
    val highWaterBytes = config.sendHighWaterBytes()
    val server =
        if (onError == null) {
            tcp(address) { RespConnection(it, core, highWaterBytes).serve() }
        } else {
            tcp(address, onError) { RespConnection(it, core, highWaterBytes).serve() }
        }
    for (task in commands.tasks) launchOnEachWorker(server, core, task)
    return server
}

/** Serves the Redis protocol with commands that keep nothing per worker; see the other [respServer]. */
public fun UringScope.respServer(
    address: String,
    limits: RespLimits = RespLimits.defaults(),
    onError: ((connection: Connection, cause: Throwable) -> Unit)? = null,
    declare: RespCommands<Unit>.() -> Unit,
): Server = respServer(address, { }, limits, onError, declare)

private fun <S> UringScope.launchOnEachWorker(
    server: Server,
    core: RespServerCore<S>,
    task: RespCommands.Task<S>,
) {
    val runs =
        List(core.workersCount) { worker ->
            launch(runtime.worker(worker).dispatcher) {
                while (true) {
                    delay(task.interval)
                    task.run(core.side(worker).shard)
                }
            }
        }
    launch {
        server.join()
        runs.forEach { it.cancel() }
    }
}

private class RuntimeWorkers(
    private val runtime: UringRuntime,
) : RespServerCore.Workers {
    override val count: Int = runtime.workersCount()

    override fun execute(
        worker: Int,
        task: Runnable,
    ) = runtime.worker(worker).execute(task)

    override suspend fun <R> onEach(block: suspend (worker: Int) -> R): List<R> = runtime.onEachWorker(block)
}
