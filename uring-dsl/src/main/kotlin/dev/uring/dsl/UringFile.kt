package dev.uring.dsl

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.file.AsyncFile
import dev.uring.file.FileStatus
import dev.uring.file.MappedFile
import dev.uring.file.SyncMode
import dev.uring.file.WorkerFiles
import dev.uring.worker.Worker
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * An open file whose operations suspend.
 *
 * ### Shapes and units
 * Positions and sizes are bytes. There is no current position: any number of coroutines may read and write at the same
 * time. What they ask for in one turn of the worker's loop reaches the kernel in one system call.
 * ### Ownership
 * Whoever opened it closes it; [openFile] with a block does so by itself. Views are borrowed by the block that gets
 * them. What is given to a write is copied before the call suspends.
 * ### Threading and cancellation
 * Belongs to one [worker]: every operation is called on that worker's thread. A cancelled operation throws at once; the
 * disk may go on with it, in memory that stays the kernel's until it has answered. Whether a cancelled write was done is
 * not known.
 * ### Errors
 * [FileException][dev.uring.base.FileException] with path, operation, errno, likely cause and remedy.
 * `IllegalStateException` on a wrong thread or after [close]; `IllegalArgumentException` for direct I/O that is not
 * aligned.
 *
 * @sample samples.dsl.countLines
 */
