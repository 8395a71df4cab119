package dev.uring.memcache

import dev.uring.bytes.ByteSink
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.worker.EndOfTurn
import dev.uring.worker.Worker

/**
 * The line of the get that was written last, as long as the keys of others may join it: until something else is written to the
 * connection, the line is full, or the turn ends.
 *
 * A memcached sends the answer to each line with a `get` in a packet of its own, so 100 gets of one turn would come back in 100
 * packets, wake this side nearly as often, and leave again in as many small sends. One line of 100 keys comes back in one.
 *
 * Tempting but wrong: to end each line, and take the end back when another key comes. Between the two the bytes may have gone to
 * the kernel.
 *
 * Thread: the worker's.
 */
internal class GetLine(
    private val worker: Worker,
) : EndOfTurn() {
    private var sink: ByteSink? = null
    private var word = CommandWord.GET
    private var lineBytes = 0

    /** Writes [get], which is a [MemcacheWriter.isGetOfOne], to [target]; says whether it joined the line before. */
    fun add(
        get: MemcacheWriter,
        target: ByteSink,
    ): Boolean {
        val joins = target === sink && get.firstWord() == word && lineBytes + 1 + get.lastKeyBytes() <= LINE_BYTES_MAX
        if (joins) {
            get.writeLastKeyTo(target)
            lineBytes += 1 + get.lastKeyBytes()
        } else {
            end()
            get.writeOpenTo(target)
            sink = target
            word = get.firstWord()
            lineBytes = get.size()
            worker.atEndOfTurn(this)
        }
        return joins
    }

    /** Whatever is written next has a line of its own. */
    fun end() {
        val open = sink ?: return
        sink = null
        open.putBytes(LINE_END)
    }

    override fun endOfTurn(): Unit = end()

    private companion object {
        val LINE_END = "\r\n".toByteArray()
    }
}
