package dev.uring.sim

import dev.uring.RuntimeConfig
import dev.uring.buffer.BlockPool
import dev.uring.worker.Worker

/**
 * What holds for every program on every driver, looked at after each turn of a worker and at its end.
 *
 * What concerns memory is looked at where memory is used, in [Sending] and [SimReceiveBuffers]; what concerns numbers of
 * sockets in [SocketTable].
 */
internal class Laws(
    private val driver: SimDriver,
    private val config: RuntimeConfig,
) {
    private val world get() = driver.world
    private var idleTurns = 0
    private var completedBefore = 0L
    private var turns = 0L

    /** A worker asks its own driver, from its own thread. */
    fun asked(kind: String) {
        if (Thread.currentThread() !== driver.actor.thread) {
            throw world.fail("$kind is asked of ${driver.actor.name} by thread ${Thread.currentThread().name}")
        }
    }

    /** Nothing that names the socket may be unanswered. */
    fun closing(
        socket: Int,
        underWay: Collection<Asking>,
    ) {
        underWay.firstOrNull { it.socket?.id == socket && !it.isOnlyNotification }?.let {
            throw world.fail("socket $socket is closed before the last answer that names it: $it")
        }
    }

    fun turnEnded(timeoutNanos: Long) {
        val buffers = driver.buffers
        val counted = buffers.freeCount + buffers.filledCount + buffers.heldCount()
        if (counted != buffers.count()) {
            throw world.fail("receive buffers are lost: ${buffers.count() - counted} of ${buffers.count()} are nowhere")
        }
        spin(timeoutNanos)
        if (++turns % BOUNDS_EVERY == 0L) bounds()
    }

    // A worker that comes back at once, again and again, and has nothing to do.
    private fun spin(timeoutNanos: Long) {
        val done = driver.counters().run { completed + submitted }
        idleTurns = if (timeoutNanos == 0L && done == completedBefore) idleTurns + 1 else 0
        completedBefore = done
        if (idleTurns >
            IDLE_TURNS_MAX
        ) {
            throw world.fail("${driver.actor.name} spins: $idleTurns turns without an answer")
        }
    }

    private fun bounds() {
        val seen = Worker.current()?.snapshot() ?: return
        if (driver.buffers.heldCount() > driver.buffers.retainableMax()) {
            throw world.fail(
                "${driver.buffers.heldCount()} receive buffers are held between turns: the bound is half of them",
            )
        }
        if (seen.mailboxDepth() > config.mailboxCapacity()) {
            throw world.fail(
                "${seen.mailboxDepth()} messages wait, of at most mailboxCapacity=${config.mailboxCapacity()}",
            )
        }
        if (seen.blockBytesTaken() > config.blockPoolBytesMax()) {
            throw world.fail("${seen.blockBytesTaken()} bytes of blocks, of at most ${config.blockPoolBytesMax()}")
        }
        if (seen.operationsUnderWay() != driver.operationsUnderWay()) {
            throw world.fail("operations under way are counted wrong: $seen")
        }
    }

    /** Everything is given back. */
    fun ended(
        underWay: Collection<Asking>,
        blocks: BlockPool,
        worker: Worker?,
    ) {
        val left =
            listOfNotNull(
                underWay.joinToString { it.toString() }.takeIf { it.isNotEmpty() }?.let { "operations under way: $it" },
                "receive buffers held: ${driver.buffers.heldCount()}".takeIf { driver.buffers.heldCount() > 0 },
                "blocks held: ${blocks.blocksHeldCount()}".takeIf { blocks.blocksHeldCount() > 0 },
                worker?.snapshot()?.let { seen ->
                    "failures of tasks: ${seen.failures()}".takeIf { seen.failures() > 0 && !driver.host.mayFail }
                },
                worker?.snapshot()?.let { seen ->
                    "timers armed: ${seen.timersArmed()}".takeIf { seen.timersArmed() > 0 }
                },
            )
        if (left.isNotEmpty()) throw world.fail("${driver.actor.name} has ended and left ${left.joinToString("; ")}")
    }

    private companion object {
        // More than any queue of tasks takes to be worked off in a test, at the size of a turn.
        const val IDLE_TURNS_MAX = 50_000
        const val BOUNDS_EVERY = 16L
    }
}
