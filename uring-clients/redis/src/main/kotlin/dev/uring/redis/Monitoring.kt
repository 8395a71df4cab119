package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType
import dev.uring.redis.session.PushListener
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlin.time.Instant

/**
 * A command that a server has executed for some client.
 *
 * @property at when, by the server's clock
 * @property client where it came from: `host:port`, `unix:path`, or `lua` for a script
 * @property words its name and its arguments, each byte beyond ASCII as the character with the same number
 */
public data class MonitoredCommand(
    val at: Instant,
    val database: Int,
    val client: String,
    val words: List<String>,
) {
    internal companion object {
        /** Reads a line such as `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`; null when it is none. */
        fun parse(line: String): MonitoredCommand? {
            val match = LINE.matchEntire(line) ?: return null
            val parts = match.groupValues
            val at = Instant.fromEpochSeconds(parts[1].toLong(), parts[2].toLong() * NANOS_PER_MICRO)
            val words = WORD.findAll(parts[5]).map(::unquoted).toList()
            return MonitoredCommand(at, database = parts[3].toInt(), client = parts[4], words)
        }

        private fun unquoted(word: MatchResult): String = ESCAPE.replace(word.groupValues[1]) { character(it.value) }

        private fun character(escape: String): String =
            when (escape[1]) {
                'n' -> {
                    "\n"
                }

                'r' -> {
                    "\r"
                }

                't' -> {
                    "\t"
                }

                'a' -> {
                    "\u0007"
                }

                'b' -> {
                    "\b"
                }

                'x' -> {
                    escape
                        .substring(2)
                        .toInt(radix = 16)
                        .toChar()
                        .toString()
                }

                else -> {
                    escape.substring(1)
                }
            }

        private const val NANOS_PER_MICRO = 1000
        private val LINE = Regex("""(\d+)\.(\d{6}) \[(\d+) ([^]]*)] (.*)""", RegexOption.DOT_MATCHES_ALL)
        private val WORD = Regex(""""((?:[^"\\]|\\.)*)"""")
        private val ESCAPE = Regex("""\\(?:x[0-9a-fA-F]{2}|.)""")
    }
}

/**
 * Every command that the server executes, as long as this is collected: for a look at a server, not for everyday use, since
 * the server formats each command for each monitor.
 *
 * ### Shapes and units
 * On a connection of its own. [onStarted] is called when the server has begun, and again after each reconnect; what is
 * executed in between is missed.
 * ### Threading and cancellation
 * As [subscribe]: a collector that is slow makes the server wait, and is thrown out by it in the end. Cancelling closes the
 * connection.
 * ### Errors
 * [RedisException] the server refuses, as a cluster's proxy might · [RedisConnectionException] the first connection cannot be
 * opened.
 *
 * @sample samples.redis.printCommands
 */
public fun RedisExecutor<*, *>.monitor(onStarted: suspend () -> Unit = {}): Flow<MonitoredCommand> {
    val core = core("monitor")
    return flow {
        val side = core.place()
        val monitor = Monitor(side)
        side.worker.execute(monitor::open)
        try {
            while (true) {
                val command = monitor.take()
                if (command == null) onStarted() else emit(command)
            }
        } finally {
            side.executeUnlessStopped(monitor::close)
        }
    }
}

/** One collection of [monitor]. Thread: the worker's, but for [take]. */
private class Monitor(
    private val side: RedisSide,
) : PushListener {
    private val arrived = PausingChannel<MonitoredCommand?>()
    private val link = SubscriberLink(side, this)

    fun open() {
        link.whenReady = { side.writePushing(link, side.writer(COMMAND)) }
        link.whenLost = { cause ->
            arrived.forgetPause()
            if (cause is RedisException || link.generation == 0L) end(cause)
        }
        link.connect()
    }

    fun close() = link.close()

    suspend fun take(): MonitoredCommand? = arrived.take { side.executeUnlessStopped { arrived.resume(link) } }

    override fun pushed(reader: ReplyReader) {
        val error = reader.errorText()
        if (error != null) return end(RedisException(COMMAND.name(), error))
        if (reader.peek() != ReplyType.STRING) return
        val line = reader.readString()
        // Neither OK, with which it begins, nor the PONG of a health check is a command.
        if (line == "OK") arrived.add(null, link) else MonitoredCommand.parse(line)?.let { arrived.add(it, link) }
    }

    private fun end(cause: Throwable) {
        arrived.close(
            cause as? RedisFailure ?: RedisConnectionException(cause.message.orEmpty(), wasSent = false, cause),
        )
        link.close()
    }

    private companion object {
        val COMMAND: Command = Command.of("MONITOR", Command.CONNECTION)
    }
}
