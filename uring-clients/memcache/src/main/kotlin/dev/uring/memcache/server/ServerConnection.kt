package dev.uring.memcache.server

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import dev.uring.dsl.Connection
import dev.uring.dsl.onWorker
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheRequest
import dev.uring.memcache.codec.MemcacheRequestDecoder
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/** Drives the services with one connection's requests. */
internal class ServerConnection(
    private val connection: Connection,
    private val shards: ServerShards,
) {
    private val here = connection.worker.index()
    private val service = shards.service(here)
    private val decoder = MemcacheRequestDecoder(shards.limits)

    // What has to be done elsewhere, or waits for room; then the connection reads no further.
    private var away: Away? = null
    private var isFull = false
    private var isOver = false

    suspend fun serve() {
        decoder.use {
            while (!isOver) {
                if (connection.receive { take(it) } == Connection.END_OF_INPUT) return
                if (isFull) {
                    isFull = false
                    connection.send(NOTHING) // waits until the client has read
                }
                away?.let {
                    away = null
                    it.execute()
                }
            }
            connection.flush()
        }
    }

    private fun take(bytes: ByteView): Int {
        var at = 0
        while (at < bytes.size() && mayGoOn()) {
            val status = decoder.decode(bytes, at)
            at += decoder.consumedBytes()
            if (status == DecodeStatus.NEED_MORE) break
            if (status == DecodeStatus.BAD) {
                connection.write("CLIENT_ERROR ${decoder.errorText()}\r\n")
                isOver = true
                return bytes.size()
            }
            dispatch(decoder.request())
            isFull = connection.unsentBytes >= connection.sendHighWaterBytes
        }
        return at
    }

    private fun mayGoOn() = away == null && !isOver && !isFull

    private fun dispatch(request: MemcacheRequest) {
        if (request.word() == CommandWord.QUIT) isOver = true
        val owner = ownerOf(request)
        if (owner == here) {
            service.execute(request, connection.output)
        } else {
            away = Away(owner, lines(request, owner), request.word() == CommandWord.FLUSH_ALL)
        }
    }

    /** The worker that a request is for; [EVERYWHERE] when it has keys of several, or is for all. */
    private fun ownerOf(request: MemcacheRequest): Int {
        if (shards.count == 1 || request.fault() != null) return here
        return when (request.word()) {
            CommandWord.MN, CommandWord.VERSION, CommandWord.VERBOSITY, CommandWord.QUIT, CommandWord.STATS -> here
            CommandWord.FLUSH_ALL -> EVERYWHERE
            CommandWord.GET, CommandWord.GETS -> ownerOfKeys(request, 1)
            CommandWord.GAT, CommandWord.GATS -> ownerOfKeys(request, 2)
            else -> if (request.tokensCount() < 2) here else shards.owner(request.tokenHash(1))
        }
    }

    private fun ownerOfKeys(
        request: MemcacheRequest,
        from: Int,
    ): Int {
        // What is wrong is answered here, and only once.
        val isWrong = (from until request.tokensCount()).any { request.tokenBytes(it) > KEY_BYTES_MAX }
        val isWrongTime = from == 2 && !request.readSigned(1)
        if (request.tokensCount() <= from || isWrong || isWrongTime) return here
        val first = shards.owner(request.tokenHash(from))
        for (i in from + 1 until request.tokensCount()) {
            if (shards.owner(request.tokenHash(i)) != first) return EVERYWHERE
        }
        return first
    }

    /** The request for each worker that has a part in it. */
    private fun lines(
        request: MemcacheRequest,
        owner: Int,
    ): List<Pair<Int, ByteArray>> {
        if (request.isTooLarge) return listOf(owner to deletion(request))
        if (owner != EVERYWHERE) return listOf(owner to request.copyBytes())
        if (request.word() == CommandWord.FLUSH_ALL) return List(shards.count) { it to request.copyBytes() }
        // One line for each key: the replies keep the order of the keys.
        val keysFrom = if (request.word() == CommandWord.GET || request.word() == CommandWord.GETS) 1 else 2
        val begin = (0 until keysFrom).joinToString(" ") { request.text(it) }
        return List(request.tokensCount() - keysFrom) {
            val token = keysFrom + it
            val line = "$begin ${request.text(token)}\r\n".toByteArray(Charsets.ISO_8859_1)
            shards.owner(request.tokenHash(token)) to line
        }
    }

    // The value is gone, and with it the answer; what is left to do is that nobody reads the old one any more.
    private fun deletion(request: MemcacheRequest): ByteArray {
        val isMeta = request.word() == CommandWord.MS
        if (isMeta || !request.isNoReply) connection.write("SERVER_ERROR object too large for cache\r\n")
        val key = request.text(1)
        val isBase64 = isMeta && request.flag('b', META_FLAGS_FROM) >= 0
        return (if (isMeta) "md $key q${if (isBase64) " b" else ""}\r\n" else "delete $key noreply\r\n")
            .toByteArray(Charsets.ISO_8859_1)
    }

    private inner class Away(
        private val owner: Int,
        private val parts: List<Pair<Int, ByteArray>>,
        private val isForAll: Boolean,
    ) {
        suspend fun execute() {
            val replies = parts.map { (worker, line) -> shards.runtime.onWorker(worker) { executeAt(worker, line) } }
            if (owner != EVERYWHERE) {
                connection.output.putBytes(replies.single())
            } else if (isForAll) {
                connection.output.putBytes(replies.first())
            } else {
                for (reply in replies) connection.output.putBytes(reply, 0, reply.size - END.size)
                connection.output.putBytes(END)
            }
        }
    }

    private fun executeAt(
        worker: Int,
        line: ByteArray,
    ): ByteArray =
        MemcacheRequestDecoder(shards.limits).use { decoder ->
            decoder.decode(ByteWindow.copyOf(line), 0)
            ReplyBuffer().use { buffer ->
                shards.service(worker).execute(decoder.request(), buffer)
                buffer.toByteArray()
            }
        }

    private companion object {
        const val EVERYWHERE = -1
        const val KEY_BYTES_MAX = 250
        const val META_FLAGS_FROM = 3
        val NOTHING = ByteArray(0)
        val END = "END\r\n".toByteArray()
    }
}

/** The reply of another worker's service, on its way home. */
private class ReplyBuffer :
    ByteSink(),
    AutoCloseable {
    private var arena = Arena.ofConfined()
    private var memory = arena.allocate(BYTES_MIN)

    init {
        chunk(memory, 0, memory.byteSize())
    }

    override fun refill(bytesWanted: Int) {
        val used = chunkPosition()
        val larger = Arena.ofConfined()
        val moved = larger.allocate(maxOf(2 * memory.byteSize(), used + bytesWanted))
        MemorySegment.copy(memory, 0, moved, 0, used)
        arena.close()
        arena = larger
        memory = moved
        chunk(memory, used, memory.byteSize())
    }

    fun toByteArray(): ByteArray = memory.asSlice(0, chunkPosition()).toArray(ValueLayout.JAVA_BYTE)

    override fun close() = arena.close()

    private companion object {
        const val BYTES_MIN = 256L
    }
}
