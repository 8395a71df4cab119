package dev.uring.sim

import dev.uring.RuntimeConfig
import dev.uring.abi.Errno
import dev.uring.base.UringException
import dev.uring.buffer.BlockPool
import dev.uring.driver.DatagramDriver
import dev.uring.driver.Driver
import dev.uring.driver.DriverCounters
import dev.uring.driver.DriverSide
import dev.uring.driver.FileDriver
import dev.uring.driver.ListenOptions
import dev.uring.driver.NvmeDriver
import dev.uring.driver.Operation
import dev.uring.driver.ReceiveBuffers
import dev.uring.driver.SendOperation
import dev.uring.socket.PeerCredentials
import dev.uring.socket.SocketOptions
import dev.uring.socket.TcpInfo
import dev.uring.worker.Worker
import java.lang.foreign.Arena
import java.net.SocketAddress

/**
 * A driver on a kernel that is not there: what a worker asks is done by the [World], in an order and at times that are
 * drawn by lot and within what a kernel may do.
 *
 * What is asked within a turn goes to the kernel at its end, in any order. Answers come when they come; those of one
 * operation in their order.
 *
 * *Thread:* as its worker's; all of them pass one turn around.
 */
internal class SimDriver(
    val host: SimHost,
    name: String,
    config: RuntimeConfig,
    private val blocks: BlockPool,
) : Driver {
    val world: World = host.world
    val actor = WorkerActor(name)
    private val arena: Arena = Arena.ofShared()
    private val laws = Laws(this, config)
    private val counters = DriverCounters()
    private val ready = ArrayDeque<Answer>()
    private val overflowed = ArrayDeque<Answer>()
    private val underWay = LinkedHashMap<Operation, Asking>()
    private val submissions = mutableListOf<() -> Unit>()
    private val cancellations = mutableListOf<Asking>()
    private val starved = ArrayDeque<SimStream>()
    val buffers =
        SimReceiveBuffers(config.recvBuffersCount(), config.recvBufferBytes(), config.recvHeadroomBytes(), arena) {
            starved.removeFirstOrNull()?.pumpReceive()
        }
    private val files = SimFiles(this, blocks, arena)
    private val datagrams = SimDatagrams(this, arena)

    @Volatile
    private var isWoken = false
    private var hasArrived = false

    var isClosed = false
        private set

    inner class WorkerActor(
        name: String,
    ) : Actor(name) {
        override var deadlineNanos: Long = NEVER

        override fun isRunnable(nowNanos: Long): Boolean =
            !isClosed && (isWoken || ready.isNotEmpty() || overflowed.isNotEmpty() || nowNanos >= deadlineNanos)
    }

    override fun name(): String = "sim"

    override fun start() {
        actor.thread = Thread.currentThread()
        ofThread.set(this)
        Worker.current()?.whenEnding { broken ->
            if (broken != null && !world.hasFailed) throw world.fail("the loop of ${actor.name} broke: $broken", broken)
        }
    }

    // Sockets.

    override fun openListener(
        address: SocketAddress,
        options: ListenOptions,
    ): Int = host.sockets.listen(address, options)

    override fun openStream(
        remote: SocketAddress,
        options: SocketOptions,
    ): Int = host.sockets.add { id -> SimStream(host, id).also { it.local = options.localAddress().orElse(null) } }.id

    override fun closeNow(socket: Int) {
        if (!world.hasFailed) {
            note("close now", socket)
            host.sockets.remove(socket).closed()
        }
    }

    override fun localAddress(socket: Int): SocketAddress? = host.sockets.peek(socket)?.local

    override fun remoteAddress(socket: Int): SocketAddress? = host.sockets.peek(socket)?.remote

    override fun resetOnClose(socket: Int) {
        (host.sockets.peek(socket) as? SimStream)?.resetsOnClose = true
    }

    override fun peerCredentials(socket: Int): PeerCredentials? =
        host.sockets
            .peek(socket)
            ?.local
            ?.let { if (SocketTable.isUnix(it)) PeerCredentials(1, 0, 0) else null }

    override fun tcpInfo(socket: Int): TcpInfo? = null

    override fun acknowledgeAtOnce(socket: Int) = Unit

    // What is asked.

    override fun connect(
        socket: Int,
        remote: SocketAddress,
        operation: Operation,
    ) {
        ask("connect", socket, operation) { host.sockets.stream(socket).connect(it, remote) }
    }

    override fun accept(
        listener: Int,
        operation: Operation,
    ) {
        ask("accept", listener, operation) { host.sockets.listener(listener).accept(it) }
    }

    override fun receive(
        socket: Int,
        operation: Operation,
    ) {
        ask("receive", socket, operation) { host.sockets.stream(socket).receive(it) }
    }

    override fun send(
        socket: Int,
        operation: SendOperation,
    ) {
        var prepared: Sending? = null
        val asking =
            ask("send", socket, operation) { host.sockets.stream(socket).send(it, operation, checkNotNull(prepared)) }
        prepared = Sending(asking, operation)
    }

    override fun shutdownOutput(
        socket: Int,
        operation: Operation,
    ) {
        ask("shutdown", socket, operation) { host.sockets.stream(socket).shutdownOutput(it) }
    }

    override fun close(
        socket: Int,
        operation: Operation,
    ) {
        laws.closing(socket, underWay.values)
        ask("close", socket, operation) { asking ->
            asking.later {
                host.sockets.remove(socket).closed()
                asking.finish(0)
            }
        }
    }

    override fun cancel(operation: Operation) {
        underWay[operation]?.let { if (!it.isOver) cancellations += it }
    }

    override fun files(): FileDriver = files

    override fun nvme(): NvmeDriver =
        NvmeDriver { _, _, _, _, _, _, _, _ -> throw UringException("a simulated host has no NVMe device") }

    override fun receiveBuffers(): ReceiveBuffers = buffers

    override fun datagrams(): DatagramDriver = datagrams

    // The turn.

    override fun enter(timeoutNanos: Long) {
        if (!hasArrived) {
            arrive(timeoutNanos)
            return
        }
        world.checkFailure()
        counters.enters++
        laws.turnEnded(timeoutNanos)
        val isRefused = world.chance(world.faults.refusedSubmissions)
        if (!isRefused) submit()
        val isShort = isRefused || timeoutNanos == 0L || world.chance(world.faults.interruptedWaits)
        waitFor(if (isShort) 0 else timeoutNanos)
        world.passTurn(actor)
        turnBegins()
    }

    // The first turn begins when whoever started the worker lets others go on.
    private fun arrive(timeoutNanos: Long) {
        hasArrived = true
        waitFor(timeoutNanos)
        world.arrived()
        world.awaitTurn(actor)
        turnBegins()
    }

    private fun waitFor(timeoutNanos: Long) {
        actor.deadlineNanos = if (timeoutNanos == Driver.FOREVER) Actor.NEVER else world.nowNanos + timeoutNanos
    }

    private fun turnBegins() {
        if (isWoken) {
            isWoken = false
            counters.wakes++
        }
        if (overflowed.isNotEmpty()) {
            counters.overflowedEnters++
            ready += overflowed
            overflowed.clear()
        }
        if (world.chance(world.faults.clockJumps)) host.jumpAhead(world.draw(world.faults.clockJump.nanos))
    }

    // What is independent has no order among itself, whatever the order in which it was asked.
    private fun submit() {
        while (submissions.isNotEmpty()) {
            val at = world.random.nextInt(submissions.size)
            submissions.removeAt(at)()
        }
        for (asking in cancellations) cancelLater(asking)
        cancellations.clear()
    }

    private fun cancelLater(asking: Asking) {
        val delay = if (world.chance(world.faults.lateCancels)) LATE_CANCEL_NANOS else 0
        world.after(delay + world.draw(world.faults.completionDelay.nanos)) {
            if (!isClosed && !asking.isOver) {
                note("cancelled", asking.socket?.id ?: -1)
                asking.socket?.cancel(asking)
            }
        }
    }

    override fun hasAnswers(): Boolean = ready.isNotEmpty()

    override fun deliver() {
        // Those that are there now: what they lead to is for the next turn.
        for (left in ready.size downTo 1) deliver(ready.removeFirst())
    }

    private fun deliver(answer: Answer) {
        val operation = answer.asking.operation
        if (answer.isLast) {
            underWay.remove(operation)
            DriverSide.end(operation)
        }
        counters.completed++
        note(
            "answer ${answer.asking.kind} ${answer.result} ${if (answer.isLast) "last" else "more"}",
            answer.asking.socket?.id ?: -1,
        )
        when {
            answer.isNotification -> {
                DriverSide.memoryReleased(operation as SendOperation, answer.result == 1)
            }

            answer.bufferId == Driver.NO_BUFFER -> {
                DriverSide.complete(
                    operation,
                    answer.result,
                    answer.bufferId,
                    answer.isLast,
                )
            }

            else -> {
                deliverBuffer(answer)
            }
        }
    }

    private fun deliverBuffer(answer: Answer) {
        val lent = answer.buffers ?: buffers
        DriverSide.lend(lent, answer.bufferId)
        try {
            DriverSide.complete(answer.asking.operation, answer.result, answer.bufferId, answer.isLast)
        } finally {
            DriverSide.release(lent, answer.bufferId)
        }
    }

    override fun wake() {
        isWoken = true
    }

    override fun wakeOther(other: Driver) = other.wake()

    override fun operationsUnderWay(): Int = underWay.size

    override fun counters(): DriverCounters = counters

    override fun close() {
        if (isClosed) return
        isClosed = true
        if (!hasArrived) world.arrived()
        if (!world.hasFailed) laws.ended(underWay.values, blocks, Worker.current())
        arena.close()
    }

    // For its parts and the sockets.

    fun ask(
        kind: String,
        socket: Int,
        operation: Operation,
        start: (Asking) -> Unit,
    ): Asking = ask(kind, host.sockets.find(socket), operation, start)

    fun ask(
        kind: String,
        socket: SimSocket?,
        operation: Operation,
        start: (Asking) -> Unit,
    ): Asking {
        world.checkFailure()
        laws.asked(kind)
        if (!DriverSide.begin(operation)) throw world.fail("asked for twice: $kind on $socket")
        val asking = Asking(this, operation, kind, socket)
        underWay[operation] = asking
        counters.submitted++
        note("ask $kind", socket?.id ?: -1)
        submissions += { start(asking) }
        return asking
    }

    fun post(answer: Answer) {
        val isOverflow = overflowed.isNotEmpty() || world.chance(world.faults.overflows)
        (if (isOverflow) overflowed else ready) += answer
    }

    /** A receive found no buffer: it goes on when one comes back, or after a moment when one is there after all. */
    fun starve(stream: SimStream) {
        counters.buffersExhausted++
        note("no buffer", stream.id)
        if (buffers.freeCount > 0) {
            world.after(STARVED_NANOS) { if (!isClosed) stream.pumpReceive() }
        } else {
            starved += stream
        }
    }

    private fun note(
        what: String,
        socket: Int,
    ) = world.note("${actor.name} $what #$socket")

    override fun toString(): String = actor.name

    companion object {
        private val ofThread = ThreadLocal<SimDriver>()

        // What a cancellation that comes too late is late by: more than most operations take.
        private const val LATE_CANCEL_NANOS = 300_000L
        private const val STARVED_NANOS = 50_000L

        /** The driver whose worker's thread this is. */
        fun ofThisThread(): SimDriver? = ofThread.get()

        /** As a kernel that has no such thing. */
        const val UNSUPPORTED: Int = -Errno.EOPNOTSUPP
    }
}
