package dev.uring.message

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.UringScope
import dev.uring.message.codec.BodyPacker
import dev.uring.worker.Worker
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReferenceArray

/** Where the channels live that a group connects. */
public enum class ChannelPlacement {
    /** On the group's own worker: no message between threads. */
    HOME,

    /** On all workers by turns: for a group whose connections cost more than its program. */
    SPREAD,
}

/**
 * Passes messages between peers, over TCP and Unix sockets, on all workers of a runtime.
 *
 * ### Shapes and units
 * Groups, each with its own channels, pool and queue; 65534 channels in all. Any number of engines share a runtime.
 * ### Ownership
 * Owns its groups. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * Any thread.
 *
 * @sample samples.message.echoServer
 */
public class MessageEngine
    @JvmOverloads
    constructor(
        internal val runtime: UringRuntime,
        public val config: EngineConfig = EngineConfig(),
        internal val resolver: Resolver = Resolver.of(runtime),
    ) : AutoCloseable {
        internal val numbers = ChannelNumbers()
        internal val sessions = Sessions()
        private val packers = AtomicReferenceArray<BodyPacker>(runtime.workersCount())
        private val groups = ConcurrentHashMap.newKeySet<Group>()
        private val placedCount = AtomicInteger()

        @Volatile
        private var isClosed = false

        /**
         * Makes a group.
         *
         * @param worker where it lives: an index, or -1 for the caller's worker, or, for a caller on none, the next by
         * turns
         * @param placement where the channels live that it connects
         */
        @JvmOverloads
        public fun create(
            worker: Int = WORKER_ANY,
            placement: ChannelPlacement = ChannelPlacement.HOME,
        ): Group = add(Group(this, home(worker), placement, null))

        /**
         * Makes a group on each worker that share their listeners: what one listens on brings channels to all of them,
         * and each gets those that live on its worker. So no message leaves the worker that it was received on.
         */
        public fun createOnEachWorker(): List<Group> {
            val shards = AtomicReferenceArray<Group>(runtime.workersCount())
            for (i in 0 until shards.length()) {
                shards[i] = add(Group(this, runtime.worker(i), ChannelPlacement.HOME, shards))
            }
            return List(shards.length()) { shards[it] }
        }

        /** Closes [group] as [Group.close]; the stage completes when it has no channel any more. */
        public fun destroy(group: Group): CompletionStage<Void> {
            group.close()
            return group.closed()
        }

        /** Groups that are not closed. */
        public val groupsCount: Int get() = groups.size

        /** Closes all groups. Returns at once; see [closed]. */
        override fun close() {
            isClosed = true
            groups.forEach(Group::close)
            closed().whenComplete { _, _ -> endPackers() }
        }

        /** Completes when all groups that are there now are closed. */
        public fun closed(): CompletionStage<Void> =
            CompletableFuture.allOf(*groups.map { it.closed().toCompletableFuture() }.toTypedArray())

        internal fun owns(worker: Worker): Boolean =
            worker.index() < runtime.workersCount() && runtime.worker(worker.index()) === worker

        internal fun nextWorker(): Worker =
            runtime.worker(Math.floorMod(placedCount.getAndIncrement(), runtime.workersCount()))

        internal fun removed(group: Group) {
            groups.remove(group)
        }

        // What zlib holds is not the heap's.
        private fun endPackers() {
            for (i in 0 until packers.length()) {
                runtime.worker(i).tryExecute { packers.getAndSet(i, null)?.close() }
            }
        }

        /** What deflates and inflates on the present worker. */
        internal fun packer(worker: Worker): BodyPacker =
            packers[worker.index()] ?: BodyPacker().also { packers[worker.index()] = it }

        private fun home(index: Int): Worker {
            if (index != WORKER_ANY) return runtime.worker(index)
            val current = Worker.current()
            return if (current != null && owns(current)) current else nextWorker()
        }

        private fun add(group: Group): Group {
            check(!isClosed) { "the engine is closed" }
            groups.add(group)
            // A close meanwhile has not seen it.
            if (isClosed) group.close()
            return group
        }

        override fun toString(): String = "MessageEngine(groups=${groups.size})"

        /** Constants. */
        public companion object {
            /** For [create]: wherever the caller is. */
            public const val WORKER_ANY: Int = -1
        }
    }

/**
 * Runs [block] with an engine on this scope's workers, which looks names up with the scope's resolver.
 *
 * ### Ownership
 * When [block] returns or throws, the engine closes, and this returns when all of its channels have ended.
 *
 * @sample samples.message.echoServer
 */
public suspend fun <T> UringScope.engine(
    config: EngineConfig = EngineConfig(),
    block: suspend MessageEngine.() -> T,
): T {
    val engine = MessageEngine(runtime, config, resolver)
    try {
        return engine.block()
    } finally {
        withContext(NonCancellable) {
            engine.close()
            engine.closed().await()
        }
    }
}

/** Runs [block] with a group, and closes it as [Group.close] when [block] returns or throws. */
public suspend fun <T> MessageEngine.group(
    placement: ChannelPlacement = ChannelPlacement.HOME,
    block: suspend Group.() -> T,
): T {
    val group = create(placement = placement)
    try {
        return group.block()
    } finally {
        withContext(NonCancellable) { destroy(group).await() }
    }
}
