package dev.uring.memcache

import dev.uring.base.UringException
import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.client.ClientCounters
import dev.uring.codec.DecodeStatus
import dev.uring.dsl.Connection
import dev.uring.dsl.ReceiveTimeoutException
import dev.uring.dsl.SendTimeoutException
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheReplyDecoder
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import kotlin.time.Duration

/**
 * A connection for one value that goes in pieces. Programs use [getStream] and [setStream].
 *
 * Not the worker's shared one, because a value comes in one reply: while whoever reads it thinks, the replies of all others
 * would wait behind it, and whoever fails in the middle would take their connection along. Not kept for the next value
 * either: a connection that is never used again cannot be out of step.
 *
 * Thread: its worker.
 */
public class ValueConnection internal constructor(
    private val connection: Connection,
    private val config: MemcacheConfig,
    private val counters: ClientCounters,
) : AutoCloseable {
    private val decoder = MemcacheReplyDecoder(config.limits)
    private val window = ByteWindow("a piece of a value")

    internal suspend fun greet() {
        counters.connects++
        val credentials = config.credentials(MemcacheWriter().clear()) ?: return
        send("authentication", credentials.toByteArray())
        line("authentication", config.connectTimeout) { }
    }

    /** Sends all of [bytes], in parts that the send queue takes, and waits while it is full. */
    internal suspend fun send(
        command: String,
        bytes: ByteArray,
    ) {
        var from = 0
        while (from < bytes.size) {
            val count = minOf(bytes.size - from, SEND_BYTES)
            io(command) { connection.send(bytes, from, count, config.commandTimeout) }
            from += count
        }
    }

    internal fun sent() {
        counters.commandsSent++
    }

    /** How long an answer may take once everything was sent. */
    internal val answerTimeout: Duration get() = config.commandTimeout

    /** Waits for a line and reads it with [read]; one that is an error is thrown. */
    internal suspend fun <T> line(
        command: String,
        timeout: Duration,
        read: (MemcacheReply) -> T,
    ): T {
        var result: Result<T>? = null
        val came =
            io(command) {
                connection.parse(timeout) { view ->
                    val status = decoder.decodeHead(view, 0)
                    if (status != DecodeStatus.NEED_MORE) result = runCatching { read(checked(command, status)) }
                    if (status == DecodeStatus.BAD) view.size() else decoder.consumedBytes()
                }
            }
        if (!came) throw ended(command, "before its answer")
        counters.repliesReceived++
        return checkNotNull(result).getOrThrow()
    }

    private fun checked(
        command: String,
        status: DecodeStatus,
    ): MemcacheReply {
        if (status == DecodeStatus.BAD) throw mad(decoder.errorText())
        val reply = decoder.reply()
        if (reply.kind().isError) {
            counters.errorReplies++
            throw MemcacheFailures.refused(command, reply)
        }
        return reply
    }

    /** Lends [block] what has come of the value, at most [maxBytes], and returns how much that was. */
    internal suspend fun take(
        maxBytes: Int,
        block: (ByteView) -> Unit,
    ): Int {
        var thrown: Throwable? = null
        val count =
            io("GET") {
                connection.receive(config.commandTimeout) { view ->
                    val offered = minOf(view.size(), maxBytes)
                    window.lend(view, 0, offered)
                    try {
                        block(window)
                        offered
                    } catch (mine: Throwable) {
                        thrown = mine
                        0
                    } finally {
                        window.end()
                    }
                }
            }
        thrown?.let { throw it }
        if (count == Connection.END_OF_INPUT) throw ended("GET", "in the middle of a value")
        return count
    }

    /** What must follow a value: its line end, and the end of the reply. */
    internal suspend fun checkValueEnd() {
        var isEnd = false
        val came =
            io("GET") {
                connection.parse(config.commandTimeout) { view ->
                    if (view.size() < LINE_END.size) {
                        0
                    } else {
                        isEnd = view.contentEquals(0, LINE_END.size, LINE_END)
                        LINE_END.size
                    }
                }
            }
        if (!came) throw ended("GET", "behind a value")
        if (!isEnd) throw mad("memcache: a value is not followed by a line end")
        val kind = line("GET", config.commandTimeout) { it.kind() }
        if (kind != ReplyKind.END) throw mad("memcache: $kind where END should be, behind a value")
    }

    /** Resets it: the peer must not take what was sent for the whole, nor go on sending. */
    internal fun abort(): Unit = connection.abort()

    override fun close(): Unit = decoder.close()

    internal fun late(command: String) =
        MemcacheTimeoutException(command, config.commandTimeout, wasSent = true, " to ${config.address}")

    internal fun mad(fault: String?) =
        MemcacheConnectionException("${config.address} does not speak memcache as it should: $fault", wasSent = true)

    private fun ended(
        command: String,
        where: String,
    ) = MemcacheConnectionException(
        "$command: ${config.address} ended the connection $where.\n" +
            "  Likely cause: the server was stopped, or has closed it as idle.",
        wasSent = true,
    )

    private inline fun <T> io(
        command: String,
        action: () -> T,
    ): T =
        try {
            action()
        } catch (_: ReceiveTimeoutException) {
            throw late(command)
        } catch (_: SendTimeoutException) {
            throw late(command)
        } catch (lost: UringException) {
            val message = "$command: the connection to ${config.address} was lost in the middle of it: ${lost.message}"
            throw MemcacheConnectionException(message, wasSent = true, lost)
        }

    private companion object {
        const val SEND_BYTES = 64 * 1024
        val LINE_END = "\r\n".toByteArray()
    }
}
