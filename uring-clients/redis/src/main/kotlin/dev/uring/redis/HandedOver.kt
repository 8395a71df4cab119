package dev.uring.redis

import dev.uring.buffer.BlockLease
import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteWindow
import dev.uring.net.Connection
import dev.uring.net.OwnedBytes
import dev.uring.net.SendGuard
import dev.uring.redis.codec.CommandWriter
import dev.uring.worker.Worker
import java.lang.foreign.MemorySegment
import java.util.concurrent.RejectedExecutionException

/**
 * A value whose memory was handed over to the client, which hands it over to a connection or gives it back.
 *
 * *Invariant:* exactly one of [copyTo], [handTo] and [release] is called, once.
 */
internal interface HandedOver {
    val sizeBytes: Int

    /** Whether it may be copied instead of being handed on. */
    val mayBeCopied: Boolean

    /** Whether nobody has closed it or handed it over elsewhere: a mistake that would tear the command in two. */
    val isHeld: Boolean

    /** Copies it and gives it back, on [worker]. */
    fun copyTo(
        sink: ByteSink,
        worker: Worker,
    )

    /** Hands it over to [connection], which gives it back. */
    fun handTo(connection: Connection)

    /** Gives it back unsent: on [worker], if there is one that runs. */
    fun release(worker: Worker?)

    companion object {
        /** Memory of the program's own. */
        fun of(
            guard: SendGuard,
            core: ClientCore,
        ): HandedOver {
            val memory = guard.memory()
            require(memory.isNative) {
                "setHandedOver: the memory is on the heap, and the garbage collector may move it while the kernel " +
                    "reads: use Arena.allocate, or set, which copies"
            }
            requireSize(memory.byteSize())
            // Elsewhere it is not known yet which worker it will be.
            val reader = if (core.here() != null) Thread.currentThread() else ANY_THREAD
            require(memory.isAccessibleBy(reader)) {
                "setHandedOver: the memory belongs to one thread, and a worker has to read it: " +
                    "allocate it in Arena.ofShared(), Arena.ofAuto() or Arena.global()"
            }
            return HandedGuard(guard, memory)
        }

        /** Bytes that were received; checked here, since nothing can be taken back once the command is being written. */
        fun of(
            owned: OwnedBytes,
            core: ClientCore,
        ): HandedOver {
            checkIsHere(core, "received bytes")
            requireSize(owned.size().toLong())
            // Throws where they are another worker's.
            return HandedBytes(owned).also { check(it.isHeld) { "setHandedOver: the received bytes $GONE" } }
        }

        /** What a lease holds. */
        fun of(
            lease: BlockLease,
            core: ClientCore,
        ): HandedOver {
            checkIsHere(core, "a lease's memory")
            check(lease.room().isAccessibleBy(Thread.currentThread())) {
                "setHandedOver: the lease's memory belongs to another worker than this one"
            }
            requireSize(lease.size().toLong())
            return HandedLease(lease)
        }

        private fun checkIsHere(
            core: ClientCore,
            what: String,
        ) = check(core.here() != null) {
            "setHandedOver: $what belongs to a worker, and this is none of the client's: call it there, " +
                "or set it as a SendGuard or a copy"
        }

        private fun requireSize(bytes: Long) =
            require(bytes <= CommandWriter.REQUEST_BYTES_MAX) {
                "setHandedOver: the value has $bytes bytes, more than " +
                    "requestBytesMax=${CommandWriter.REQUEST_BYTES_MAX}: use setStream, which sends it in pieces"
            }

        const val GONE = "were closed or handed over already: their memory may be somebody else's"

        // Never started.
        private val ANY_THREAD = Thread.ofPlatform().unstarted {}
    }
}

private class HandedGuard(
    private val guard: SendGuard,
    private val memory: MemorySegment,
) : HandedOver,
    SendGuard {
    override val sizeBytes: Int get() = memory.byteSize().toInt()

    override val mayBeCopied: Boolean get() = true

    override val isHeld: Boolean get() = true

    // Asked once, by the rules of guards; this is for who asks again.
    override fun memory(): MemorySegment = memory

    override fun released() = guard.released()

    override fun copyTo(
        sink: ByteSink,
        worker: Worker,
    ) {
        val window = ByteWindow("memory handed over to setHandedOver")
        window.lend(memory, 0, sizeBytes)
        sink.putView(window)
        window.end()
        release(worker)
    }

    override fun handTo(connection: Connection) = connection.write(this)

    // From the top level of the loop, as connections do it: what it calls may use the client.
    override fun release(worker: Worker?) {
        try {
            if (worker != null) return worker.execute(guard::released)
        } catch (_: RejectedExecutionException) {
            // The worker has ended, so nobody is in the middle of anything.
        }
        guard.released()
    }
}

private class HandedBytes(
    private val owned: OwnedBytes,
) : HandedOver {
    override val sizeBytes: Int get() = owned.size()

    override val mayBeCopied: Boolean get() = true

    override val isHeld: Boolean get() = owned.view().size() == owned.size()

    override fun copyTo(
        sink: ByteSink,
        worker: Worker,
    ) {
        sink.putView(owned.view())
        owned.close()
    }

    override fun handTo(connection: Connection) = connection.write(owned)

    override fun release(worker: Worker?) = owned.close()
}

private class HandedLease(
    private val lease: BlockLease,
) : HandedOver {
    override val sizeBytes: Int = lease.size()

    // Its memory is a worker's own already: a copy would only be another one of the same kind.
    override val mayBeCopied: Boolean get() = false

    override val isHeld: Boolean get() = lease.isHeld

    override fun copyTo(
        sink: ByteSink,
        worker: Worker,
    ): Unit = error("a lease is handed on")

    override fun handTo(connection: Connection) = connection.write(lease)

    override fun release(worker: Worker?) = lease.close()
}
