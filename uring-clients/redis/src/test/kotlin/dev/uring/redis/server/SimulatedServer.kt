package dev.uring.redis.server

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteWindow
import dev.uring.redis.codec.RespLimits
import java.io.ByteArrayOutputStream
import java.net.SocketAddress
import java.util.ArrayDeque
import kotlin.random.Random

/**
 * A server without threads and sockets: workers are queues of tasks, and [step] lets one of them, or one connection, take
 * one step chosen by [random]. So every order of events that real threads could bring about can happen, and happens again
 * with the same seed.
 */
class SimulatedServer<S>(
    private val workersCount: Int,
    private val random: Random,
    shard: () -> S,
    limits: RespLimits = RespLimits.defaults(),
    declare: RespCommands<S>.() -> Unit,
) : RespServerCore.Workers {
    private val queues = List(workersCount) { ArrayDeque<Runnable>() }
    private val connections = mutableListOf<SimulatedConnection<S>>()
    private val core =
        RespServerCore(
            RespCommands<S>().apply { declareBuiltIns() }.apply(declare).build(),
            limits,
            this,
            shard,
        )

    override val count: Int get() = workersCount

    override fun execute(
        worker: Int,
        task: Runnable,
    ) {
        queues[worker].add(task)
    }

    override suspend fun <R> onEach(block: suspend (worker: Int) -> R): List<R> = List(workersCount) { block(it) }

    fun connect(
        worker: Int = random.nextInt(workersCount),
        outputRoomBytes: Int = Int.MAX_VALUE,
    ): SimulatedConnection<S> =
        SimulatedConnection(core, worker, random, outputRoomBytes, connections.size.toLong()).also { connections += it }

    /** One random step; false when nothing is left to do. */
    fun step(): Boolean {
        val busyWorkers = queues.filter { it.isNotEmpty() }
        val busyConnections = connections.filter { it.canStep() }
        val choices = busyWorkers.size + busyConnections.size
        if (choices == 0) return false
        val choice = random.nextInt(choices)
        if (choice < busyWorkers.size) {
            busyWorkers[choice].poll().run()
        } else {
            busyConnections[choice - busyWorkers.size].step()
        }
        return true
    }

    fun runToEnd() {
        while (step()) continue
    }

    /** Sends [input] over a new connection, runs everything, and returns what was answered. */
    fun exchange(input: String): String {
        val connection = connect(worker = 0)
        connection.send(input.toByteArray(Charsets.ISO_8859_1))
        runToEnd()
        return connection.received()
    }
}

/** One client of a [SimulatedServer]: its bytes arrive in random pieces, and it reads as slowly as it likes. */
class SimulatedConnection<S> internal constructor(
    core: RespServerCore<S>,
    worker: Int,
    private val random: Random,
    private val roomBytes: Int,
    id: Long,
) : RespSession.Output,
    RespClient.Addresses {
    private val unread = GrowingSink()
    private val answers = ByteArrayOutputStream()
    private val session = RespSession(core, core.side(worker), this, RespClient(id, this))
    private var input = ByteArray(0)
    private var arrived = 0
    private var consumed = 0
    private var isRestNew = false

    override val remoteAddress: SocketAddress? get() = null
    override val localAddress: SocketAddress? get() = null
    override val sink: ByteSink get() = unread

    override fun hasRoom(): Boolean = unread.size < roomBytes

    /** The most that ever waited for this client to read it. */
    var unreadBytesMax = 0
        private set

    val isClosed: Boolean get() = session.step == RespSession.Step.CLOSE
    val failure: Throwable? get() = session.failure

    fun send(bytes: ByteArray) {
        input += bytes
    }

    fun received(): String {
        read()
        return answers.toString(Charsets.ISO_8859_1)
    }

    fun canStep(): Boolean =
        when (session.step) {
            RespSession.Step.READ -> arrived < input.size || isRestNew
            RespSession.Step.AWAIT -> !session.isAway
            RespSession.Step.SUSPENDED, RespSession.Step.CLOSE -> false
            RespSession.Step.SPLICE, RespSession.Step.ROOM -> true
        }

    fun step() {
        when (session.step) {
            RespSession.Step.READ -> {
                receive()
            }

            RespSession.Step.ROOM -> {
                read()
                session.splice()
            }

            else -> {
                session.splice()
            }
        }
        unreadBytesMax = maxOf(unreadBytesMax, unread.size)
    }

    // As a connection does: the view holds all unconsumed bytes. After a call that consumed some the rest is shown again
    // at once, after one that consumed nothing only together with more.
    private fun receive() {
        if (!isRestNew) {
            arrived =
                minOf(input.size, arrived + random.nextInt(1, 2 + random.nextInt(2000) + input.size / 20))
        }
        val bytes = ByteWindow.copyOf(input.copyOfRange(consumed, arrived))
        val count = session.execute(bytes)
        bytes.end()
        consumed += count
        isRestNew = count > 0 && consumed < arrived
    }

    private fun read() {
        answers.write(unread.view().toByteArray())
        unread.clear()
    }
}
