package dev.uring.sim

import dev.uring.base.FileException
import dev.uring.file.AsyncFile
import dev.uring.file.FileBuffer
import dev.uring.file.FileRequest
import dev.uring.file.OpenOptions
import dev.uring.file.SyncMode
import dev.uring.file.WorkerFiles
import dev.uring.worker.Worker

/**
 * Records of one length, each written and synced before the next, until the power goes: what was acknowledged is there
 * afterwards.
 */
internal fun Simulation.journal() {
    drawWeather()
    faults {
        tornWrites = listOf(0.0, 0.1, 0.5)[random(3)]
        fileFailures = listOf(0.0, 0.01)[random(2)]
    }
    val machine = host("machine")
    if (random(3) == 0) machine.diskBytes = 2_000L + random(10_000)
    val pattern = StreamPattern(seed)
    val first = machine.start { workersCount(1) }
    val writer = JournalWriter(first.worker(0), pattern)
    first.worker(0).execute { writer.begin() }
    val stopsAt = random(40)
    runUntil("records are written, or the journal has failed") { writer.isOver || writer.acknowledged >= stopsAt }
    first.worker(0).execute { writer.end() }
    runUntil("the writer has let go of its file") { writer.isClosed }
    first.shutdown()
    runUntil("the end of the first life") { first.termination().toCompletableFuture().isDone }
    machine.losePower()

    faults { fileFailures = 0.0 }
    val second = machine.start { workersCount(1) }
    val reader = JournalReader(second.worker(0), pattern, writer.acknowledged)
    second.worker(0).execute { reader.begin() }
    runUntil("the journal is read") { reader.isClosed }
    reader.failure?.let { fail(it) }
}

private const val RECORD_BYTES = 300
private const val JOURNAL = "/journal"

private class JournalWriter(
    private val worker: Worker,
    private val pattern: StreamPattern,
) {
    private lateinit var buffer: FileBuffer
    private var file: AsyncFile? = null
    private var writtenOf = 0
    private var isEnding = false
    var acknowledged = 0
        private set
    var isOver = false
        private set
    var isClosed = false
        private set

    fun begin() {
        buffer = WorkerFiles.of(worker).buffer(RECORD_BYTES)
        WorkerFiles.of(worker).open(JOURNAL, OpenOptions.forWriting().create()).whenComplete { opened, failure ->
            file = opened
            if (failure == null && !isEnding) writeRecord() else close()
        }
    }

    fun end() {
        isEnding = true
        if (isOver) close()
    }

    private fun writeRecord() {
        buffer.put(0, pattern.bytes(acknowledged.toLong() * RECORD_BYTES, RECORD_BYTES), 0, RECORD_BYTES)
        writtenOf = 0
        writeRest()
    }

    // A short write is gone on with, and only what is whole is synced.
    private fun writeRest() {
        val position = acknowledged.toLong() * RECORD_BYTES + writtenOf
        file?.write(position, buffer, writtenOf, RECORD_BYTES - writtenOf, Written())
    }

    private inner class Written : FileRequest() {
        override fun completed(bytes: Int) {
            writtenOf += bytes
            if (writtenOf < RECORD_BYTES) writeRest() else file?.sync(SyncMode.DATA, Synced())
        }

        override fun failed(failure: FileException) = giveUp()
    }

    private inner class Synced : FileRequest() {
        override fun completed(bytes: Int) {
            acknowledged++
            if (isEnding) giveUp() else writeRecord()
        }

        override fun failed(failure: FileException) = giveUp()
    }

    private fun giveUp() {
        isOver = true
        if (isEnding) close()
    }

    private fun close() {
        if (isClosed) return
        isOver = true
        buffer.close()
        val open = file
        file = null
        if (open == null) {
            isClosed = true
        } else {
            open.close().whenComplete { _, _ -> isClosed = true }
        }
    }
}

private class JournalReader(
    private val worker: Worker,
    private val pattern: StreamPattern,
    private val records: Int,
) {
    private lateinit var buffer: FileBuffer
    private lateinit var file: AsyncFile
    private var at = 0L
    var failure: String? = null
        private set
    var isClosed = false
        private set

    fun begin() {
        buffer = WorkerFiles.of(worker).buffer(RECORD_BYTES)
        WorkerFiles.of(worker).open(JOURNAL, OpenOptions.forReading()).whenComplete { opened, refused ->
            if (refused == null) {
                file = opened
                readMore()
            } else {
                if (records > 0) failure = "a journal of $records records cannot be opened: $refused"
                buffer.close()
                isClosed = true
            }
        }
    }

    private fun readMore() {
        if (at == records.toLong() * RECORD_BYTES) return close()
        val most = minOf(records.toLong() * RECORD_BYTES - at, RECORD_BYTES.toLong()).toInt()
        file.read(at, buffer, 0, most, Read())
    }

    private inner class Read : FileRequest() {
        override fun completed(bytes: Int) {
            val record = at / RECORD_BYTES
            failure =
                if (bytes ==
                    0
                ) {
                    "record $record of $records that were acknowledged is gone"
                } else {
                    pattern.check(buffer.view(0, bytes), at)
                }
            at += bytes
            if (failure == null) readMore() else close()
        }

        override fun failed(failure: FileException) {
            this@JournalReader.failure = "$failure"
            close()
        }
    }

    private fun close() {
        buffer.close()
        file.close().whenComplete { _, _ -> isClosed = true }
    }
}