public class UringFile internal constructor(
    internal val core: AsyncFile,
) {
    internal val files: WorkerFiles = WorkerFiles.of(core.worker())
    private val idle = ArrayDeque<FileStep>()
    private var isClosed = false

    /** The worker that this file belongs to. */
    public val worker: Worker get() = core.worker()

    /** The path it was opened by. */
    public val path: String get() = core.path()

    /** Whether it bypasses the page cache. */
    public val isDirect: Boolean get() = core.isDirect

    /** What positions and lengths must be multiples of: 1 unless the file [isDirect]. */
    public val positionAlignmentBytes: Int get() = core.positionAlignmentBytes()

    /**
     * Reads up to [bytes] bytes at [position] and lends them to [block].
     *
     * ### Shapes and units
     * The view holds fewer bytes than asked for only at the end of the file, and none beyond it. Returns what [block]
     * returns.
     * ### Ownership
     * The view is borrowed until [block] returns; [block] may suspend.
     * ### Threading and cancellation
     * Allocates nothing in steady state.
     * ### Errors
     * As for every operation of a file.
     *
     * @sample samples.dsl.readRecord
     */
    public suspend inline fun <R> read(
        position: Long,
        bytes: Int,
        block: (ByteView) -> R,
    ): R {
        val step = beginRead(position, bytes)
        try {
            awaitStep(step)
            return block(step.open())
        } finally {
            endStep(step)
        }
    }

    /** Reads up to [bytes] bytes at [position] into a new array; fewer only at the end of the file. See [read]. */
    public suspend fun readBytes(
        position: Long,
        bytes: Int,
    ): ByteArray = read(position, bytes) { it.toByteArray() }

    /**
     * Reads [bytes] bytes at each of [positions], all at the same time, and lends them to [block] in the order of
     * [positions].
     *
     * ### Shapes and units
     * The reads reach the kernel in one system call. At most [BATCH_MAX] of them, because each has a buffer of its own:
     * memory = positions × [bytes].
     * ### Ownership
     * Each view is borrowed until its call of [block] returns.
     * ### Errors
     * The first read that fails is thrown, and the rest are given up. `IllegalArgumentException` more than [BATCH_MAX].
     *
     * @sample samples.dsl.readIndex
     */
    public suspend inline fun readBatch(
        positions: LongArray,
        bytes: Int,
        block: (index: Int, view: ByteView) -> Unit,
    ) {
        val steps = beginBatch(positions, bytes)
        try {
            for (index in steps.indices) {
                awaitStep(steps[index])
                block(index, steps[index].open())
            }
        } finally {
            endBatch(steps)
        }
    }

    /**
     * Reads from [from] to the end of the file and lends the bytes to [block], piece by piece, while the next pieces are
     * being read.
     *
     * ### Shapes and units
     * Pieces of [chunkBytes] bytes, the last one shorter; up to [readAhead] of them are read beyond the one that is
     * lent. Memory = ([readAhead] + 1) × [chunkBytes]. Returns the number of bytes read. [from] and [chunkBytes] of a
     * direct file are multiples of [positionAlignmentBytes].
     * ### Ownership
     * Each view is borrowed until its call of [block] returns; [block] may suspend, for instance in
     * [Connection.send], and holds up the reading when it is the slower one.
     * ### Errors
     * As for every operation of a file; pieces before the one that failed have been lent.
     *
     * @sample samples.dsl.countLines
     */
    public suspend inline fun readAll(
        from: Long = 0,
        chunkBytes: Int = CHUNK_BYTES_DEFAULT,
        readAhead: Int = READ_AHEAD_DEFAULT,
        block: (ByteView) -> Unit,
    ): Long {
        val ahead = beginReadAhead(from, chunkBytes, readAhead)
        try {
            while (true) {
                val step = ahead.oldest() ?: return ahead.bytes
                awaitStep(step)
                val view = step.open()
                if (!view.isEmpty) block(view)
                ahead.taken()
            }
        } finally {
            endReadAhead(ahead)
        }
    }

    /**
     * Writes [count] bytes of [bytes], beginning with the one at [from], at [position].
     *
     * ### Shapes and units
     * Returns when all of them are written; for a file that is not direct that means into the page cache, see [sync].
     * ### Ownership
     * The bytes are copied before the first suspension.
     */
    public suspend inline fun write(
        position: Long,
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
    ): Unit = finish(beginWrite(position, bytes, from, count, Durability.CACHED))

    /** Writes the bytes of [view] at [position]; see [write]. */
    public suspend inline fun write(
        position: Long,
        view: ByteView,
    ): Unit = finish(beginWrite(position, view, Durability.CACHED))

    /** Writes what [fill] puts into the sink, at most [bytesMax] bytes, at [position]; see [write]. */
    public suspend inline fun write(
        position: Long,
        bytesMax: Int,
        fill: (ByteSink) -> Unit,
    ) {
        val step = takeStep()
        try {
            fill(sinkOf(step, bytesMax))
            writeSunk(step, position)
            awaitStep(step)
            step.check()
        } finally {
            endStep(step)
        }
    }

    /**
     * Writes as [write] does and returns when the bytes are on the medium: a write and a sync in one chain that the
     * kernel runs without coming back in between.
     */
    public suspend inline fun writeAndSync(
        position: Long,
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
    ): Unit = finish(beginWrite(position, bytes, from, count, Durability.ON_MEDIUM))

    /**
     * Lends [block] a stream into the file, from position [from] on, and returns when all that it was given is written.
     *
     * ### Shapes and units
     * Written in pieces of [chunkBytes] bytes, up to [writeBehind] of them at the same time while [block] goes on.
     * Memory = ([writeBehind] + 1) × [chunkBytes]. Returns the number of bytes. A direct file takes whole pieces only.
     * ### Errors
     * A write that fails is thrown inside [block] by a later write, or at the end; what was written before it, or at
     * the same time, stays.
     *
     * @sample samples.dsl.writeNumbers
     */
    public suspend inline fun writeAll(
        from: Long = 0,
        chunkBytes: Int = CHUNK_BYTES_DEFAULT,
        writeBehind: Int = READ_AHEAD_DEFAULT,
        block: (WriteBehind) -> Unit,
    ): Long {
        val behind = beginWriteBehind(from, chunkBytes, writeBehind)
        try {
            block(behind)
            finish(behind)
            return behind.bytes
        } finally {
            endWriteBehind(behind)
        }
    }

    /** Returns when everything that was written before is on the medium. */
    public suspend inline fun sync(mode: SyncMode = SyncMode.DATA): Unit = finish(beginSync(mode))

    /** What the file system knows about the file. */
    public suspend fun status(): FileStatus = core.status().awaitOnWorker()

    /** The size of the file in bytes. */
    public suspend fun size(): Long = core.size().awaitOnWorker()

    /** Makes the file [bytes] long: cuts it, or stretches it with zeros. */
    public suspend fun truncate(bytes: Long) {
        core.truncate(bytes).awaitOnWorker()
    }

    /** Reserves room for [bytes] bytes from [position] on, and makes the file that long if it is shorter. */
    public suspend fun allocate(
        position: Long,
        bytes: Long,
    ) {
        core.allocate(position, bytes).awaitOnWorker()
    }

    /**
     * Maps [bytes] bytes from [position] on for reading, and unmaps them when [block] returns.
     *
     * ### Threading and cancellation
     * Reading a page that is not in memory blocks the thread: do it where that is allowed, or with files that are
     * known to be cached. The mapping may be used on any thread inside [block].
     */
    public inline fun <R> map(
        position: Long,
        bytes: Long,
        block: (MappedFile) -> R,
    ): R = openMapping(position, bytes).use(block)

    /**
     * Closes the file when what is under way has been answered. Repeated calls do nothing. What was written is not
     * synced.
     *
     * ### Threading and cancellation
     * Goes on to the end in a cancelled coroutine.
     */
    public suspend fun close() {
        if (!isClosed) {
            worker.checkCurrent()
            isClosed = true
            while (idle.isNotEmpty()) idle.removeFirst().dispose()
        }
        val closed = core.close()
        withContext(NonCancellable) { closed.awaitOnWorker() }
    }

    override fun toString(): String = "UringFile($path, worker ${worker.index()})"

    internal fun giveBack(step: FileStep) {
        if (isClosed) step.dispose() else idle.addLast(step)
    }

    @PublishedApi
    internal fun takeStep(): FileStep {
        worker.checkCurrent()
        check(!isClosed) { "file $path is used after close()" }
        return idle.removeLastOrNull() ?: FileStep(this)
    }

    @PublishedApi
    internal fun beginRead(
        position: Long,
        bytes: Int,
    ): FileStep = beginning { core.read(position, it.buffer(bytes), 0, bytes, it) }

    @PublishedApi
    internal fun beginWrite(
        position: Long,
        bytes: ByteArray,
        from: Int,
        count: Int,
        durability: Durability,
    ): FileStep =
        beginning {
            it.buffer(count).put(0, bytes, from, count)
            startWrite(it, position, count, durability)
        }

    @PublishedApi
    internal fun beginWrite(
        position: Long,
        view: ByteView,
        durability: Durability,
    ): FileStep =
        beginning {
            view.copyTo(0, it.buffer(view.size()).memory(), 0, view.size())
            startWrite(it, position, view.size(), durability)
        }

    @PublishedApi
    internal fun beginSync(mode: SyncMode): FileStep = beginning { core.sync(mode, it) }

    @PublishedApi
    internal fun beginBatch(
        positions: LongArray,
        bytes: Int,
    ): Array<FileStep> {
        require(positions.size <= BATCH_MAX) {
            "a batch of positions=${positions.size} exceeds BATCH_MAX=$BATCH_MAX; " +
                "each has a buffer of bytes=$bytes.\n" +
                "  Read it in parts."
        }
        val begun = ArrayList<FileStep>(positions.size)
        try {
            positions.forEach { begun += beginRead(it, bytes) }
        } catch (refused: RuntimeException) {
            begun.forEach { it.end() }
            throw refused
        }
        return begun.toTypedArray()
    }

    @PublishedApi
    internal fun endBatch(steps: Array<FileStep>): Unit = steps.forEach(::endStep)

    @PublishedApi
    internal fun beginReadAhead(
        from: Long,
        chunkBytes: Int,
        readAhead: Int,
    ): ReadAhead = ReadAhead(this, from, chunkBytes, readAhead)

    @PublishedApi
    internal fun endReadAhead(ahead: ReadAhead): Unit = onWorkerIfRunning { ahead.end() }

    @PublishedApi
    internal fun beginWriteBehind(
        from: Long,
        chunkBytes: Int,
        writeBehind: Int,
    ): WriteBehind = WriteBehind(this, from, chunkBytes, writeBehind)

    @PublishedApi
    internal suspend fun finish(behind: WriteBehind): Unit = behind.finish()

    @PublishedApi
    internal fun endWriteBehind(behind: WriteBehind): Unit = behind.end()

    @PublishedApi
    internal fun sinkOf(
        step: FileStep,
        bytesMax: Int,
    ): ByteSink = step.buffer(bytesMax).sink()

    @PublishedApi
    internal fun writeSunk(
        step: FileStep,
        position: Long,
    ) {
        val buffer = step.buffer(0)
        core.write(position, buffer, 0, buffer.sinkBytes(), step)
    }

    @PublishedApi
    internal fun openMapping(
        position: Long,
        bytes: Long,
    ): MappedFile = core.map(position, bytes)

    @PublishedApi
    internal suspend fun awaitStep(step: FileStep): Unit = suspendCoroutineUninterceptedOrReturn { step.await(it) }

    @PublishedApi
    internal fun endStep(step: FileStep): Unit = onWorkerIfRunning { step.end() }

    // Inlined, like all that waits: a suspend function with a state of its own allocates it at every entry.
    @PublishedApi
    internal suspend inline fun finish(step: FileStep) {
        try {
            awaitStep(step)
            step.check()
        } finally {
            endStep(step)
        }
    }

    internal fun startWrite(
        step: FileStep,
        position: Long,
        count: Int,
        durability: Durability,
    ) {
        val buffer = step.buffer(0)
        when (durability) {
            Durability.CACHED -> core.write(position, buffer, 0, count, step)
            Durability.ON_MEDIUM -> core.writeAndSync(position, buffer, 0, count, step)
        }
    }

    private inline fun beginning(ask: (FileStep) -> Unit): FileStep {
        val step = takeStep()
        try {
            ask(step)
        } catch (refused: RuntimeException) {
            step.end()
            throw refused
        }
        return step
    }

    // A coroutine whose worker has stopped ends elsewhere; the worker has taken back everything then.
    private inline fun onWorkerIfRunning(crossinline end: () -> Unit) {
        if (worker.isCurrent) end() else worker.executeUnlessStopped { end() }
    }

    @PublishedApi
    internal enum class Durability { CACHED, ON_MEDIUM }

    /** Constants of files. */
    public companion object {
        /** Most positions of one [readBatch]: as many operations as a ring queues by default. */
        public const val BATCH_MAX: Int = 1024

        /** Piece that [readAll] reads: large enough that a disk streams, small enough to stay in the second cache. */
        public const val CHUNK_BYTES_DEFAULT: Int = 1 shl 17

        /** Pieces that [readAll] reads ahead: one that is on its way while another is waiting. */
        public const val READ_AHEAD_DEFAULT: Int = 2
    }
}
