package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.abi.IoUring
import dev.uring.testing.PATIENCE_SECONDS
import java.util.concurrent.TimeUnit

private val PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)

/** A copied CQE. */
internal data class Cqe(
    val userData: Long,
    val result: Int,
    val flags: Int,
) {
    val hasMore get() = flags and IoUring.IORING_CQE_F_MORE != 0
    val isNotification get() = flags and IoUring.IORING_CQE_F_NOTIF != 0
    val hasBuffer get() = flags and IoUring.IORING_CQE_F_BUFFER != 0
    val bufferId get() = CompletionQueue.bufferId(flags)
}

/** Runs [block] with a ring that the calling thread owns, and closes it. */
internal fun <T> withRing(
    options: RingOptions = RingOptions.ofSqEntries(64),
    block: (Ring) -> T,
): T =
    Ring.create(options).use { ring ->
        ring.enable()
        block(ring)
    }

/** Queues one operation; there must be room. */
internal fun Ring.queue(
    userData: Long = 0,
    prepare: (Sqe) -> Sqe,
) {
    val sqe = checkNotNull(sq().next()) { "submission queue is full" }
    prepare(sqe).userData(userData)
}

/** Takes whatever is ready, without entering the kernel. */
internal fun Ring.reap(): List<Cqe> {
    val cq = cq()
    val ready = cq.ready()
    val cqes = List(ready) { Cqe(cq.userData(it), cq.result(it), cq.flags(it)) }
    cq.advance(ready)
    return cqes
}

/** Enters and reaps until [count] completions have come; fails with what came if they take too long. */
internal fun Ring.await(count: Int): List<Cqe> {
    val deadline = System.nanoTime() + PATIENCE_NANOS
    val cqes = reap().toMutableList()
    while (cqes.size < count) {
        val left = deadline - System.nanoTime()
        check(left > 0) { "only ${cqes.size} of $count completions came: $cqes" }
        val entered = enter(1, left)
        check(entered >= 0 || -entered in ordinary) { "enter failed: ${Errno.name(-entered)}" }
        cqes += reap()
    }
    return cqes
}

private val ordinary = setOf(Errno.ETIME, Errno.EINTR, Errno.EBUSY, Errno.EAGAIN)

/** Queues one operation and returns its first completion. */
internal fun Ring.complete(prepare: (Sqe) -> Sqe): Cqe {
    queue(prepare = prepare)
    return await(1).single()
}
